"""The endpoints over real sockets."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.report.reports import FAILED_SINK, HOSTILE_NAMES, NOW, SINK, ago, report, source
from watchdog.errors import SettingsError
from watchdog.model import Report
from watchdog.report import server as module
from watchdog.report.server import Readings, Server


@dataclass
class Loop:
    """What the running loop would say."""

    latest: Report | None = None
    seconds_since_tick: float = 0.5

    def readings(self) -> Readings:
        return Readings(lambda: self.latest, lambda: self.seconds_since_tick, lambda: NOW, heartbeat_limit_seconds=10)


@contextlib.contextmanager
def serving(loop: Loop) -> Iterator[Server]:
    server = Server("127.0.0.1", 0, loop.readings())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, object]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response: HTTPResponse = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    ("accept", "content_type", "ending"),
    [
        pytest.param("", "text/plain; version=0.0.4; charset=utf-8", b"\n", id="plain"),
        pytest.param(
            "application/openmetrics-text; version=1.0.0", "application/openmetrics-text", b"# EOF\n", id="open"
        ),
    ],
)
def test_metrics_come_in_the_format_that_is_asked_for(accept: str, content_type: str, ending: bytes) -> None:
    with serving(Loop(report(FAILED_SINK))) as server:
        answer = ask(server, "/metrics", accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert b'kafka_connect_connector_failed_task_count{connect_cluster="main",connector="dw-sink"} 1.0' in answer.body
    assert answer.body.endswith(ending)


@pytest.mark.parametrize(
    ("seconds", "status", "reason"),
    [
        pytest.param(0.5, 200, "", id="ticking"),
        pytest.param(10.0, 200, "", id="at the limit"),
        pytest.param(65.0, 503, "the loop has not ticked for 1 min, the limit is 10 s", id="stuck"),
    ],
)
def test_alive_means_that_the_loop_ticks(seconds: float, status: int, reason: str) -> None:
    with serving(Loop(seconds_since_tick=seconds)) as server:
        answer = ask(server, "/livez")
    assert (answer.status, answer.document["reason"]) == (status, reason)


LOST = replace(source("database:db1", last=ago(60), error="refused"), cluster="")
NEVER = replace(source("kafka"), last_success=None)


@pytest.mark.parametrize(
    ("loop", "status", "expected"),
    [
        pytest.param(
            Loop(report(SINK)), 200, {"ready": True, "acting": True, "reason": ""}, id="ready"
        ),
        pytest.param(
            Loop(report(SINK, acting=False)), 200, {"ready": True, "acting": False, "reason": ""}, id="observing"
        ),
        pytest.param(
            Loop(report(SINK, ready=False, not_ready_because="the disk is full")),
            503, {"ready": False, "acting": True, "reason": "the disk is full"}, id="not ready",
        ),
        pytest.param(
            Loop(), 503, {"ready": False, "acting": False, "reason": "nothing has been observed yet"}, id="first tick"
        ),
        pytest.param(
            Loop(report(SINK), 99), 503, {"reason": "the loop has not ticked for 1 min, the limit is 10 s"}, id="stuck"
        ),
        pytest.param(
            Loop(report(SINK, sources=(LOST, NEVER))),
            200,
            {
                "sources": [
                    {"connect_cluster": None, "name": "database:db1", "age_seconds": 60.0, "error": "refused"},
                    {"connect_cluster": "main", "name": "kafka", "age_seconds": None, "error": ""},
                ]
            },
            id="sources",
        ),
    ],
)  # fmt: skip
def test_ready_says_whether_it_watches_and_why_not(loop: Loop, status: int, expected: dict[str, object]) -> None:
    with serving(loop) as server:
        answer = ask(server, "/readyz")
    assert answer.status == status
    assert {key: answer.document[key] for key in expected} == expected
    assert set(answer.document) == {"ready", "acting", "not_acting_because", "reason", "sources"}


@pytest.mark.parametrize("path", ["/", "/api/v1/connectors", "/metrics/", "/..%2f..%2fetc/passwd", "/<script>"])
def test_anything_else_is_not_there(path: str) -> None:
    with serving(Loop(report(SINK))) as server:
        answer = ask(server, path)
    assert (answer.status, answer.document) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(method: str) -> None:
    with serving(Loop(report(SINK))) as server:
        answer = ask(server, "/metrics", method)
    assert (answer.status, answer.document) == (405, {"error": "Method Not Allowed"})


def test_head_answers_without_a_body() -> None:
    with serving(Loop(report(SINK))) as server:
        answer = ask(server, "/livez", "HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_an_answer_does_not_name_the_server_and_is_not_kept() -> None:
    with serving(Loop(report(SINK))) as server:
        headers = ask(server, "/metrics").headers
    assert "server" not in headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_a_hostile_error_is_shown_as_text(name: str) -> None:
    hostile = report(SINK, ready=False, not_ready_because=name, sources=(source(error=name),))
    with serving(Loop(hostile)) as server:
        answer = ask(server, "/readyz")
    assert answer.status == 503
    assert all(character == "\n" or 32 <= ord(character) < 127 for character in answer.body.decode("ascii"))
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("host", "port", "problem"),
    [
        pytest.param("127.0.0.1", None, "Address already in use", id="in use"),
        pytest.param("192.0.2.1", 0, "Cannot assign requested address", id="not this machine's"),
        pytest.param("no-such-host.invalid", 0, "no-such-host.invalid:0", id="no such name"),
    ],
)
def test_an_address_that_cannot_be_used_names_the_setting(host: str, port: int | None, problem: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        loop = Loop()
        chosen = taken.getsockname()[1] if port is None else port
        server = Server(host, chosen, loop.readings())
        with pytest.raises(SettingsError, match="WATCHDOG_HTTP__PORT") as caught:
            server.start()
    assert problem in str(caught.value)
    server.stop()


def test_it_stops_at_once_though_a_client_is_in_the_middle_of_a_request() -> None:
    with serving(Loop(report(SINK))) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        ask(server, "/livez")
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 4.0  # The client would be given 5 s.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_a_port_can_be_used_again_at_once() -> None:
    with serving(Loop(report(SINK))) as first:
        ask(first, "/livez")
    again = Server("127.0.0.1", first.port, Loop().readings())
    again.start()
    assert ask(again, "/livez").status == 200
    again.stop()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost:", id="half a request"),
        pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HT", id="one and a half"),
    ],
)
def test_a_client_that_does_not_come_to_the_point_is_let_go(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.2)
    with serving(Loop(report(SINK))) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(sent)
        client.settimeout(2)
        assert _closed(client)


def _closed(client: socket.socket) -> bool:
    """Reads to the end; a timeout is an error."""
    with contextlib.suppress(ConnectionResetError):
        while client.recv(4096):
            pass
    return True


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000, id="endless header"),
        pytest.param(b"GET / HTTP/9\r\n\r\n", id="no HTTP that we know"),
    ],
)
def test_what_is_no_request_is_refused_and_the_next_one_served(sent: bytes) -> None:
    with serving(Loop(report(SINK))) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=8) as client:
            client.sendall(sent)
            try:
                assert client.recv(4096).startswith(b"HTTP/1.1 400")
            except ConnectionResetError:
                assert len(sent) > 50_000, "only what was not read to its end may be cut off"
        assert ask(server, "/livez").status == 200


IDLE = """
import resource, threading
from tests.report.test_server import SINK, Loop, ask, report, serving

def switches():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw

with serving(Loop(report(SINK))) as server:
    ask(server, "/livez")
    before = switches()
    threading.Event().wait(1.0)
    print(switches() - before)
"""


def test_it_sleeps_while_nobody_asks() -> None:
    """In a process of its own: there is nobody else to wake up. Uvicorn's own loop wakes ten times a second."""
    done = subprocess.run([sys.executable, "-c", IDLE], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 8


def test_many_scrapes_at_a_time_are_all_answered() -> None:
    with serving(Loop(report(SINK))) as server:
        answers: list[int] = []
        threads = [threading.Thread(target=lambda: answers.append(ask(server, "/metrics").status)) for _ in range(20)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answers) == len(threads))
        assert set(answers) == {200}
