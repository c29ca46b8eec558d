"""The calls that let a refused schema pass, and that put the level back: for a person to make, never made from here."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from watchdog.model import Subject

_APICURIO = "/apis/ccompat/"
_UNKNOWN = "$SCHEMA_REGISTRY_URL"


def calls(name: str, subject: Subject | None) -> tuple[str, str]:
    """Two lines for a shell. `subject` None: the registry is not known here."""
    registry = subject.registry if subject else _UNKNOWN
    level = subject.compatibility if subject else ""
    is_own = subject is None or subject.level_is_own
    root, apicurio, _ = registry.partition(_APICURIO)
    if apicurio:
        return _by_its_own_api(f"{root}/apis/registry/v2/groups/default/artifacts/{_part(name)}/rules", level, is_own)
    url = f"{registry}/config/{_part(name)}"
    return _call("PUT", url, '{"compatibility": "NONE"}'), (
        _call("PUT", url, f'{{"compatibility": "{level or "…"}"}}') if is_own else _call("DELETE", url)
    )


def _by_its_own_api(rules: str, level: str, is_own: bool) -> tuple[str, str]:
    """Apicurio takes NONE through Confluent's API for "no rule of its own": the common one then goes on refusing."""
    rule = f"{rules}/COMPATIBILITY"
    nothing = _rule("NONE")
    return (
        (_call("PUT", rule, nothing), _call("PUT", rule, _rule(level or "…")))
        if is_own
        else (_call("POST", rules, nothing), _call("DELETE", rule))
    )


def _rule(level: str) -> str:
    return f'{{"type": "COMPATIBILITY", "config": "{level}"}}'


def _call(method: str, url: str, body: str = "") -> str:
    # A variable has to stay outside of what keeps the rest from the shell.
    unknown = url.startswith(_UNKNOWN)
    address = f'"{_UNKNOWN}"{shlex.quote(url.removeprefix(_UNKNOWN))}' if unknown else shlex.quote(url)
    data = f" -H 'Content-Type: application/json' -d {shlex.quote(body)}" if body else ""
    return f"curl -X {method}{data} {address}"


def _part(name: str) -> str:
    return quote(name, safe="")
