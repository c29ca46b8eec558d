"""What workflows do at a Connect cluster → the `Control` port: stop, offsets, single keys of a configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from watchdog.adapters import connect_documents as documents
from watchdog.adapters.connect_configs import ConfigReader
from watchdog.adapters.connect_paths import parsed, path_of
from watchdog.adapters.connect_workers import Workers
from watchdog.errors import PortRefused
from watchdog.model import ConnectorStatus, TopicPartition, split_partition
from watchdog.redact import Redactor, clean_text, secret_keys

_VERSION_LIMIT, _WHY_LIMIT = 100, 400
_NOT_TOLD = (403, 404, 405)
"""Where something in between lets only some paths through, the change itself has to tell."""


class ConnectControl:
    """Beside `ConnectRest`, over the same workers. Used by several threads."""

    def __init__(self, name: str, workers: Workers, configs: ConfigReader, redactor: Redactor, seconds: float) -> None:
        self._name = name
        self._workers = workers
        self._configs = configs
        self._redactor = redactor
        self._seconds = seconds

    def version(self) -> str:
        document = self._call("GET", "/")
        version = document.get("version") if isinstance(document, dict) else None
        return clean_text(version, _VERSION_LIMIT) if isinstance(version, str) else ""

    def plugin_version(self, connector: str) -> str:
        name = self._configs.raw(connector).get("connector.class", "")
        version = documents.plugin_version(name, self._call("GET", "/connector-plugins"))
        return clean_text(version, _VERSION_LIMIT)

    def state(self, connector: str) -> ConnectorStatus:
        # The configuration first: a trace may quote its secrets.
        self._configs.raw(connector)
        status = documents.status(self._name, connector, self._call("GET", path_of(connector, "status")))
        tasks = tuple(replace(task, trace=self._clean(task.trace)) for task in status.tasks)
        return replace(status, trace=self._clean(status.trace), tasks=tasks)

    def stop(self, connector: str) -> None:
        self._call("PUT", path_of(connector, "stop"))

    def pause(self, connector: str) -> None:
        self._call("PUT", path_of(connector, "pause"))

    def resume(self, connector: str) -> None:
        self._call("PUT", path_of(connector, "resume"))

    def set_offsets(self, connector: str, offsets: Mapping[TopicPartition, int]) -> None:
        entries = [_entry(partition, offset) for partition, offset in offsets.items()]
        self._call("PATCH", path_of(connector, "offsets"), {"offsets": entries})

    def reset_offsets(self, connector: str) -> None:
        self._call("DELETE", path_of(connector, "offsets"))

    def values(self, connector: str, keys: Collection[str]) -> Mapping[str, str | None]:
        _refuse_secret(keys)
        raw = self._configs.raw(connector)
        return {key: raw.get(key) for key in keys}

    def override(self, connector: str, changes: Mapping[str, str | None]) -> None:
        _refuse_secret(changes)
        raw = self._configs.raw(connector)
        new = {key: value for key, value in {**raw, **changes}.items() if value is not None}
        if new != raw:
            self._call("PUT", path_of(connector, "config"), new)

    def why_not(self, connector: str, changes: Mapping[str, str | None]) -> str:
        _refuse_secret(changes)
        raw = self._configs.raw(connector)
        wanted = {key: value for key, value in {**raw, **changes}.items() if value is not None}
        path = f"/connector-plugins/{quote(raw.get('connector.class', ''), safe='')}/config/validate"
        try:
            answer = self._workers.read("PUT", path, wanted, seconds=self._seconds)
        except PortRefused as error:
            if error.status not in _NOT_TOLD:
                raise
            return ""
        found = parsed(path, answer, documents.validation_errors)
        # Of the keys that are changed first: what else there is may have nothing to do with it.
        told = sorted(found, key=lambda each: each[0] not in changes)
        return clean_text("; ".join(f"{key}: {text.rstrip('.')}" for key, text in told), _WHY_LIMIT, self._redactor)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        # What changes something is sent to one worker alone: the step reads what became of it when its answer is lost.
        ask = self._workers.read if method == "GET" else self._workers.change
        return ask(method, path, body, seconds=self._seconds)

    def _clean(self, trace: str | None) -> str | None:
        return None if trace is None else self._redactor.clean(trace)


def _refuse_secret(keys: Iterable[str]) -> None:
    if secret := secret_keys(keys):
        raise ValueError(f"{', '.join(secret)}: a key that holds a secret is neither told nor changed")


def _entry(partition: TopicPartition, offset: int) -> dict[str, Any]:
    topic, number = split_partition(partition)
    return {"partition": {"kafka_topic": topic, "kafka_partition": number}, "offset": {"kafka_offset": offset}}
