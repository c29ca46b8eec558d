"""PURE: records of Debezium's schema topics → what each table looked like, and each statement that changed it.

The same statement comes several times: once in the public schema change topic, once in the internal history topic, and
again after each restart of the source. It is one change all the same, and known by its position.

The helper tables of an online schema change are kept apart. What was run on them is told with the RENAME that makes one
of them the real table: one change of the real table, from what it was before to what it is then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from watchdog.model import Origin, Position, SchemaChange, SchemaRecord, TableId, TableSchema
from watchdog.online_changes import helper_names, real_table, statements_of, swapped_in

CHANGES_KEPT_MAX = 100
"""For each table, the newest."""

TableKey = tuple[str, TableId]
"""The source's `topic.prefix`, and the table."""


class Arrival(StrEnum):
    """What a record turned out to be; the values are labels of `watchdog_schema_changes_total`."""

    NEW = "new"
    REDELIVERED = "redelivered"
    """The same record of the same topic came before."""
    TWIN = "twin"
    """The other topic told of it already."""
    BASELINE = "baseline"
    """A snapshot's: how the table is, not that it changed."""
    HELPER = "helper"
    """Of a table that an online schema change works on."""
    FOREIGN = "foreign"
    """Of a table that the source does not capture, or of none."""


Captures = Callable[[str, TableId], bool]
"""Whether the source of that `topic.prefix` captures the table."""


@dataclass(frozen=True, slots=True)
class SchemaHistory:
    """`tables`: how Debezium believes each table to be (None: dropped). `changes`: oldest first.

    `helpers`: the same of the tables that online schema changes work on; they are in no other place.
    """

    tables: Mapping[TableKey, TableSchema | None] = field(default_factory=dict)
    changes: Mapping[TableKey, tuple[SchemaChange, ...]] = field(default_factory=dict)
    helpers: SchemaHistory | None = None

    def of(self, prefix: str, table: TableId) -> tuple[SchemaChange, ...]:
        """A helper's too, for the sink that reads its topic all the same."""
        own = self.changes.get((prefix, table), ())
        return own or (self.helpers.of(prefix, table) if self.helpers else ())

    def table(self, prefix: str, table: TableId) -> TableSchema | None:
        return self.tables.get((prefix, table))

    def is_helper(self, prefix: str, table: TableId) -> bool:
        """Whether this is a table that an online schema change works on."""
        return real_table(table, lambda real: (prefix, real) in self.tables) is not None


def absorb(history: SchemaHistory, record: SchemaRecord, captures: Captures) -> tuple[SchemaHistory, Arrival]:
    """The history with the record in it, and what the record was. `captures` tells a source's tables from others."""
    if record.table is None:
        return history, Arrival.FOREIGN
    if _is_helper(history, record, captures):
        helpers, arrival = _absorb(history.helpers or SchemaHistory(), record)
        is_news = arrival in (Arrival.NEW, Arrival.BASELINE)
        return replace(history, helpers=helpers), Arrival.HELPER if is_news else arrival
    if not captures(record.prefix, record.table):
        return history, Arrival.FOREIGN
    return _absorb(_without_look_alikes(history, record), record)


def _is_helper(history: SchemaHistory, record: SchemaRecord, captures: Captures) -> bool:
    """A tool may make its helpers outside the source's lists: what counts is whether the real table is captured.

    One that was dropped counts, too: the two topics tell of the same things at different times.
    """

    def is_known(real: TableId) -> bool:
        return (record.prefix, real) in history.tables and captures(record.prefix, real)

    return record.table is not None and real_table(record.table, is_known) is not None


def _without_look_alikes(history: SchemaHistory, record: SchemaRecord) -> SchemaHistory:
    """A snapshot tells of tables by name, so of helpers first: they are seen for what they are with the real table."""
    if record.table is None or (record.prefix, record.table) in history.tables:
        return history
    keys = [key for name in helper_names(record.table) if (key := (record.prefix, name)) in history.tables]
    if not keys:
        return history
    helpers = history.helpers or SchemaHistory()
    moved = SchemaHistory(
        {**helpers.tables, **{key: history.tables[key] for key in keys}},
        {**helpers.changes, **{key: history.changes.get(key, ()) for key in keys}},
    )
    return SchemaHistory(
        {key: table for key, table in history.tables.items() if key not in keys},
        {key: changes for key, changes in history.changes.items() if key not in keys},
        moved,
    )


def _absorb(history: SchemaHistory, record: SchemaRecord) -> tuple[SchemaHistory, Arrival]:
    assert record.table is not None
    table = (record.prefix, record.table)
    known, key = history.changes.get(table, ()), _identity(record)
    if any(key in change.keys for change in known):
        return history, Arrival.REDELIVERED
    if record.snapshot:
        # The two topics are read side by side: a snapshot may come by after a change that was made on top of it.
        if known and int(record.at.timestamp()) <= int(known[-1].at.timestamp()):
            return history, Arrival.BASELINE
        return replace(history, tables={**history.tables, table: record.after}), Arrival.BASELINE
    if (twin := _twin(known, record)) is not None:
        return _replace_change(history, table, twin, _with_key(history, twin, record, key)), Arrival.TWIN
    statements = _run_on_the_helper(history, record)
    change = SchemaChange(
        id=hashlib.sha256(f"{record.prefix}|{key}".encode()).hexdigest()[:16],
        prefix=record.prefix,
        table=record.table,
        position=record.position,
        at=record.at,
        ddl=record.ddl,
        kind=record.kind,
        before=history.tables.get(table) or (_dropped_for_it(known) if statements else None),
        after=record.after,
        keys=(key,),
        statements=statements,
        thread=record.thread,
    )
    kept = (*known, change)[-CHANGES_KEPT_MAX:]
    tables, changes = {**history.tables, table: record.after}, {**history.changes, table: kept}
    return replace(history, tables=tables, changes=changes), Arrival.NEW


def _run_on_the_helper(history: SchemaHistory, record: SchemaRecord) -> tuple[str, ...]:
    """What made the table that a RENAME swapped in; empty for any other statement."""
    if history.helpers is None or record.table is None or record.after is None:
        return ()
    prefix, columns = record.prefix, record.after.columns
    like_it = [
        table
        for (of, table), schema in history.helpers.tables.items()
        if of == prefix and schema and schema.columns == columns and real_table(table, record.table.__eq__)
    ]
    swapped = swapped_in(record.ddl, like_it)
    return statements_of(history.helpers.of(prefix, swapped)) if swapped else ()


def _dropped_for_it(known: tuple[SchemaChange, ...]) -> TableSchema | None:
    """How the table was that a tool dropped (instead of renaming it) to put another in its place."""
    return known[-1].before if known and known[-1].kind == "DROP" else None


def _identity(record: SchemaRecord) -> str:
    ddl = hashlib.sha256(record.ddl.encode()).hexdigest()[:12]
    # A gtid names the statement's transaction; a file and position alone can come again on another server.
    place = f"{record.position.gtid or ''}@{record.position.file}:{record.position.pos}"
    return f"{record.origin}|{place}|{record.table}|{ddl}"


def _twin(known: tuple[SchemaChange, ...], record: SchemaRecord) -> SchemaChange | None:
    """The change that the other topic told of: same text, same second, same binlog file, not yet told by this one."""
    for change in known:
        if (
            change.ddl == record.ddl
            and int(change.at.timestamp()) == int(record.at.timestamp())
            and change.position.file == record.position.file
            and not any(key.startswith(f"{record.origin}|") for key in change.keys)
        ):
            return change
    return None


def _with_key(history: SchemaHistory, change: SchemaChange, record: SchemaRecord, key: str) -> SchemaChange:
    # The public topic has the better position: the gtid, and the start of the statement to the millisecond.
    better: Position = record.position if record.origin is Origin.TOPIC else change.position
    at = record.at if record.origin is Origin.TOPIC else change.at
    # One topic may tell of a swap before the other one told of the helper.
    statements = change.statements or _run_on_the_helper(history, record)
    thread = record.thread if change.thread is None else change.thread
    return replace(change, keys=(*change.keys, key), position=better, at=at, statements=statements, thread=thread)


def _replace_change(history: SchemaHistory, table: TableKey, old: SchemaChange, new: SchemaChange) -> SchemaHistory:
    changes = tuple(new if change is old else change for change in history.changes[table])
    return replace(history, changes={**history.changes, table: changes})
