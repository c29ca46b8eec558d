"""Debezium's records as it wrote them on the real stack (3.5.0.Final, MySQL 9.7), and as nobody should write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.fakes import debezium as documents
from watchdog.adapters.debezium import RECORD_BYTES_MAX, Unreadable, parse, records_of, table_id
from watchdog.adapters.debezium_rows import RowReader, ShapeCount
from watchdog.adapters.debezium_tables import TablesOf
from watchdog.adapters.sqltypes import charset_name, column_type, printed
from watchdog.model import Column, Origin, Position, RecordShape, SchemaRecord, TableId
from watchdog.redact import Redactor

WRITTEN_AT = datetime(2026, 11, 23, 15, 54, 46, tzinfo=UTC)
ORDERS = TableId("oltp", "orders")

DDL = "ALTER TABLE `oltp`.`orders` ADD COLUMN unexpected_field VARCHAR(64)"


def column(name: str, kind: str, **given: Any) -> dict[str, Any]:
    """A column as the public topic has it: nothing is left out, what does not apply is null."""
    base = {
        "jdbcType": 12,
        "nativeType": None,
        "typeName": kind,
        "typeExpression": kind,
        "charsetName": None,
        "length": None,
        "scale": None,
        "position": 1,
        "optional": True,
        "autoIncremented": False,
        "generated": False,
        "comment": None,
        "defaultValueExpression": None,
        "enumValues": None,
    }
    return {"name": name, **base, **given}


COLUMNS = [
    column("id", "BIGINT", optional=False, autoIncremented=True, generated=True),
    column("customer", "VARCHAR", length=64, charsetName="utf8mb4", optional=False),
    column("amount", "DECIMAL", length=10, scale=2, optional=False),
    column("status", "VARCHAR", length=16, optional=False, defaultValueExpression="NEW"),
    column("created_at", "TIMESTAMP", optional=False, defaultValueExpression="1970-01-01 00:00:00"),
    column("unexpected_field", "VARCHAR", length=64),
]
CHANGE = {
    "type": "ALTER",
    "id": '"oltp"."orders"',
    "table": {"defaultCharsetName": "utf8mb4", "primaryKeyColumnNames": ["id"], "columns": COLUMNS, "comment": None},
}
TOPIC = {
    "source": {
        "version": "3.5.0.Final",
        "connector": "mysql",
        "name": "dataflow",
        "ts_ms": 1795449285385,
        "snapshot": "false",
        "db": "oltp",
        "table": "orders",
        "server_id": 1,
        "gtid": "e7f2a218-e755-11f1-99e1-02fc00000001:11",
        "file": "binlog.000002",
        "pos": 682,
        "row": 0,
    },
    "ts_ms": 1795449285393,
    "databaseName": "oltp",
    "schemaName": None,
    "ddl": DDL,
    "tableChanges": [CHANGE],
}
HISTORY = {
    "source": {"server": "dataflow"},
    "position": {
        "ts_sec": 1795449285,
        "file": "binlog.000002",
        "pos": 833,
        "gtids": "e7f2a218-e755-11f1-99e1-02fc00000001:1-10",
        "server_id": 1,
    },
    "ts_ms": 1795449285393,
    "databaseName": "oltp",
    "ddl": DDL,
    "tableChanges": [
        {
            **CHANGE,
            "table": {
                "primaryKeyColumnNames": ["id"],
                # A history leaves out what does not apply; a default of NULL is `hasDefaultValue` with no expression.
                "columns": [
                    {key: value for key, value in each.items() if value is not None}
                    | {"hasDefaultValue": each["optional"], "enumValues": []}
                    for each in COLUMNS
                ],
                "attributes": [],
            },
        }
    ],
}


def read(document: object, origin: Origin = Origin.TOPIC) -> tuple[SchemaRecord, ...]:
    value = document if isinstance(document, bytes | None) else orjson.dumps(document)
    return records_of(parse(value), "dataflow", origin, WRITTEN_AT, Redactor())


def changed(document: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """A copy with one value replaced."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(document))
    place: Any = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return copy


# ── Schema changes ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(orjson.dumps(TOPIC), id="without schemas"),
        pytest.param(documents.in_envelope(TOPIC), id="with schemas"),
    ],
)
def test_an_alter_is_read_from_the_schema_change_topic(value: bytes) -> None:
    (record,) = read(value)
    assert record.prefix == "dataflow"
    assert record.origin is Origin.TOPIC
    assert record.position == Position("e7f2a218-e755-11f1-99e1-02fc00000001:11", "binlog.000002", 682)
    assert record.at == datetime(2026, 11, 23, 15, 54, 45, 385000, UTC)
    assert (record.ddl, record.table, record.kind, record.snapshot) == (DDL, ORDERS, "ALTER", False)
    assert record.after is not None
    assert record.after.primary_key == ("id",)
    assert record.after.columns == (
        Column("id", "bigint", False, generated=True),
        Column("customer", "varchar(64)", False, charset="utf8mb4"),
        Column("amount", "decimal(10,2)", False),
        Column("status", "varchar(16)", False, "NEW"),
        Column("created_at", "timestamp", False, "1970-01-01 00:00:00"),
        Column("unexpected_field", "varchar(64)", True),
    )


def test_the_same_alter_reads_alike_from_the_history() -> None:
    (record,) = read(HISTORY, Origin.HISTORY)
    (public,) = read(TOPIC)
    assert record.after == public.after
    assert (record.ddl, record.table, record.kind) == (public.ddl, public.table, public.kind)
    # Its gtids are all those before the statement, not the statement's own.
    assert record.position == Position(None, "binlog.000002", 833)
    assert record.at == datetime(2026, 11, 23, 15, 54, 45, tzinfo=UTC)


def test_a_statement_that_touches_two_tables_makes_two_records_at_one_position() -> None:
    other = {**CHANGE, "id": '"oltp"."items"', "type": "CREATE"}
    first, second = read({**TOPIC, "tableChanges": [CHANGE, other]})
    assert (first.table, second.table) == (ORDERS, TableId("oltp", "items"))
    assert (first.kind, second.kind) == ("ALTER", "CREATE")
    assert first.position == second.position


def test_a_statement_without_table_changes_makes_one_record_without_a_table() -> None:
    (record,) = read({**TOPIC, "ddl": "USE `oltp`", "tableChanges": []})
    assert (record.table, record.kind, record.after, record.ddl) == (None, "", None, "USE `oltp`")


@pytest.mark.parametrize(
    "drop",
    [
        pytest.param({"type": "DROP", "id": '"oltp"."orders"'}, id="history"),
        pytest.param({"type": "DROP", "id": '"oltp"."orders"', "table": None}, id="topic"),
        pytest.param({**CHANGE, "type": "DROP"}, id="with the table that was"),
    ],
)
def test_a_dropped_table_is_nothing_afterwards(drop: dict[str, Any]) -> None:
    (record,) = read({**TOPIC, "tableChanges": [drop]})
    assert (record.table, record.kind, record.after) == (ORDERS, "DROP", None)


@pytest.mark.parametrize("snapshot", [True, "true", "first", "first_in_data_collection", "last", "incremental"])
def test_a_snapshots_record_is_marked(snapshot: object) -> None:
    assert read(changed(TOPIC, "source", "snapshot", to=snapshot))[0].snapshot


@pytest.mark.parametrize("snapshot", [False, "false", None, ""])
def test_a_streamed_record_is_not_marked_as_a_snapshots(snapshot: object) -> None:
    assert not read(changed(TOPIC, "source", "snapshot", to=snapshot))[0].snapshot


def test_a_historys_snapshot_is_marked_in_its_position() -> None:
    assert read(changed(HISTORY, "position", "snapshot", to="INITIAL"), Origin.HISTORY)[0].snapshot
    assert not read(HISTORY, Origin.HISTORY)[0].snapshot


def test_times_fall_back_to_debeziums_and_then_to_kafkas() -> None:
    without_source_time = changed(TOPIC, "source", "ts_ms", to=None)
    assert read(without_source_time)[0].at == datetime(2026, 11, 23, 15, 54, 45, 393000, UTC)
    assert read({**without_source_time, "ts_ms": None})[0].at == WRITTEN_AT


def test_a_statement_is_told_without_secrets_and_escapes() -> None:
    (record,) = read({**TOPIC, "ddl": "CREATE USER u IDENTIFIED BY 'c4nary-s3cret' \x1b[31m"})
    assert "c4nary" not in record.ddl
    assert "\x1b" not in record.ddl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"oltp"."orders"', TableId("oltp", "orders")),
        ('"kft"."we`ird ""x"".y"', TableId("kft", 'we`ird "x".y')),
        ('"a.b"."c.d"', TableId("a.b", "c.d")),
        ("oltp.orders", TableId("oltp", "orders")),
        ('"orders"', TableId("given", "orders")),
        ('"cat"."oltp"."orders"', TableId("oltp", "orders")),
        ('"ünï"."bảng 🦆"', TableId("ünï", "bảng 🦆")),
    ],
)
def test_a_table_is_found_in_its_id(text: str, expected: TableId) -> None:
    assert table_id(text, "given") == expected


COLUMN = ("tableChanges", 0, "table", "columns", 1)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(None, "tombstone", id="tombstone"),
        pytest.param(b"", "no JSON", id="empty"),
        pytest.param(b"ALTER TABLE", "no JSON", id="text"),
        pytest.param(b'{"a": NaN}', "no JSON", id="NaN"),
        pytest.param(b'{"a": "\xff"}', "no JSON", id="invalid UTF-8"),
        pytest.param(b"[" * 100_000, "no JSON", id="depth"),
        pytest.param(b" " * (RECORD_BYTES_MAX + 1), "bytes, more than", id="10 MB"),
        pytest.param(b"[]", "a list where a dict", id="a list"),
        pytest.param(b"{}", "no `tableChanges`", id="no table changes"),
        pytest.param(b'{"schema":null,"payload":null}', "`payload` is a NoneType", id="no payload"),
        pytest.param({**TOPIC, "tableChanges": None}, "no `tableChanges`", id="table changes null"),
        pytest.param({**TOPIC, "tableChanges": {}}, "`tableChanges` is a dict", id="table changes of another type"),
        pytest.param({**TOPIC, "tableChanges": ["x"]}, "`tableChanges[]` is a str", id="a change of another type"),
        pytest.param({**TOPIC, "source": "x"}, "`source` is a str", id="source of another type"),
        pytest.param({**TOPIC, "ddl": 7}, "`ddl` is a int", id="ddl of another type"),
        pytest.param(changed(TOPIC, "tableChanges", 0, "type", to="MELT"), "unknown type", id="an unknown type"),
        pytest.param(changed(TOPIC, "tableChanges", 0, "type", to=None), "`type` is a NoneType", id="no type"),
        pytest.param(changed(TOPIC, "tableChanges", 0, "id", to=""), "empty `id`", id="an empty id"),
        pytest.param(changed(TOPIC, "tableChanges", 0, "table", "columns", to=None), "`columns`", id="no columns"),
        pytest.param(changed(TOPIC, "tableChanges", 0, "table", to={"x": 1}), "`columns` is missing", id="no table"),
        pytest.param(changed(TOPIC, *COLUMN, to=5), "`columns[]` is a int", id="a column of another type"),
        pytest.param(changed(TOPIC, *COLUMN, "name", to=5), "`name` is a int", id="a name of another type"),
        pytest.param(changed(TOPIC, *COLUMN, "typeName", to=" "), "empty `typeName`", id="no column type"),
        pytest.param(changed(TOPIC, *COLUMN, "length", to="64"), "`length` is a str", id="a length of another type"),
        pytest.param(changed(TOPIC, *COLUMN, "length", to=True), "`length` is a bool", id="a length that is true"),
        pytest.param(changed(TOPIC, *COLUMN, "optional", to="no"), "`optional` is a str", id="optional as text"),
        pytest.param(changed(TOPIC, *COLUMN, "enumValues", to=[1]), "`enumValues[]` is a int", id="enum of numbers"),
        pytest.param(changed(TOPIC, "source", "ts_ms", to=1e30), "`ts_ms` is a float", id="a number beyond all"),
        pytest.param(changed(TOPIC, "source", "ts_ms", to=10**17), "no time", id="a time beyond all"),
        pytest.param(changed(TOPIC, "source", "pos", to="682"), "`pos` is a str", id="a position of another type"),
    ],
)
def test_what_is_no_schema_change_is_unreadable_with_a_reason(value: object, why: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(value)
    assert why in str(unreadable.value)


# ── Column types: what Debezium says (as measured, in snapshots and in ALTERs) and what MySQL 9.7 prints of it ───────


@pytest.mark.parametrize(
    ("name", "length", "scale", "expected"),
    [
        ("BIGINT UNSIGNED", None, None, "bigint unsigned"),
        ("BIGINT UNSIGNED", 20, None, "bigint unsigned"),
        ("INT", 11, None, "int"),
        ("INT SIGNED", None, None, "int"),
        ("INT4", None, None, "int"),
        ("INT8 UNSIGNED", None, None, "bigint unsigned"),
        ("INT3", None, None, "mediumint"),
        ("MIDDLEINT", None, None, "mediumint"),
        ("TINYINT", 1, None, "tinyint(1)"),
        ("TINYINT", 4, None, "tinyint"),
        ("TINYINT UNSIGNED", 1, None, "tinyint unsigned"),
        ("BOOL", None, None, "tinyint(1)"),
        ("BOOLEAN", None, None, "tinyint(1)"),
        ("INT UNSIGNED ZEROFILL", None, None, "int(10) unsigned zerofill"),
        ("INT UNSIGNED ZEROFILL", 5, None, "int(5) unsigned zerofill"),
        ("SERIAL", None, None, "bigint unsigned"),
        ("DECIMAL", 10, 2, "decimal(10,2)"),
        ("DECIMAL UNSIGNED", 10, 2, "decimal(10,2) unsigned"),
        ("NUMERIC", 10, 0, "decimal(10,0)"),
        ("NUMERIC", None, None, "decimal(10,0)"),
        ("DEC", 4, 1, "decimal(4,1)"),
        ("FIXED", 4, 1, "decimal(4,1)"),
        ("FLOAT", None, None, "float"),
        ("FLOAT", 7, 3, "float(7,3)"),
        ("FLOAT", 24, None, "float"),
        ("FLOAT", 30, None, "double"),
        ("FLOAT UNSIGNED", None, None, "float unsigned"),
        ("REAL", None, None, "double"),
        ("DOUBLE PRECISION UNSIGNED", None, None, "double unsigned"),
        ("DOUBLE", 9, 2, "double(9,2)"),
        ("CHAR", None, None, "char(1)"),
        ("CHARACTER", 4, None, "char(4)"),
        ("VARCHAR BINARY", 10, None, "varchar(10)"),
        ("CHARACTER VARYING", 12, None, "varchar(12)"),
        ("NATIONAL CHARACTER VARYING", 7, None, "varchar(7)"),
        ("NVARCHAR", 9, None, "varchar(9)"),
        ("LONG VARCHAR", None, None, "mediumtext"),
        ("LONG VARBINARY", None, None, "mediumblob"),
        ("LONGTEXT", None, None, "longtext"),
        ("TEXT", None, None, "text"),
        ("TEXT", 300, None, "text"),
        ("TEXT", 20, None, "tinytext"),
        ("BLOB", 70000, None, "mediumblob"),
        ("BINARY", None, None, "binary(1)"),
        ("VARBINARY", 255, None, "varbinary(255)"),
        ("BIT", None, None, "bit(1)"),
        ("BIT", 8, None, "bit(8)"),
        ("DATETIME", 3, None, "datetime(3)"),
        ("DATETIME", 0, None, "datetime"),
        ("TIMESTAMP", 6, None, "timestamp(6)"),
        ("TIME", 0, None, "time"),
        ("YEAR", 4, None, "year"),
        ("DATE", None, None, "date"),
        ("JSON", None, None, "json"),
        ("GEOMETRYCOLLECTION", None, None, "geomcollection"),
        ("VECTOR", 3, None, "vector(3)"),
        ("A TYPE OF TOMORROW", None, None, "a type of tomorrow"),
    ],
)
def test_a_type_is_spelled_as_mysql_prints_it(name: str, length: int | None, scale: int | None, expected: str) -> None:
    assert column_type(name, length, scale, charset="utf8mb4") == expected


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["'a'", "'b''c'", "'D,e'", "''"], id="as written in the statement"),
        pytest.param(["a", "b'c", "D,e", ""], id="bare"),
    ],
)
def test_the_values_of_an_enum_keep_case_and_quotes(values: list[str]) -> None:
    assert column_type("ENUM", 1, None, values) == "enum('a','b''c','D,e','')"
    assert column_type("SET", 3, None, values) == "set('a','b''c','D,e','')"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int(11)", "int"),
        ("bigint(20) unsigned", "bigint unsigned"),
        ("tinyint(1)", "tinyint(1)"),
        ("tinyint(4)", "tinyint"),
        ("int(10) unsigned zerofill", "int(10) unsigned zerofill"),
        ("year(4)", "year"),
        ("geometrycollection", "geomcollection"),
        ("varchar(64)", "varchar(64)"),
        ("enum('int(11)')", "enum('int(11)')"),
    ],
)
def test_display_widths_of_older_servers_are_left_out(text: str, expected: str) -> None:
    assert printed(text) == expected


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def shape_of(*values: bytes, reader: RowReader | None = None) -> RecordShape:
    """Of rows that all have the same fields."""
    reader = reader or RowReader()
    count: ShapeCount | None = None
    for offset, value in enumerate(values):
        row = reader.read(value)
        assert row is not None
        count = count or ShapeCount.begun("t-0", offset, row)
        count.add(offset, row)
    assert count is not None
    return count.shape()


def test_a_row_is_read_by_its_schema() -> None:
    after = {"id": 6, "customer": "An", "created_at": "2026-11-23T15:54:45Z", "extra": None}
    shape = shape_of(documents.row(after, gtid="g:12", kinds={"created_at": "io.debezium.time.ZonedTimestamp"}))
    assert shape.fields == ("id", "customer", "created_at", "extra")
    # A time is written as text in JSON, and as a time into the table.
    assert shape.longest == {"customer": 2}
    assert shape.nulls == frozenset({"extra"})
    assert shape.first_position == Position("g:12", "binlog.000002", 1054)
    assert shape.first_at == datetime(2026, 11, 23, 15, 54, 45, 416000, UTC)


def test_a_row_without_a_schema_is_read_by_its_values() -> None:
    shape = shape_of(
        orjson.dumps({"before": None, "after": {"id": 1, "note": "four"}, "op": "c", "source": {"pos": 7}})
    )
    assert shape.fields == ("id", "note")
    assert shape.longest == {"note": 4}
    assert shape.first_position == Position(None, None, 7)


@pytest.mark.parametrize("with_schema", [True, False])
def test_a_flattened_row_is_its_own_fields_with_debeziums_additions(with_schema: bool) -> None:
    payload = {"id": 1, "note": "four", "__deleted": "false"}
    fields = [
        {"type": "int64", "field": "id"},
        {"type": "string", "field": "note"},
        {"type": "string", "field": "__deleted"},
    ]
    document = {"schema": {"type": "struct", "fields": fields}, "payload": payload} if with_schema else payload
    shape = shape_of(orjson.dumps(document))
    assert shape.fields == ("id", "note", "__deleted")
    assert shape.longest == {"note": 4, "__deleted": 5}
    assert (shape.first_position, shape.first_at) == (Position(), None)


@pytest.mark.parametrize("value", [pytest.param(None, id="tombstone"), pytest.param(documents.row(None), id="delete")])
def test_a_delete_is_no_row(value: bytes | None) -> None:
    assert RowReader().read(value) is None


def test_schemas_that_change_back_and_forth_are_kept_apart() -> None:
    reader = RowReader()
    narrow, wide = documents.row({"id": 1}), documents.row({"id": 1, "extra": "x"})
    seen = [reader.read(value) for value in (narrow, wide, narrow, wide, wide, narrow)]
    assert [row and row.layout.fields for row in seen] == [
        ("id",), ("id", "extra"), ("id",), ("id", "extra"), ("id", "extra"), ("id",)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 40])
def test_a_field_called_payload_does_not_confuse_the_reader(count: int) -> None:
    reader = RowReader()
    for number in range(count):
        row = reader.read(documents.row({"payload": f'{{"payload":{number}}}', f"c{number}": "a"}))
        assert row is not None
        assert row.values["payload"] == f'{{"payload":{number}}}'


def test_a_record_that_begins_like_others_and_goes_on_otherwise_is_read_whole() -> None:
    reader = RowReader()
    reader.read(documents.row({"id": 1}))
    row = reader.read(documents.row({"id": 2})[:-1] + b" } ")
    assert row is not None
    assert row.values == {"id": 2}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(b"\0\0\0\0\7\2\14An", "set SCHEMA_REGISTRY_URL", id="Avro, and no registry is known"),
        pytest.param(b"text", "no JSON", id="text"),
        pytest.param(b"7", "a int where a dict", id="a number"),
        pytest.param(b'{"schema":{"type":"string"},"payload":"x"}', "not that of a row", id="a string's schema"),
        pytest.param(
            b'{"schema":{"fields":[{"type":"string"}]},"payload":{}}', "without a name", id="a nameless field"
        ),
        pytest.param(b'{"schema":null,"payload":"x"}', "the payload is a str", id="a bare string"),
        pytest.param(b'{"op":"c","after":[1]}', "`after` is a list", id="an image of another type"),
        pytest.param(b'{"op":"c","after":{},"source":{"pos":"x"}}', "`pos` is a str", id="a position of another type"),
        pytest.param(b'{"op":"c","after":{},"source":{"ts_ms":100000000000000000}}', "no time", id="a time beyond all"),
    ],
)
def test_what_is_no_row_is_unreadable_with_a_reason(value: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        shape_of(value)
    assert why in str(unreadable.value)


def test_a_broken_record_after_good_ones_is_unreadable_too() -> None:
    reader = RowReader()
    good = documents.row({"id": 1})
    reader.read(good)
    with pytest.raises(Unreadable):
        reader.read(good[:-5])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("utf8mb4", "utf8mb4"),
        ("utf8", "utf8mb3"),
        ("UTF8MB3", "utf8mb3"),
        ("latin1", "latin1"),
        ("", None),
        (None, None),
    ],
)
def test_a_character_set_is_called_as_newer_servers_call_it(told: str | None, expected: str | None) -> None:
    assert charset_name(told) == expected


@pytest.mark.parametrize(
    ("records", "there"),
    [
        pytest.param([("CREATE", "a")], {"a"}, id="created"),
        pytest.param([("CREATE", "a"), ("DROP", "a")], set(), id="dropped again"),
        pytest.param([("CREATE", "a"), ("DROP", "a"), ("CREATE", "a")], {"a"}, id="and made anew"),
        pytest.param([("ALTER", "b")], {"b"}, id="a whole table after an ALTER"),
    ],
)
def test_the_tables_that_a_history_has_at_its_end(records: list[tuple[str, str]], there: set[str]) -> None:
    tables = TablesOf()
    for kind, name in records:
        change = {"type": kind, "id": f'"shop"."{name}"', "table": None if kind == "DROP" else {"columns": []}}
        tables.take(orjson.dumps({"databaseName": "shop", "ddl": "", "tableChanges": [change]}))
    assert tables.there == {TableId("shop", name) for name in there}


@pytest.mark.parametrize(
    "value",
    [None, b"", b"[]", b'{"tableChanges": 1}', b'{"tableChanges": [1, {"type": "CREATE"}, {"id": "", "table": {}}]}'],
)
def test_what_is_no_history_record_defines_no_table(value: bytes | None) -> None:
    tables = TablesOf()
    tables.take(value)
    assert tables.there == frozenset()
