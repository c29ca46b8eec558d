"""Kafka Connect's JSON documents → the model. Pure. Whatever is missing or of another type is UNKNOWN or left out.

Traces come out as they came in: whoever hands them on cleans them first.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

import orjson

from watchdog.model import ConnectorConfig, ConnectorStatus, Offsets, State, TaskStatus
from watchdog.redact import Redactor, clean_text, redact_config
from watchdog.suspicious import suspicious

_WORKER_LIMIT = 300
# Fingerprints of configurations with secrets in them: without the key nobody can try passwords against one.
_FINGERPRINT_KEY = secrets.token_bytes(32)


def statuses(cluster: str, document: Mapping[str, Any]) -> dict[str, ConnectorStatus]:
    """`GET /connectors?expand=status` → status by name. A connector whose document is malformed is there as UNKNOWN:
    it exists."""
    return {name: status(cluster, name, _dict(entry).get("status")) for name, entry in document.items()}


def status(cluster: str, name: str, document: Any) -> ConnectorStatus:
    """`GET /connectors/{name}/status`. The name is the one asked for, not the one in the document."""
    whole = _dict(document)
    connector = _dict(whole.get("connector"))
    tasks = (_task(task) for task in _list(whole.get("tasks")))
    kind = whole.get("type")
    return ConnectorStatus(
        cluster=cluster,
        name=name,
        state=_state(connector.get("state")),
        type=kind if kind in ("source", "sink") else "unknown",
        worker=_worker(connector),
        trace=_text(connector.get("trace")),
        tasks=tuple(sorted((task for task in tasks if task), key=lambda task: task.id)),
    )


def _task(document: Any) -> TaskStatus | None:
    task = _dict(document)
    number = task.get("id")
    if not _is_count(number):
        return None
    return TaskStatus(number, _state(task.get("state")), _worker(task), _text(task.get("trace")))


def _state(word: Any) -> State:
    try:
        return State(word)
    except ValueError:
        return State.UNKNOWN


def _worker(document: Mapping[str, Any]) -> str:
    worker = document.get("worker_id")
    return clean_text(worker, _WORKER_LIMIT) if isinstance(worker, str) else ""


def names(document: Any) -> list[str]:
    """`GET /connectors` → names; raises `ValueError` when it is no list."""
    if not isinstance(document, list):
        raise ValueError("the answer is no list of connector names")
    return [name for name in document if isinstance(name, str)]


def raw_config(document: Any) -> dict[str, str]:
    """`GET /connectors/{name}/config`, or the `config` of an `info`: secrets in clear, not to be handed on."""
    return {key: value if isinstance(value, str) else _json(value) for key, value in _dict(document).items()}


def raw_configs(document: Any) -> dict[str, dict[str, str]]:
    """`GET /connectors?expand=info` → configurations by name, secrets in clear; raises `ValueError`."""
    if not isinstance(document, dict):
        raise ValueError("the answer is no object of connectors")
    return {name: raw_config(_dict(_dict(entry).get("info")).get("config")) for name, entry in document.items()}


def config(cluster: str, name: str, raw: Mapping[str, str], redactor: Redactor) -> ConnectorConfig:
    """The configuration that may be shown; its secrets are learnt."""
    return ConnectorConfig(cluster, name, redact_config(raw, redactor), fingerprint(raw), suspicious(raw))


def fingerprint(raw: Mapping[str, str]) -> str:
    content = orjson.dumps(dict(raw), option=orjson.OPT_SORT_KEYS)
    return hmac.new(_FINGERPRINT_KEY, content, hashlib.sha256).hexdigest()


def offsets(document: Any) -> Offsets:
    """`GET /connectors/{name}/offsets`. A sink's entries name a Kafka topic, a source's anything."""
    entries = [_dict(entry) for entry in _list(_dict(document).get("offsets"))]
    if any("kafka_topic" in _dict(entry.get("partition")) for entry in entries):
        return Offsets(committed=dict(_committed(entries)), known=True)
    source = sorted(_json(entry) for entry in entries)
    return Offsets(source=f"[{','.join(source)}]" if source else "", known=True)


def _committed(entries: list[dict[str, Any]]) -> Iterable[tuple[str, int]]:
    for entry in entries:
        partition, offset = _dict(entry.get("partition")), _dict(entry.get("offset")).get("kafka_offset")
        topic, number = partition.get("kafka_topic"), partition.get("kafka_partition")
        # The offset is null after a reset.
        if isinstance(topic, str) and _is_count(number) and _is_count(offset):
            yield f"{topic}-{number}", offset


def topics(name: str, document: Any) -> frozenset[str] | None:
    """`GET /connectors/{name}/topics`: `{"<name>": {"topics": […]}}`; None when it is no such document."""
    entry = _dict(document).get(name)
    if not isinstance(entry, dict):
        return None
    return frozenset(topic for topic in _list(entry.get("topics")) if isinstance(topic, str))


def plugin_version(connector_class: str, document: Any) -> str:
    """`GET /connector-plugins` → the version of one class, which may be named without its package, and without
    `Connector` at its end; empty where it is not told."""
    for entry in map(_dict, _list(document)):
        name, version = entry.get("class"), entry.get("version")
        if isinstance(name, str) and isinstance(version, str):
            simple = name.rpartition(".")[2]
            if connector_class in (name, simple, simple.removesuffix("Connector")):
                return "" if version == "undefined" else version
    return ""


def validation_errors(document: Any) -> list[tuple[str, str]]:
    """`PUT /connector-plugins/{class}/config/validate` → (key, what is wrong with it); raises `ValueError` when the
    answer does not say how many errors there are."""
    count = _dict(document).get("error_count")
    if not _is_count(count):
        raise ValueError("the answer is no validation result")
    values = (_dict(_dict(entry).get("value")) for entry in _list(_dict(document).get("configs")))
    found = [(str(value.get("name")), str(error)) for value in values for error in _list(value.get("errors"))]
    return found or [("", "an error that is not named")] * min(count, 1)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _json(value: Any) -> str:
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
