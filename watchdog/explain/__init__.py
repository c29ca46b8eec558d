"""What somebody saved (status documents, traces, a piece of a log) → one explanation for each failure in it.

Works on bytes alone: no network, no settings, no clock. What is saved is data, whatever it holds: a reading never
raises, and what it cannot use it says in words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watchdog.diagnose import Knowledge
from watchdog.diagnose.subjects import columns_of, table_of
from watchdog.explain.documents import read_json
from watchdog.explain.failure import Failure, Read
from watchdog.explain.texts import read_text
from watchdog.explain.topology import Surroundings
from watchdog.model import Cause, Explanation
from watchdog.redact import Redactor, clean_text

# A trace has its cause at its end and what it is about at its beginning: of an endless one these are kept.
_TRACE_MAX = 400_000
_DDL_MAX = 10_000
_SAID_MAX = 20


@dataclass(frozen=True, slots=True)
class Explained:
    """`problems` say what could not be used and why; `notes` what is worth knowing besides."""

    found: tuple[Explanation, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def explain(origin: str, content: bytes, knowledge: Knowledge) -> Explained:
    """All that is FAILED in one file (or in what was piped in): `origin` names it."""
    text, problem = _decoded(content)
    if problem:
        return Explained(problems=(problem,))
    redactor = Redactor()
    read = read_json(text, redactor) or read_text(text)
    around = Surroundings(read.configs)
    known = ((failure, _cause(failure, around, redactor, knowledge)) for failure in read.failures)
    found = _without_repetition(_explained(failure, cause, origin, around) for failure, cause in known)
    # Of many documents after each other each may say the same.
    return Explained(found, tuple(dict.fromkeys(read.problems))[:_SAID_MAX], tuple(dict.fromkeys(read.notes)))


def _decoded(content: bytes) -> tuple[str, str]:
    if not content.strip():
        return "", "is empty: save `GET /connectors?expand=status`, or a trace, into it"
    # What PowerShell's `>` writes.
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), ""
    if b"\x00" in content[:8192]:
        return "", "is no text: what can be read are Connect's JSON documents, traces and logs"
    return content.decode("utf-8-sig", errors="replace"), ""


def _cause(failure: Failure, around: Surroundings, redactor: Redactor, knowledge: Knowledge) -> Cause:
    """Of the trace without secrets and escapes: nothing of it is printed but what comes out of here."""
    trace = failure.trace
    if len(trace) > _TRACE_MAX:
        trace = f"{trace[: _TRACE_MAX // 2]}\n{trace[-_TRACE_MAX // 2 :]}"
    trace = clean_text(trace, limit=_TRACE_MAX + 1, redactor=redactor)
    return knowledge.diagnose(trace, failure.side if failure.side != "unknown" else around.side(failure.connector))


def _explained(failure: Failure, cause: Cause, origin: str, around: Surroundings) -> Explanation:
    named, columns = table_of(cause.groups), columns_of(cause.groups)
    source, target = around.tables(failure.connector, named)
    return Explanation(
        origin=origin,
        connector=failure.connector,
        task=failure.task,
        state=failure.state,
        since=failure.since,
        cause=cause,
        table=named or source or target,
        source=source,
        target=target,
        columns=columns,
        ddl=cause.groups.get("ddl", "")[:_DDL_MAX] or None,
    )


def _without_repetition(found: Iterable[Explanation]) -> tuple[Explanation, ...]:
    """A log tells a failure again and again: it is kept as it was first told."""
    first: dict[tuple[object, ...], Explanation] = {}
    for one in found:
        said = (one.connector, one.task, one.state, one.cause.signature, one.cause.message, one.table, one.columns)
        first.setdefault(said, one)
    return tuple(first.values())


__all__ = ["Explained", "Failure", "Read", "explain"]
