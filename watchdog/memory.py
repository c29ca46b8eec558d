"""PURE: what is remembered from tick to tick, and across restarts by the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from watchdog.bystanders import Glimpse
from watchdog.history import SchemaHistory
from watchdog.model import Circuit, ConnectorKey, Counters, FindingKey, Incident, Request, Workflow
from watchdog.target_history import TargetHistory


@dataclass(frozen=True, slots=True)
class Memory:
    """`incidents` by id: the open ones, and those resolved lately. `requests` by id: what persons asked for.

    `pending`: since when each finding is there that is no incident yet; it begins anew after a restart.
    """

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    history: SchemaHistory = SchemaHistory()
    counters: Counters = Counters()
    requests: Mapping[str, Request] = field(default_factory=dict)
    pending: Mapping[FindingKey, datetime] = field(default_factory=dict)
    targets: TargetHistory = TargetHistory()
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    """By Connect cluster; a closed one, too."""
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    glimpses: Mapping[ConnectorKey, Glimpse] = field(default_factory=dict)
    """How each connector that fails looked a tick ago; it begins anew after a restart."""

    def incident_of(self, key: ConnectorKey) -> Incident | None:
        """The connector's open incident of a failure, or its latest resolved one."""
        of_connector = [i for i in self.incidents.values() if i.key == key and i.code.is_failure]
        return max(of_connector, key=lambda incident: (incident.open, incident.opened_at), default=None)

    def failures(self) -> Mapping[ConnectorKey, Incident]:
        """`incident_of` every connector that has one."""
        found = (incident for incident in self.incidents.values() if incident.code.is_failure)
        return {i.key: i for i in sorted(found, key=lambda incident: (incident.open, incident.opened_at))}

    def open_findings(self) -> Mapping[FindingKey, Incident]:
        """The open incidents with which nothing is FAILED."""
        found = (i for i in self.incidents.values() if i.open and not i.code.is_failure)
        return {FindingKey(i.code, i.key, i.subject): i for i in found}

    def with_incident(self, incident: Incident) -> Memory:
        return replace(self, incidents={**self.incidents, incident.id: incident})

    def workflow_of(self, key: ConnectorKey) -> Workflow | None:
        """The one that is under way on the connector."""
        return next((each for each in self.workflows.values() if each.open and each.key == key), None)

    def with_workflow(self, workflow: Workflow) -> Memory:
        return replace(self, workflows={**self.workflows, workflow.id: workflow})

    def with_request(self, request: Request) -> Memory:
        return replace(self, requests={**self.requests, request.id: request})

    def counted(self, name: str, *labels: str, by: float = 1.0) -> Memory:
        return replace(self, counters=self.counters.plus(name, *labels, by=by))

    def without_old(self, before: datetime) -> Memory:
        """Resolved incidents from before that moment leave memory (the journal keeps them)."""
        old = [i.id for i in self.incidents.values() if i.resolved_at is not None and i.resolved_at < before]
        if not old:
            return self
        return replace(self, incidents={i.id: i for i in self.incidents.values() if i.id not in old})
