"""The judgement in the making: what is remembered, noted and to be done. It lives for one tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from watchdog.authors import Question
from watchdog.buckets import bucket
from watchdog.memory import Memory
from watchdog.model import Action, ConnectorKey, Incident, Observation, TimelineEntry, Workflow
from watchdog.policy import Policy
from watchdog.topology import Topology


class Ledger:
    """Each stage reads `seen` and writes here; nothing else changes."""

    def __init__(self, memory: Memory, seen: Observation, topology: Topology, policy: Policy, cannot_act: str) -> None:
        self.memory = memory
        self.seen = seen
        self.now = seen.now
        self.topology = topology
        self.policy = policy
        self.cannot_act = cannot_act
        """Empty, or why no action may be taken now."""
        self.entries: list[TimelineEntry] = []
        self.actions: list[Action] = []
        self.questions: list[Question] = []
        self.steps: list[Workflow] = []
        """Steps of workflows, to be taken."""

    def keep(self, incident: Incident) -> None:
        # Most are judged as they were a second ago.
        if self.memory.incidents.get(incident.id) is not incident:
            self.memory = self.memory.with_incident(incident)

    def note(self, incident_id: str, kind: str, text: str, evidence: Sequence[str] = ()) -> None:
        self.note_data(incident_id, kind, text, {"evidence": list(evidence)} if evidence else {})

    def note_data(
        self, incident_id: str, kind: str, text: str, data: Mapping[str, Any], key: ConnectorKey | None = None
    ) -> None:
        """`key` for what may belong to no incident."""
        self.entries.append(TimelineEntry(self.now, incident_id, kind, text, data, key))

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        self.memory = self.memory.counted(name, *labels, by=by)

    def count_duration(self, name: str, cluster: str, seconds: float, bounds: Sequence[float]) -> None:
        # A clock that was set back meanwhile would take something off a sum that may only grow.
        seconds = max(0.0, seconds)
        self.count(f"{name}_bucket", cluster, bucket(bounds, seconds))
        self.count(f"{name}_sum", cluster, by=seconds)
        self.count(f"{name}_count", cluster)

    def fingerprint(self, incident: Incident) -> str:
        """Of the connector's configuration as it is now; empty while it is not known."""
        config = self.seen.config(incident.key)
        return config.fingerprint if config else ""


def count_drift(ledger: Ledger, incident: Incident) -> Incident:
    """Once in an incident's life, when it is first known to be drift of a table."""
    table = incident.diagnosis.table or incident.diagnosis.target
    if incident.counted_as_drift or not incident.schema_drift or table is None:
        return incident
    labels = (incident.key.cluster, str(table), "mysql")
    at, name = incident.opened_at.timestamp(), "schema_drift_last_detected_timestamp"
    ledger.count("schema_drift_total", *labels)
    ledger.count(name, *labels, by=at - ledger.memory.counters.get(name, *labels))
    return replace(incident, counted_as_drift=True)
