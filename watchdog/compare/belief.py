"""The live table against what Debezium believes it to be: what happens to the next row.

A row in the binlog is values in order, without names. Debezium gives them the names and types of the table that it
believes in: with another number of columns it fails, with the same number it takes one column's value for another's.
"""

from __future__ import annotations

import re

from watchdog.compare.consumers import Effect, Judged
from watchdog.compare.tables import Difference, Kind, shape_differences
from watchdog.model import Binlog, Position, SchemaChange, SourceOffset, TableSchema
from watchdog.positions import has_passed, missing

SETTLED_SECONDS = 20.0
"""Longer than the columns of the largest server take to be read."""
_IN_ROWS = re.compile(r'"(?:row|event)":\s*[1-9]')

_BY_KIND = {
    Kind.RENAMED: (Effect.CORRUPTS, "its values go on under the old name"),
    Kind.ORDER: (Effect.CORRUPTS, "values are read into the wrong columns"),
    Kind.TYPE_CHANGED: (Effect.CORRUPTS, "values are read by the old type: it fails, or they come out wrong"),
    Kind.TYPE_NARROWED: (Effect.CORRUPTS, "values are read by the old type: it fails, or they come out wrong"),
    Kind.TYPE_WIDENED: (Effect.CORRUPTS, "values are read by the old type: it fails, or they come out wrong"),
    Kind.VALUES_ADDED: (Effect.LOSES, "a value that it does not know becomes empty"),
    Kind.VALUES_REMOVED: (Effect.CORRUPTS, "values are numbers in the binlog, and are read as the old list has them"),
    Kind.VALUES_CHANGED: (Effect.CORRUPTS, "values are numbers in the binlog, and are read as the old list has them"),
    Kind.VALUES_REORDERED: (Effect.CORRUPTS, "values are numbers in the binlog, and are read as the old list has them"),
    Kind.NOW_NULLABLE: (Effect.MAY_FAIL, "a NULL is refused, since the records' schema says that there is none"),
    Kind.PRIMARY_KEY: (Effect.LOSES, "records keep the old key"),
}


def belief_differences(believed: TableSchema, live: TableSchema) -> tuple[Difference, ...]:
    """From what Debezium believes to the live table, as far as both tell of it in the same way."""
    found = shape_differences(believed, live)
    # Without a primary key Debezium takes a unique one for it.
    return found if live.primary_key else tuple(each for each in found if each.kind is not Kind.PRIMARY_KEY)


def judged_by_debezium(difference: Difference, believed: TableSchema, live: TableSchema) -> Judged:
    """`difference`: from what Debezium believes to the live table, which no statement will tell it."""
    have, row = len(believed.columns), len(live.columns)
    if difference.kind in (Kind.ADDED_OPTIONAL, Kind.ADDED_REQUIRED, Kind.REMOVED):
        if have != row:
            reason = f"the next row fails the source: Debezium knows {have} columns, and the row has {row}"
            return Judged(Effect.FAILS, reason)
        return Judged(Effect.CORRUPTS, "as many columns as it knows, but others: values go on under the wrong names")
    effect, reason = _BY_KIND.get(difference.kind, (Effect.FINE, "rows are read as before"))
    return Judged(effect, reason)


def is_read_to(offset: SourceOffset | None, place: Position | None) -> bool | None:
    """Whether a source with this stored offset has read every statement that was in the binlog at that place; None: it
    cannot be told.

    The set of gtids in an offset lacks the transaction that the source is in, and it stays in it until the next one
    comes. When that is the only one that is missing, it is enough that it is no DDL, or that it was read to its end.
    """
    if offset is None or place is None or not (place.gtid or place.file):
        return None
    read = offset.position
    passed = has_passed(read, place)
    if passed is not False or not read.gtid or not place.gtid or missing(place.gtid, read.gtid) != 1:
        return passed
    at_its_end = read.file == place.file and (read.pos or 0) >= (place.pos or 0) > 0
    return at_its_end or bool(_IN_ROWS.search(offset.text))


def changed_just_now(change: SchemaChange | None, binlog: Binlog | None) -> bool:
    """Whether the last logged change came so late that the columns may have been read before it; by the clock of the
    database, which tells both."""
    if change is None or binlog is None or binlog.now is None:
        return False
    return (binlog.now - change.at).total_seconds() < SETTLED_SECONDS
