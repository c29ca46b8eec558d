"""Anything from outside → text that a terminal shows and does not obey; ages, times and severities in words."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from watchdog.model import Circuit, Incident
from watchdog.redact import clean_text

_BLANKS = str.maketrans("\n\t", "  ")
_UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))


def plain(text: str, limit: int | None = None) -> str:
    """One line without escapes, control characters or lone surrogates, cut to `limit` characters with `…`."""
    # Nothing unprintable is in almost all texts.
    if not text.isprintable():
        text = clean_text(text, limit=len(text)).translate(_BLANKS)
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "…"
    return text


def cell(text: str, style: str = "", limit: int | None = None) -> Text:
    """`text` made safe, never read as rich's markup."""
    return Text(plain(text, limit), style=style)


def age(seconds: float | None) -> str:
    """`4 s`, `12 min`, `5 h`, `2 d`: whole units, rounded down; `never` for None, `0 s` for a clock that went back."""
    if seconds is None:
        return "never"
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def ago(at: datetime | None, now: datetime) -> str:
    """`12 min ago`, or `never`."""
    return "never" if at is None else f"{age((now - at).total_seconds())} ago"


def moment(at: datetime | None) -> str:
    """`2026-11-23 16:04:05Z`, or nothing. Times are UTC."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"


def stamp(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds: `2026-11-23T16:04:05.123Z`."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def severity(incident: Incident) -> str:
    """A finding's own; `breaking` when a failure is one of tables that do not agree, `failure` for any other."""
    if not incident.code.is_failure:
        return incident.severity.value
    return "breaking" if incident.schema_drift else "failure"


def count(number: int, noun: str) -> str:
    """`1 connector`, `2 connectors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def circuit(one: Circuit) -> str:
    """For people: what it means that it is open."""
    return (
        f"the circuit of Connect cluster {plain(one.cluster)} is open since {one.opened_at:%H:%M:%S} UTC: "
        f"{one.failing} of {count(one.tasks, 'task')} failed together; each cause is tried at one connector first, "
        f"then the others follow in slices"
    )
