"""A record of Debezium's schema change topic or internal history topic → `SchemaRecord`s.

Bytes in, nouns out: no client, no clock. What is not such a record raises `Unreadable` with a reason that holds none of
the record's content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from watchdog.adapters.sqltypes import charset_name, column_type
from watchdog.model import Column, Origin, Position, SchemaRecord, TableId, TableSchema
from watchdog.redact import Redactor, clean_text

RECORD_BYTES_MAX = 8 * 1024 * 1024
"""The whole definition of a table with 4,000 columns, with schemas, is about 2 MB."""

DDL_CHARACTERS_MAX = 64 * 1024
KINDS = frozenset({"CREATE", "ALTER", "DROP"})
_QUOTED_PART = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')

Json = Mapping[str, Any]
T = TypeVar("T")


class Unreadable(ValueError):
    """Not the record that it should be; the message says why, in words for a person."""


def records_of(
    document: Json, prefix: str, origin: Origin, written_at: datetime, redactor: Redactor
) -> tuple[SchemaRecord, ...]:
    """One for each of the record's `tableChanges`; one with `table` None where there are none.

    `prefix`: the source's `topic.prefix`. `written_at`: Kafka's time of the record, where it says no time itself.
    """
    changes = _get(document, "tableChanges", list, None)
    if changes is None:
        raise Unreadable("it has no `tableChanges`: no schema change record")
    where = _get(document, "source" if origin is Origin.TOPIC else "position", dict, {})
    record = SchemaRecord(
        prefix=prefix,
        origin=origin,
        position=position(where, with_gtid=origin is Origin.TOPIC),
        at=_at(document, where, written_at),
        ddl=clean_text(_get(document, "ddl", str, ""), DDL_CHARACTERS_MAX, redactor),
        table=None,
        kind="",
        after=None,
        snapshot=_is_snapshot(where.get("snapshot")),
        thread=_get(where, "thread", int, None),
    )
    database = _get(document, "databaseName", str, "")
    return tuple(replace(record, **_change(change, database)) for change in changes) or (record,)


def parse(value: bytes | None) -> dict[str, Any]:
    """The document of a JSON converter; its `payload` when schemas are enabled."""
    document = load(value)
    return document if "payload" not in document else _known(document["payload"], dict, "payload")


def load(value: bytes | None) -> dict[str, Any]:
    """The JSON object that a value is."""
    if value is None:
        raise Unreadable("a tombstone")
    if len(value) > RECORD_BYTES_MAX:
        raise Unreadable(f"{len(value):,} bytes, more than the {RECORD_BYTES_MAX:,} that are read")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"no JSON: {error.msg} at character {error.pos}") from error
    return _known(document, dict, "the record")


def position(source: Json, *, with_gtid: bool = True) -> Position:
    """Of a `source` block, or of a history record's `position`, whose `gtids` are all those before the statement."""
    gtid = _get(source, "gtid", str, None) if with_gtid else None
    return Position(gtid, _get(source, "file", str, None), _get(source, "pos", int, None))


def moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable(f"{milliseconds} is no time in milliseconds") from error


def table_id(text: str, database: str) -> TableId:
    """`"db"."ta.b""le"` → (`db`, `ta.b"le`). `database` is taken when the text names only the table."""
    parts = [quoted.replace('""', '"') or bare for quoted, bare in _QUOTED_PART.findall(text)]
    if not parts:
        raise Unreadable("a table change with an empty `id`")
    return TableId(parts[-2] if len(parts) > 1 else database, parts[-1])


def _at(document: Json, where: Json, written_at: datetime) -> datetime:
    """The database's own time; Debezium's, then Kafka's, where it is missing."""
    if seconds := _get(where, "ts_sec", int, 0):
        return moment(seconds * 1000)
    milliseconds = _get(where, "ts_ms", int, 0) or _get(document, "ts_ms", int, 0)
    return moment(milliseconds) if milliseconds else written_at


def _is_snapshot(value: object) -> bool:
    """`true`, `first`, `last`, `incremental` … in a topic, `INITIAL` in a history; `false` or nothing otherwise."""
    return str(value).lower() not in ("", "false", "none")


def _change(change: object, database: str) -> dict[str, Any]:
    entry = _known(change, dict, "tableChanges[]")
    kind = _must(entry, "type", str)
    if kind not in KINDS:
        raise Unreadable(f"a table change of an unknown type, none of {', '.join(sorted(KINDS))}")
    table = table_id(_must(entry, "id", str), database)
    definition = None if kind == "DROP" else _get(entry, "table", dict, None)
    return {"table": table, "kind": kind, "after": _table(table, definition) if definition else None}


def _table(table: TableId, definition: Json) -> TableSchema:
    key = _get(definition, "primaryKeyColumnNames", list, [])
    columns = tuple(_column(_known(column, dict, "columns[]")) for column in _must(definition, "columns", list))
    return TableSchema(table, columns, tuple(_texts(key, "primaryKeyColumnNames")))


def _column(column: Json) -> Column:
    values = tuple(_texts(_get(column, "enumValues", list, []), "enumValues"))
    name = _must(column, "typeName", str)
    if not name.split():
        raise Unreadable("a column with an empty `typeName`")
    length, scale = _get(column, "length", int, None), _get(column, "scale", int, None)
    default = column.get("defaultValueExpression")
    charset = _get(column, "charsetName", str, None)
    return Column(
        name=_must(column, "name", str),
        type=column_type(name, length, scale, values, charset),
        nullable=_get(column, "optional", bool, True),
        default=None if default is None else str(default),
        generated=_get(column, "autoIncremented", bool, False) or _get(column, "generated", bool, False),
        charset=charset_name(charset),
    )


def _texts(values: list[Any], what: str) -> Iterator[str]:
    return (_known(value, str, f"{what}[]") for value in values)


def _must(document: Json, key: str, kind: type[T]) -> T:
    if key not in document:
        raise Unreadable(f"`{key}` is missing")
    return _known(document[key], kind, key)


def _get(document: Json, key: str, kind: type[T], default: Any) -> Any:
    """The value, checked; `default` where it is missing or null."""
    value = document.get(key)
    return default if value is None else _known(value, kind, key)


def _known(value: object, kind: type[T], what: str) -> T:
    # JSON's true is an int in Python.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Unreadable(f"`{what}` is a {type(value).__name__} where a {kind.__name__} is expected")
    return value
