"""The Connect worker and its REST interface."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from stack import java
from stack.errors import StackError
from stack.processes import Process
from stack.settings import HOST, Settings
from stack.waiting import wait_for

Document = dict[str, Any]

_HEAP_MEGABYTES = 1024
_REBALANCING = 409


class Connect:
    name = "connect"

    def __init__(self, settings: Settings) -> None:
        self.port = settings.connect_port
        self.url = settings.connect_url
        self.process = Process.of(settings, self.name)
        self.libraries: Path | None = None
        self.plugins: Sequence[Path] = ()
        self._bootstrap_servers = settings.bootstrap_servers
        self._config = settings.directory / "connect.properties"

    def start(self) -> None:
        assert self.libraries is not None
        java.write_properties(self._config, self._properties())
        main = "org.apache.kafka.connect.cli.ConnectDistributed"
        self.process.start(java.command(self.libraries, _HEAP_MEGABYTES, main, self._config))

    def wait_ready(self, seconds: float = 90) -> None:
        def answers() -> bool:
            self.process.must_live()
            return self.is_ready()

        wait_for(answers, seconds, f"connect to answer on port {self.port}")

    def is_ready(self) -> bool:
        """Both paths: `/` answers some seconds before the worker has read its own topics."""
        try:
            return all(requests.get(self.url + path, timeout=5).ok for path in ("/", "/connectors"))
        except requests.RequestException:
            return False

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON, None for an empty one; StackError with Connect's own words otherwise."""

        def answer() -> tuple[requests.Response] | None:
            response = requests.request(method, self.url + path, json=body, timeout=30)
            # In a tuple: a refusal counts as false by itself, and would be waited upon.
            return None if response.status_code == _REBALANCING else (response,)

        try:
            (response,) = wait_for(answer, 30, "connect to finish its rebalance")
        except requests.RequestException as error:
            raise StackError(f"connect at {self.url} does not answer: {error}") from error
        if not response.ok:
            raise StackError(f"connect refused {method} {path}: {response.status_code} {response.text[:2000]}")
        return response.json() if response.content else None

    def names(self) -> list[str]:
        return sorted(self.call("GET", "/connectors"))

    def status(self, connector: str) -> Document:
        status: Document = self.call("GET", f"{_path(connector)}/status")
        return status

    def states(self, connector: str) -> set[str]:
        """Of the connector and its tasks; empty while Connect does not know it."""
        try:
            status = self.status(connector)
        except StackError:
            return set()
        return {status["connector"]["state"], *(task["state"] for task in status["tasks"])}

    def trace(self, connector: str) -> str | None:
        """The first trace there is, of the connector or of a task."""
        status = self.status(connector)
        return next((part["trace"] for part in [status["connector"], *status["tasks"]] if "trace" in part), None)

    def config(self, connector: str) -> dict[str, str] | None:
        return self.call("GET", f"{_path(connector)}/config") if connector in self.names() else None

    def put(self, connector: str, config: Mapping[str, str]) -> bool:
        """Whether anything had to be changed: the same config again would restart the connector."""
        if self.config(connector) == {**config, "name": connector}:
            return False
        self.call("PUT", f"{_path(connector)}/config", dict(config))
        return True

    def wait_running(self, connector: str, seconds: float = 30) -> None:
        """With at least one task."""

        def is_running() -> bool:
            return self.states(connector) == {"RUNNING"} and bool(self.status(connector)["tasks"])

        wait_for(is_running, seconds, f"{connector} to be RUNNING")

    def wait_failed(self, connector: str, seconds: float = 30) -> str:
        """The trace."""
        wait_for(lambda: "FAILED" in self.states(connector), seconds, f"{connector} to fail")
        return wait_for(lambda: self.trace(connector), 5, f"the trace of {connector}")

    def restart(self, connector: str, *, only_failed: bool = True) -> None:
        query = f"includeTasks=true&onlyFailed={str(only_failed).lower()}"
        self.call("POST", f"{_path(connector)}/restart?{query}")

    def offsets(self, connector: str) -> Document:
        offsets: Document = self.call("GET", f"{_path(connector)}/offsets")
        return offsets

    def delete(self, connector: str) -> None:
        """With its offsets, so that a new connector of that name begins anew."""
        if connector not in self.names():
            return
        self.call("PUT", f"{_path(connector)}/stop")
        wait_for(lambda: not self.status(connector)["tasks"], 30, f"{connector} to stop")
        wait_for(lambda: self._forget_offsets(connector), 30, f"the offsets of {connector} to be deleted")
        self.call("DELETE", _path(connector))
        wait_for(lambda: connector not in self.names(), 10, f"{connector} to be deleted")

    def _forget_offsets(self, connector: str) -> bool:
        """False while Connect still counts the last tasks as running."""
        try:
            self.call("DELETE", f"{_path(connector)}/offsets")
        except StackError:
            return False
        return True

    def _properties(self) -> dict[str, object]:
        json = "org.apache.kafka.connect.json.JsonConverter"
        return {
            "bootstrap.servers": self._bootstrap_servers,
            "client.id": "cdc-watchdog-stack",
            "group.id": "cdc-watchdog-stack",
            "listeners": self.url,
            "rest.advertised.host.name": HOST,
            "admin.listeners": "",
            "plugin.path": ",".join(str(folder) for folder in self.plugins),
            "plugin.discovery": "service_load",
            "connector.client.config.override.policy": "All",
            "key.converter": json,
            "value.converter": json,
            "key.converter.schemas.enable": "true",
            "value.converter.schemas.enable": "true",
            "config.storage.topic": "connect-configs",
            "offset.storage.topic": "connect-offsets",
            "status.storage.topic": "connect-status",
            "config.storage.replication.factor": 1,
            "offset.storage.replication.factor": 1,
            "status.storage.replication.factor": 1,
            "offset.storage.partitions": 1,
            "status.storage.partitions": 1,
            "offset.flush.interval.ms": 1000,
            "scheduled.rebalance.max.delay.ms": 0,
            # What a killed worker held is free again after this time, not after 45 s.
            "session.timeout.ms": 10_000,
            "consumer.session.timeout.ms": 10_000,
        }


def _path(connector: str) -> str:
    return f"/connectors/{quote(connector, safe='')}"
