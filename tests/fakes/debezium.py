"""Nouns → the documents that Connect and Debezium would write of them, for tests that feed a real Kafka client.

Only as much as the tests use: columns of type `bigint` and `varchar(n)`; the layout of Debezium 3.5 and Connect 4.3.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from watchdog.model import Column, Origin, SchemaRecord, TableId, TableSchema

_TYPE = re.compile(r"(\w+)(?:\((\d+)\))?")


def task_status(state: str, trace: str | None = None, worker: str = "w1:8083") -> bytes:
    document = {"state": state, "trace": trace, "worker_id": worker, "generation": 3, "version": "3.5.0.Final"}
    return orjson.dumps(document)


def topic_use(connector: str, topic: str) -> bytes:
    return orjson.dumps({"topic": {"name": topic, "connector": connector, "task": 0, "discoverTimestamp": 1}})


def schema_change(record: SchemaRecord) -> dict[str, Any]:
    """The record of the topic or history that reads as this `SchemaRecord`."""
    milliseconds = int(record.at.timestamp() * 1000)
    changes = [_change(record)] if record.table else []
    position = {"file": record.position.file, "pos": record.position.pos}
    common = {"ts_ms": milliseconds + 8, "databaseName": "shop", "ddl": record.ddl, "tableChanges": changes}
    if record.origin is Origin.HISTORY:
        snapshot = {"snapshot": "INITIAL"} if record.snapshot else {}
        position |= {"ts_sec": milliseconds // 1000, "gtids": "3e11fa47:1-99", **snapshot}
        return {"source": {"server": record.prefix}, "position": position, **common}
    snapshot = {"snapshot": "true" if record.snapshot else "false"}
    source = {"name": record.prefix, "ts_ms": milliseconds, "gtid": record.position.gtid, **position, **snapshot}
    source |= {"thread": record.thread} if record.thread is not None else {}
    return {"source": source, **common}


def in_envelope(payload: object) -> bytes:
    """As a JSON converter writes it with schemas enabled; what the schema says does not matter for schema changes."""
    return orjson.dumps({"schema": {"type": "struct", "fields": [], "optional": False}, "payload": payload})


def row(
    after: dict[str, object] | None,
    *,
    gtid: str | None = None,
    ts_ms: int = 1795449285416,
    kinds: dict[str, str] | None = None,
) -> bytes:
    """A change record with its schema. `kinds`: logical names of fields, such as a date's."""
    fields = [_field(name, value, (kinds or {}).get(name)) for name, value in (after or {"id": 1}).items()]
    image = {"type": "struct", "fields": fields, "optional": True}
    source = {"ts_ms": ts_ms, "snapshot": "false", "gtid": gtid, "file": "binlog.000002", "pos": 1054, "db": "shop"}
    payload = {"before": None, "after": after, "source": source, "op": "c" if after else "d", "ts_ms": ts_ms + 8}
    schema = {
        "type": "struct",
        "fields": [
            {**image, "field": "before"},
            {**image, "field": "after"},
            {"type": "struct", "fields": [{"type": "int64", "field": "ts_ms"}], "field": "source"},
            {"type": "string", "optional": False, "field": "op"},
            {"type": "int64", "optional": True, "field": "ts_ms"},
        ],
        "optional": False,
    }
    return orjson.dumps({"schema": schema, "payload": payload})


def table(name: str, *columns: str) -> TableSchema:
    """`table("orders", "note")`: an id and a text column."""
    texts = tuple(Column(each, "varchar(64)", charset="utf8mb4") for each in columns)
    return TableSchema(TableId("shop", name), (Column("id", "bigint", False, generated=True), *texts), ("id",))


def _change(record: SchemaRecord) -> dict[str, Any]:
    assert record.table is not None
    change: dict[str, Any] = {"type": record.kind, "id": f'"{record.table.database}"."{record.table.table}"'}
    if record.after:
        columns = [_column(number, column) for number, column in enumerate(record.after.columns, 1)]
        change["table"] = {"primaryKeyColumnNames": list(record.after.primary_key), "columns": columns}
    return change


def _column(position: int, column: Column) -> dict[str, Any]:
    match = _TYPE.fullmatch(column.type)
    assert match, f"no type of this helper: {column.type}"
    name, length = match.groups()
    return {
        "name": column.name,
        "typeName": name.upper(),
        "typeExpression": name.upper(),
        "charsetName": column.charset,
        "length": int(length) if length else None,
        "scale": None,
        "position": position,
        "optional": column.nullable,
        "autoIncremented": column.generated,
        "generated": column.generated,
        "defaultValueExpression": column.default,
        "enumValues": [],
    }


def _field(name: str, value: object, logical: str | None) -> dict[str, object]:
    kind = "string" if isinstance(value, str) or value is None else "int64"
    field: dict[str, object] = {"type": kind, "optional": True, "field": name}
    return {**field, "name": logical} if logical else field
