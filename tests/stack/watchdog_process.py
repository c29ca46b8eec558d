"""A real `watchdog run` in a process of its own, with a journal of its own, and what it says of itself."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import requests
from prometheus_client.parser import text_string_to_metric_families
from stack.ports import any_free

from watchdog import app
from watchdog.report import documents
from watchdog.settings import Settings, load

T = TypeVar("T")
REPOSITORY = Path(__file__).parents[2]


def eventually(condition: Callable[[], T | None], seconds: float, what: str | Callable[[], str]) -> T:
    """The first truthy answer; AssertionError after the deadline, with what was waited for.

    `what` may be asked for only then: a log is told as it is at the end, not as it was when the waiting began.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.1)


def never(condition: Callable[[], object], seconds: float, what: str) -> None:
    """AssertionError as soon as the condition holds within that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert not condition(), f"happened, and must not: {what}"
        time.sleep(0.2)


class Watchdog:
    """`with Watchdog(tmp_path, connect_url=…, kafka=…, databases=[…]) as watchdog:` runs until the block ends.

    `settings` are further `WATCHDOG_…` variables, such as `WATCHDOG_STABILITY_WINDOW_SECONDS="5"` (here 5 s by
    default instead of 30, so that tests are quick). The test may call `start`, `kill` and `stop`: the journal stays.
    """

    def __init__(
        self, folder: Path, connect_url: str, kafka: str = "", databases: tuple[str, ...] = (), **settings: str
    ) -> None:
        self.folder = folder
        self.port = any_free()
        self.output = folder / "watchdog.log"
        given = {
            "CONNECT_URL": connect_url,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "DATABASE_URL": ",".join(databases),
            "WATCHDOG_JOURNAL": str(folder / "journal.sqlite"),
            "WATCHDOG_HTTP__PORT": str(self.port),
            "WATCHDOG_STABILITY_WINDOW_SECONDS": "5",
            "NO_COLOR": "1",
            **settings,
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("WATCHDOG_", "CONNECT_", "DATABASE_"))}
        self.environment: Mapping[str, str] = {**inherited, **{k: v for k, v in given.items() if v}}
        self.process: subprocess.Popen[bytes] | None = None
        self.program = ["-m", "watchdog", "run"]
        """What the next `start` has Python run."""

    def __enter__(self) -> Watchdog:
        try:
            self.start()
        except BaseException:
            self.kill()  # Nobody else would end it.
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if self.process and self.process.poll() is None:
                self.stop()
        finally:
            self.kill()  # One that does not end is a failure, and must not go on beside the next tests.
            print(self.log())  # pytest shows it beside a failure

    # ── its life ──

    def start(self, ready_seconds: float = 60) -> None:
        with self.output.open("ab") as output:
            command = [sys.executable, *self.program]
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=self.environment, cwd=REPOSITORY, stdin=subprocess.DEVNULL
            )
        if ready_seconds:
            eventually(self.is_ready, ready_seconds, lambda: f"the watchdog is ready; it said:\n{self.log()}")

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM; its exit code. That it takes five seconds at most is a test of its own."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)

    # ── what it says ──

    def log(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def get(self, path: str, seconds: float = 5) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=seconds)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the watchdog ended:\n{self.log()}"
        try:
            return self.get("/readyz").status_code == 200
        except requests.RequestException:
            return False

    def metrics(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """(sample name, sorted label pairs) → value."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of the samples with these labels among theirs; None where there is none."""
        found = [v for (n, ls), v in self.metrics().items() if n == name and set(labels.items()) <= set(ls)]
        return sum(found) if found else None

    def settings(self) -> Settings:
        """What a verb that is run beside it goes by."""
        return load(None, self.environment)

    def cli(self, *arguments: str, seconds: float = 90) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "watchdog", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=seconds, check=False
        )

    def asked(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The same, not waited for; what it says goes to the log."""
        with self.output.open("ab") as output:
            command = [sys.executable, "-m", "watchdog", *arguments]
            return subprocess.Popen(
                command, env=self.environment, cwd=REPOSITORY, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )

    def journaled(self, prefix: str) -> dict[str, dict[str, Any]]:
        """The journal's documents whose key begins so; none while there is no journal."""
        path = Path(self.environment["WATCHDOG_JOURNAL"])
        if not path.exists():
            return {}
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            rows = database.execute("SELECT key, document FROM state WHERE key LIKE ?", (f"{prefix}%",)).fetchall()
        return {key: json.loads(document) for key, document in rows}

    def incidents(self, *, all: bool = False) -> list[dict[str, Any]]:  # noqa: A002
        """As `watchdog incidents -o json` tells them, by the functions that it calls.

        Asked many times a second while something is waited for: a process for each look would keep a processor busy.
        That the command tells the same is a test of its own, in test_drift.py.
        """
        found = app.incidents(self.settings(), all=all)
        told: list[dict[str, Any]] = _as_printed([documents.incident(one, found) for one in found])
        return told

    def incident_of(self, connector: str, *, all: bool = False) -> dict[str, Any] | None:  # noqa: A002
        """The connector's newest incident."""
        found = [incident for incident in self.incidents(all=all) if incident["connector"] == connector]
        return max(found, key=lambda incident: str(incident["opened_at"]), default=None)

    def wait_for_incident(self, connector: str, seconds: float = 60, **wanted: object) -> dict[str, Any]:
        """The connector's newest incident, once its fields are as `wanted`: `category="AUTH"`, `state="resolved"`."""

        def found() -> dict[str, Any] | None:
            incident = self.incident_of(connector, all=True)
            fits = incident is not None and all(incident.get(name) == value for name, value in wanted.items())
            return incident if fits else None

        return eventually(found, seconds, lambda: f"an incident of {connector} with {wanted}; the log:\n{self.log()}")

    def timeline(self, incident_id: str) -> list[dict[str, Any]]:
        """As `watchdog incident ID -o json` tells it."""
        found = app.incident(self.settings(), incident_id)
        assert found, f"no incident {incident_id!r}, or several"
        one, timeline = found
        entries: list[dict[str, Any]] = _as_printed(documents.incident_with_timeline(one, timeline))["timeline"]
        return entries


def _as_printed(document: object) -> Any:
    return json.loads(documents.dump(document))
