"""A schema registry in memory that keeps the contract of the port, and records as converters would write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import fastavro

from watchdog.errors import PortError, PortRefused
from watchdog.model import IdKind, SchemaKind, SchemaRef, Subject

Headers = list[tuple[str, bytes]]


class FakeRegistry:
    """`down`: what every question raises meanwhile. Confluent's ids and Apicurio's global ids are told apart."""

    def __init__(self, name: str = "default") -> None:
        self.name, self.url = name, f"http://{name}:8081"
        self.down: PortError | None = None
        self.level = "BACKWARD"
        self.levels: dict[str, str] = {}
        self.asked: list[object] = []
        self._schemas: dict[SchemaRef, str] = {}
        self._subjects: dict[str, list[int]] = {}

    def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        number = len(self._schemas) + 1
        for kind in IdKind:
            # The same number means the same schema here, as in a registry that was never emptied.
            self._schemas[SchemaRef(kind, number)] = json.dumps(schema)
        self._subjects.setdefault(subject, []).append(number)
        return number

    def empty(self) -> None:
        """As a registry in memory is after a restart: it counts anew."""
        self._schemas.clear()
        self._subjects.clear()

    def schema(self, ref: SchemaRef) -> str:
        self._ask(ref)
        if ref not in self._schemas:
            raise PortRefused(f"registry {self.url}", f"answered 404: no {ref}", status=404)
        return self._schemas[ref]

    def subjects(self) -> tuple[str, ...]:
        self._ask("subjects")
        return tuple(self._subjects)

    def latest(self, subject: str) -> Subject | None:
        self._ask(subject)
        if not (ids := self._subjects.get(subject)):
            return None
        text = self._schemas[SchemaRef(IdKind.CONFLUENT, ids[-1])]
        level = self.levels.get(subject, self.level)
        return Subject(subject, ids[-1], len(ids), SchemaKind.AVRO, text, level, registry=self.url)

    def accepts(self, subject: str, schema: str) -> tuple[bool | None, tuple[str, ...]]:
        self._ask((subject, schema))
        return (None, (f"there is no subject {subject}",)) if subject not in self._subjects else (True, ())

    def _ask(self, what: object) -> None:
        self.asked.append(what)
        if self.down:
            raise self.down


def avro(schema: Any, document: Any) -> bytes:
    """Bare, as it stands in a value whose schema is named by the record's headers."""
    body = BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), document)
    return body.getvalue()


def wire(number: int, body: bytes, id_bytes: int = 4) -> bytes:
    """Confluent's wire format; Apicurio's own with 8 bytes."""
    return b"\0" + number.to_bytes(id_bytes, "big") + body


def headers(number: int, kind: str = "globalId") -> Callable[[], Headers]:
    """Apicurio's, behind those that Debezium writes."""
    found: Headers = [
        ("__debezium.context.taskId", b"0"),
        ("apicurio.key.globalId", (99).to_bytes(8, "big")),
        (f"apicurio.value.{kind}", number.to_bytes(8, "big")),
        ("apicurio.value.encoding", b"BINARY"),
    ]
    return lambda: found


_TEXT_OR_NULL = {"type": ["null", "string"], "default": None}
_SOURCE = {
    "type": "record",
    "name": "Source",
    "namespace": "io.debezium.connector.mysql",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "ts_ms", "type": "long"},
        {
            "name": "snapshot",
            "type": [{"type": "string", "connect.version": 1, "connect.name": "io.debezium.data.Enum"}, "null"],
            "default": "false",
        },
        {"name": "gtid", **_TEXT_OR_NULL},
        {"name": "file", "type": "string"},
        {"name": "pos", "type": "long"},
    ],
    "connect.name": "io.debezium.connector.mysql.Source",
}
_INT_OR_NULL = {"type": ["null", "int"], "default": None}
_FLAG_OR_NULL = {"type": ["null", "boolean"], "default": None}
_TEXTS_OR_NULL = {"type": ["null", {"type": "array", "items": "string"}], "default": None}
_COLUMN = {
    "type": "record",
    "name": "Column",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "jdbcType", "type": "int"},
        {"name": "typeName", "type": "string"},
        {"name": "typeExpression", **_TEXT_OR_NULL},
        {"name": "charsetName", **_TEXT_OR_NULL},
        {"name": "length", **_INT_OR_NULL},
        {"name": "scale", **_INT_OR_NULL},
        {"name": "position", "type": "int"},
        {"name": "optional", **_FLAG_OR_NULL},
        {"name": "autoIncremented", **_FLAG_OR_NULL},
        {"name": "generated", **_FLAG_OR_NULL},
        {"name": "defaultValueExpression", **_TEXT_OR_NULL},
        {"name": "enumValues", **_TEXTS_OR_NULL},
    ],
    "connect.name": "io.debezium.connector.schema.Column",
}
_TABLE = {
    "type": "record",
    "name": "Table",
    "fields": [
        {"name": "primaryKeyColumnNames", **_TEXTS_OR_NULL},
        {"name": "columns", "type": {"type": "array", "items": _COLUMN}},
    ],
}
SCHEMA_CHANGE: dict[str, Any] = {
    "type": "record",
    "name": "SchemaChangeValue",
    "namespace": "io.debezium.connector.mysql",
    "fields": [
        {"name": "source", "type": _SOURCE},
        {"name": "ts_ms", "type": "long"},
        {"name": "databaseName", **_TEXT_OR_NULL},
        {"name": "ddl", **_TEXT_OR_NULL},
        {
            "name": "tableChanges",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Change",
                    "namespace": "io.debezium.connector.schema",
                    "fields": [
                        {"name": "type", "type": "string"},
                        {"name": "id", "type": "string"},
                        {"name": "table", "type": ["null", _TABLE], "default": None},
                    ],
                },
            },
        },
    ],
}
"""As Debezium 3.5 and Apicurio's converter register it, without the fields that nothing reads."""

VALUE_FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "long"},
    {"name": "customer", "type": "string"},
    {
        "name": "amount",
        "type": {
            "type": "bytes",
            "scale": 2,
            "precision": 10,
            "connect.version": 1,
            "connect.parameters": {"scale": "2", "connect.decimal.precision": "10"},
            "connect.name": "org.apache.kafka.connect.data.Decimal",
            "logicalType": "decimal",
        },
    },
    {"name": "status", "type": {"type": "string", "connect.default": "NEW"}, "default": "NEW"},
    {
        "name": "created_at",
        "type": {"type": "string", "connect.version": 1, "connect.name": "io.debezium.time.ZonedTimestamp"},
    },
    {"name": "note", **_TEXT_OR_NULL},
]


def value_record(*extra: dict[str, Any], fields: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The row itself, as a flattened record or an image."""
    return {
        "type": "record",
        "name": "Value",
        "namespace": "shop.shop.orders",
        "fields": [*(VALUE_FIELDS if fields is None else fields), *extra],
        "connect.name": "shop.shop.orders.Value",
    }


def envelope(value: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "record",
        "name": "Envelope",
        "namespace": "shop.shop.orders",
        "fields": [
            {"name": "before", "type": ["null", value or value_record()], "default": None},
            {"name": "after", "type": ["null", "Value"], "default": None},
            {"name": "source", "type": _SOURCE},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"], "default": None},
        ],
        "connect.version": 2,
        "connect.name": "shop.shop.orders.Envelope",
    }


def row(**values: Any) -> dict[str, Any]:
    given = {"id": 1, "customer": "An", "amount": b"\x2f\x12", "status": "NEW", "created_at": "2026-11-25T22:27:27Z"}
    return {**given, "note": None, **values}


def change(after: dict[str, Any] | None, **source: Any) -> dict[str, Any]:
    """An envelope's document."""
    where = {"name": "shop", "ts_ms": 1795449285416, "snapshot": "false", "gtid": None, "file": "binlog.000002"}
    op = "d" if after is None else "c"
    return {"before": None, "after": after, "source": {**where, "pos": 1054, **source}, "op": op, "ts_ms": 5}
