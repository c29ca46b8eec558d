"""Two shapes of one table → what is different, each difference with its kind.

The order of the arguments is time, or the way that data flows: `before` is what was, or what a consumer still has;
`after` is what is, or what the source sends by now. Column names are compared without case, as MySQL does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from watchdog.compare.types import Relation, parsed, relation
from watchdog.model import Column, TableSchema


class Kind(StrEnum):
    """The values are part of what `watchdog drift -o json` prints."""

    ADDED_OPTIONAL = "added-optional"
    ADDED_REQUIRED = "added-required"
    REMOVED = "removed"
    RENAMED = "renamed-suspected"
    TYPE_WIDENED = "type-widened"
    TYPE_NARROWED = "type-narrowed"
    TYPE_CHANGED = "type-changed"
    VALUES_ADDED = "enum-values-added"
    VALUES_REMOVED = "enum-values-removed"
    VALUES_CHANGED = "enum-values-changed"
    VALUES_REORDERED = "enum-values-reordered"
    NOW_NULLABLE = "now-nullable"
    NOW_REQUIRED = "now-required"
    DEFAULT = "default"
    CHARSET = "character-set"
    PRIMARY_KEY = "primary-key"
    ORDER = "order"


SHAPE = frozenset(Kind) - {Kind.DEFAULT, Kind.CHARSET}
"""What two observers of one table must agree on. A default is spelled in more ways than can be told apart, and a
character set changes no column of a row."""

_BY_RELATION = {
    Relation.WIDENED: Kind.TYPE_WIDENED,
    Relation.NARROWED: Kind.TYPE_NARROWED,
    Relation.CHANGED: Kind.TYPE_CHANGED,
}
_VALUES_BY_RELATION = {
    Relation.WIDENED: Kind.VALUES_ADDED,
    Relation.NARROWED: Kind.VALUES_REMOVED,
    Relation.CHANGED: Kind.VALUES_CHANGED,
    Relation.SAME: Kind.VALUES_REORDERED,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different. `before` and `after` are None where there is no such column; both are None for what
    concerns the table as a whole, whose `was` and `now` say it in words."""

    kind: Kind
    column: str
    """As `after` spells it, where it has it; empty for the table as a whole."""
    before: Column | None = None
    after: Column | None = None
    was: str = ""
    now: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a suspected rename both names, the old one first."""
        if self.kind is Kind.RENAMED and self.before:
            return self.before.name, self.column
        return (self.column,) if self.column else ()

    def __str__(self) -> str:
        change = f"{self.was} → {self.now}" if self.was and self.now else self.was or self.now
        name = " → ".join(self.columns)
        return f"{self.kind.value.replace('-', ' ')}: {name}{f' ({change})' if name and change else change}"


def differences(before: TableSchema, after: TableSchema) -> tuple[Difference, ...]:
    """Columns that are gone or new first, then those that changed, then key and order."""
    if before is after or (before.columns, before.primary_key) == (after.columns, after.primary_key):
        return ()
    return tuple(_differences(before, after))


def shape_differences(before: TableSchema, after: TableSchema) -> tuple[Difference, ...]:
    """Those that change what a row is made of."""
    return tuple(each for each in differences(before, after) if each.kind in SHAPE)


def _differences(before: TableSchema, after: TableSchema) -> Iterator[Difference]:
    old = {column.name.lower(): column for column in before.columns}
    new = {column.name.lower(): column for column in after.columns}
    gone = [column for name, column in old.items() if name not in new]
    come = [column for name, column in new.items() if name not in old]
    renamed = _renamed(gone, come, list(old), list(new))
    for was, now in renamed:
        yield Difference(Kind.RENAMED, now.name, was, now, was.type, now.type)
    for column in gone:
        if all(column is not was for was, _ in renamed):
            yield Difference(Kind.REMOVED, column.name, column, None, defined(column))
    for column in come:
        if all(column is not now for _, now in renamed):
            kind = Kind.ADDED_REQUIRED if column.must_be_given else Kind.ADDED_OPTIONAL
            yield Difference(kind, column.name, None, column, "", defined(column))
    for name, column in new.items():
        if name in old:
            yield from _changes(old[name], column)
    yield from _of_the_table(before, after, old, new)


def _renamed(
    gone: Sequence[Column], come: Sequence[Column], old: Sequence[str], new: Sequence[str]
) -> list[tuple[Column, Column]]:
    """Pairs of one type: at the same place in the table, or the only one that went and the only one that came."""
    only = len(gone) == len(come) == 1
    pairs = []
    for was in gone:
        for now in come:
            same_place = old.index(was.name.lower()) == new.index(now.name.lower())
            if (only or same_place) and relation(was.type, now.type) is Relation.SAME:
                pairs.append((was, now))
    return pairs


def _changes(old: Column, new: Column) -> Iterator[Difference]:
    if old == new:
        return
    yield from _type_changes(old, new)
    if old.nullable != new.nullable:
        kind = Kind.NOW_NULLABLE if new.nullable else Kind.NOW_REQUIRED
        yield Difference(kind, new.name, old, new, _null(old), _null(new))
    if old.default != new.default:
        yield Difference(Kind.DEFAULT, new.name, old, new, _default(old), _default(new))
    if old.charset and new.charset and old.charset != new.charset:
        yield Difference(Kind.CHARSET, new.name, old, new, old.charset, new.charset)


def _type_changes(old: Column, new: Column) -> Iterator[Difference]:
    if old.type == new.type:
        return
    how = relation(old.type, new.type)
    one, other = parsed(old.type), parsed(new.type)
    if one.base == other.base and one.values and other.values:
        if one.values != other.values:
            yield Difference(_VALUES_BY_RELATION[how], new.name, old, new, old.type, new.type)
    elif how is not Relation.SAME:
        yield Difference(_BY_RELATION[how], new.name, old, new, old.type, new.type)


def _of_the_table(
    before: TableSchema, after: TableSchema, old: dict[str, Column], new: dict[str, Column]
) -> Iterator[Difference]:
    if list(map(str.lower, before.primary_key)) != list(map(str.lower, after.primary_key)):
        yield Difference(Kind.PRIMARY_KEY, "", was=_key(before), now=_key(after))
    one, other = [name for name in old if name in new], [name for name in new if name in old]
    if one != other:
        yield Difference(Kind.ORDER, "", was=", ".join(one), now=", ".join(other))


def defined(column: Column) -> str:
    """`varchar(64) NOT NULL DEFAULT 'x'`."""
    default = f" {_default(column)}" if column.default is not None else ""
    return f"{column.type} {_null(column)}{default}"


def _null(column: Column) -> str:
    return "NULL" if column.nullable else "NOT NULL"


def _default(column: Column) -> str:
    return "no default" if column.default is None else f"DEFAULT {column.default}"


def _key(table: TableSchema) -> str:
    return f"({', '.join(table.primary_key)})" if table.primary_key else "no key"
