"""The newest row of each topic → its fields, by the schema that it was written with.

Bytes in, nouns out. What is read here is shown, and decides nothing: a topic whose rows cannot be read says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from watchdog.adapters.avro import NotNow
from watchdog.adapters.debezium import Unreadable, load, moment
from watchdog.adapters.kafka_client import KafkaReader, seconds_until
from watchdog.adapters.kafka_events import End, Lost, Place, Record, named
from watchdog.model import Column, LatestRecord

TAIL_RECORDS = 20
"""Of each partition, from its end: behind its newest row may be tombstones."""
SECONDS = 20.0

Other = Callable[[Record], tuple[Column, ...]]


@dataclass(slots=True)
class _Tail:
    left: dict[Place, int]
    """The end offset of each partition that is not read to its end yet."""
    found: dict[str, LatestRecord] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def newest(
    reader: KafkaReader, bounds: Mapping[Place, tuple[int, int]], other: Other
) -> tuple[dict[str, LatestRecord], dict[str, str]]:
    """By topic: its newest row; and why that cannot be told. `bounds`: first and end offset of each partition.
    `other` reads what is no JSON."""
    starts = {place: max(first, end - TAIL_RECORDS) for place, (first, end) in bounds.items() if first < end}
    tail = _Tail({place: bounds[place][1] for place in starts})
    if not starts:
        return {}, {}
    reader.assign(starts)
    try:
        _read(reader, tail, other)
    finally:
        reader.assign({})
    unread = {topic: why for topic, why in tail.unread.items() if topic not in tail.found}
    late = {topic: f"not read to its end within {SECONDS:g} s" for topic, _ in tail.left if topic not in tail.found}
    return tail.found, {**late, **unread}


def _read(reader: KafkaReader, tail: _Tail, other: Other) -> None:
    deadline = time.monotonic() + SECONDS
    while tail.left and (event := reader.poll(seconds_until(deadline))) is not None:
        if isinstance(event, Record):
            _take(event, tail, other)
            if event.offset >= tail.left.get(event.place, 0) - 1:
                tail.left.pop(event.place, None)
        elif isinstance(event, End | Lost):
            tail.left.pop(event.place, None)


def _take(record: Record, tail: _Tail, other: Other) -> None:
    value = record.value
    try:
        columns = () if value is None else tuple(fields(value)) if value[:1] == b"{" else other(record)
        at = moment(record.at_ms)
    except (Unreadable, NotNow) as error:
        tail.unread[record.topic] = f"{named(record.place)}@{record.offset} cannot be read: {error}"
        return
    before = tail.found.get(record.topic)
    if columns and (before is None or before.at <= at):
        tail.found[record.topic] = LatestRecord(record.topic, f"{named(record.place)}@{record.offset}", at, columns)


def fields(value: bytes) -> Iterator[Column]:
    """The row's fields, out of Debezium's envelope: those of its schema, else those of its values; none of a delete."""
    document = load(value)
    has_schema = document.keys() == {"schema", "payload"}
    row = _row(document["payload"] if has_schema else document)
    if row is None:
        return iter(())
    schema = document["schema"] if has_schema else None
    return _of_schema(schema) if isinstance(schema, dict) else _of_values(row)


def _of_schema(schema: Mapping[str, Any]) -> Iterator[Column]:
    entries = _struct(schema)
    after = next((entry for entry in entries if entry.get("field") == "after"), None)
    if after is not None and any(entry.get("field") == "op" for entry in entries):
        entries = _struct(after)
    for entry in entries:
        if not isinstance(entry.get("field"), str):
            raise Unreadable("its schema has a field without a name")
        default = entry.get("default")
        nullable = entry.get("optional") is True
        yield Column(entry["field"], _type(entry), nullable, None if default is None else str(default))


def _struct(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = schema.get("fields")
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Unreadable("its schema is not that of a row")
    return found


def _type(entry: Mapping[str, Any]) -> str:
    """`int64`, or what it stands for: `MicroTimestamp`, `Decimal(10,2)`."""
    logical = entry.get("name")
    if not isinstance(logical, str) or not logical:
        return str(entry.get("type", ""))
    name, parameters = logical.rpartition(".")[2], entry.get("parameters")
    sizes = parameters if isinstance(parameters, dict) else {}
    if name == "Decimal":
        return f"Decimal({sizes.get('connect.decimal.precision', '?')},{sizes.get('scale', '?')})"
    return f"{name}({sizes['length']})" if "length" in sizes else name


def _row(payload: object) -> dict[str, Any] | None:
    row = payload.get("after") if isinstance(payload, dict) and "op" in payload and "after" in payload else payload
    if row is not None and not isinstance(row, dict):
        raise Unreadable(f"it is a {type(row).__name__}, not a row")
    return row


def _of_values(row: Mapping[str, Any]) -> Iterator[Column]:
    """Without a schema: names, and JSON's types."""
    for name, value in row.items():
        yield Column(name, "" if value is None else type(value).__name__)
