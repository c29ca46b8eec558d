"""Restarts what failed on a Connect worker from before 3.0, and tells what was sent and what came of it.

    python scripts/old_connect/try_restart.py http://127.0.0.1:15183 TOPIC

Makes a file sink of three tasks whose folder is not there, so that they all fail; makes the folder; restarts them as
the watchdog does. TOPIC has to exist. Deletes the connector in the end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import requests

from watchdog.adapters.connect import ConnectRest
from watchdog.model import Action, ConnectorKey
from watchdog.redact import Redactor

NAME = "old-sink"


def main(url: str, topic: str) -> int:
    folder = Path(tempfile.mkdtemp()) / "not-there"
    config = {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": "3",
        "topics": topic,
        "file": str(folder / "rows"),
    }
    requests.put(f"{url}/connectors/{NAME}/config", json=config, timeout=30).raise_for_status()
    connect = ConnectRest("old", url, Redactor(), lambda: datetime.now(UTC))
    try:
        wait(connect, 3)
        bare = requests.post(f"{url}/connectors/{NAME}/restart?includeTasks=true&onlyFailed=true", timeout=30)
        print(f"the call of 3.0 and later: {bare.status_code} {bare.text!r}")
        time.sleep(5)
        print(f"five seconds later: {states(connect)}")
        folder.mkdir()
        outcome = connect.act(Action("restart", ConnectorKey("old", NAME)))
        print(f"restart: {outcome.result.value}: {outcome.detail}")
        wait(connect, 0)
        return 0
    finally:
        requests.delete(f"{url}/connectors/{NAME}", timeout=30)


def wait(connect: ConnectRest, failed: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = connect.poll().connectors.get(NAME)
        if status and len(status.tasks) == 3 and len(status.failed_tasks) == failed:
            print(f"{states(connect)}")
            return
        time.sleep(0.5)
    raise SystemExit(f"not within a minute: {failed} of 3 tasks FAILED, but {states(connect)}")


def states(connect: ConnectRest) -> str:
    poll = connect.poll()
    status = poll.connectors[NAME]
    each = ", ".join(f"task {task.id} {task.state}" for task in status.tasks)
    return f"Connect {poll.version}, health {poll.healthy}: {status.state}, {each}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
