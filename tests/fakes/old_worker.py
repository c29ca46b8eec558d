"""A Kafka Connect 2.8 worker's REST API in front of a fake cluster, as 2.8.2 was seen to answer: no `/health`, no
`/offsets`, and a restart that takes `includeTasks` for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from tests.fakes.connect import FakeConnect
from tests.hostile_server import HostileServer, Talk, answer, hostile_server
from watchdog.model import ConnectorStatus, State, TaskStatus

VERSION = {"version": "2.8.2", "commit": "3146c6ff4a24cc24", "kafka_cluster_id": "x"}
EMPTY = answer("", 204, Connection="close")


@contextmanager
def old_worker(fake: FakeConnect) -> Iterator[HostileServer]:
    with hostile_server(OldWorker(fake)) as server:
        yield server


class OldWorker:
    """`troubles`: by request line, an answer to be given instead, once."""

    def __init__(self, fake: FakeConnect, version: dict[str, str] = VERSION) -> None:
        self.fake = fake
        self.version = version
        self.troubles: dict[str, bytes | Callable[[Talk], None]] = {}

    def __call__(self, talk: Talk) -> None:
        trouble = self.troubles.pop(talk.received.line, None)
        if callable(trouble):
            trouble(talk)
        else:
            talk.send(trouble or self._answer(talk.received.method, talk.received.path))

    def _answer(self, method: str, path: str) -> bytes:
        place, _, query = path.partition("?")
        if (method, place) == ("GET", "/"):
            return _json(self.version)
        if (method, place) == ("GET", "/connectors"):
            return self._list(query)
        if found := re.fullmatch(r"/connectors/([^/]+)/(.+)", place):
            name = unquote(found[1])
            if name in self.fake.connectors:
                return self._of_connector(method, name, found[2])
            return _error(404, f"No status found for connector {name}")
        return _error(404, "HTTP 404 Not Found")

    def _list(self, query: str) -> bytes:
        if query == "expand=status":
            return _json({name: {"status": _status(each)} for name, each in self.fake.connectors.items()})
        if query == "expand=info":
            return _json({name: {"info": {"config": raw}} for name, raw in self.fake.raw_configs.items()})
        return _json(list(self.fake.connectors))

    def _of_connector(self, method: str, name: str, what: str) -> bytes:
        match method, what:
            case "GET", "status":
                return _json(_status(self.fake.connectors[name]))
            case "GET", "config":
                return _json(self.fake.raw_configs[name])
            case "GET", "topics":
                return _json({name: {"topics": sorted(self.fake.topics_by_name[name])}})
            case "PUT", "pause" | "resume":
                self.fake.set_state(name, State.PAUSED if what == "pause" else State.RUNNING)
                return answer("", 202, Connection="close")
            case "POST", "restart":
                self.fake.connectors[name] = replace(self.fake.connectors[name], state=State.RUNNING, trace=None)
                return EMPTY
        if method == "POST" and (found := re.fullmatch(r"tasks/(\d+)/restart", what)):
            return self._restart_task(name, int(found[1]))
        return _error(404, "HTTP 404 Not Found")

    def _restart_task(self, name: str, task: int) -> bytes:
        connector = self.fake.connectors[name]
        if task not in {each.id for each in connector.tasks}:
            return _error(404, f"Unknown task: {name}-{task}")
        if not self.fake.broken.get(name):
            mended = (replace(t, state=State.RUNNING, trace=None) if t.id == task else t for t in connector.tasks)
            self.fake.connectors[name] = replace(connector, tasks=tuple(mended))
        return EMPTY


def _status(status: ConnectorStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "connector": _part(status),
        "tasks": [{"id": task.id, **_part(task)} for task in status.tasks],
        "type": status.type,
    }


def _part(part: ConnectorStatus | TaskStatus) -> dict[str, Any]:
    trace = {"trace": part.trace} if part.trace else {}
    return {"state": part.state.value, "worker_id": part.worker, **trace}


def _json(document: object) -> bytes:
    return answer(document, Connection="close")


def _error(status: int, message: str) -> bytes:
    return answer({"error_code": status, "message": message}, status, Connection="close")
