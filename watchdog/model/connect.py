"""What Kafka Connect says of itself: connectors, tasks, states, configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Connect's states, spelled as in `GET /connectors/{name}/status`; UNKNOWN is a word that we do not know."""

    UNASSIGNED = "UNASSIGNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    RESTARTING = "RESTARTING"
    UNKNOWN = "UNKNOWN"


class ConnectorKey(NamedTuple):
    """A connector by its Connect cluster and its name."""

    cluster: str
    connector: str


@dataclass(frozen=True, slots=True)
class TaskStatus:
    id: int
    state: State
    worker: str = ""
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """One connector's status document; `type` is `source`, `sink` or `unknown`."""

    cluster: str
    name: str
    state: State
    type: str = "unknown"
    worker: str = ""
    trace: str | None = None
    tasks: tuple[TaskStatus, ...] = ()

    @property
    def key(self) -> ConnectorKey:
        return ConnectorKey(self.cluster, self.name)

    @property
    def failed_tasks(self) -> tuple[TaskStatus, ...]:
        return tuple(task for task in self.tasks if task.state is State.FAILED)

    @property
    def failed(self) -> bool:
        return self.state is State.FAILED or bool(self.failed_tasks)

    @property
    def all_running(self) -> bool:
        return (
            self.state is State.RUNNING and bool(self.tasks) and all(task.state is State.RUNNING for task in self.tasks)
        )

    @property
    def addressable(self) -> bool:
        """Connect lists names with these characters, and answers 400 to every path that holds them. Dots alone would
        be taken for a path's "here" and "above"."""
        return not any(character in self.name for character in "/%\\;") and self.name.strip(".") != ""


@dataclass(frozen=True, slots=True)
class PushedStatus:
    """One state change from Connect's status topic; `task` is None for the connector itself."""

    cluster: str
    connector: str
    task: int | None
    state: State
    worker: str
    trace: str | None
    at: datetime
    """Connect's own time stamp of the record."""
    generation: int = -1
    """Of the group of workers: the next one with each rebalance. Negative where it is not told."""


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """A connector's configuration with every secret value already replaced by `***`.

    `fingerprint` changes when any value changes, secrets included; it means nothing outside this process.
    """

    cluster: str
    name: str
    values: Mapping[str, str]
    fingerprint: str = ""
    suspicious: tuple[str, ...] = ()
    """What in it makes a worker run or fetch what somebody else chose, without values."""

    def get(self, key: str, default: str = "") -> str:
        return self.values.get(key, default)


@dataclass(frozen=True, slots=True)
class Poll:
    """One answer of a Connect cluster: every connector's status, or why there is none.

    `started_at` is taken before the request: what was pushed later than that is newer than this answer. `complete` is
    False when the answer was too large and only some connectors could be read one at a time.
    """

    cluster: str
    started_at: datetime
    connectors: Mapping[str, ConnectorStatus] = field(default_factory=dict)
    configs: Mapping[str, ConnectorConfig] = field(default_factory=dict)
    healthy: bool | None = None
    """The worker's own `/health`; None where the worker is too old to have it."""
    health_message: str = ""
    version: str = ""
    complete: bool = True
    error: str = ""
    rebalance_seconds: float = 300.0
    """The workers' `scheduled.rebalance.max.delay.ms`, which REST does not tell: a setting of ours."""
