"""A Kafka Connect worker with a few sinks, over HTTP: enough of it for a real `watchdog run` without a stack."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.hostile_server import NOT_FOUND, HostileServer, Talk, answer, hostile_server

ODD_TRACE = "com.example.OddException: nobody has seen this before\n\tat x.Y.z(Y.java:1)\n"
"""What nothing is known of gets one try."""
_RESTART = re.compile(r"POST /connectors/([^/]+)/restart\?")
_OF_ONE = re.compile(r"GET /connectors/([^/?]+)$")


@dataclass
class Worker:
    """`fail` a sink; a restart helps it. `restarts`: the sinks that a call came for, in order."""

    sinks: dict[str, bool] = field(default_factory=dict)
    """Name → whether it is FAILED."""
    restarts: list[str] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str) -> None:
        with self._lock:
            self.sinks[name] = False

    def fail(self, name: str) -> None:
        with self._lock:
            self.sinks[name] = True

    def __call__(self, talk: Talk) -> None:
        with self._lock:
            talk.send(self._answer(talk.received.line))

    def _answer(self, line: str) -> bytes:
        if match := _RESTART.match(line):
            self.restarts.append(match[1])
            self.sinks[match[1]] = False
            return answer({}, 202)
        if line == "GET /":
            return answer({"version": "4.3.1", "commit": "x", "kafka_cluster_id": "k"})
        if line == "GET /health":
            return answer({"status": "healthy", "message": "Worker is healthy."})
        if line.startswith("GET /connectors?"):
            return answer({name: {"status": self._status(name), "info": self._info(name)} for name in self.sinks})
        if (match := _OF_ONE.match(line)) and match[1] in self.sinks:
            return answer(self._info(match[1]))
        return NOT_FOUND

    def _status(self, name: str) -> dict[str, object]:
        task = {"id": 0, "state": "RUNNING", "worker_id": "w:8083"}
        if self.sinks[name]:
            task |= {"state": "FAILED", "trace": ODD_TRACE}
        connector = {"state": "RUNNING", "worker_id": "w:8083"}
        return {"name": name, "connector": connector, "tasks": [task], "type": "sink"}

    def _info(self, name: str) -> dict[str, object]:
        return {"name": name, "type": "sink", "config": {"connector.class": "example.Sink"}, "tasks": []}


@contextmanager
def worker() -> Iterator[Worker]:
    of_ours = Worker()
    server: HostileServer
    with hostile_server(of_ours) as server:
        of_ours.url = server.url
        yield of_ours
