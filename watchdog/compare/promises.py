"""What a topic's consumers were promised, the latest schema of its subject, against the table as it is: whether the
registry will take the schema of the next row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from watchdog.compare.consumers import Effect, Judged
from watchdog.compare.tables import SHAPE, Difference, Kind, differences
from watchdog.contracts.compatibility import Ruling, ruling
from watchdog.contracts.subjects import row_record
from watchdog.model import Column, SchemaKind, Subject, TableId, TableSchema

_OF_A_SCHEMA = SHAPE - {Kind.ORDER, Kind.PRIMARY_KEY}
_CHARACTERS_MAX = 1024 * 1024


def promised(subject: Subject) -> tuple[TableSchema | None, str]:
    """The fields of the row, with Avro's types; or why they cannot be told."""
    if subject.kind is not SchemaKind.AVRO:
        return None, f"{subject.kind.value or 'a schema of an unknown kind'} is not read, only Avro is"
    try:
        record = row_record(json.loads(subject.schema)) if len(subject.schema) <= _CHARACTERS_MAX else None
        columns = tuple(_column(entry) for entry in record["fields"]) if record else ()
    except (ValueError, KeyError, TypeError, RecursionError):
        columns = ()
    return (
        (TableSchema(TableId("", subject.name), columns), "") if columns else (None, "its schema is not that of a row")
    )


def registry_gaps(
    subject: Subject, shapes: Iterable[TableSchema], now: TableSchema
) -> Iterator[tuple[Difference, Judged]]:
    """`shapes`: those that the table had, the latest first; the one with the promised fields made that schema."""
    registered, _ = promised(subject)
    if registered is None:
        return
    names = registered.names
    before = next((shape for shape in shapes if shape.names == names), None)
    found = differences(before or registered, now)
    if before is None:
        found = tuple(each for each in found if each.before is None or each.after is None)
    found = tuple(each for each in found if each.kind in _OF_A_SCHEMA)
    if found:
        ruled, consumer = ruling(subject, before, now), f"registry subject {subject.name}"
        yield from ((each, _judged(each, ruled, subject, consumer)) for each in found)


def _judged(difference: Difference, ruled: Ruling, subject: Subject, consumer: str) -> Judged:
    level = f"{subject.compatibility or 'an unknown level'} (version {subject.version})"
    why = "; ".join(ruled.reasons)
    if ruled.accepts is None:
        return Judged(Effect.UNKNOWN, f"under {level} it is not known whether it is taken: {why}", consumer)
    refused = {name.lower() for name in ruled.columns}
    mine = not refused or bool(refused & {name.lower() for name in difference.columns})
    if ruled.accepts is False and mine:
        reason = f"the schema of the next row is refused under {level}, and the source fails: {why}"
        return Judged(Effect.REFUSES, reason, consumer)
    return Judged(Effect.FINE, f"taken under {level}", consumer)


def _column(entry: Any) -> Column:
    kind = entry["type"]
    branches = kind if isinstance(kind, list) else [kind]
    kinds = [_named(branch) for branch in branches if branch != "null"]
    return Column(str(entry["name"]), "|".join(kinds), "null" in branches)


def _named(kind: Any) -> str:
    if not isinstance(kind, dict):
        return str(kind)
    name = kind.get("connect.name") or kind.get("logicalType") or kind.get("type")
    return str(name).rpartition(".")[2]
