"""`watchdog run` processes, and when an incident is visible in their metrics."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stack import Stack, StackError, wait_for
from stack.ports import any_free
from stack.settings import HOST, REPOSITORY

_FIRING = re.compile(r'^watchdog_incidents\{[^}]*state="firing"[^}]*\} (\S+)$', re.MULTILINE)
_DETECTION = re.compile(r"^watchdog_detection_seconds_(sum|count)\{[^}]*\} (\S+)$", re.MULTILINE)
READY_SECONDS = 120.0
"""On a machine that does much else; a second on an idle one."""
LOOK_SECONDS = 0.005
"""Between two answers of /metrics: asked without a pause, the asking itself would slow the watchdog down."""


def firing(metrics: str) -> float:
    """Incidents that are open, of all categories."""
    return sum(map(float, _FIRING.findall(metrics)))


def mean_detection_seconds(metrics: str) -> float | None:
    """As the watchdog itself counted it; None before the first failure."""
    found = {name: float(value) for name, value in _DETECTION.findall(metrics)}
    return found["sum"] / found["count"] if found.get("count") else None


class Watchdog:
    """`with Watchdog(folder, settings) as watchdog:` in mode observe, with a journal of its own, until the block ends.

    `given`: such as `CONNECT_URL`.
    """

    def __init__(self, folder: Path, given: Mapping[str, str]) -> None:
        self.port = any_free()
        self._output = folder / "watchdog.log"
        ours = ("WATCHDOG_", "CONNECT_", "DATABASE_", "KAFKA_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._environment = {
            **inherited,
            "WATCHDOG_MODE": "observe",
            "WATCHDOG_JOURNAL": str(folder / "journal.sqlite"),
            "WATCHDOG_HTTP__PORT": str(self.port),
            **given,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "watchdog", "run"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                cwd=REPOSITORY,
            )
        wait_for(self._is_ready, READY_SECONDS, f"the watchdog to be ready; it said:\n{self._output.read_text()}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def metrics(self) -> str:
        return self._get("/metrics")[1]

    def seen_at(self, seconds: float = 30) -> float:
        """Unix seconds of the first answer of /metrics with an open incident; StackError after the deadline."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if firing(self.metrics()):
                return time.time()
            time.sleep(LOOK_SECONDS)
        raise StackError(
            f"no incident in /metrics within {seconds:g} s; the watchdog said:\n{self._output.read_text()}"
        )

    def wait_quiet(self) -> None:
        """Until no incident is open."""
        wait_for(lambda: firing(self.metrics()) == 0, 60, "the watchdog to close the incident of a deleted connector")

    def _is_ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise StackError(f"the watchdog ended:\n{self._output.read_text()}")
        try:
            return self._get("/readyz")[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def _get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def complete(stack: Stack, folder: Path) -> Watchdog:
    """With Kafka and both databases."""
    urls = f"{stack.source_url},{stack.target_url}"
    servers = stack.bootstrap_servers
    return Watchdog(
        _made(folder, "complete"),
        {"CONNECT_URL": stack.connect_url, "KAFKA_BOOTSTRAP_SERVERS": servers, "DATABASE_URL": urls},
    )


def poll_only(stack: Stack, folder: Path) -> Watchdog:
    """With nothing but Connect's REST interface."""
    return Watchdog(_made(folder, "poll-only"), {"CONNECT_URL": stack.connect_url})


def _made(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    return folder / name
