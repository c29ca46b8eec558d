"""What records hold in one field, against the column that it would be written to: range, bytes, choices, characters.

MySQL in its usual, strict mode. Digits behind the point that a decimal has no room for are rounded without a word, and
where nothing is certain the value is taken for fit: it is better found out by one restart than held for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from watchdog.compare.types import Family, SqlType, number_range, parsed
from watchdog.model import Column, FieldValues, Grown, Place, ValueKind


class Refused(StrEnum):
    RANGE = "range"
    BYTES = "bytes"
    CHOICE = "choice"
    CHARSET = "charset"


Found = tuple[Refused, Place] | None

# Which zone a moment is meant in, the sink's settings tell: no zone is further off than that.
_ZONE_SECONDS = 14 * 3600
_MOMENTS = {
    "timestamp": (1 - _ZONE_SECONDS, 2**31 - 1 + _ZONE_SECONDS),
    # From the year 0 to 9999: more than is documented, and what the server takes.
    "datetime": (-62_167_219_200 - _ZONE_SECONDS, 253_402_300_799 + _ZONE_SECONDS),
    "date": (-62_167_219_200 - _ZONE_SECONDS, 253_402_300_799 + _ZONE_SECONDS),
}
_SPAN_SECONDS_MAX = 838 * 3600 + 59 * 60 + 59
_BYTES_MAX = {
    "tinytext": 2**8 - 1, "text": 2**16 - 1, "mediumtext": 2**24 - 1,
    "tinyblob": 2**8 - 1, "blob": 2**16 - 1, "mediumblob": 2**24 - 1,
}  # fmt: skip
_CODE_POINT_MAX = {"ascii": 0x7F, "utf8mb3": 0xFFFF, "ucs2": 0xFFFF}


def refusal(column: Column, values: FieldValues) -> Found:
    """Why the column refuses one of these values, and the first that it refuses; None when it takes them all."""
    kind = parsed(column.type)
    match values.kind:
        case ValueKind.NUMBER if kind.family is Family.NUMBER and kind.base != "year":
            return _number(kind, values)
        case ValueKind.MOMENT if kind.base in _MOMENTS:
            return _outside(values, *_MOMENTS[kind.base])
        case ValueKind.SPAN if kind.base == "time":
            return _outside(values, -_SPAN_SECONDS_MAX, _SPAN_SECONDS_MAX)
        case ValueKind.CHOICE | ValueKind.CHOICES if kind.family in (Family.CHOICE, Family.CHOICES):
            return _choice(kind, values)
        case ValueKind.TEXT | ValueKind.BYTES:
            return _bytes(kind, values, column.charset) or _characters(column.charset, values)
    return None


def _number(kind: SqlType, values: FieldValues) -> Found:
    low, high, scale = number_range(kind)
    dropped = max(0, values.scale - scale)
    unit = 10 ** max(0, scale - values.scale)
    return _outside_of(values.low, lambda value: _rounded(value * unit, dropped) < low) or _outside_of(
        values.high, lambda value: _rounded(value * unit, dropped) > high
    )


def _rounded(value: int, digits: int) -> int:
    """Half away from zero, as MySQL does it."""
    if not digits:
        return value
    unit: int = 10**digits
    rounded = (abs(value) + unit // 2) // unit
    return -rounded if value < 0 else rounded


def _outside(values: FieldValues, low: int, high: int) -> Found:
    return _outside_of(values.low, lambda value: value < low) or _outside_of(values.high, lambda value: value > high)


def _outside_of(grown: Grown, is_outside: Callable[[int], bool]) -> Found:
    return next(((Refused.RANGE, place) for value, place in grown if is_outside(value)), None)


def _choice(kind: SqlType, values: FieldValues) -> Found:
    # An ENUM's and a SET's values are compared by their collation, mostly without case.
    known = {value.casefold().rstrip() for value in kind.values}
    for text, place in values.choices:
        parts = text.split(",") if kind.family is Family.CHOICES and text else [text]
        if text and any(part.casefold().rstrip() not in known for part in parts):
            return Refused.CHOICE, place
    return None


def _bytes(kind: SqlType, values: FieldValues, charset: str | None) -> Found:
    """A TEXT is limited in bytes, which are more than its characters; VARCHAR in characters alone."""
    limit = _BYTES_MAX.get(kind.base)
    if kind.base in ("binary", "varbinary"):
        limit = kind.args[0] if kind.args else 1
    if limit is None or (values.kind is ValueKind.TEXT and charset not in (None, "utf8mb4", "utf8mb3")):
        return None
    return next(((Refused.BYTES, place) for size, place in values.size if size > limit), None)


def _characters(charset: str | None, values: FieldValues) -> Found:
    if charset == "latin1":
        return (Refused.CHARSET, values.not_latin1) if values.not_latin1 else None
    highest = _CODE_POINT_MAX.get(charset or "", 0x10FFFF)
    return next(((Refused.CHARSET, place) for point, place in values.code_point if point > highest), None)
