"""`watchdog status` shows what is so right now, also when the journal is damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.connect import FakeConnect
from tests.fakes.old_worker import OldWorker
from tests.hostile_server import hostile_server

TRACE = "com.example.OddException: nobody has seen this before\n\tat x.Y.z(Y.java:1)\n"


def test_a_damaged_journal_is_told_left_alone_and_hides_no_failure(tmp_path: Path) -> None:
    journal = tmp_path / "watchdog.db"
    journal.write_bytes(b"this is no SQLite file")
    fake = FakeConnect("default")
    fake.add("orders-sink")
    fake.fail("orders-sink", TRACE)
    with hostile_server(OldWorker(fake)) as server:
        environment = {**os.environ, "CONNECT_URL": server.url, "WATCHDOG_JOURNAL": str(journal)}
        command = [sys.executable, "-m", "watchdog", "status", "-o", "json"]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert [task["state"] for task in told["tasks"]] == ["FAILED"]
    assert f"{journal}: is damaged" in done.stderr
    assert journal.read_bytes() == b"this is no SQLite file"
