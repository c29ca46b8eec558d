"""RUNNING, and not moving while there is something to read.

Two observers before anything is said: for a sink its committed offset and a record that really waits behind it; for a
source its stored offset and its database's binlog, which went on meanwhile. A source without heartbeats does not move
while only tables are written that it does not capture, so of that one nothing can be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from watchdog.history import SchemaHistory
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Code,
    ConnectorConfig,
    ConnectorStatus,
    Finding,
    Observation,
    Progress,
    Severity,
    State,
    TopicPartition,
    Unseen,
)
from watchdog.topology import Topology

_JDBC = "JdbcSinkConnector"
_PASSING = (State.UNASSIGNED, State.RESTARTING, State.UNKNOWN)
SHOWN_MAX = 5


def stalls(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
    for key, progress in seen.progress.items():
        status, config = seen.status(key), seen.config(key)
        # PAUSED and STOPPED are a person's decision, FAILED is an incident of its own.
        if status is None or config is None or status.failed or status.state in (State.PAUSED, State.STOPPED):
            continue
        if not progress.known or not status.all_running:
            if progress.error or _passes(status):
                yield Unseen(Code.STALLED, key, progress.error or "its tasks are on their way to a worker")
        elif key in topology.sources:
            yield from _source(progress, config)
        else:
            yield from _sink(progress, config)


def _passes(status: ConnectorStatus) -> bool:
    return any(state in _PASSING for state in (status.state, *(task.state for task in status.tasks)))


def stuck_partitions(progress: Progress) -> dict[TopicPartition, float]:
    """Where records wait that nothing was committed of for longer than its patience: for how many seconds by now."""
    waited = {where: (progress.at - since).total_seconds() for where, since in progress.waits_since.items()}
    return {
        where: seconds
        for where, seconds in waited.items()
        if seconds >= progress.patience_seconds and where in progress.waiting_at
    }


def _sink(progress: Progress, config: ConnectorConfig) -> Iterator[Finding | Unseen]:
    stuck = stuck_partitions(progress)
    if not stuck:
        # After a restart of ours it has not been watched for long enough to say that it is over.
        if _too_young(progress) and progress.waits_since:
            yield Unseen(Code.STALLED, progress.key, "not watched for long enough")
        return
    more = f" and {len(stuck) - SHOWN_MAX} more" if len(stuck) > SHOWN_MAX else ""
    places = ", ".join(sorted(stuck)[:SHOWN_MAX]) + more
    yield _finding(
        progress,
        summary="It is RUNNING, records wait for it, and its committed offset does not move.",
        message=f"records wait in {places}, and its committed offset there does not move",
        fix="See what its writes wait for at the target (locks: SHOW PROCESSLIST, performance_schema.data_locks), then "
        "its worker's log and thread dump. If nothing holds it there: "
        "POST /connectors/NAME/restart?includeTasks=true (its tasks are not FAILED, so without onlyFailed)",
        severity=Severity.BREAKING if config.get("connector.class").endswith(_JDBC) else Severity.RISKY,
        evidence=tuple(_evidence(progress, stuck, config)),
    )


def _evidence(progress: Progress, stuck: dict[TopicPartition, float], config: ConnectorConfig) -> Iterator[str]:
    # Moments rather than durations: what stays the same is said the same.
    for where in sorted(stuck)[:SHOWN_MAX]:
        committed = progress.committed.get(where)
        at = "nothing committed" if committed is None else f"committed offset {committed}"
        waits = f"{at} since {_stamp(progress.waits_since[where])} at least, {progress.lag(where):,} records wait"
        yield f"{where}: {waits}, the first was written at {_stamp(progress.waiting_at[where])}"
    if progress.members == 0:
        yield f"no task of it is in its group {progress.group} any more: its consumer was thrown out, or hangs"
    if not config.get("connector.class").endswith(_JDBC):
        yield "some sinks commit only when a file is full: then raise `stall_seconds`"


def _source(progress: Progress, config: ConnectorConfig) -> Iterator[Finding | Unseen]:
    offset = progress.source
    if offset is None or (offset.snapshot and not offset.snapshot_completed):
        return
    if not _heartbeats(config):
        why = "without heartbeat.interval.ms it moves only when a captured table does"
        yield Unseen(Code.STALLED, progress.key, why)
        return
    since = progress.server_moved_since
    if since is None:
        if progress.server_then is None or _too_young(progress):
            yield Unseen(Code.STALLED, progress.key, "where its database's binlog stands is not known (yet)")
        return
    seconds = (progress.at - since).total_seconds()
    if seconds < max(progress.patience_seconds, 3 * _heartbeats(config)):
        if _too_young(progress):
            yield Unseen(Code.STALLED, progress.key, "not watched for long enough")
        return
    yield _finding(
        progress,
        summary="It is RUNNING with heartbeats, its database writes, and its offset does not move.",
        message=f"the binlog of {progress.address} goes on, and its offset stands at {offset.position}",
        fix="See the worker's log: Debezium retries a lost connection inside a RUNNING task. Is the database reachable "
        "from the worker, and the login still good? Then POST /connectors/NAME/restart?includeTasks=true",
        severity=Severity.BREAKING,
        evidence=(
            f"stored offset {offset.position} of {_stamp(offset.at)}, last seen to move at {_stamp(progress.moved_at)}",
            f"the binlog stood at {progress.server_then} then, and was past it at {_stamp(since)}",
            f"heartbeat.interval.ms={config.get('heartbeat.interval.ms')}: the offset has to move with the binlog",
        ),
    )


def _finding(
    progress: Progress, *, summary: str, message: str, fix: str, severity: Severity, evidence: tuple[str, ...]
) -> Finding:
    cause = Cause(
        Category.UNKNOWN, Advice.NO, message, summary, fix.replace("NAME", progress.key.connector), confidence=0.9
    )
    return Finding(Code.STALLED, progress.key, "", cause, severity, evidence=evidence)


def _too_young(progress: Progress) -> bool:
    since = progress.watched_since
    return since is None or (progress.at - since).total_seconds() < 2 * progress.patience_seconds


def _heartbeats(config: ConnectorConfig) -> float:
    """Seconds between two; 0 for none, which is the default."""
    text = config.get("heartbeat.interval.ms").strip()
    return int(text) / 1000 if text.isdigit() else 0.0


def _stamp(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "an unknown time"
