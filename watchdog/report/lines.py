"""Two reports in a row → log lines about what changed between them. Edges only: a quiet system writes nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from watchdog.model import Attempt, CallResult, ClusterView, Incident, Report, Severity, SourceHealth
from watchdog.report.documents import cause
from watchdog.report.rows import place
from watchdog.report.text import age, circuit, count, plain
from watchdog.report.workflows import steps

_NAMES_SHOWN = 10
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Line:
    """`level` is `info`, `warning` or `error`; `fields` go beside the text where logs are JSON."""

    level: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)


def edges(previous: Report | None, current: Report) -> list[Line]:
    """What there is to say after this tick: nothing when only ages and countdowns changed.

    With no `previous`, every open incident and every source that cannot be seen is news.
    """
    return [
        *_watched(previous, current),
        *_sources(previous, current),
        *_readiness(previous, current),
        *_circuits(previous, current),
        *_incidents(previous, current),
        *_workflows(previous, current),
    ]


def _watched(previous: Report | None, current: Report) -> Iterator[Line]:
    for name, cluster in current.observation.clusters.items():
        before = previous.observation.clusters.get(name) if previous else None
        if cluster.polled_at and not (before and before.polled_at):
            yield Line("info", _listing(cluster, current.modes.get(name, "")), {"connect_cluster": plain(name)})


def _listing(cluster: ClusterView, mode: str) -> str:
    names = sorted(cluster.connectors)
    shown = ", ".join(plain(name) for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    what = f"{count(len(names), 'connector')}: {shown}{more}" if names else "no connectors yet"
    return f"watching Connect cluster {plain(cluster.name)}{f' in mode {plain(mode)}' if mode else ''}: {what}"


def _sources(previous: Report | None, current: Report) -> Iterator[Line]:
    known = {(source.cluster, source.name): source for source in previous.observation.sources} if previous else {}
    for source in current.observation.sources:
        before = known.get((source.cluster, source.name))
        fields = {"connect_cluster": plain(source.cluster), "source": plain(source.name)}
        if source.error and not (before and before.error):
            yield Line("warning", f"{plain(place(source))} cannot be seen: {plain(source.error)}", fields)
        elif before and before.error and not source.error:
            yield Line("info", f"{plain(place(source))} can be seen again{_gap(before, source)}", fields)


def _gap(before: SourceHealth, source: SourceHealth) -> str:
    if before.last_success is None or source.last_success is None:
        return ""
    return f" after {age((source.last_success - before.last_success).total_seconds())}"


def _readiness(previous: Report | None, current: Report) -> Iterator[Line]:
    if current.ready and not (previous and previous.ready):
        yield Line("info", "ready")
    elif not current.ready and (previous is None or previous.ready):
        yield Line("warning", f"not ready: {plain(current.not_ready_because) or 'nothing has been observed yet'}")
    if not current.acting and (previous is None or previous.acting):
        why = current.not_acting_because or "another watchdog holds the journal, or it cannot be written"
        yield Line("warning", f"observing only, no restarts: {plain(why)}")
    elif current.acting and previous and not previous.acting:
        yield Line("info", "acting again: the journal is held")


def _circuits(previous: Report | None, current: Report) -> Iterator[Line]:
    before = previous.circuits if previous else {}
    for name, opened in current.circuits.items():
        if name not in before:
            yield Line("warning", circuit(opened), {"connect_cluster": plain(name)})
    for name in before:
        if name not in current.circuits:
            text = f"the circuit of Connect cluster {plain(name)} is closed: few tasks fail now"
            yield Line("info", text, {"connect_cluster": plain(name)})


def _workflows(previous: Report | None, current: Report) -> Iterator[Line]:
    for level, workflow, text in steps(previous, current):
        fields = {"connect_cluster": plain(workflow.key.cluster), "connector": plain(workflow.key.connector)}
        yield Line(level, f"[{workflow.id}] {text}", {**fields, "workflow": workflow.id})


# --- incidents -------------------------------------------------------------------------------------


def _incidents(previous: Report | None, current: Report) -> Iterator[Line]:
    known = {one.id: one for one in previous.incidents} if previous else {}
    for one in current.incidents:
        # Restarts of an earlier run of ours are no news.
        attempts = () if previous else one.attempts
        before = known.get(one.id)
        for level, text in _news(before, one, before.attempts if before else attempts):
            fields = {"connect_cluster": plain(one.key.cluster), "connector": plain(one.key.connector)}
            yield Line(level, f"[{one.id}] {text}", {**fields, "incident": one.id})


_News = Iterator[tuple[str, str]]


def _news(before: Incident | None, one: Incident, attempts: Sequence[Attempt]) -> _News:
    # What was resolved before we looked is no news.
    if before is None and not one.open:
        return
    if before is None:
        happened = f"failed{_tasks(one)}" if one.code.is_failure else "is RUNNING, but not well"
        yield (
            "error" if one.severity is Severity.BREAKING else "warning",
            f"{plain(one.key.connector)} {happened}: {_what(one)}",
        )
        yield from _diagnosis(one)
    elif one.reopened > before.reopened:
        yield "error", f"{plain(one.key.connector)} failed again{_tasks(one)}, reopened: {_what(one)}"
        yield from _diagnosis(one)
    elif _known(one) != _known(before):
        yield "warning", f"{plain(one.key.connector)} diagnosed: {_what(one)}"
        yield from _diagnosis(one)
    yield from _attempts(attempts, one)
    if one.merged_into and not (before and before.merged_into):
        yield "info", f"{plain(one.key.connector)} has the same cause as incident {one.merged_into} and is part of it"
    if one.muted != (before.muted if before else ""):
        yield "info", f"{plain(one.key.connector)} {one.muted or 'is silenced no more'}"
    yield from _verdict(before, one)
    if not one.open and (before is None or before.open):
        yield "info", _resolved(one)


def _tasks(one: Incident) -> str:
    return f" (task {', '.join(map(str, one.tasks))})" if one.tasks else ""


def _what(one: Incident) -> str:
    return f"{one.diagnosis.cause.category}: {plain(cause(one), 500)}"


def _known(one: Incident) -> tuple[object, ...]:
    diagnosis = one.diagnosis
    change = diagnosis.change.id if diagnosis.change else None
    return diagnosis.cause.category, cause(one), change, diagnosis.table, diagnosis.columns, diagnosis.way_out


def _diagnosis(one: Incident) -> _News:
    change = one.diagnosis.change
    if change:
        yield (
            "warning",
            f"statement: {plain(change.told)} (on {plain(str(change.table))}, at {plain(str(change.position))})",
        )
    if one.diagnosis.way_out:
        yield "warning", f"way out: {plain(one.diagnosis.way_out)}"


def _verdict(before: Incident | None, one: Incident) -> _News:
    if not one.open or not one.reason:
        return
    # A reason that counts something down is the same reason.
    if before is None or (before.verdict, _DIGITS.sub("", before.reason)) != (one.verdict, _DIGITS.sub("", one.reason)):
        yield "info", f"{plain(one.key.connector)} {one.verdict}: {plain(reason(one))}"


def reason(one: Incident) -> str:
    """Why this verdict, without the way out where that is told on a line of its own."""
    return one.reason.removesuffix(f". Way out: {one.diagnosis.way_out}")


def _attempts(before: Sequence[Attempt], one: Incident) -> _News:
    known = {attempt.number: attempt for attempt in before}
    for attempt in one.attempts:
        yield from _attempt(known.get(attempt.number), attempt, plain(one.key.connector))


def _attempt(before: Attempt | None, attempt: Attempt, connector: str) -> _News:
    if before is None:
        yield "info", f"{connector} restart {attempt.number} sent by {plain(attempt.by)}"
    if attempt.result is not CallResult.PENDING and (before is None or before.result is not attempt.result):
        detail = f": {plain(attempt.detail)}" if attempt.detail else ""
        level = "info" if attempt.result is CallResult.ACCEPTED else "warning"
        yield level, f"{connector} restart {attempt.number} {attempt.result}{detail}"
    if attempt.helped is False and (before is None or before.helped is None):
        yield "warning", f"{connector} restart {attempt.number} did not help"


def _resolved(one: Incident) -> str:
    took = f" after {age((one.resolved_at - one.opened_at).total_seconds())}" if one.resolved_at else ""
    restarts = f", {count(len(one.attempts), 'restart')}" if one.attempts else ""
    return f"{plain(one.key.connector)} resolved: {one.resolution or 'no reason given'}{took}{restarts}"
