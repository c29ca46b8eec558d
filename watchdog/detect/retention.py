"""What a connector still needs is gone, or will soon be, whatever its state is: also while it is paused or idle."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog import clocks
from watchdog.history import SchemaHistory
from watchdog.model import Advice, Category, Cause, Clock, Code, ConnectorKey, Finding, Observation, Severity, Unseen
from watchdog.topology import Topology

_CATEGORIES = {clocks.BINLOG: Category.BINLOG_GAP, clocks.TOPIC: Category.DATA, clocks.GROUP: Category.DATA}
_GONE = {
    clocks.BINLOG: "The binlog that the source needs next is gone: its next start fails.",
    clocks.TOPIC: "Records were removed from the topic before the sink read them; it passes over the gap in silence.",
}
_SOON = {
    clocks.BINLOG: "The binlog that the source needs next will soon be removed.",
    clocks.TOPIC: "Records that the sink has not read will soon be removed from the topic.",
    clocks.GROUP: "The sink's committed offsets will soon be forgotten: it would begin anew.",
}
_FIXES = {
    clocks.BINLOG: "Get the source to read on, or keep the binlog for longer (binlog_expire_logs_seconds). Of a source "
    "that only has little to read, set heartbeat.interval.ms. Once it is gone only a new snapshot helps",
    clocks.TOPIC: "Get the sink to read on, or keep the topic's records for longer: retention.ms of the topic",
    clocks.GROUP: "Start the sink again, or write down its offsets: GET /connectors/NAME/offsets",
}


def short_retention(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
    for key, progress in seen.progress.items():
        if not progress.known:
            yield Unseen(Code.RETENTION_SHORT, key, progress.error)
            continue
        for clock in clocks.clocks(key, seen):
            if clocks.near(clock, clocks.whole_seconds(clock, key, seen)):
                yield _finding(key, clock)


def _finding(key: ConnectorKey, clock: Clock) -> Finding:
    gone = clock.left_seconds is not None and clock.left_seconds <= 0
    cause = Cause(
        category=_CATEGORIES[clock.name],
        restart=Advice.NO,
        message=f"{clock.name} {clock.where}: {clock.detail}",
        summary=(_GONE if gone else _SOON)[clock.name],
        fix=_FIXES[clock.name].replace("NAME", key.connector),
        confidence=1.0,
    )
    severity = Severity.BREAKING if gone else Severity.RISKY
    return Finding(Code.RETENTION_SHORT, key, clock.name, cause, severity, evidence=(clock.detail,))
