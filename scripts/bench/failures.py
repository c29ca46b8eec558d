"""Failures on demand: a sink of its own gets a record with a column that its table lacks."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer
from stack import Stack

from bench.settings import POLL_SECONDS
from bench.tail import Change, Tail

_TABLE = "bench"
_ID = {"field": "id", "type": "int64", "optional": False}
_UNEXPECTED = {"field": "unexpected", "type": "string", "optional": True}


class Failures:
    """Each of a new connector, so that each is an incident of its own."""

    def __init__(self, stack: Stack, tail: Tail) -> None:
        self._stack, self._tail = stack, tail
        self._producer = Producer({"bootstrap.servers": stack.bootstrap_servers, "linger.ms": 0})
        stack.target.execute(f"CREATE TABLE IF NOT EXISTS dw.{_TABLE} (id BIGINT NOT NULL PRIMARY KEY)")

    @contextmanager
    def one(self, number: int) -> Iterator[Change]:
        """Connect's record of the failure, as soon as the bare tail has it; the connector is gone after the block."""
        name = f"bench-{number}-{time.time_ns()}"
        self._stack.kafka.create_topic(name)
        self._stack.connect.call("PUT", f"/connectors/{name}/config", self._config(name))
        try:
            self._tail.wait_for(name, "RUNNING")
            # At any moment between two polls, and long enough after the start that the machine is quiet again.
            time.sleep(1 + random.uniform(0, POLL_SECONDS))
            self._produce(name)
            yield self._tail.wait_for(name, "FAILED")
        finally:
            self._stack.connect.call("DELETE", f"/connectors/{name}")
            self._stack.kafka.delete_topics([name])

    def _produce(self, topic: str) -> None:
        self._producer.produce(topic, key=_record([_ID], {"id": 1}), value=_record([_ID, _UNEXPECTED], {"id": 1}))
        self._producer.flush(10)

    def _config(self, topic: str) -> dict[str, str]:
        own = {"topics": topic, "collection.name.format": _TABLE, "delete.enabled": "false"}
        return {**self._stack.pipeline.sink_config(), **own}


def _record(fields: list[dict[str, object]], payload: dict[str, object]) -> bytes:
    schema = {"type": "struct", "optional": False, "fields": fields}
    return json.dumps({"schema": schema, "payload": payload}).encode()
