"""Records that wait for a sink, against the table that they would be written to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from watchdog.model import Column, RecordShape, TableSchema

_LENGTH = re.compile(r"^(?:var)?char\((\d+)\)")
_TEXT_LIMITS = {"tinytext": 255, "text": 65_535}


class MisfitKind(StrEnum):
    MISSING = "missing"
    """The records have a field that the table has no column for."""
    REQUIRED = "required"
    """The table requires a column that the records do not have."""
    NULL = "null"
    """A record holds NULL for a column that does not allow it."""
    TOO_LONG = "too-long"
    """A record holds a text that is longer than the column allows."""


@dataclass(frozen=True, slots=True)
class Misfit:
    kind: MisfitKind
    column: str
    shape: RecordShape
    needed_length: int = 0


def misfits(shape: RecordShape, target: TableSchema) -> Iterator[Misfit]:
    """Why the table would refuse these records, for each column that is in the way."""
    fields = {name.lower() for name in shape.fields}
    for name in shape.fields:
        column = target.column(name)
        if column is None:
            yield Misfit(MisfitKind.MISSING, name, shape)
        elif _limit(column) < shape.longest.get(name, 0):
            yield Misfit(MisfitKind.TOO_LONG, name, shape, shape.longest[name])
        elif name in shape.nulls and not column.nullable and not column.generated:
            yield Misfit(MisfitKind.NULL, name, shape)
    for column in target.columns:
        if column.must_be_given and column.name.lower() not in fields:
            yield Misfit(MisfitKind.REQUIRED, column.name, shape)


def _limit(column: Column) -> float:
    """The column's length in characters, unlimited where its type gives none."""
    if match := _LENGTH.match(column.type):
        return int(match[1])
    return _TEXT_LIMITS.get(column.type, float("inf"))
