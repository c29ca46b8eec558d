"""What a tick sees (`Observation`) and what it tells (`Report`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watchdog.model.circuits import Circuit
from watchdog.model.connect import ConnectorConfig, ConnectorKey, ConnectorStatus
from watchdog.model.incidents import Incident
from watchdog.model.probes import Probe
from watchdog.model.progress import Progress, TopicsView
from watchdog.model.registry import SubjectsView
from watchdog.model.tables import DatabaseColumns
from watchdog.model.workflows import Workflow


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How well one source of observations can be seen. `name` is such as `connect:main` or `database:db1:3306`."""

    cluster: str
    name: str
    last_success: datetime | None
    error: str = ""

    @property
    def unseen(self) -> bool:
        """It has neither answered nor failed to."""
        return self.last_success is None and not self.error

    def age_seconds(self, now: datetime) -> float | None:
        return None if self.last_success is None else max(0.0, (now - self.last_success).total_seconds())


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A Connect cluster as it is believed to be: the last good poll, with what was pushed since laid over it."""

    name: str
    polled_at: datetime | None = None
    """When the last good poll was started; None before the first."""
    connectors: Mapping[str, ConnectorStatus] = field(default_factory=dict)
    configs: Mapping[str, ConnectorConfig] = field(default_factory=dict)
    healthy: bool | None = None
    health_message: str = ""
    version: str = ""
    complete: bool = True
    """False when the last poll was too large and told of some connectors only."""
    error: str = ""
    """Why the last poll failed; empty when it did not."""
    failed_at: Mapping[tuple[str, int | None], datetime] = field(default_factory=dict)
    """Connect's own time of each pushed failure, by connector and task."""
    used_topics: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The topics that Connect saw each connector use."""
    rebalance_seconds: float = 300.0
    """The workers' `scheduled.rebalance.max.delay.ms`: so long a lost worker's tasks may be UNASSIGNED."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that is believed at one moment. An unreachable source is data: its view is old, its error is set."""

    now: datetime
    clusters: Mapping[str, ClusterView] = field(default_factory=dict)
    databases: Mapping[str, DatabaseColumns] = field(default_factory=dict)
    """By address `host:port`."""
    probes: Mapping[ConnectorKey, Probe] = field(default_factory=dict)
    sources: tuple[SourceHealth, ...] = ()
    progress: Mapping[ConnectorKey, Progress] = field(default_factory=dict)
    topics: Mapping[str, TopicsView] = field(default_factory=dict)
    """By Connect cluster."""
    subjects: Mapping[str, SubjectsView] = field(default_factory=dict)
    """By Connect cluster: what its topics' consumers were promised."""

    def status(self, key: ConnectorKey) -> ConnectorStatus | None:
        cluster = self.clusters.get(key.cluster)
        return cluster.connectors.get(key.connector) if cluster else None

    def config(self, key: ConnectorKey) -> ConnectorConfig | None:
        cluster = self.clusters.get(key.cluster)
        return cluster.configs.get(key.connector) if cluster else None


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts that only grow, kept across restarts: name, label values → count."""

    values: Mapping[tuple[str, tuple[str, ...]], float] = field(default_factory=dict)

    def get(self, name: str, *labels: str) -> float:
        return self.values.get((name, labels), 0.0)

    def plus(self, name: str, *labels: str, by: float = 1.0) -> Counters:
        key = (name, labels)
        return Counters({**self.values, key: self.values.get(key, 0.0) + by})


@dataclass(frozen=True, slots=True)
class Report:
    """What a tick tells the world: immutable, the only thing that metrics, pages and views read."""

    observation: Observation
    incidents: tuple[Incident, ...] = ()
    """Open ones first, then those resolved lately."""
    counters: Counters = Counters()
    modes: Mapping[str, str] = field(default_factory=dict)
    """Each Connect cluster's own mode when nothing more specific is set."""
    ready: bool = False
    not_ready_because: str = ""
    acting: bool = True
    """False when another watchdog holds the journal, or nothing can be journaled."""
    not_acting_because: str = ""
    workflows: tuple[Workflow, ...] = ()
    """Those under way, and those that ended lately."""
    last_change: Mapping[ConnectorKey, datetime] = field(default_factory=dict)
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    """By Connect cluster: those where many tasks fail together now."""
