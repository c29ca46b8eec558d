"""Rows and incidents → rich tables and blocks of lines. No markup anywhere: names are data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from watchdog.merge import members
from watchdog.model import Attempt, Category, Clock, Incident, Proof, State, Verdict
from watchdog.report.documents import cause, innermost
from watchdog.report.lines import reason
from watchdog.report.rows import Row
from watchdog.report.text import age, ago, cell, moment, severity

STATE_STYLES = {
    State.RUNNING: "green",
    State.FAILED: "bold red",
    State.UNASSIGNED: "yellow",
    State.RESTARTING: "yellow",
    State.UNKNOWN: "yellow",
    State.PAUSED: "blue",
    State.STOPPED: "blue",
}
VERDICT_STYLES = {
    Verdict.EXHAUSTED: "bold red",
    Verdict.PROPOSE: "bold yellow",
    Verdict.HOLD: "yellow",
    Verdict.BACK_OFF: "yellow",
}
_CAUSE_LIMIT = 160
_LABEL_WIDTH = 10
CLOCK_SHOWN_SECONDS = 86_400.0
"""As near as the alert `ConnectorDataLossNear` looks."""


def connectors(rows: Sequence[Row], now: datetime) -> Table:
    """One line for each connector; the cluster only where there are several."""
    several = len({row.status.cluster for row in rows}) > 1
    table = _table(
        *(["CLUSTER"] if several else []),
        "CONNECTOR",
        "TYPE",
        "STATE",
        "TASKS",
        "SINCE",
        "CAUSE",
        "VERDICT",
        "RESTARTED",
    )
    for row in rows:
        verdict = row.incident.verdict if row.incident else None
        table.add_row(
            *([cell(row.status.cluster)] if several else []),
            cell(row.status.name, "bold" if row.status.failed else ""),
            cell(row.status.type),
            cell(row.state, STATE_STYLES[row.state]),
            _tasks(row),
            cell(age((now - row.since).total_seconds()) if row.since else ""),
            cell(", ".join(_notes(row))),
            cell(verdict or "", VERDICT_STYLES.get(verdict, "") if verdict else ""),
            cell(ago(row.last_restart, now) if row.last_restart else ""),
        )
    return table


def _notes(row: Row) -> Iterator[str]:
    if row.incident:
        yield _kind(row.incident)
        if clock := soonest(row.incident):
            yield f"{clock.name} {_left(clock)}"
    # Seen, but out of reach: nothing can be asked of it, or done for it.
    if not row.status.addressable:
        yield "not addressable"


def _kind(one: Incident) -> str:
    """Its category; what kind of finding it is, where nothing is known of the cause."""
    category = one.diagnosis.cause.category
    return category if one.code.is_failure or category is not Category.UNKNOWN else one.code


def soonest(one: Incident) -> Clock | None:
    """The clock that runs out first, once it is near enough to be told beside a connector's state."""
    near = [c for c in one.clocks if c.left_seconds is not None and c.left_seconds < CLOCK_SHOWN_SECONDS]
    return min(near, key=lambda clock: clock.left_seconds or 0.0, default=None)


def _tasks(row: Row) -> Text:
    running = sum(task.state is State.RUNNING for task in row.status.tasks)
    return cell(f"{running}/{len(row.status.tasks)}", "red" if row.status.failed_tasks else "")


def tasks(row: Row) -> Table:
    """The connector itself and each task of it, with worker and innermost cause."""
    table = _table("TASK", "STATE", "WORKER", "CAUSE")
    status = row.status
    table.add_row("connector", _state(status.state), cell(status.worker), cell(innermost(status.trace) or ""))
    for task in status.tasks:
        table.add_row(str(task.id), _state(task.state), cell(task.worker), cell(innermost(task.trace) or ""))
    return table


def _state(state: State) -> Text:
    return cell(state, STATE_STYLES[state])


def incidents(found: Iterable[Incident], now: datetime) -> Table:
    """One line for each incident, as they come."""
    table = _table("ID", "STATE", "OPENED", "CONNECTOR", "CATEGORY", "TABLE", "VERDICT", "CAUSE")
    for one in found:
        table.add_row(
            cell(one.id),
            cell("firing", "bold red") if one.open else cell("resolved", "green"),
            cell(ago(one.opened_at, now)),
            cell(one.key.connector),
            cell(_kind(one)),
            cell(str(one.diagnosis.table or "")),
            cell(
                f"part of {one.merged_into}" if one.merged_into else one.verdict if one.open else one.resolution or ""
            ),
            cell(cause(one), limit=_CAUSE_LIMIT),
        )
    return table


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold", no_wrap=header in ("ID", "STATE", "TYPE", "TASKS", "SINCE", "TASK"))
    return table


# --- one incident ----------------------------------------------------------------------------------


def block(one: Incident) -> Iterator[Text]:
    """What a person needs: what broke, which statement did it, what is being done, and the way out.

    The way out is the last line and has nothing but itself in it, so that it can be copied.
    """
    diagnosis, change = one.diagnosis, one.diagnosis.change
    yield Text.assemble(
        cell(one.key.connector, "bold"),
        "  ",
        cell(_kind(one), "bold red" if one.open else "green"),
        f"  {one.id}",
    )
    yield from _labelled("cause", cause(one))
    yield from _labelled("table", _tables(one))
    if change:
        yield from _labelled("statement", change.told)
        yield from _labelled("position", f"{change.position}, {moment(change.at)}")
        yield from _labelled("run by", str(change.author or ""))
    yield from _labelled(
        one.verdict if one.open else "resolved", reason(one) if one.open else str(one.resolution or "")
    )
    yield from _labelled("muted", one.muted)
    if one.open and diagnosis.way_out:
        yield cell("  way out", "dim")
        yield cell(diagnosis.way_out, "bold")


def _tables(one: Incident) -> str:
    diagnosis = one.diagnosis
    names = " → ".join(str(table) for table in (diagnosis.table, diagnosis.target) if table)
    return f"{names} ({', '.join(diagnosis.columns)})" if diagnosis.columns and names else names


def _labelled(label: str, text: str) -> Iterator[Text]:
    if text:
        yield Text.assemble(cell(f"  {label:<{_LABEL_WIDTH}}", "dim"), " ", cell(text))


def details(one: Incident, now: datetime) -> Iterator[Text]:
    """What `block` leaves out: times, confidence, evidence, probes, stuck records, restarts."""
    yield from _labelled("severity", severity(one))
    yield from _labelled("opened", moment(one.opened_at))
    yield from _labelled("resolved", moment(one.resolved_at))
    yield from _labelled("merged", f"into {one.merged_into}" if one.merged_into else "")
    yield from _labelled("reopened", str(one.reopened) if one.reopened else "")
    yield from _labelled("confidence", f"{one.diagnosis.confidence:.0%}")
    for line in one.diagnosis.evidence:
        yield from _labelled("evidence", line)
    for way in one.diagnosis.other_ways if one.open else ():
        yield from _labelled("or", way)
    for proof in one.diagnosis.proofs if one.open else ():
        yield from _labelled("probe", _proof(proof, now))
    for clock in one.clocks:
        yield from _labelled("clock", _clock(clock))
    for partition, (first, last) in sorted(one.diagnosis.stuck.items()):
        yield from _labelled("stuck", f"{partition} offsets {first} to {last}")
    for attempt in one.attempts:
        yield from _labelled(f"restart {attempt.number}", _attempt(attempt))


def members_of(one: Incident, every: Iterable[Incident]) -> Iterator[Text]:
    """Those that have the same cause, one line each."""
    for member in members(one, every):
        state = member.verdict if member.open else member.resolution or "resolved"
        target = f" {member.diagnosis.target}" if member.diagnosis.target else ""
        yield from _labelled("member", f"{member.key.connector}{target} (incident {member.id}): {state}")


def _left(clock: Clock) -> str:
    if clock.left_seconds is None:
        return "no limit"
    return f"{age(clock.left_seconds)} left" if clock.left_seconds > 0 else "gone"


def _clock(clock: Clock) -> str:
    return f"{clock.name} {clock.where}: {_left(clock)}{f' ({clock.detail})' if clock.detail else ''}"


def _proof(proof: Proof, now: datetime) -> str:
    holds = {True: "yes", False: "no", None: "cannot tell"}[proof.holds]
    asked = f", asked {ago(proof.at, now)}" if proof.at else ""
    return f"{proof.kind.value.replace('-', ' ')}: {holds}{asked}: {proof.said}"


def _attempt(attempt: Attempt) -> str:
    helped = {True: "helped", False: "did not help", None: "not known yet whether it helped"}[attempt.helped]
    detail = f" ({attempt.detail})" if attempt.detail else ""
    return f"{moment(attempt.intent_at)} by {attempt.by}: {attempt.result}{detail}, {helped}"
