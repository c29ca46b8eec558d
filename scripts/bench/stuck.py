"""Sinks that break on demand and are mended on demand: each with a topic, a table and a login of its own."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import Producer
from stack import Stack, wait_for

_ID = {"field": "id", "type": "int64", "optional": False}
PASSWORD, OTHER = "bench-right", "bench-other"


@dataclass(frozen=True)
class Fault:
    name: str
    column: str
    """A column's definition, besides `id`, that the table begins with; empty for none."""
    record: dict[str, object]
    """What the bad record holds, besides its id."""
    mend: str
    """The ALTER's clauses that make the target take it; empty: the password is put right."""


MISSING = Fault("a column is missing", "", {"unexpected": "x"}, "ADD COLUMN unexpected VARCHAR(64)")
FAULTS = (
    MISSING,
    Fault("a number is too large", "size SMALLINT", {"size": 70_000}, "MODIFY COLUMN size INT"),
    Fault("a text is too long", "note VARCHAR(4)", {"note": "longer"}, "MODIFY COLUMN note VARCHAR(64)"),
    Fault("the password changed", "note VARCHAR(4)", {"note": "four"}, ""),
)


class Sink:
    """`insert` writes a record to its topic; `break_it` returns once Connect says FAILED."""

    def __init__(self, stack: Stack, name: str, fault: Fault) -> None:
        self.name, self.fault = name, fault
        self._stack = stack
        self._table = name.replace("-", "_")
        self._producer = Producer({"bootstrap.servers": stack.bootstrap_servers, "linger.ms": 0})

    def create(self) -> None:
        target, stack = self._stack.target, self._stack
        columns = ", ".join(filter(None, ("id BIGINT NOT NULL PRIMARY KEY", self.fault.column)))
        target.execute(f"CREATE TABLE dw.`{self._table}` ({columns})")
        target.execute(f"CREATE USER '{self._table}'@'%' IDENTIFIED BY '{PASSWORD}'")
        target.execute(f"GRANT ALL ON dw.`{self._table}` TO '{self._table}'@'%'")
        stack.kafka.create_topic(self.name)
        stack.connect.call("PUT", f"/connectors/{self.name}/config", self._config())
        stack.connect.wait_running(self.name, 60)
        self.insert(1, {})
        wait_for(lambda: self.has(1), 60, f"the first row of {self.name}")

    def delete(self) -> None:
        if self.name in self._stack.connect.names():
            self._stack.connect.call("DELETE", f"/connectors/{self.name}")
        self._stack.kafka.delete_topics([self.name])
        self._stack.target.execute(f"DROP TABLE IF EXISTS dw.`{self._table}`")
        self._stack.target.execute(f"DROP USER IF EXISTS '{self._table}'@'%'")

    def break_it(self, wait: bool = True) -> None:
        if not self.fault.mend:
            self._set_password(OTHER)
            self._stack.target.kill_connections(self._table)
        self.insert(2, self.fault.record)
        if wait:
            self._stack.connect.wait_failed(self.name, 60)

    def mend(self) -> None:
        if self.fault.mend:
            self._stack.target.execute(f"ALTER TABLE dw.`{self._table}` {self.fault.mend}")
        else:
            self._set_password(PASSWORD)

    def flows(self) -> bool:
        """The record that it broke on is at the target."""
        return self.has(2)

    def has(self, id_: int) -> bool:
        return bool(self._stack.target.query(f"SELECT id FROM dw.`{self._table}` WHERE id = {id_}"))

    def insert(self, id_: int, values: dict[str, object]) -> None:
        kinds = {name: "int32" if isinstance(value, int) else "string" for name, value in values.items()}
        fields = [_ID, *({"field": name, "type": kind, "optional": True} for name, kind in kinds.items())]
        self._producer.produce(self.name, key=_record([_ID], {"id": id_}), value=_record(fields, {"id": id_, **values}))
        self._producer.flush(10)

    def _set_password(self, password: str) -> None:
        self._stack.target.execute(f"ALTER USER '{self._table}'@'%' IDENTIFIED BY '{password}'")

    def _config(self) -> dict[str, str]:
        return {
            **self._stack.pipeline.sink_config(),
            "topics": self.name,
            "collection.name.format": self._table,
            "delete.enabled": "false",
            "connection.username": self._table,
            "connection.password": PASSWORD,
            "connection.pool.min_size": "1",
            "connection.pool.max_size": "2",
        }


@contextmanager
def sink(stack: Stack, name: str, fault: Fault) -> Iterator[Sink]:
    """Made, with its first row written; gone after the block."""
    # A login's name may have 32 characters.
    one = Sink(stack, f"{name}-{time.time_ns() // 1000 % 10**9}", fault)
    try:
        one.create()
        yield one
    finally:
        one.delete()


def seconds_until(condition: Callable[[], bool], deadline_seconds: float) -> float | None:
    """Asked each 10 ms; None when it did not come true in time."""
    began = time.monotonic()
    while time.monotonic() - began < deadline_seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.01)
    return None


def _record(fields: list[dict[str, object]], payload: dict[str, object]) -> bytes:
    schema = {"type": "struct", "optional": False, "fields": fields}
    return json.dumps({"schema": schema, "payload": payload}).encode()
