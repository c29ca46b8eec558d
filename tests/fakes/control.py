"""What workflows do at a Connect cluster, in memory: `FakeConnect` with the `Control` port beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from tests.fakes.connect import FakeConnect
from watchdog.errors import PortError, PortRefused
from watchdog.model import ConnectorStatus, Offsets, State, TaskStatus, TopicPartition
from watchdog.redact import secret_keys


@dataclass
class FakeControl:
    """`errors` are raised by the next calls, in order (None: none). `done` names each change that was made.

    `override_refused` is raised when a key that begins with it is set; `tells_why_not`: whether that is told before.
    """

    connect: FakeConnect
    worker_version: str = "4.3.1"
    worker_plugin_version: str = "3.5.0.Final"
    errors: list[PortError | None] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    override_refused: str = ""
    tells_why_not: bool = True
    _tasks: dict[str, tuple[TaskStatus, ...]] = field(default_factory=dict)

    def version(self) -> str:
        self._call()
        return self.worker_version

    def plugin_version(self, connector: str) -> str:
        self._call()
        self._there(connector)
        return self.worker_plugin_version

    def state(self, connector: str) -> ConnectorStatus:
        self._call()
        return self._there(connector)

    def stop(self, connector: str) -> None:
        self._call()
        status = self._there(connector)
        if status.state is not State.STOPPED:
            self._tasks[connector] = status.tasks
            self.connect.set_state(connector, State.STOPPED)
            self.done.append(f"stop {connector}")

    def pause(self, connector: str) -> None:
        self._call()
        self._start(connector, State.PAUSED)
        self.done.append(f"pause {connector}")

    def resume(self, connector: str) -> None:
        self._call()
        self._start(connector, State.RUNNING)
        self.done.append(f"resume {connector}")

    def set_offsets(self, connector: str, offsets: Mapping[TopicPartition, int]) -> None:
        self._call()
        self._stopped(connector)
        before = self.connect.offsets_by_name[connector]
        self.connect.offsets_by_name[connector] = replace(before, committed={**before.committed, **offsets})
        self.done.append(f"set_offsets {connector} {dict(offsets)}")

    def reset_offsets(self, connector: str) -> None:
        self._call()
        self._stopped(connector)
        self.connect.offsets_by_name[connector] = Offsets(known=True)
        self.done.append(f"reset_offsets {connector}")

    def values(self, connector: str, keys: Collection[str]) -> Mapping[str, str | None]:
        self._call()
        self._there(connector)
        _refuse_secret(keys)
        return {key: self.connect.raw_configs[connector].get(key) for key in keys}

    def override(self, connector: str, changes: Mapping[str, str | None]) -> None:
        self._call()
        self._there(connector)
        _refuse_secret(changes)
        if self._refuses(changes):
            raise PortRefused("PUT config", "answered 400: the 'None' policy does not allow overrides", status=400)
        raw = {**self.connect.raw_configs[connector], **changes}
        new = {key: value for key, value in raw.items() if value is not None}
        if new != self.connect.raw_configs[connector]:
            self.connect.raw_configs[connector] = new
            self.done.append(f"override {connector} {dict(changes)}")

    def why_not(self, connector: str, changes: Mapping[str, str | None]) -> str:
        self._call()
        self._there(connector)
        _refuse_secret(changes)
        key = next(iter(changes))
        return f"{key}: the 'None' policy says no" if self.tells_why_not and self._refuses(changes) else ""

    def _refuses(self, changes: Mapping[str, str | None]) -> bool:
        keys = [key for key, value in changes.items() if value]
        return bool(self.override_refused) and any(key.startswith(self.override_refused) for key in keys)

    def _start(self, connector: str, state: State) -> None:
        status = self._there(connector)
        if status.state is State.STOPPED and connector in self._tasks:
            tasks = tuple(replace(task, trace=None) for task in self._tasks[connector])
            self.connect.connectors[connector] = replace(status, tasks=tasks)
        self.connect.set_state(connector, state)

    def _stopped(self, connector: str) -> None:
        if self._there(connector).state is not State.STOPPED:
            problem = "answered 400: Connectors must be in the STOPPED state before their offsets can be modified"
            raise PortRefused(f"fake {self.connect.name}", problem, status=400)

    def _there(self, connector: str) -> ConnectorStatus:
        if connector not in self.connect.connectors:
            raise PortRefused(f"fake {self.connect.name}", f"answered 404: no connector {connector}", status=404)
        return self.connect.connectors[connector]

    def _call(self) -> None:
        if self.errors and (error := self.errors.pop(0)):
            raise error


def _refuse_secret(keys: Iterable[str]) -> None:
    if secret := secret_keys(keys):
        raise ValueError(f"{', '.join(secret)}: a key that holds a secret is neither told nor changed")
