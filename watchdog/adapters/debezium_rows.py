"""Row records as Debezium's sources write them → what a JDBC sink would write to its table.

Bytes in, `RecordShape`s out: no client, no clock. Made for tens of thousands of records a second: the schema part, nine
tenths of a record, is read once and recognised by its bytes from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from watchdog.adapters.avro import AvroReader, Decoded
from watchdog.adapters.avro_rows import Layout, avro_layout
from watchdog.adapters.avro_schema import WriterSchema
from watchdog.adapters.debezium import RECORD_BYTES_MAX, Unreadable, load, moment, position
from watchdog.adapters.kafka_events import Headers, no_headers
from watchdog.adapters.row_values import DECIMAL, FieldKind, ValueCount, grown, kind_of, take
from watchdog.model import Grown, Place, Position, RecordShape, TopicPartition, ValueKind

_PAYLOAD = b'"payload":'
_SCHEMAS_KEPT = 16
_INTEGERS = ("int8", "int16", "int32", "int64")


@dataclass(frozen=True, slots=True)
class Row:
    layout: Layout
    values: Mapping[str, Any]
    source: Mapping[str, Any]


class RowReader:
    """Reads records one by one; remembers the schemas that it met."""

    def __init__(self, avro: AvroReader | None = None) -> None:
        self._known: dict[bytes, Layout] = {}
        self._latest = b""
        self._avro = avro or AvroReader()
        self._avro_layouts: dict[int, tuple[WriterSchema, Layout]] = {}

    def read(self, value: bytes | None, headers: Headers = no_headers) -> Row | None:
        """None for a delete (a tombstone, or no `after`), which needs no columns. Raises `Unreadable`, and `NotNow`
        where the record is Avro whose schema cannot be had at the moment."""
        if value is None:
            return None
        # Bare Avro may begin with any byte, also with JSON's; only what is no JSON is asked for its headers.
        if value[:1] == b"{":
            try:
                return self._json_row(value)
            except Unreadable:
                if (decoded := self._avro.read(value, headers)) is None:
                    raise
        elif (decoded := self._avro.read(value, headers)) is None:
            return self._json_row(value)
        return self._avro_row(decoded)

    def _avro_row(self, decoded: Decoded) -> Row | None:
        schema = decoded.schema
        known = self._avro_layouts.get(id(schema))
        if known is None or known[0] is not schema:
            if len(self._avro_layouts) >= _SCHEMAS_KEPT:
                del self._avro_layouts[next(iter(self._avro_layouts))]
            known = self._avro_layouts[id(schema)] = (schema, avro_layout(schema))
        if not isinstance(decoded.document, dict):
            raise Unreadable(f"its Avro is a {type(decoded.document).__name__}, not a row")
        return _row(known[1], decoded.document)

    def _json_row(self, value: bytes) -> Row | None:
        recognised = self._recognise(value)
        layout, payload = recognised or self._learn(value)
        if payload is None:
            return None
        if not isinstance(payload, dict):
            raise Unreadable(f"the payload is a {type(payload).__name__}, not a row")
        return _row(layout, payload)

    def _recognise(self, value: bytes) -> tuple[Layout | None, Any] | None:
        """A value that begins with a schema met before: only what follows has to be parsed."""
        head = self._latest
        if not (head and value.startswith(head)):
            head = next((known for known in self._known if value.startswith(known)), b"")
        if not head or len(value) > RECORD_BYTES_MAX:
            return None
        try:
            payload = orjson.loads(memoryview(value)[len(head) : -1])
        except orjson.JSONDecodeError:
            return None  # Something follows the payload; the whole record may be sound all the same.
        self._latest = head
        return self._known[head], payload

    def _learn(self, value: bytes) -> tuple[Layout | None, Any]:
        document = load(value)
        if "payload" not in document or not document.keys() <= {"schema", "payload"}:
            return None, document
        schema = document.get("schema")
        if schema is None:
            return None, document["payload"]
        layout = _layout(schema)
        self._remember(value, schema, layout)
        return layout, document["payload"]

    def _remember(self, value: bytes, schema: object, layout: Layout) -> None:
        """Keep the bytes before the payload, when they are the schema and nothing but."""
        start = value.find(_PAYLOAD)
        try:
            is_schema = orjson.loads(value[:start].rstrip(b", \t\r\n") + b"}") == {"schema": schema}
        except orjson.JSONDecodeError:
            is_schema = False
        if is_schema:
            if len(self._known) >= _SCHEMAS_KEPT:
                del self._known[next(iter(self._known))]
            self._known[value[: start + len(_PAYLOAD)]] = layout


@dataclass(slots=True)
class ShapeCount:
    """Gathers the rows of one partition that have the same fields."""

    partition: TopicPartition
    fields: tuple[str, ...]
    first_offset: int
    first_position: Position
    first_at: datetime | None
    last_offset: int = 0
    count: int = 0
    lengths: dict[str, Grown] = field(default_factory=dict)
    bits: dict[str, Grown] = field(default_factory=dict)
    values: dict[str, ValueCount] = field(default_factory=dict)
    enveloped: bool = True
    first_null: dict[str, Place] = field(default_factory=dict)

    @classmethod
    def begun(cls, partition: TopicPartition, offset: int, row: Row) -> ShapeCount:
        """Empty still. Raises `Unreadable` when the row's `source` is not what it should be."""
        place = _place(offset, row)
        return cls(partition, row.layout.fields, offset, place.position, place.at, enveloped=row.layout.enveloped)

    def add(self, offset: int, row: Row) -> None:
        self.last_offset = max(self.last_offset, offset)
        self.count += 1
        values, lengths, bits = row.values, self.lengths, self.bits
        place = partial(_place, offset, row)
        texts = row.layout.fields if row.layout.texts is None else row.layout.texts
        for name in texts:
            value = values.get(name)
            if isinstance(value, str):
                if name not in lengths or len(value) > lengths[name][-1][0]:
                    lengths[name] = grown(lengths.get(name, ()), len(value), place())
                if not value.isascii():
                    self._counted(name, ValueKind.TEXT).text(value, place)
        for name in row.layout.numbers:
            value = values.get(name)
            if isinstance(value, int):
                # As two's complement has it: the lowest number needs no bit more than the highest.
                size = (value if value >= 0 else ~value).bit_length()
                if name not in bits or size > bits[name][-1][0]:
                    bits[name] = grown(bits.get(name, ()), size, place())
                self._counted(name, ValueKind.NUMBER).number(value, place)
        for name, kind in row.layout.kinds:
            if (value := values.get(name)) is not None:
                take(self._counted(name, kind.kind, kind.scale), kind, value, place)
        if None in values.values() or len(values) < len(self.fields):
            for name in self.fields:
                if values.get(name) is None and name not in self.first_null:
                    self.first_null[name] = _place(offset, row)

    def _counted(self, name: str, kind: ValueKind, scale: int = 0) -> ValueCount:
        found = self.values.get(name)
        if found is None:
            found = self.values[name] = ValueCount(kind, scale)
        elif found.scale < scale:
            found.rescale(scale)
        return found

    def shape(self) -> RecordShape:
        return RecordShape(
            partition=self.partition,
            fields=self.fields,
            first_offset=self.first_offset,
            last_offset=self.last_offset,
            count=self.count,
            lengths=self.lengths,
            nulls=frozenset(self.first_null),
            first_position=self.first_position,
            first_at=self.first_at,
            first_null=self.first_null,
            bits=self.bits,
            values={name: count.values() for name, count in self.values.items()},
            enveloped=self.enveloped,
        )


def _place(offset: int, row: Row) -> Place:
    milliseconds = row.source.get("ts_ms")
    return Place(offset, position(row.source), moment(milliseconds) if isinstance(milliseconds, int) else None)


def _row(layout: Layout | None, payload: dict[str, Any]) -> Row | None:
    enveloped = layout.enveloped if layout else "op" in payload and "after" in payload
    values = payload.get("after") if enveloped else payload
    if values is None:
        return None
    if not isinstance(values, dict):
        raise Unreadable(f"`after` is a {type(values).__name__}, not a row")
    source = payload.get("source") if enveloped else None
    layout = layout or Layout.of(tuple(values), None, enveloped)
    return Row(layout, values, source if isinstance(source, dict) else {})


def _layout(schema: object) -> Layout:
    """Of a record's Connect schema: the struct `after` of an envelope, or the flattened record itself."""
    fields = _struct(schema)
    after = next((entry for entry in fields if entry["field"] == "after"), None)
    enveloped = after is not None and any(entry["field"] == "op" for entry in fields)
    if enveloped:
        fields = _struct(after)
    # A named type is something else in its clothes: a date, a time, a decimal.
    plain = [(entry["field"], entry.get("type")) for entry in fields if not entry.get("name")]
    texts = tuple(name for name, kind in plain if kind == "string")
    numbers = tuple(name for name, kind in plain if kind in _INTEGERS)
    kinds = tuple((entry["field"], kind) for entry in fields if (kind := _kind(entry)))
    return replace(Layout.of(tuple(entry["field"] for entry in fields), texts, enveloped, numbers), kinds=kinds)


def _kind(entry: dict[str, Any]) -> FieldKind | None:
    parameters = entry.get("parameters")
    scale = parameters.get("scale") if isinstance(parameters, dict) else None
    digits = int(scale) if isinstance(scale, str) and scale.isdecimal() and len(scale) < 4 else None
    name = str(entry.get("name") or "")
    return None if name == DECIMAL and digits is None else kind_of(str(entry.get("type")), name, digits)


def _struct(schema: object) -> list[dict[str, Any]]:
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list):
        raise Unreadable("its schema is not that of a row")
    if not all(isinstance(entry, dict) and isinstance(entry.get("field"), str) for entry in fields):
        raise Unreadable("its schema has a field without a name")
    return fields
