"""What Connect says of its connectors, before and after."""

import time
from typing import Any

import requests

from chaos.errors import DrillError

Document = dict[str, Any]

_TIMEOUT_SECONDS = (2, 5)
_POLL_SECONDS = 0.25
_SETTLED_SECONDS = 1.0


def read(url: str) -> Document:
    """Each connector's state, and its tasks'; DrillError with the reason where there is no answer."""
    try:
        answer = requests.get(f"{url.rstrip('/')}/connectors", params={"expand": "status"}, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        return {name: _connector(entry["status"]) for name, entry in answer.json().items()}
    except requests.RequestException as error:
        raise DrillError(f"Kafka Connect at {_place(url)} does not answer: {_innermost(error)}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DrillError(f"what answers at {_place(url)} is not Kafka Connect") from error


def wait_until_settled(url: str, before: Document, seconds: float) -> Document:
    """Once something changed and then nothing for a second; what there is when `seconds` are over."""
    deadline = time.monotonic() + seconds
    last, since = before, time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
        now = read(url)
        if now != last:
            last, since = now, time.monotonic()
        elif last != before and time.monotonic() - since >= _SETTLED_SECONDS:
            break
    return last


def _connector(status: Document) -> Document:
    return {
        "state": status["connector"]["state"],
        "cause": cause(status["connector"].get("trace")),
        "tasks": [
            {
                "id": task["id"],
                "state": task["state"],
                "worker_id": task["worker_id"],
                "cause": cause(task.get("trace")),
            }
            for task in status["tasks"]
        ],
    }


def cause(trace: str | None) -> str | None:
    """The innermost `Caused by:` of a Java trace, else its first line."""
    if not trace:
        return None
    causes = [line for line in trace.splitlines() if line.startswith("Caused by: ")]
    return causes[-1].removeprefix("Caused by: ") if causes else trace.splitlines()[0]


def _place(url: str) -> str:
    """Without the login that a URL may carry."""
    return url.rpartition("@")[2].removeprefix("http://").rstrip("/")


def _innermost(error: BaseException) -> str:
    while error.__context__:
        error = error.__context__
    return str(error) or type(error).__name__
