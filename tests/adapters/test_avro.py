"""Avro from a registry, in every way that converters write it, reads as the JSON of the same record does; and whatever
else comes is told as unreadable, in bounded time and memory."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import debezium
from tests.fakes import registry as documents
from tests.fakes.registry import SCHEMA_CHANGE, FakeRegistry, avro, change, envelope, headers, row, value_record, wire
from watchdog.adapters.avro import AvroReader, NotNow
from watchdog.adapters.avro_schema import WriterSchema
from watchdog.adapters.debezium import RECORD_BYTES_MAX, Unreadable, parse, records_of
from watchdog.adapters.debezium_rows import RowReader, ShapeCount
from watchdog.adapters.kafka_events import no_headers
from watchdog.adapters.registry_schemas import WriterSchemas
from watchdog.errors import PortNonsense, PortUnreachable
from watchdog.model import Origin, Position, RecordShape, SchemaRecord
from watchdog.redact import Redactor

AT = datetime(2026, 11, 25, 22, 27, 27, 416000, UTC)
DOWN = PortUnreachable("registry http://default:8081", "no connection")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def reader(registry: FakeRegistry, clock: Clock | None = None) -> AvroReader:
    return AvroReader(WriterSchemas([registry], clock or Clock()))


def alter(**changes: Any) -> SchemaRecord:
    table = debezium.table("orders", "note")
    position = Position("3e11fa47:7", "binlog.000002", 1054)
    ddl = "ALTER TABLE orders ADD note VARCHAR(64)"
    record = SchemaRecord("shop", Origin.TOPIC, position, AT, ddl, table.id, "ALTER", table)
    return SchemaRecord(**{**{name: getattr(record, name) for name in record.__slots__}, **changes})


def change_document(record: SchemaRecord) -> dict[str, Any]:
    """The same as JSON has it, with what Avro insists upon."""
    document = debezium.schema_change(record)
    for entry in document["tableChanges"]:
        for column in entry.get("table", {}).get("columns", []):
            column["jdbcType"] = 4
    return document


FRAMES = [
    pytest.param(lambda number, body: (wire(number, body), no_headers), id="Confluent's wire format"),
    pytest.param(lambda number, body: (wire(number, body, 8), no_headers), id="Apicurio's own, in the value"),
    pytest.param(lambda number, body: (body, headers(number)), id="a global id in Apicurio's headers"),
    pytest.param(lambda number, body: (body, headers(number, "contentId")), id="a content id in Apicurio's headers"),
]


# ── Schema changes ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(
    "record",
    [
        pytest.param(alter(), id="a change"),
        pytest.param(alter(snapshot=True), id="a snapshot's"),
        pytest.param(alter(kind="DROP", after=None), id="a drop"),
        pytest.param(alter(table=None, kind="", after=None), id="of no table"),
    ],
)
def test_a_schema_change_reads_the_same_in_avro_and_in_json(
    registry: FakeRegistry, frame: Any, record: SchemaRecord
) -> None:
    number = registry.register("shop-value", SCHEMA_CHANGE)
    document = change_document(record)
    value, head = frame(number, avro(SCHEMA_CHANGE, document))
    of_avro = records_of(reader(registry).document(value, head), "shop", Origin.TOPIC, AT, Redactor())
    of_json = records_of(parse(json.dumps(document).encode()), "shop", Origin.TOPIC, AT, Redactor())
    assert of_avro == of_json
    assert of_avro[0].table == record.table
    assert of_avro[0].after == record.after


def test_json_is_read_without_asking_a_registry_or_making_headers(registry: FakeRegistry) -> None:
    def never() -> object:
        raise AssertionError("headers were made")

    value = json.dumps(change_document(alter())).encode()
    assert reader(registry).document(value, never)["ddl"].startswith("ALTER")
    assert RowReader(reader(registry)).read(debezium.row({"id": 1}), never) is not None
    assert registry.asked == []


# ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def shape_of(registry: FakeRegistry, value: bytes | None, head: Any = no_headers) -> RecordShape | None:
    found = RowReader(reader(registry)).read(value, head)
    if found is None:
        return None
    count = ShapeCount.begun("shop.shop.orders-0", 5, found)
    count.add(5, found)
    return count.shape()


@pytest.mark.parametrize("frame", FRAMES)
def test_a_row_in_an_envelope_tells_fields_lengths_nulls_and_where_it_is_from(
    registry: FakeRegistry, frame: Any
) -> None:
    number = registry.register("shop.shop.orders-value", envelope())
    document = change(row(customer="Ngọc Ánh"), gtid="3e11fa47:7")
    shape = shape_of(registry, *frame(number, avro(envelope(), document)))
    assert shape is not None
    assert shape.fields == ("id", "customer", "amount", "status", "created_at", "note")
    assert shape.longest == {"customer": 8, "status": 3}, "characters; a time is no text"
    assert shape.nulls == {"note"}
    assert shape.first_position == Position("3e11fa47:7", "binlog.000002", 1054)
    assert shape.first_at == datetime.fromtimestamp(1795449285.416, UTC)


def test_a_flattened_row_is_its_own_fields(registry: FakeRegistry) -> None:
    number = registry.register("shop.shop.orders-value", value_record())
    shape = shape_of(registry, wire(number, avro(value_record(), row(note="four"))))
    assert shape is not None
    assert shape.longest == {"customer": 2, "status": 3, "note": 4}
    assert (shape.nulls, shape.first_position) == (frozenset(), Position())


def test_a_flattened_row_that_begins_as_json_does_is_read_by_its_headers(registry: FakeRegistry) -> None:
    number = registry.register("shop.shop.orders-value", value_record())
    body = avro(value_record(), row(id=-62))
    assert body[:1] == b"{"
    assert shape_of(registry, body, headers(number)) is not None


@pytest.mark.parametrize("value", [None, wire(1, avro(envelope(), change(None)))], ids=["tombstone", "delete"])
def test_a_delete_is_no_row(registry: FakeRegistry, value: bytes | None) -> None:
    registry.register("shop.shop.orders-value", envelope())
    assert shape_of(registry, value) is None


def test_rows_of_two_schemas_are_kept_apart(registry: FakeRegistry) -> None:
    wide = envelope(value_record({"name": "extra", "type": "int"}))
    numbers = [registry.register("s", envelope()), registry.register("s", wide)]
    rows = RowReader(reader(registry))
    values = [wire(numbers[0], avro(envelope(), change(row()))), wire(numbers[1], avro(wide, change(row(extra=1))))]
    found = [rows.read(values[number]) for number in (0, 1, 0, 1)]
    assert [each and "extra" in each.layout.names for each in found] == [False, True, False, True]
    assert len(registry.asked) == 2, "a schema is asked for once"


# ── What cannot be read ─────────────────────────────────────────────────────────────────────────────────────────────

GOOD = avro(SCHEMA_CHANGE, change_document(alter()))


@pytest.mark.parametrize(
    ("value", "head", "why"),
    [
        pytest.param(wire(1, GOOD[:-3]), no_headers, "do not fit its writer's schema", id="cut off"),
        pytest.param(wire(1, GOOD + b"x"), no_headers, "1 are left over", id="with something behind it"),
        pytest.param(wire(1, b"\xff" * 40), no_headers, "do not fit its writer's schema", id="noise"),
        pytest.param(wire(1, b""), no_headers, "do not fit its writer's schema", id="empty"),
        pytest.param(b"\0\0\0", no_headers, "too short to name a schema", id="shorter than an id"),
        pytest.param(b"\0" * 20, no_headers, "names no schema", id="zeros"),
        pytest.param(wire(1, b"\0" * RECORD_BYTES_MAX), no_headers, "more than the 8,388,608", id="huge"),
        pytest.param(GOOD, lambda: [("apicurio.value.globalId", b"\1")], "no 8-byte id", id="a header cut off"),
        pytest.param(GOOD, lambda: [("apicurio.value.globalId", None)], "no 8-byte id", id="an empty header"),
        pytest.param(
            b'{"a":', lambda: [*headers(1)()[:3], ("apicurio.value.encoding", b"JSON")], "JSON encoding", id="as JSON"
        ),
        pytest.param(GOOD, no_headers, "no JSON", id="bare, with nothing that names its schema"),
        pytest.param(None, no_headers, "a tombstone", id="a tombstone"),
    ],
)
def test_what_does_not_fit_is_unreadable_with_a_reason(
    registry: FakeRegistry, value: bytes | None, head: Any, why: str
) -> None:
    registry.register("shop-value", SCHEMA_CHANGE)
    with pytest.raises(Unreadable) as unreadable:
        reader(registry).document(value, head)
    assert why in str(unreadable.value)


def nested(depth: int) -> Any:
    return "int" if depth == 0 else {"type": "array", "items": nested(depth - 1)}


def doubling(depth: int) -> dict[str, Any]:
    """A record of two of the next, each of two of the next …: no bytes at all, and 2 to the power of `depth` values."""
    inner: Any = "null" if depth == 0 else doubling(depth - 1)
    second = "null" if depth == 0 else f"R{depth - 1}"
    fields = [{"name": "a", "type": inner}, {"name": "b", "type": second}]
    return {"type": "record", "name": f"R{depth}", "fields": fields}


LIST_OF_ITSELF = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "next", "type": ["null", "Node"]}],
}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        pytest.param("{", "no JSON", id="no JSON"),
        pytest.param("[" * 100_000, "no JSON", id="depth without end"),
        pytest.param(json.dumps(nested(100)), "deeper than", id="deep"),
        pytest.param(json.dumps(doubling(30)), "unfolds to more than", id="short, and endless when unfolded"),
        pytest.param(json.dumps(LIST_OF_ITSELF), "holds itself", id="a type that holds itself"),
        pytest.param('{"type":"array","items":"null"}', "take no bytes", id="an array of nothing"),
        pytest.param(
            '{"type":"array","items":{"type":"record","name":"E","fields":[]}}', "take no bytes", id="of empty records"
        ),
        pytest.param(
            '{"type":"record","name":"R","fields":[{"name":"a","type":"Gone"}]}', "not define", id="a lost name"
        ),
        pytest.param('{"type":"record","fields":[]}', "without a name", id="a nameless record"),
        pytest.param('{"type":"enum","name":"E","symbols":7}', "without symbols", id="symbols that are none"),
        pytest.param('{"type":"fixed","name":"F","size":"x"}', "without a size", id="a size that is none"),
        pytest.param('{"type":"record","name":"R","fields":[7]}', "without a name", id="a field that is none"),
        pytest.param("7", "without a type", id="a number"),
    ],
)
def test_a_schema_that_could_hurt_is_refused(schema: str, why: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        WriterSchema.of(schema)
    assert why in str(unreadable.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_the_reader_stumble(body: bytes, framed: bool) -> None:
    registry = FakeRegistry()
    registry.register("shop-value", SCHEMA_CHANGE)
    avro_reader = reader(registry)
    value, head = (wire(1, body), no_headers) if framed else (body, headers(1))
    for read in (avro_reader.document, RowReader(avro_reader).read):
        with suppress(Unreadable):
            read(value, head)


# ── The registry ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_while_the_registry_is_down_a_record_is_not_unreadable_and_the_registry_is_not_asked_for_each(
    registry: FakeRegistry,
) -> None:
    clock = Clock()
    number = registry.register("shop-value", SCHEMA_CHANGE)
    registry.down = DOWN
    avro_reader = reader(registry, clock)
    for _ in range(50):
        with pytest.raises(NotNow) as not_now:
            avro_reader.document(wire(number, GOOD))
        assert not not_now.value.lasting
        assert "no connection" in str(not_now.value)
    assert len(registry.asked) == 1
    clock.now += 1.1
    with pytest.raises(NotNow):
        avro_reader.document(wire(number, GOOD))
    assert len(registry.asked) == 2
    registry.down = None
    clock.now += 2.1
    assert avro_reader.document(wire(number, GOOD))["databaseName"] == "shop"


def test_what_was_read_before_the_registry_went_down_is_read_all_the_same(registry: FakeRegistry) -> None:
    number = registry.register("shop-value", SCHEMA_CHANGE)
    avro_reader = reader(registry)
    avro_reader.document(wire(number, GOOD))
    registry.down = DOWN
    assert avro_reader.document(wire(number, GOOD))["databaseName"] == "shop"


def test_an_id_that_the_registry_does_not_have_is_told_as_such(registry: FakeRegistry) -> None:
    with pytest.raises(NotNow) as not_now:
        reader(registry).document(wire(7, GOOD))
    assert not_now.value.lasting


def test_an_id_that_names_something_else_than_avro_is_unreadable(registry: FakeRegistry) -> None:
    registry.down = PortNonsense("registry", "schema id 7 is PROTOBUF, no Avro")
    with pytest.raises(Unreadable, match="PROTOBUF"):
        reader(registry).document(wire(7, GOOD))


def test_the_second_registry_is_asked_for_what_the_first_lacks_and_a_silent_one_may_have_it() -> None:
    first, second = FakeRegistry("a"), FakeRegistry("b")
    number = second.register("shop-value", SCHEMA_CHANGE)
    clock = Clock()
    both = AvroReader(WriterSchemas([first, second], clock))
    assert both.document(wire(number, GOOD))["databaseName"] == "shop"
    first.down = DOWN
    with pytest.raises(NotNow) as not_now:
        both.document(wire(9, GOOD))
    assert not not_now.value.lasting


def test_a_registry_that_was_emptied_and_counts_anew_is_asked_again_when_bytes_no_longer_fit(
    registry: FakeRegistry,
) -> None:
    clock = Clock()
    registry.register("shop.shop.orders-value", envelope())
    rows = RowReader(reader(registry, clock))
    old = wire(1, avro(envelope(), change(row())))
    assert rows.read(old) is not None
    registry.empty()
    wide = envelope(value_record({"name": "extra", "type": "int"}))
    registry.register("shop.shop.orders-value", wide)
    clock.now += 10
    found = rows.read(wire(1, avro(wide, change(row(extra=1)))))
    assert found is not None
    assert "extra" in found.layout.names


def test_records_that_fit_no_schema_do_not_ask_the_registry_each(registry: FakeRegistry) -> None:
    number = registry.register("shop-value", SCHEMA_CHANGE)
    avro_reader = reader(registry)
    avro_reader.document(wire(number, GOOD))
    for _ in range(50):
        with pytest.raises(Unreadable):
            avro_reader.document(wire(number, GOOD + b"x"))
    assert len(registry.asked) == 1


def test_the_schemas_that_are_kept_are_bounded(registry: FakeRegistry) -> None:
    from watchdog.adapters.avro import SCHEMAS_KEPT

    rows = RowReader(reader(registry))
    flat = documents.value_record(fields=[{"name": "id", "type": "long"}])
    for _ in range(SCHEMAS_KEPT + 20):
        number = registry.register("s", flat)
        assert rows.read(wire(number, avro(flat, {"id": 1}))) is not None
    assert len(rows._avro._known) == SCHEMAS_KEPT
    assert len(rows._avro_layouts) <= 16
