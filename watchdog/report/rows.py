"""Report → one row for each connector, with its incident and last restart, what failed first."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchdog.model import ClusterView, ConnectorKey, ConnectorStatus, Incident, Report, Severity, SourceHealth, State

# What a person has to look at comes first; what is as it should be comes last.
_ORDER = {
    State.FAILED: 0,
    State.UNKNOWN: 1,
    State.UNASSIGNED: 2,
    State.RESTARTING: 3,
    State.STOPPED: 4,
    State.PAUSED: 5,
    State.RUNNING: 6,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A connector as one line. `incident` is its open incident; `since` is when its state changed, or it failed."""

    status: ConnectorStatus
    incident: Incident | None = None
    last_restart: datetime | None = None
    since: datetime | None = None

    @property
    def state(self) -> State:
        """The worst of the connector's own state and its tasks'."""
        return min((self.status.state, *(task.state for task in self.status.tasks)), key=_ORDER.__getitem__)


def rows(report: Report) -> tuple[Row, ...]:
    """Every connector of every cluster: failed ones first, then by state, cluster and name."""
    incidents = open_incidents(report)
    restarts = _last_restarts(report.incidents)
    since = {**{key: one.failed_at for key, one in incidents.items()}, **report.last_change}
    found = (
        Row(status, incidents.get(status.key), restarts.get(status.key), since.get(status.key))
        for cluster in report.observation.clusters.values()
        for status in cluster.connectors.values()
    )
    return tuple(sorted(found, key=lambda row: (_ORDER[row.state], row.status.cluster, row.status.name)))


def open_incidents(report: Report) -> Mapping[ConnectorKey, Incident]:
    """The open incident of each connector that has one: its failure, else the gravest and then newest finding."""
    graver_last = sorted((i for i in report.incidents if i.open), key=lambda i: (*_gravity(i), i.opened_at))
    return {incident.key: incident for incident in graver_last}


def _gravity(incident: Incident) -> tuple[bool, int]:
    return incident.code.is_failure, (Severity.SAFE, Severity.RISKY, Severity.BREAKING).index(incident.severity)


def shown_incidents(report: Report) -> tuple[Incident, ...]:
    """Open incidents that are told on their own: those merged into another one are part of it."""
    return tuple(incident for incident in report.incidents if incident.open and incident.merged_into is None)


def _last_restarts(incidents: Iterable[Incident]) -> Mapping[ConnectorKey, datetime]:
    tried = [(attempt.intent_at, incident.key) for incident in incidents for attempt in incident.attempts]
    return {key: at for at, key in sorted(tried)}


def blind(cluster: ClusterView) -> str:
    """Why what is known of this cluster may be old or wrong; empty when it can be seen and is well."""
    if cluster.error:
        return cluster.error
    if cluster.healthy is False:
        return f"its worker is not healthy: {cluster.health_message or 'no message'}"
    return ""


def place(source: SourceHealth) -> str:
    """`main/connect`; a database, which belongs to no Connect cluster, by its own name alone."""
    return f"{source.cluster}/{source.name}" if source.cluster else source.name


def unhealthy(report: Report) -> bool:
    """Something failed, an incident is open, or a cluster cannot be trusted to say so."""
    clusters = report.observation.clusters.values()
    return (
        any(incident.open for incident in report.incidents)
        or any(blind(cluster) for cluster in clusters)
        or any(status.failed for cluster in clusters for status in cluster.connectors.values())
    )


def did_you_mean(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """At most three of `known` that look like `name`, the likest first."""
    return tuple(difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5))
