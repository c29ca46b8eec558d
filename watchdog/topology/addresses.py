"""PURE: where databases are: JDBC URLs, hosts and ports → addresses that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LENGTH_MAX = 4096
_MYSQL = re.compile(
    r"jdbc:(?:mysql|mariadb|aws-wrapper:mysql|aws-wrapper:mariadb|mysql:aws|cloudsql:mysql)(?P<mode>:[a-z+]+)?:"
    r"//(?P<hosts>[^/?;]*)(?:/(?P<db>[^?;]*))?",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[^@]*@)?(?P<host>\[[^\]]+\]|[^:]*)(?::(?P<port>\d{1,5}))?")
_ADDRESS_FORM = re.compile(r"(?:[^@]*@)?address=(?P<pairs>.*)|\((?P<brackets>.*)\)", re.IGNORECASE)
_PAIR = re.compile(r"\(?(host|port)\s*=\s*([^,()]+)\)?", re.IGNORECASE)
_OTHER = re.compile(r"jdbc:(?P<kind>[a-z0-9]+)(?P<rest>:[^?;]*)", re.IGNORECASE)
_USER_INFO = re.compile(r"//[^@/]*@|:[^:/@]*/[^/@]*@")


def address(host: str, port: str | int = 3306) -> str:
    """`host:port`, with the names of this machine made one."""
    host = host.strip("[]").lower()
    return f"{'127.0.0.1' if host in ('localhost', '::1', '') else host}:{port or 3306}"


@dataclass(frozen=True, slots=True)
class Target:
    """`address` and `database` for MySQL and MariaDB, `words` for everything else. `others`: further hosts."""

    address: str = ""
    database: str = ""
    words: str = ""
    others: tuple[str, ...] = ()


def jdbc_target(url: str) -> Target:
    """Never with user and password. A URL that is hidden or cannot be read is a target without an address."""
    if len(url) > _LENGTH_MAX:
        return Target(words="a JDBC URL that is too long to be read")
    if found := _MYSQL.match(url):
        hosts = _hosts(found["hosts"])
        database = (found["db"] or "").strip()
        return Target(hosts[0], database, others=hosts[1:]) if hosts else Target(words="a JDBC URL without a host")
    if found := _OTHER.match(url):
        return Target(words=f"{found['kind'].lower()}{_USER_INFO.sub(_without_user, found['rest'])}"[:300])
    return Target(words="a JDBC URL that is hidden" if url else "")


def _without_user(found: re.Match[str]) -> str:
    return "//" if found[0].startswith("//") else ":@"


def _hosts(text: str) -> tuple[str, ...]:
    """Of `h1:3306,h2`, `user:password@[::1]`, `address=(host=h1)(port=3306)` and `(host=h1,port=3306)`."""
    found = (_host(part) for part in _split_hosts(text))
    return tuple(dict.fromkeys(each for each in found if each))


def _split_hosts(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _host(part: str) -> str:
    part = part.strip()
    if found := _ADDRESS_FORM.fullmatch(part):
        pairs = {key.lower(): value.strip() for key, value in _PAIR.findall(found["pairs"] or found["brackets"] or "")}
        return address(pairs["host"], pairs.get("port", "3306")) if "host" in pairs else ""
    host = _HOST.fullmatch(part)
    return address(host["host"], host["port"] or 3306) if host and (host["host"] or host["port"]) else ""
