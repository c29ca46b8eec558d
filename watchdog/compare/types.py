"""MySQL's column types as a lattice: which type keeps every value of which other.

Types are text as `Column.type` holds them: `varchar(64)`, `int unsigned`, `enum('a','b')`. A type that is not known
here fits only itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_SPELLING = re.compile(r"(?P<base>[a-z ]+?)\s*(?:\((?P<args>.*)\))?(?P<flags>(?: unsigned| zerofill)*)", re.DOTALL)
_VALUE = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_INTEGER_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_LOB_BITS = {"tiny": 8, "": 16, "medium": 24, "long": 32}
_TEXT_BYTES = {f"{size}text": (1 << bits) - 1 for size, bits in _LOB_BITS.items()} | {"json": (1 << 32) - 1}
_BLOB_BYTES = {f"{size}blob": (1 << bits) - 1 for size, bits in _LOB_BITS.items()}
_CHARACTER_BYTES_MAX = 4
_FRACTIONS = ("datetime", "timestamp", "time")
_FLOAT_BITS = {"float": 24, "double": 53}
_YEAR_MAX = 2155


class Family(StrEnum):
    """What kind of values a type holds."""

    NUMBER = "number"
    FLOAT = "floating-point number"
    BITS = "bits"
    TEXT = "text"
    CHOICE = "enum"
    CHOICES = "set"
    BYTES = "bytes"
    MOMENT = "time"
    OTHER = "other"


class Relation(StrEnum):
    """What became of a type."""

    SAME = "same"
    WIDENED = "widened"
    """It keeps all that the old one kept, and more."""
    NARROWED = "narrowed"
    CHANGED = "changed"
    """Each has values that the other cannot keep."""


@dataclass(frozen=True, slots=True)
class SqlType:
    base: str
    args: tuple[int, ...] = ()
    unsigned: bool = False
    values: tuple[str, ...] = ()
    """Of an enum or set, without quotes."""

    @property
    def family(self) -> Family:
        if self.base in _INTEGER_BITS or self.base in ("decimal", "year"):
            return Family.NUMBER
        if self.base in ("char", "varchar") or self.base in _TEXT_BYTES:
            return Family.TEXT
        if self.base in ("binary", "varbinary") or self.base in _BLOB_BYTES:
            return Family.BYTES
        if self.base in ("date", *_FRACTIONS):
            return Family.MOMENT
        singles = {"enum": Family.CHOICE, "set": Family.CHOICES, "bit": Family.BITS}
        return singles.get(self.base, Family.FLOAT if self.base in _FLOAT_BITS else Family.OTHER)


@lru_cache(maxsize=4096)
def parsed(text: str) -> SqlType:
    match = _SPELLING.fullmatch(text)
    if not match:
        return SqlType(text)
    base, args, flags = match["base"], match["args"] or "", match["flags"]
    if base in ("enum", "set"):
        return SqlType(base, values=tuple(value.replace("''", "'") for value in _VALUE.findall(args)))
    numbers = tuple(int(part) for part in args.split(",") if part.strip().isdecimal())
    return SqlType(base, numbers, bool(flags))


def relation(before: str, after: str) -> Relation:
    """`varchar(32)`, `varchar(64)` → WIDENED; `tinyint(1)`, `tinyint` → SAME, since they hold the same values."""
    if before == after:
        return Relation.SAME
    one, other = parsed(before), parsed(after)
    forth, back = fits(one, other), fits(other, one)
    if forth and back:
        return Relation.SAME
    return Relation.WIDENED if forth else Relation.NARROWED if back else Relation.CHANGED


def fits(inner: SqlType, outer: SqlType) -> bool:
    """Whether the outer type keeps each value of the inner one, unchanged."""
    if inner == outer:
        return True
    families = (inner.family, outer.family)
    match families:
        case (Family.NUMBER, Family.NUMBER):
            return numbers_fit(inner, outer)
        case (Family.NUMBER, Family.FLOAT):
            return not outer.args and _is_exact_in(inner, outer)
        case (Family.FLOAT, Family.FLOAT):
            return _floats_fit(inner, outer)
        case (Family.BITS, Family.BITS) | (Family.BYTES, Family.BYTES):
            return _size(inner) <= _size(outer)
        case (Family.MOMENT, Family.MOMENT):
            return _moments_fit(inner, outer)
        case (Family.CHOICE, Family.CHOICE) | (Family.CHOICES, Family.CHOICES):
            return set(inner.values) <= set(outer.values)
        case (Family.TEXT | Family.CHOICE | Family.CHOICES, Family.TEXT):
            return _texts_fit(inner, outer)
    return False


def numbers_fit(inner: SqlType, outer: SqlType, *, rounded: bool = False) -> bool:
    """`rounded`: digits behind the point may be lost, as MySQL does it without a word."""
    low, high, scale = number_range(inner)
    outer_low, outer_high, outer_scale = number_range(outer)
    if scale > outer_scale:
        if not rounded:
            return False
        # Cut towards zero: -9.99 and 9.99 at one digit are -9.9 and 9.9.
        cut: int = 10 ** (scale - outer_scale)
        low, high, scale = -(-low // cut), high // cut, outer_scale
    unit: int = 10 ** (outer_scale - scale)
    return outer_low <= low * unit and high * unit <= outer_high


def fraction(kind: SqlType) -> int:
    """Digits of a second that a time type keeps."""
    return kind.args[0] if kind.args else 0


def number_range(kind: SqlType) -> tuple[int, int, int]:
    """Lowest and highest value in units of 10^-scale, and the scale."""
    if kind.base == "year":
        return 0, _YEAR_MAX, 0
    if kind.base == "decimal":
        precision, scale = (*kind.args, 10, 0)[:2] if kind.args else (10, 0)
        high = 10**precision - 1
        return (0 if kind.unsigned else -high), high, scale
    bits = _INTEGER_BITS[kind.base]
    return (0, (1 << bits) - 1, 0) if kind.unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1, 0)


def _is_exact_in(number: SqlType, float_: SqlType) -> bool:
    low, high, scale = number_range(number)
    return scale == 0 and max(-low, high) <= 1 << _FLOAT_BITS[float_.base] and (low >= 0 or not float_.unsigned)


def _floats_fit(inner: SqlType, outer: SqlType) -> bool:
    if _FLOAT_BITS[inner.base] > _FLOAT_BITS[outer.base] or (outer.unsigned and not inner.unsigned):
        return False
    if not outer.args:
        return True
    if not inner.args:
        return False
    (digits, scale), (outer_digits, outer_scale) = inner.args[:2], outer.args[:2]
    return scale <= outer_scale and digits - scale <= outer_digits - outer_scale


def _moments_fit(inner: SqlType, outer: SqlType) -> bool:
    """A timestamp's and a date's values are datetimes; not the other way round."""
    kept_by = {"date": ("date", "datetime"), "timestamp": ("timestamp", "datetime")}
    return outer.base in kept_by.get(inner.base, (inner.base,)) and fraction(inner) <= fraction(outer)


def _texts_fit(inner: SqlType, outer: SqlType) -> bool:
    # Only JSON keeps to JSON's rules.
    if outer.base == "json":
        return inner.base == "json"
    characters, length = _text_size(inner)
    outer_characters, outer_length = _text_size(outer)
    return characters <= outer_characters if outer.base in ("char", "varchar") else length <= outer_length


def _text_size(kind: SqlType) -> tuple[int, int]:
    """Characters and bytes at most."""
    if kind.base in _TEXT_BYTES:
        return _TEXT_BYTES[kind.base], _TEXT_BYTES[kind.base]
    if kind.base == "enum":
        characters = max(map(len, kind.values), default=0)
    elif kind.base == "set":
        characters = len(",".join(kind.values))
    else:
        characters = _size(kind)
    return characters, characters * _CHARACTER_BYTES_MAX


def _size(kind: SqlType) -> int:
    return _BLOB_BYTES.get(kind.base) or (kind.args[0] if kind.args else 1)
