"""PURE: what is remembered and seen at the end of a tick → the `Report`, which is all that the world is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watchdog.memory import Memory
from watchdog.model import ConnectorKey, ConnectorStatus, Observation, Report
from watchdog.policy import Policy


@dataclass(frozen=True, slots=True)
class Changes:
    """Each connector's status, and when it last changed before our eyes; None while it has not."""

    since: Mapping[ConnectorKey, tuple[ConnectorStatus, datetime | None]] = field(default_factory=dict)

    def after(self, seen: Observation) -> Changes:
        since: dict[ConnectorKey, tuple[ConnectorStatus, datetime | None]] = {}
        for status in (status for view in seen.clusters.values() for status in view.connectors.values()):
            before = self.since.get(status.key)
            if before is None or before[0] == status:
                since[status.key] = (status, before[1] if before else None)
            else:
                since[status.key] = (status, seen.now)
        return Changes(since)

    def moments(self) -> Mapping[ConnectorKey, datetime]:
        """Of those that changed."""
        return {key: at for key, (_, at) in self.since.items() if at is not None}


@dataclass(frozen=True, slots=True)
class Standing:
    """How we stand to the journal: why it cannot be used, and why nothing may be done; empty when all is well."""

    journal_error: str = ""
    not_acting_because: str = ""


def report_of(seen: Observation, memory: Memory, policy: Policy, standing: Standing, changes: Changes) -> Report:
    incidents = sorted(memory.incidents.values(), key=lambda i: (not i.open, i.opened_at, i.key))
    why = standing.journal_error or _unseen(seen)
    return Report(
        observation=seen,
        incidents=tuple(incidents),
        counters=memory.counters,
        modes={name: policy.mode_for(ConnectorKey(name, "")).value for name in seen.clusters},
        ready=not why,
        not_ready_because=why,
        acting=not standing.not_acting_because,
        not_acting_because=standing.not_acting_because,
        workflows=tuple(memory.workflows.values()),
        last_change=changes.moments(),
        circuits={name: each for name, each in memory.circuits.items() if each.open},
    )


def _unseen(seen: Observation) -> str:
    """What has to be looked at before anything can be said; empty when all has been."""
    waiting = {v.name for v in seen.clusters.values() if v.polled_at is None and not v.error}
    waiting |= {s.cluster for s in seen.sources if s.name == "connect" and s.unseen}
    if waiting:
        return f"first look at {', '.join(sorted(waiting))}"
    return "" if seen.clusters else "nothing has been looked at yet"
