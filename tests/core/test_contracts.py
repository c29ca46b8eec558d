"""What a registry under a compatibility level makes of a table's new shape, told without asking it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.registry import VALUE_FIELDS, envelope, value_record
from watchdog.contracts import refusable, row_record, ruling, subjects_of, topic_of
from watchdog.contracts.avro_columns import avro_field
from watchdog.model import Column, Position, SchemaChange, SchemaKind, Subject, TableId, TableSchema

ORDERS = TableId("shop", "orders")
COLUMNS = (
    Column("id", "bigint", False, generated=True),
    Column("customer", "varchar(64)", False),
    Column("amount", "decimal(10,2)", False),
    Column("status", "varchar(16)", False, default="NEW"),
    Column("created_at", "timestamp", False, default="CURRENT_TIMESTAMP"),
    Column("note", "varchar(64)"),
)
MUST = Column("must", "int", False)
MAY = Column("may", "int")
FALLS_BACK = Column("level", "int", False, default="3")


def table(*columns: Column) -> TableSchema:
    return TableSchema(ORDERS, columns or COLUMNS, ("id",))


BEFORE = table()


def without(name: str) -> TableSchema:
    return table(*(column for column in COLUMNS if column.name != name))


def with_(*added: Column) -> TableSchema:
    names = {column.name for column in added}
    kept = [next((a for a in added if a.name == c.name), c) for c in COLUMNS]
    return table(*kept, *(a for a in added if a.name not in {c.name for c in COLUMNS} and a.name in names))


def subject(level: str, schema: Any = None, **changes: Any) -> Subject:
    values = {"version": 1, "kind": SchemaKind.AVRO, "compatibility": level, **changes}
    text = schema if isinstance(schema, str) else json.dumps(schema or envelope())
    return Subject(name="shop.shop.orders-value", id=4, schema=text, **values)


@pytest.mark.parametrize(
    ("after", "backward", "forward"),
    [
        pytest.param(BEFORE, True, True, id="the same"),
        pytest.param(with_(MAY), True, True, id="added, may be NULL"),
        pytest.param(with_(FALLS_BACK), True, True, id="added, with a default"),
        pytest.param(with_(MUST), False, True, id="added, required"),
        pytest.param(without("note"), True, True, id="dropped, could be NULL"),
        pytest.param(without("status"), True, True, id="dropped, had a default"),
        pytest.param(without("customer"), True, False, id="dropped, was required"),
        pytest.param(with_(Column("note", "text")), True, True, id="another text type"),
        pytest.param(with_(Column("note", "int")), False, False, id="a text that becomes a number"),
        pytest.param(with_(Column("note", "varchar(64)", False)), False, True, id="NULL forbidden"),
        pytest.param(with_(Column("customer", "varchar(64)")), True, False, id="NULL allowed"),
        pytest.param(with_(Column("id", "int", False, generated=True)), False, True, id="narrowed"),
        pytest.param(
            table(*COLUMNS[:1], Column("client", "varchar(64)", False), *COLUMNS[2:]), False, False, id="renamed"
        ),
    ],
)
def test_a_level_takes_what_its_readers_can_read(after: TableSchema, backward: bool, forward: bool) -> None:
    verdicts = {
        level: ruling(subject(level), BEFORE, after).accepts for level in ("BACKWARD", "FORWARD", "FULL", "NONE")
    }
    assert verdicts == {"BACKWARD": backward, "FORWARD": forward, "FULL": backward and forward, "NONE": True}


def test_what_is_refused_is_named_with_the_reason() -> None:
    found = ruling(subject("BACKWARD"), BEFORE, with_(MUST))
    assert found.columns == ("must",)
    assert found.reasons == ("a reader of the new schema finds no must, which has no default",)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        pytest.param(subject(""), "level is not known", id="an unknown level"),
        pytest.param(subject("SIDEWAYS"), "level is SIDEWAYS", id="a level of another registry"),
        pytest.param(subject("BACKWARD", kind=SchemaKind.PROTOBUF), "PROTOBUF", id="Protobuf"),
        pytest.param(subject("BACKWARD", kind=SchemaKind.JSON), "JSON", id="JSON Schema"),
        pytest.param(subject("BACKWARD", kind=SchemaKind.UNKNOWN), "unknown kind", id="a kind of another registry"),
        pytest.param(subject("BACKWARD", "{"), "not that of a row", id="a schema that is none"),
        pytest.param(subject("BACKWARD", '"string"'), "not that of a row", id="a schema of no row"),
        pytest.param(subject("BACKWARD", "[" * 100_000), "not that of a row", id="a schema without end"),
        pytest.param(
            subject("BACKWARD", {"type": "record", "name": "R", "fields": [{"name": "x", "type": "Gone"}]}),
            "cannot be compared here",
            id="a schema with a lost name",
        ),
        pytest.param(subject("BACKWARD_TRANSITIVE", version=2), "all before it", id="a level that asks for more"),
    ],
)
def test_what_cannot_be_judged_here_is_asked_of_the_registry_and_never_called_compatible(
    asked: Subject, why: str
) -> None:
    found = ruling(asked, BEFORE, with_(MAY))
    assert found.accepts is None
    assert why in found.reasons[0]
    assert "ask the registry" in found.reasons[0]


def test_what_the_latest_version_refuses_a_transitive_level_refuses_too() -> None:
    assert ruling(subject("FULL_TRANSITIVE", version=7), BEFORE, with_(MUST)).accepts is False


def test_a_new_column_of_an_unknown_type_leaves_it_open() -> None:
    found = ruling(subject("BACKWARD"), BEFORE, with_(Column("place", "point")))
    assert (found.accepts, found.reasons) == (
        None,
        ("how place is written depends on settings: ask the registry",),
    )


def test_columns_that_stay_keep_the_field_that_settings_made_of_them() -> None:
    as_double = [{**each, "type": "double"} if each["name"] == "amount" else each for each in VALUE_FIELDS]
    registered = subject("FULL", value_record(fields=as_double))
    assert ruling(registered, BEFORE, with_(MAY)).accepts is True, "decimal.handling.mode=double is no change"


@pytest.mark.parametrize(
    ("before", "after", "columns"),
    [
        pytest.param(BEFORE, with_(MAY), (), id="may be NULL"),
        pytest.param(BEFORE, with_(MUST), ("must",), id="required"),
        pytest.param(BEFORE, without("note"), (), id="dropped, could be NULL"),
        pytest.param(BEFORE, without("customer"), ("customer",), id="dropped, was required"),
        pytest.param(BEFORE, with_(Column("note", "text")), (), id="longer"),
        pytest.param(BEFORE, with_(Column("note", "int")), ("note",), id="another type"),
        pytest.param(BEFORE, with_(Column("amount", "decimal(12,2)", False)), ("amount",), id="precision"),
        pytest.param(None, with_(MUST), (), id="nothing to compare with"),
    ],
)
def test_only_some_changes_can_be_refused_at_all(
    before: TableSchema | None, after: TableSchema, columns: tuple[str, ...]
) -> None:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    change = SchemaChange("1", "shop", ORDERS, Position(), at, "ALTER …", "ALTER", before, after)
    assert refusable(change) == columns


@pytest.mark.parametrize(
    ("column", "made"),
    [
        (Column("c", "int"), {"type": ["null", "int"], "default": None}),
        (Column("c", "int", False), {"type": "int"}),
        (Column("c", "int", True, default="7"), {"type": ["int", "null"], "default": 0}),
        (Column("c", "int unsigned", False), {"type": "long"}),
        (Column("c", "bigint unsigned", False), {"type": "long"}),
        (Column("c", "tinyint", False), {"type": "int"}),
        (Column("c", "bit(1)", False), {"type": "boolean"}),
        (Column("c", "bit(8)", False), {"type": "bytes"}),
        (Column("c", "decimal(10,2)", False), {"type": "bytes"}),
        (Column("c", "datetime(6)", False), {"type": "long"}),
        (Column("c", "timestamp", False), {"type": "string"}),
        (Column("c", "enum('a','b')", False), {"type": "string"}),
        (Column("c", "mediumtext", False), {"type": "string"}),
        (Column("c", "varbinary(8)", False), {"type": "bytes"}),
        (Column("c", "date", False), {"type": "int"}),
    ],
    ids=lambda value: value.type + ("" if value.nullable else " not null") if isinstance(value, Column) else "",
)
def test_a_column_becomes_the_field_that_debezium_and_the_converter_make(column: Column, made: dict[str, Any]) -> None:
    assert avro_field(column) == {"name": "c", **made}


@pytest.mark.parametrize("unknown", ["point", "vector(3)", "", "geometry", "enum(", "'"])
def test_a_type_that_is_not_known_is_no_field(unknown: str) -> None:
    assert avro_field(Column("c", unknown)) is None


@pytest.mark.parametrize(
    "named",
    [
        "shop.shop.orders-value",
        "shop.shop.orders-key",
        "shop.shop.orders.Value",
        "shop.shop.orders.Envelope",
        "shop.shop.orders.Key",
        "shop.shop.orders-shop.shop.orders.Envelope",
    ],
)
def test_a_subject_tells_its_topic_by_whichever_strategy_it_was_named(named: str) -> None:
    assert topic_of(named) == "shop.shop.orders"


def test_the_usual_name_of_a_topics_subject_comes_first() -> None:
    assert subjects_of("t") == ("t-value", "t.Envelope", "t.Value")


@pytest.mark.parametrize("schema", [None, 7, "string", {}, {"type": "record", "fields": 7}])
def test_what_is_no_record_has_no_row(schema: object) -> None:
    assert row_record(schema) is None
