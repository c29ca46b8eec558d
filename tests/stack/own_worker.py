"""A Connect worker of a test's own on the stack's broker: in a group of its own, with internal topics of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from stack import Stack
from stack.connect import Connect
from stack.downloads import jars
from stack.processes import Process

_PORTS_APART = 3
"""From that of the stack's own worker; the next stack of the tests is ten further."""
_STORAGES = ("config", "offset", "status")


class OwnWorker(Connect):
    def __init__(self, stack: Stack, name: str, properties: Mapping[str, str]) -> None:
        super().__init__(replace(stack.settings, connect_port=stack.settings.connect_port + _PORTS_APART))
        self.name = name
        self.process = Process.of(stack.settings, name)
        self._config = stack.settings.directory / f"{name}.properties"
        self._own = {"group.id": name, "client.id": name, **properties}
        self._own |= {f"{storage}.storage.topic": f"{name}-{storage}s" for storage in _STORAGES}

    @property
    def topics(self) -> list[str]:
        return [f"{self.name}-{storage}s" for storage in _STORAGES]

    def _properties(self) -> dict[str, object]:
        return {**super()._properties(), **self._own}


@contextmanager
def own_worker(stack: Stack, name: str, version: str = "", **properties: str) -> Iterator[OwnWorker]:
    """Of the stack's own version with the JDBC sink, or of another `version` with the file connectors only.

    `properties`: with `_` for the dots of their names.
    """
    worker = OwnWorker(stack, name, {key.replace("_", "."): value for key, value in properties.items()})
    cache = stack.settings.cache
    pom = f"worker-{version}" if version else "worker"
    worker.libraries = jars(cache, pom) / pom
    worker.plugins = [] if version else [_sink(cache)]
    stack.kafka.delete_topics(worker.topics)  # whatever an earlier run left
    worker.start()
    try:
        worker.wait_ready()
        yield worker
    finally:
        worker.process.stop()
        stack.kafka.delete_topics(worker.topics)


def _sink(cache: Path) -> Path:
    return jars(cache, "debezium-jdbc")
