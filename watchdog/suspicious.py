"""Configurations that make a worker run, or fetch, what somebody else chose. PURE.

Whoever may create connectors may write these; Connect takes them with 201, and what follows looks like an ordinary
failure. The known ways: login modules that ask a directory (CVE-2023-25194 JndiLoginModule, CVE-2025-27818
LdapLoginModule), OAuth endpoints that read a file or call inside the network (CVE-2025-27817), drivers that are told to
deserialize or to run a script. A restart would have the worker do it again.

It is looked for in the values as they are, before secrets are taken out of them: what a redactor does not understand it
hides, and somebody may count on that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

_VALUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(JndiLoginModule|LdapLoginModule)\b"), "names the login module {}, which asks any directory"),
    (re.compile(r"(?i)\b(jndi:[a-z]+|java\.naming\.provider\.url)"), "names a directory to load objects from ({})"),
    (re.compile(r"(?i)\b(autoDeserialize)=(?:true|yes)\b"), "lets the database driver deserialize objects ({})"),
    (re.compile(r"(?i)\b(INIT=\s*RUNSCRIPT)\b"), "lets the database driver run a script ({})"),
)
_OCTAL = re.compile(r"\\([0-3]?[0-7]{1,2})")
_ENDPOINT = re.compile(r"sasl\.oauthbearer\.(?:token|jwks)\.endpoint\.url$")
_METADATA = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_PLAIN_KEY = re.compile(r"[\w.-]{1,200}")


def suspicious(values: Mapping[str, str]) -> tuple[str, ...]:
    """Each setting that is, with why, in the order of their names. No value is repeated: it may be a secret, and it is
    a stranger's text."""
    return tuple(_found(values))


def _found(values: Mapping[str, str]) -> Iterator[str]:
    for key, given in sorted(values.items()):
        # Kafka's parser of login lines takes a letter's number for the letter.
        value = _OCTAL.sub(lambda match: chr(int(match[1], 8)), given)
        shown = key if _PLAIN_KEY.fullmatch(key) else "a setting of an odd name"
        for pattern, why in _VALUES:
            if match := pattern.search(f"{key}={value}"):
                yield f"{shown} {why.format(match[1])}"
        if _ENDPOINT.search(key) and (odd := _odd_place(value)):
            yield f"{shown} {odd}"


def _odd_place(url: str) -> str:
    """Where no identity provider is; empty for an https:// address with a name, and for what only the worker knows."""
    if "${" in url or not url:
        return ""
    try:
        scheme, host = urlsplit(url.strip()).scheme.lower(), urlsplit(url.strip()).hostname or ""
    except ValueError:
        return "is no URL"
    if scheme != "https":
        return f"is fetched by {scheme if scheme in ('http', 'file', 'ftp', 'jar') else 'another way'}, not by https"
    if host == "localhost" or host in _METADATA or host.endswith(".localhost"):
        return "leads to the worker's own machine, or to its cloud's metadata"
    try:
        ip_address(host)
    except ValueError:
        return ""
    return "leads to a bare address, not to a named identity provider"
