"""PURE: the trace of a FAILED connector or task → its `Cause`.

The innermost "Caused by" is asked first, then outwards; a wrapper ("Tolerance exceeded in error handler", "Exiting
WorkerSinkTask due to unrecoverable exception") carries no cause and is never matched. What the catalogue does not know
falls back to the kind of exception, and then to UNKNOWN with the innermost message.
"""

from __future__ import annotations

from watchdog.diagnose.catalogue import Entry, catalogue, compiled, prepare
from watchdog.diagnose.families import family_of
from watchdog.diagnose.trace import Link, chain, one_line
from watchdog.model import Advice, Category, Cause

_WRAPPERS = (
    "An exception occurred in the change event producer",
    "Error processing binlog event",
    "Error while processing event at offset",
    "Tolerance exceeded in error handler",
    "Exiting WorkerSinkTask due to unrecoverable exception",
    "Unrecoverable exception from producer send callback",
    "Error while checking and applying table changes for collection",
    "JDBC sink connector failure",
    "Failed to process a sink record",
)


def diagnose(trace: str, side: str = "any") -> Cause:
    """The cause that the trace names. `side` is the connector's type: `source`, `sink` or `any`/`unknown`."""
    links = chain(trace)
    inside_out = [link for link in reversed(links) if not _is_wrapper(link)] or [links[-1]]
    innermost = one_line(inside_out[0].text) or "no trace given"
    for link in inside_out:
        for entry in catalogue():
            if (cause := _match(entry, link, side)) is not None:
                return cause
    for link in inside_out:
        if family := family_of(link):
            return Cause(
                category=family.category,
                restart=family.restart,
                message=innermost,
                summary=f"A failure of the kind “{family.name}”.",
                fix=family.fix,
                signature=f"family:{family.name}",
                confidence=0.6,
            )
    return Cause(
        category=Category.UNKNOWN,
        restart=Advice.ONCE,
        message=innermost,
        summary="A failure that is not in the catalogue.",
        fix="Read the connector's whole trace, and the worker's log around it.",
        schema_drift="maybe",
        confidence=0.2,
    )


def _match(entry: Entry, link: Link, side: str) -> Cause | None:
    # A known side rules entries of the other side out; an unknown one rules out nothing.
    if "any" not in (entry.side, side) and side in ("source", "sink") and entry.side != side:
        return None
    match = compiled(entry.pattern).search(link.text)
    if match is None:
        return None
    return Cause(
        category=entry.category,
        restart=entry.restart,
        message=one_line(link.text),
        summary=entry.cause,
        fix=entry.fix,
        signature=entry.id,
        schema_drift=entry.schema_drift,
        groups={name: value for name, value in match.groupdict().items() if value is not None},
        confidence=0.9,
    )


def _is_wrapper(link: Link) -> bool:
    return any(wrapper in link.message for wrapper in _WRAPPERS)


__all__ = ["diagnose", "prepare"]
