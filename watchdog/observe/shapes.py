"""PURE: two readings of the records that wait, the second from where the first one ended → one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from watchdog.model import FieldValues, Grown, Place, RecordShape, TopicPartition

_Key = tuple[TopicPartition, frozenset[str]]


def together(earlier: Iterable[RecordShape], later: Iterable[RecordShape]) -> tuple[RecordShape, ...]:
    found: dict[_Key, RecordShape] = {_key(shape): shape for shape in earlier}
    for shape in later:
        before = found.get(_key(shape))
        found[_key(shape)] = _joined(before, shape) if before else shape
    return tuple(found.values())


def _key(shape: RecordShape) -> _Key:
    return shape.partition, frozenset(shape.fields)


def _joined(one: RecordShape, other: RecordShape) -> RecordShape:
    return replace(
        one,
        last_offset=other.last_offset,
        count=one.count + other.count,
        lengths=_each(one.lengths, other.lengths),
        bits=_each(one.bits, other.bits),
        nulls=one.nulls | other.nulls,
        first_null={**other.first_null, **one.first_null},
        values={**other.values, **{name: _values(each, other.values.get(name)) for name, each in one.values.items()}},
    )


def _each(one: Mapping[str, Grown], other: Mapping[str, Grown]) -> dict[str, Grown]:
    return {name: _grown(one.get(name, ()), other.get(name, ())) for name in {**one, **other}}


def _grown(one: Grown, other: Grown, sign: int = 1) -> Grown:
    return (*one, *(each for each in other if not one or sign * each[0] > sign * one[-1][0]))


def _values(one: FieldValues, other: FieldValues | None) -> FieldValues:
    if other is None:
        return one
    scale = max(one.scale, other.scale)
    one, other = _at_scale(one, scale), _at_scale(other, scale)
    return replace(
        one,
        low=_grown(one.low, other.low, -1),
        high=_grown(one.high, other.high),
        size=_grown(one.size, other.size),
        code_point=_grown(one.code_point, other.code_point),
        choices=tuple({**dict(other.choices), **dict(one.choices)}.items()),
        not_latin1=one.not_latin1 or other.not_latin1,
    )


def _at_scale(values: FieldValues, scale: int) -> FieldValues:
    if values.scale == scale:
        return values
    unit = 10 ** (scale - values.scale)
    return replace(values, scale=scale, low=_times(values.low, unit), high=_times(values.high, unit))


def _times(grown: Grown, unit: int) -> tuple[tuple[int, Place], ...]:
    return tuple((size * unit, place) for size, place in grown)
