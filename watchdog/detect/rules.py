"""Every rule for what is wrong though nothing is FAILED. Their order is the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from watchdog.detect.hidden import hidden_drift
from watchdog.detect.retention import short_retention
from watchdog.detect.snapshots import new_snapshots
from watchdog.detect.stalls import stalls
from watchdog.detect.suspicious import suspicious_configs
from watchdog.detect.tables import tables_differ
from watchdog.detect.topics import histories
from watchdog.detect.unassigned import unassigned
from watchdog.detect.unlogged import unlogged_changes
from watchdog.history import SchemaHistory
from watchdog.model import Finding, Observation, Unseen
from watchdog.topology import Topology

Rule = Callable[[Observation, Topology, SchemaHistory], Iterator[Finding | Unseen]]

RULES: tuple[Rule, ...] = (
    suspicious_configs,
    unassigned,
    histories,
    short_retention,
    new_snapshots,
    stalls,
    unlogged_changes,
    tables_differ,
    hidden_drift,
)


def findings(
    seen: Observation, topology: Topology, history: SchemaHistory, rules: Iterable[Rule] = RULES
) -> Iterator[Finding | Unseen]:
    for rule in rules:
        yield from rule(seen, topology, history)
