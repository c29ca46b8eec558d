"""PURE: records of Debezium's schema topics → what each table looked like, and each statement that changed it.

The same statement comes several times: once in the public schema change topic, once in the internal history topic, and
again after each restart of the source. It is one change all the same, and known by its position.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from watchdog.model import Origin, Position, SchemaChange, SchemaRecord, TableId, TableSchema

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
    FOREIGN = "foreign"
    """Of a table that the source does not capture, or of none."""


@dataclass(frozen=True, slots=True)
class SchemaHistory:
    """`tables`: how Debezium believes each table to be (None: dropped). `changes`: oldest first."""

    tables: Mapping[TableKey, TableSchema | None] = field(default_factory=dict)
    changes: Mapping[TableKey, tuple[SchemaChange, ...]] = field(default_factory=dict)

    def of(self, prefix: str, table: TableId) -> tuple[SchemaChange, ...]:
        return self.changes.get((prefix, table), ())

    def table(self, prefix: str, table: TableId) -> TableSchema | None:
        return self.tables.get((prefix, table))


def absorb(
    history: SchemaHistory, record: SchemaRecord, captures: Callable[[str, TableId], bool]
) -> tuple[SchemaHistory, Arrival]:
    """The history with the record in it, and what the record was. `captures` tells a source's tables from others."""
    if record.table is None or not captures(record.prefix, record.table):
        return history, Arrival.FOREIGN
    table = (record.prefix, record.table)
    known, key = history.of(*table), _identity(record)
    if any(key in change.keys for change in known):
        return history, Arrival.REDELIVERED
    if record.snapshot:
        # The two topics are read side by side: a snapshot may come by after a change that was made on top of it.
        if known and int(record.at.timestamp()) <= int(known[-1].at.timestamp()):
            return history, Arrival.BASELINE
        return replace(history, tables={**history.tables, table: record.after}), Arrival.BASELINE
    if (twin := _twin(known, record)) is not None:
        return _replace_change(history, table, twin, _with_key(twin, record, key)), Arrival.TWIN
    change = SchemaChange(
        id=hashlib.sha256(f"{record.prefix}|{key}".encode()).hexdigest()[:16],
        prefix=record.prefix,
        table=record.table,
        position=record.position,
        at=record.at,
        ddl=record.ddl,
        kind=record.kind,
        before=history.tables.get(table),
        after=record.after,
        keys=(key,),
    )
    kept = (*known, change)[-CHANGES_KEPT_MAX:]
    return SchemaHistory({**history.tables, table: record.after}, {**history.changes, table: kept}), Arrival.NEW


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


def _with_key(change: SchemaChange, record: SchemaRecord, key: str) -> SchemaChange:
    # The public topic has the better position: the gtid, and the start of the statement to the millisecond.
    better: Position = record.position if record.origin is Origin.TOPIC else change.position
    at = record.at if record.origin is Origin.TOPIC else change.at
    return replace(change, keys=(*change.keys, key), position=better, at=at)


def _replace_change(history: SchemaHistory, table: TableKey, old: SchemaChange, new: SchemaChange) -> SchemaHistory:
    changes = tuple(new if change is old else change for change in history.changes[table])
    return replace(history, changes={**history.changes, table: changes})
