"""Records of Connect's status topic → state changes, and which topics each connector uses.

Bytes in, nouns out: no client, no clock. What is neither is None; the topic is Connect's own, so nothing is said of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from watchdog.adapters.kafka_events import Record
from watchdog.model import PushedStatus, State
from watchdog.redact import Redactor, clean_text

TASK = b"status-task-"
CONNECTOR = b"status-connector-"
TOPIC = b"status-topic-"


class Use(NamedTuple):
    """A connector uses a topic."""

    connector: str
    topic: str


def is_status(key: bytes | None) -> bool:
    """Whether only Connect writes records with such a key."""
    return key is not None and key.startswith((TASK, CONNECTOR))


def pushed(record: Record, cluster: str, redactor: Redactor) -> PushedStatus | None:
    """The state change that a record tells of; None for tombstones (the connector was deleted) and anything else."""
    subject = _subject(record.key or b"")
    document = _document(record.value)
    state = document.get("state") if document else None
    if subject is None or document is None or not isinstance(state, str):
        return None
    connector, task = subject
    trace, generation = document.get("trace"), document.get("generation")
    return PushedStatus(
        cluster=cluster,
        connector=connector,
        task=task,
        state=State(state) if state in State.__members__ else State.UNKNOWN,
        worker=str(document.get("worker_id") or ""),
        trace=clean_text(trace, redactor=redactor) if isinstance(trace, str) else None,
        at=datetime.fromtimestamp(record.at_ms / 1000, UTC),
        generation=generation if type(generation) is int else -1,
    )


def use(record: Record) -> Use | None:
    """From the value: both names may hold the colons and dashes that hold the key together."""
    document = _document(record.value)
    topic = document.get("topic") if document else None
    if not isinstance(topic, dict):
        return None
    name, connector = topic.get("name"), topic.get("connector")
    return Use(connector, name) if isinstance(name, str) and isinstance(connector, str) else None


def _subject(key: bytes) -> tuple[str, int | None] | None:
    """`status-task-dw-sink-0` → (`dw-sink`, 0): names hold dashes, task ids do not."""
    try:
        if key.startswith(CONNECTOR):
            return key.removeprefix(CONNECTOR).decode(), None
        name, _, task = key.removeprefix(TASK).decode().rpartition("-")
    except UnicodeDecodeError:
        return None
    if key.startswith(TASK) and name and task.isascii() and task.isdigit():
        return name, int(task)
    return None


def _document(value: bytes | None) -> dict[str, Any] | None:
    try:
        document = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
