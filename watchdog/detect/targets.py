"""Records that wait for a sink, against the table that they would be written to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from watchdog.detect.values import Refused, refusal
from watchdog.model import Column, Place, RecordShape, TableSchema

_LENGTH = re.compile(r"^(?:var)?char\((\d+)\)")
_TEXT_LIMITS = {"tinytext": 255, "text": 65_535}
_INTEGER = re.compile(r"^(tiny|small|medium|big|)int\b(?:\(\d+\))?(?P<unsigned> unsigned)?")
_INTEGER_BITS = {"tiny": 8, "small": 16, "medium": 24, "": 32, "big": 64}


class MisfitKind(StrEnum):
    MISSING = "missing"
    """The records have a field that the table has no column for."""
    REQUIRED = "required"
    """The table requires a column that the records do not have."""
    NULL = "null"
    """A record holds NULL for a column that does not allow it."""
    TOO_LONG = "too-long"
    """A record holds a text that is longer than the column allows."""
    OUT_OF_RANGE = "out-of-range"
    """A record holds a number, or a time, that is larger or smaller than the column allows."""
    NO_CHOICE = "no-choice"
    """A record holds a value that is none of the column's ENUM or SET."""
    CHARSET = "charset"
    """A record holds a character that the column's character set does not have."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """`place`: the first record that does not fit. `needed`: its length in characters, or its number's in bits; 0 where
    that says nothing (a decimal, a time)."""

    kind: MisfitKind
    column: str
    shape: RecordShape
    needed: int = 0
    place: Place = Place(0)


def misfits(shape: RecordShape, target: TableSchema) -> Iterator[Misfit]:
    """Why the table would refuse these records, for each column that is in the way."""
    fields = {name.lower() for name in shape.fields}
    for name in shape.fields:
        column = target.column(name)
        if column is None:
            yield Misfit(MisfitKind.MISSING, name, shape, place=shape.first)
        elif misfit := _too_large(name, column, shape) or _of_values(name, column, shape):
            yield misfit
        elif name in shape.nulls and not column.nullable and not column.generated:
            yield Misfit(MisfitKind.NULL, name, shape, place=shape.first_null.get(name, shape.first))
    for column in target.columns:
        if column.must_be_given and column.name.lower() not in fields:
            yield Misfit(MisfitKind.REQUIRED, column.name, shape, place=shape.first)


def _too_large(name: str, column: Column, shape: RecordShape) -> Misfit | None:
    kinds = ((MisfitKind.TOO_LONG, shape.lengths), (MisfitKind.OUT_OF_RANGE, shape.bits))
    for kind, grown in kinds:
        for needed, place in grown.get(name, ()):
            if not holds(column, kind, needed):
                return Misfit(kind, name, shape, needed, place)
    return None


def _of_values(name: str, column: Column, shape: RecordShape) -> Misfit | None:
    if (values := shape.values.get(name)) is None or (found := refusal(column, values)) is None:
        return None
    what, place = found
    kind = _KINDS[what]
    return Misfit(kind, name, shape, values.size[-1][0] if kind is MisfitKind.TOO_LONG else 0, place)


_KINDS = {
    Refused.RANGE: MisfitKind.OUT_OF_RANGE,
    Refused.BYTES: MisfitKind.TOO_LONG,
    Refused.CHOICE: MisfitKind.NO_CHOICE,
    Refused.CHARSET: MisfitKind.CHARSET,
}


def takes(table: TableSchema | None, kind: MisfitKind, name: str, needed: int = 0) -> bool:
    """Whether the table would take a record that is in that trouble with the column."""
    if table is None:
        return False
    column = table.column(name)
    if kind is MisfitKind.REQUIRED:
        return column is None or not column.must_be_given
    if column is None:
        return False
    if kind is MisfitKind.NULL:
        return column.nullable or column.generated
    return holds(column, kind, needed)


def holds(column: Column, kind: MisfitKind, needed: int) -> bool:
    """Whether a text of that length, or a whole number of that many bits, has room in the column."""
    if kind is MisfitKind.TOO_LONG:
        return needed <= _limit(column)
    return kind is not MisfitKind.OUT_OF_RANGE or needed <= _bits(column)


def _limit(column: Column) -> float:
    """The column's length in characters, unlimited where its type gives none."""
    if match := _LENGTH.match(column.type):
        return int(match[1])
    return _TEXT_LIMITS.get(column.type, float("inf"))


def _bits(column: Column) -> float:
    """Of the largest whole number that the column keeps; unlimited where it is no such column."""
    match = _INTEGER.match(column.type)
    if not match:
        return float("inf")
    return _INTEGER_BITS[match[1]] - (0 if match["unsigned"] else 1)
