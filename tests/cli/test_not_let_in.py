"""SCENARIOS row 26: a REST API behind TLS that cannot be trusted, or that does not let us in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.hostile_server import HostileServer, answer, hostile_server
from tests.stack.watchdog_process import Watchdog, eventually
from tests.tls import DAY, Authority

SECRET = "c4nary-s3cret"
LOGIN = "Basic d2F0Y2hkb2c6YzRuYXJ5LXMzY3JldA=="
WELL = {
    "GET /connectors?expand=status": answer({}),
    "GET /connectors?expand=info": answer({}),
    "GET /health": answer({"status": "healthy"}),
    "GET /": answer({"version": "4.3.1"}),
}


@dataclass(frozen=True)
class Fault:
    told: str
    host: str = "127.0.0.1"
    valid: timedelta = DAY
    status: int = 200
    requests_max: int = 0
    """That reach the server while it looks for some seconds."""


FAULTS = [
    pytest.param(Fault("certificate has expired", valid=-DAY), id="expired certificate"),
    pytest.param(Fault("IP address mismatch", host="127.0.0.2"), id="another host's certificate"),
    pytest.param(Fault("answered 401: no (check user and password)", status=401, requests_max=2), id="wrong login"),
    pytest.param(Fault("answered 403: no (the user lacks the permission)", status=403, requests_max=2), id="forbidden"),
]


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    found: Fault = request.param
    return found


@pytest.fixture
def connect(fault: Fault, tmp_path: Path) -> Iterator[HostileServer]:
    (tmp_path / "tls").mkdir()
    authority = Authority(tmp_path / "tls")
    behave = WELL if fault.status == 200 else answer({"message": "no"}, fault.status)
    with hostile_server(behave, tls=authority.server(fault.host, fault.valid)) as server:
        yield server


@pytest.fixture
def watchdog(connect: HostileServer, tmp_path: Path) -> Iterator[Watchdog]:
    (tmp_path / "pw").write_text(SECRET)
    (tmp_path / "pw").chmod(0o600)
    (tmp_path / "watchdog.yaml").write_text(
        f"clusters:\n  - {{connect_url: '{connect.url}', username: watchdog, password_file: pw,"
        f" ca_file: tls/authority.pem, poll_interval_seconds: 0.2}}\n"
    )
    running = Watchdog(tmp_path, "", WATCHDOG_CONFIG=str(tmp_path / "watchdog.yaml"), WATCHDOG_LOG__FORMAT="json")
    yield running
    if running.process and running.process.poll() is None:
        running.kill()


def test_row_26_a_verb_exits_4_with_one_clear_line_and_nothing_is_asked_twice_or_in_plain(
    watchdog: Watchdog, connect: HostileServer, fault: Fault
) -> None:
    done = watchdog.cli("status")
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert fault.told in line
    assert connect.url in line
    assert SECRET not in done.stderr
    assert len(connect.received) == min(fault.requests_max, 1)
    assert all(received.headers["authorization"] == LOGIN for received in connect.received)


def test_row_26_run_goes_on_shows_it_asks_seldom_and_sees_again_once_it_is_let_in(
    watchdog: Watchdog, connect: HostileServer, fault: Fault
) -> None:
    watchdog.start(ready_seconds=0)
    eventually(_soon(watchdog, "readyz"), 30, "it serves, and has tried")
    began = time.monotonic()
    eventually(lambda: fault.told in watchdog.log(), 30, f"the log says {fault.told}")

    eventually(lambda: time.monotonic() - began > 4, 20, "four seconds of polls at five a second")
    assert len(connect.received) <= fault.requests_max
    assert watchdog.get("/livez").status_code == 200
    assert SECRET not in watchdog.log() + watchdog.get("/metrics").text
    if fault.status == 401:
        connect.behave = dict(WELL)
        eventually(lambda: "GET /connectors?expand=info" in connect.lines, 60, "it is let in again")
    assert watchdog.stop() == 0


def _soon(watchdog: Watchdog, path: str) -> Callable[[], bool]:
    def answered() -> bool:
        try:
            return watchdog.get(f"/{path}").status_code > 0
        except requests.RequestException:
            return False

    return answered
