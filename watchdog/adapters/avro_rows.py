"""The fields of a row: how they are told, and how they stand in a writer's Avro schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from watchdog.adapters.avro_schema import WriterSchema
from watchdog.adapters.debezium import Unreadable
from watchdog.adapters.row_values import FieldKind, kind_of


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a row. `texts` are those that hold plain strings; None: every string counts (no schema to ask).
    `numbers` are those that hold plain whole numbers, `kinds` those that are something else by their name."""

    fields: tuple[str, ...]
    texts: tuple[str, ...] | None
    names: frozenset[str]
    enveloped: bool
    numbers: tuple[str, ...] = ()
    kinds: tuple[tuple[str, FieldKind], ...] = ()

    @classmethod
    def of(
        cls, fields: tuple[str, ...], texts: tuple[str, ...] | None, enveloped: bool, numbers: tuple[str, ...] = ()
    ) -> Layout:
        return cls(fields, texts, frozenset(fields), enveloped, numbers)


def avro_layout(schema: WriterSchema) -> Layout:
    """Of the record `after` of an envelope, or of the flattened record itself. Raises `Unreadable`."""
    record, namespace = schema.resolved(schema.document, "")
    fields = _fields(record)
    enveloped = "after" in fields and "op" in fields
    if enveloped:
        images = (schema.resolved(kind, namespace) for kind in _branches(fields["after"]))
        record, namespace = next((each for each in images if each[0] != "null"), (None, ""))
        fields = _fields(record)
    texts = tuple(name for name, kind in fields.items() if _is_plain(kind, ("string",)))
    numbers = tuple(name for name, kind in fields.items() if _is_plain(kind, ("int", "long")))
    kinds = tuple((name, found) for name, kind in fields.items() if (found := _kind(kind)))
    return replace(Layout.of(tuple(fields), texts, enveloped, numbers), kinds=kinds)


def _kind(kind: Any) -> FieldKind | None:
    others = [branch for branch in _branches(kind) if branch != "null"]
    if len(others) != 1:
        return None
    (one,) = others
    if not isinstance(one, dict):
        return kind_of(str(one), "", None)
    scale = one.get("scale") if isinstance(one.get("scale"), int) else None
    name = one.get("connect.name") or one.get("logicalType") or ""
    return kind_of(str(one.get("type")), str(name), scale)


def _fields(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict) or not isinstance(record.get("fields"), list):
        raise Unreadable("its writer's schema is not that of a row")
    return {entry["name"]: entry["type"] for entry in record["fields"]}


def _branches(kind: Any) -> list[Any]:
    return kind if isinstance(kind, list) else [kind]


def _is_plain(kind: Any, names: tuple[str, ...]) -> bool:
    """A string or number as it is; one with a name of Connect's is a time, an enum, JSON …"""
    others = [branch for branch in _branches(kind) if branch != "null"]
    if len(others) != 1:
        return False
    (one,) = others
    if isinstance(one, dict):
        return one.get("type") in names and "connect.name" not in one and "logicalType" not in one
    return one in names
