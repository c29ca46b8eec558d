"""A Kafka Connect cluster in memory behind the `Connect` port; passes the same contract tests as the real adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from watchdog.errors import PortError, PortRefused
from watchdog.model import (
    Action,
    CallResult,
    ConnectorConfig,
    ConnectorStatus,
    Offsets,
    Outcome,
    Poll,
    State,
    TableId,
    TaskStatus,
)
from watchdog.redact import Redactor, redact_config
from watchdog.suspicious import suspicious

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WORKER = "127.0.0.1:8083"


@dataclass
class FakeConnect:
    """Set it up with `add`, break it with `fail`; whatever a test needs differently, it sets on the fields.

    `broken` names connectors that fail again when they are restarted, with the trace given. `answers` are used up by
    the next calls, in order: a result other than ACCEPTED changes nothing. `unreachable` is raised by every read.
    """

    name: str = "main"
    clock: Callable[[], datetime] = lambda: NOW
    connectors: dict[str, ConnectorStatus] = field(default_factory=dict)
    raw_configs: dict[str, dict[str, str]] = field(default_factory=dict)
    offsets_by_name: dict[str, Offsets] = field(default_factory=dict)
    topics_by_name: dict[str, frozenset[str]] = field(default_factory=dict)
    reachability: dict[str, tuple[bool | None, str]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    answers: list[CallResult] = field(default_factory=list)
    unreachable: PortError | None = None
    healthy: bool | None = True
    health_message: str = ""
    complete: bool = True
    calls: list[Action] = field(default_factory=list)
    """Every action that was called for, refused ones too."""
    reads: list[str] = field(default_factory=list)
    """`poll`, `configs`, `offsets NAME`, `topics NAME`, `can_connect NAME`, in order."""
    redactor: Redactor = field(default_factory=Redactor)

    # What a test sets up.

    def add(self, name: str, kind: str = "sink", config: Mapping[str, str] | None = None, tasks: int = 1) -> None:
        """A connector that runs well."""
        running = tuple(TaskStatus(number, State.RUNNING, WORKER) for number in range(tasks))
        self.connectors[name] = ConnectorStatus(self.name, name, State.RUNNING, kind, WORKER, tasks=running)
        self.raw_configs[name] = {"name": name, "connector.class": f"example.Fake{kind.title()}", **(config or {})}
        self.offsets_by_name[name] = Offsets(known=True)
        self.topics_by_name[name] = frozenset()

    def fail(self, name: str, trace: str, task: int = 0, again: bool = True) -> None:
        """A task fails, and `again` after every restart until `mend`."""
        self._set_task(name, task, State.FAILED, trace)
        if again:
            self.broken[name] = trace

    def fail_connector(self, name: str, trace: str) -> None:
        """The connector itself fails; its tasks stay as they are."""
        self.connectors[name] = replace(self.connectors[name], state=State.FAILED, trace=trace)

    def mend(self, name: str) -> None:
        """From now on a restart helps."""
        self.broken.pop(name, None)

    def set_state(self, name: str, state: State) -> None:
        """The connector and its tasks; a STOPPED one has none."""
        connector = self.connectors[name]
        tasks = () if state is State.STOPPED else tuple(replace(t, state=state, trace=None) for t in connector.tasks)
        self.connectors[name] = replace(connector, state=state, trace=None, tasks=tasks)

    def remove(self, name: str) -> None:
        for each in (self.connectors, self.raw_configs, self.offsets_by_name, self.topics_by_name, self.reachability):
            each.pop(name, None)
        self.broken.pop(name, None)

    # The port.

    def poll(self) -> Poll:
        self._read("poll")
        return Poll(
            cluster=self.name,
            started_at=self.clock(),
            connectors={name: self._shown(status) for name, status in self.connectors.items()},
            healthy=self.healthy,
            health_message=self.health_message,
            version="4.3.1",
            complete=self.complete,
        )

    def configs(self, names: Iterable[str] | None = None) -> Mapping[str, ConnectorConfig]:
        self._read("configs")
        wanted = self.raw_configs.keys() if names is None else set(names) & self.raw_configs.keys()
        return {name: self._config(name) for name in wanted}

    def offsets(self, connector: str) -> Offsets:
        self._read(f"offsets {connector}")
        return self.offsets_by_name.get(connector, Offsets())

    def topics(self, connector: str) -> frozenset[str] | None:
        self._read(f"topics {connector}")
        return self.topics_by_name.get(connector)

    def can_connect(self, connector: str, targets: Sequence[TableId] = ()) -> tuple[bool | None, str]:
        self._read(f"can_connect {connector}")
        if connector not in self.connectors:
            raise PortRefused(f"fake {self.name}", f"answered 404: Connector {connector} not found", status=404)
        return self.reachability.get(connector, (None, "nothing can tell for a fake"))

    def act(self, action: Action) -> Outcome:
        self.calls.append(action)
        name = action.key.connector
        result = self.answers.pop(0) if self.answers else CallResult.ACCEPTED
        if name not in self.connectors or not self.connectors[name].addressable:
            result = CallResult.REFUSED
        if result is CallResult.ACCEPTED:
            self._carry_out(action)
        return Outcome(action, result, self.clock(), f"{action.verb} {name}: {result}")

    def _carry_out(self, action: Action) -> None:
        name = action.key.connector
        if action.verb == "pause":
            self.set_state(name, State.PAUSED)
        elif action.verb == "resume":
            self.set_state(name, State.RUNNING)
        elif not self.broken.get(name):
            failed_or_all = self.connectors[name].tasks if action.whole else self.connectors[name].failed_tasks
            for task in failed_or_all:
                self._set_task(name, task.id, State.RUNNING, None)
            self.connectors[name] = replace(self.connectors[name], state=State.RUNNING, trace=None)

    def _set_task(self, name: str, task: int, state: State, trace: str | None) -> None:
        connector = self.connectors[name]
        tasks = (replace(t, state=state, trace=trace) if t.id == task else t for t in connector.tasks)
        self.connectors[name] = replace(connector, tasks=tuple(tasks))

    def _config(self, name: str) -> ConnectorConfig:
        raw = self.raw_configs[name]
        fingerprint = str(hash(tuple(sorted(raw.items()))))
        return ConnectorConfig(self.name, name, redact_config(raw, self.redactor), fingerprint, suspicious(raw))

    def _shown(self, status: ConnectorStatus) -> ConnectorStatus:
        self._config(status.name)
        clean = self.redactor.clean
        tasks = tuple(replace(task, trace=task.trace and clean(task.trace)) for task in status.tasks)
        return replace(status, trace=status.trace and clean(status.trace), tasks=tasks)

    def _read(self, what: str) -> None:
        self.reads.append(what)
        if self.unreachable is not None:
            raise self.unreachable
