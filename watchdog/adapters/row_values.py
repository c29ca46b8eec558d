"""What is in a row's fields, as far as a table may refuse it: how large, how early, how long in bytes, which choice.

A field's kind is told by its schema: Debezium's and Connect's names for what is a number or a text underneath. What has
no such name, or holds something else than its schema says, is left out: it is no reason to hold a sink back.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from watchdog.model import FieldValues, Grown, Place, ValueKind

DECIMAL = "org.apache.kafka.connect.data.Decimal"
_LATIN1_SURE = 0xFF
_GROWN_KEPT = 64
_CHOICES_KEPT = 256
_DAY, _MILLI, _MICRO, _NANO = 86_400, 1_000, 1_000_000, 1_000_000_000


def _seconds(units: int) -> Callable[[Any], int | None]:
    return lambda value: value // units if isinstance(value, int) else None


def _days(value: Any) -> int | None:
    return value * _DAY if isinstance(value, int) else None


def _zoned(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return int(datetime.fromisoformat(value).timestamp())
    except (ValueError, OverflowError):
        return None


_MOMENTS: Mapping[str, Callable[[Any], int | None]] = {
    "io.debezium.time.Date": _days,
    "io.debezium.time.Timestamp": _seconds(_MILLI),
    "io.debezium.time.MicroTimestamp": _seconds(_MICRO),
    "io.debezium.time.NanoTimestamp": _seconds(_NANO),
    "io.debezium.time.ZonedTimestamp": _zoned,
    "org.apache.kafka.connect.data.Date": _days,
    "org.apache.kafka.connect.data.Timestamp": _seconds(_MILLI),
}
_SPANS: Mapping[str, Callable[[Any], int | None]] = {
    "io.debezium.time.Time": _seconds(_MILLI),
    "io.debezium.time.MicroTime": _seconds(_MICRO),
    "io.debezium.time.NanoTime": _seconds(_NANO),
    "org.apache.kafka.connect.data.Time": _seconds(_MILLI),
}
_CHOICES = {"io.debezium.data.Enum": ValueKind.CHOICE, "io.debezium.data.EnumSet": ValueKind.CHOICES}


@dataclass(frozen=True, slots=True)
class FieldKind:
    """`read`: a value of the field → the whole number that counts; None where it is none."""

    kind: ValueKind
    read: Callable[[Any], int | None] = lambda value: value if isinstance(value, int) else None
    scale: int = 0


def kind_of(type_name: str, name: str, scale: str | int | None) -> FieldKind | None:
    """By the type's own name (`int64`, `bytes` …), the name that it goes by, and a decimal's scale. None: plain."""
    if name == DECIMAL or (name == "decimal" and scale is not None):
        digits = int(scale or 0)
        return FieldKind(ValueKind.NUMBER, lambda value: _unscaled(value, digits), digits)
    if name in _MOMENTS:
        return FieldKind(ValueKind.MOMENT, _MOMENTS[name])
    if name in _SPANS:
        return FieldKind(ValueKind.SPAN, _SPANS[name])
    if name in _CHOICES:
        return FieldKind(_CHOICES[name])
    if type_name == "bytes" and not name:
        return FieldKind(ValueKind.BYTES, _length)
    return None


def _unscaled(value: Any, scale: int) -> int | None:
    if isinstance(value, Decimal):
        return int(value.scaleb(scale)) if value.is_finite() else None
    raw = _bytes(value)
    return int.from_bytes(raw, "big", signed=True) if raw is not None else None


def _length(value: Any) -> int | None:
    raw = _bytes(value)
    return len(raw) if raw is not None else None


def _bytes(value: Any) -> bytes | None:
    """JSON holds them as Base64, Avro as they are."""
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else None
    except binascii.Error:
        return None


@dataclass(slots=True)
class ValueCount:
    """Gathers one field's values. `place` is asked only of those that are told."""

    kind: ValueKind
    scale: int = 0
    low: Grown = ()
    high: Grown = ()
    size: Grown = ()
    code_point: Grown = ()
    choices: dict[str, Place] = field(default_factory=dict)
    not_latin1: Place | None = None

    def rescale(self, scale: int) -> None:
        """The column has got more digits behind its point meanwhile."""
        unit = 10 ** (scale - self.scale)
        self.low = tuple((value * unit, place) for value, place in self.low)
        self.high = tuple((value * unit, place) for value, place in self.high)
        self.scale = scale

    def number(self, value: int, place: Callable[[], Place], scale: int = 0) -> None:
        if self.scale != scale:
            value *= 10 ** (self.scale - scale)
        if not self.high or value > self.high[-1][0]:
            self.high = grown(self.high, value, place())
        if not self.low or value < self.low[-1][0]:
            self.low = grown(self.low, value, place())

    def bytes_of(self, length: int, place: Callable[[], Place]) -> None:
        if not self.size or length > self.size[-1][0]:
            self.size = grown(self.size, length, place())

    def text(self, value: str, place: Callable[[], Place]) -> None:
        """Of one that is not all ASCII."""
        self.bytes_of(len(value.encode("utf-8", "surrogatepass")), place)
        largest = ord(max(value))
        if not self.code_point or largest > self.code_point[-1][0]:
            self.code_point = grown(self.code_point, largest, place())
        # MySQL's latin1 is Windows' 1252.
        if largest > _LATIN1_SURE and self.not_latin1 is None and not _is_windows_1252(value):
            self.not_latin1 = place()

    def choice(self, value: str, place: Callable[[], Place]) -> None:
        if value not in self.choices and len(self.choices) < _CHOICES_KEPT:
            self.choices[value] = place()

    def values(self) -> FieldValues:
        return FieldValues(
            self.kind,
            self.scale,
            self.low,
            self.high,
            self.size,
            self.code_point,
            tuple(self.choices.items()),
            self.not_latin1,
        )


_BEYOND = frozenset("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")


def _is_windows_1252(text: str) -> bool:
    return all(ord(letter) <= _LATIN1_SURE or letter in _BEYOND for letter in text)


def take(count: ValueCount, kind: FieldKind, value: Any, place: Callable[[], Place]) -> None:
    if kind.kind in (ValueKind.CHOICE, ValueKind.CHOICES):
        if isinstance(value, str):
            count.choice(value, place)
    elif (number := kind.read(value)) is not None:
        if kind.kind is ValueKind.BYTES:
            count.bytes_of(number, place)
        else:
            count.number(number, place, kind.scale)


def grown(before: Grown, size: int, place: Place) -> Grown:
    return (*before[: _GROWN_KEPT - 1], (size, place))
