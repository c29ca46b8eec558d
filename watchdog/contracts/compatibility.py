"""A table's new shape against the latest schema of its subject, under the subject's compatibility level.

Only Avro is judged here; for JSON Schema and Protobuf, and wherever something is not known, the answer is "ask the
registry", never "compatible".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import RecordSchema, parse

from watchdog.contracts.avro_columns import avro_field, avro_type
from watchdog.contracts.subjects import row_record
from watchdog.model import Column, SchemaChange, SchemaKind, Subject, TableSchema

_BACKWARD = frozenset({"BACKWARD", "BACKWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"})
_FORWARD = frozenset({"FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"})
_SCHEMA_CHARACTERS_MAX = 1024 * 1024

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ruling:
    """`accepts` is None where only the registry can tell; `reasons` say why it does not, or why it is not known."""

    accepts: bool | None
    reasons: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Those that it refuses."""


def ruling(subject: Subject, before: TableSchema | None, after: TableSchema) -> Ruling:
    """Whether the registry takes the schema that the table's new shape makes.

    `before` is the shape that made the subject's latest schema; columns that are the same in both keep the field that
    is registered, whatever settings made it.
    """
    level = subject.compatibility.upper()
    if level == "NONE":
        return Ruling(True)
    if subject.kind is not SchemaKind.AVRO:
        return Ruling(None, (f"{subject.kind.value or 'a schema of an unknown kind'}: ask the registry",))
    if level not in _BACKWARD | _FORWARD:
        return Ruling(None, (f"the compatibility level is {level or 'not known'}: ask the registry",))
    old = _registered(subject)
    if old is None:
        return Ruling(None, ("the registered schema is not that of a row: ask the registry",))
    new, unknown = _with_columns(old, before, after)
    refused = _conflicts(old, new, level)
    if refused.accepts is False:
        return refused
    if unknown:
        return Ruling(None, (f"how {', '.join(unknown)} is written depends on settings: ask the registry",))
    # Every earlier version counts as well, and only the latest is known here.
    if level.endswith("_TRANSITIVE") and subject.version > 1:
        return Ruling(None, (f"fits version {subject.version}; {level} asks for all before it: ask the registry",))
    return refused


def refusable(change: SchemaChange) -> tuple[str, ...]:
    """The columns of a change that some level refuses. One that was added and may be NULL or has a default, or dropped
    and was such, no level refuses."""
    if change.before is None or change.after is None:
        return ()
    added = [name for name in change.added if _must_have_value(change.after.column(name))]
    removed = [name for name in change.removed if _must_have_value(change.before.column(name))]
    modified = [
        name for name in change.modified if _written_otherwise(change.before.column(name), change.after.column(name))
    ]
    return (*added, *removed, *modified)


def _must_have_value(column: Column | None) -> bool:
    return column is not None and not column.nullable and column.default is None


def _written_otherwise(old: Column | None, new: Column | None) -> bool:
    assert old is not None
    assert new is not None
    was, becomes = avro_type(old.type), avro_type(new.type)
    scale = becomes == "bytes" and old.type != new.type  # a decimal's precision and scale are a part of its type
    return was != becomes or was is None or scale or _must_have_value(old) != _must_have_value(new)


def _registered(subject: Subject) -> Record | None:
    if len(subject.schema) > _SCHEMA_CHARACTERS_MAX:
        return None
    try:
        return row_record(json.loads(subject.schema))
    except (ValueError, RecursionError):
        return None


def _with_columns(old: Record, before: TableSchema | None, after: TableSchema) -> tuple[Record, list[str]]:
    """The registered record with the table's new columns, and those whose field is not known."""
    known = {str(entry.get("name")): entry for entry in old["fields"] if isinstance(entry, dict)}
    fields: list[Record] = []
    unknown: list[str] = []
    for column in after.columns:
        was = before.column(column.name) if before else None
        made = avro_field(column)
        if column.name in known and (before is None or was == column or (was and made == avro_field(was))):
            fields.append(known[column.name])
        elif made is not None:
            fields.append(made)
        else:
            unknown.append(column.name)
    return {**old, "fields": fields}, unknown


def _conflicts(old: Record, new: Record, level: str) -> Ruling:
    try:
        was, becomes = _parsed(old), _parsed(new)
        found = [
            *(_conflict(becomes, was, "a reader of the new schema") if level in _BACKWARD else ()),
            *(_conflict(was, becomes, "a reader of the registered schema") if level in _FORWARD else ()),
        ]
    except (AvroException, ValueError, RecursionError) as error:
        return Ruling(None, (f"the schemas cannot be compared here ({type(error).__name__}): ask the registry",))
    columns = dict.fromkeys(column for column, _ in found if column)
    return Ruling(not found, tuple(dict.fromkeys(reason for _, reason in found)), tuple(columns))


def _conflict(reader: RecordSchema, writer: RecordSchema, who: str) -> Iterable[tuple[str, str]]:
    """Column and reason, one by one: the checker tells them in sets, from which no column can be told."""
    theirs = {field.name: field for field in writer.fields}
    for field in reader.fields:
        if field.name not in theirs:
            if not field.has_default:
                yield field.name, f"{who} finds no {field.name}, which has no default"
            continue
        result = _checker().get_compatibility(field.type, theirs[field.name].type)
        if result.compatibility is not SchemaCompatibilityType.compatible:
            yield field.name, f"{who} cannot read {field.name}: {', '.join(sorted(result.messages))}"


def _checker() -> ReaderWriterCompatibilityChecker:
    """A new one each time: it remembers by the schemas' place in memory."""
    return ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]


def _parsed(record: Record) -> RecordSchema:
    schema = parse(json.dumps(record))
    if not isinstance(schema, RecordSchema):
        raise ValueError("no record")
    return schema
