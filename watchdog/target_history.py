"""PURE: what was seen of the sinks' target tables from look to look → which changed, how, and when at the latest.

Nobody tells when a target is altered: it is only seen to be different.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watchdog.detect import MisfitKind
from watchdog.detect.targets import takes
from watchdog.model import Column, DatabaseColumns, TableId, TableSchema

CHANGES_KEPT_MAX = 20
"""Of each table, the newest."""

TargetKey = tuple[str, TableId]
"""The server's `host:port`, and the table."""


@dataclass(frozen=True, slots=True)
class TargetChange:
    """A target that was seen different. `after` None: it was not to be seen any more (dropped, or without a grant)."""

    address: str
    before: TableSchema
    after: TableSchema | None
    seen_before_at: datetime | None
    """The look before; None when it was taken in an earlier life of ours."""
    seen_at: datetime
    last_statement: str = ""
    """The id of the source table's latest logged change that was known by then."""

    @property
    def told(self) -> str:
        """For a person: what is different now, and between which two looks it happened."""
        since = f"after {self.seen_before_at:%Y-%m-%d %H:%M:%S} and " if self.seen_before_at else ""
        when = f"{since}before {self.seen_at:%Y-%m-%d %H:%M:%S} UTC, by our clock"
        return f"`{self.before.id}` at {self.address} was changed {when}: {self._difference}"

    @property
    def _difference(self) -> str:
        if self.after is None:
            return "it is not to be seen any more (dropped, or the grant on it was taken away)"
        told = [f"lost {c.name}" for c in self.before.columns if self.after.column(c.name) is None]
        for column in self.after.columns:
            old = self.before.column(column.name)
            if old is None:
                told.append(f"got {column.name} ({_spelled(column)})")
            elif old != column:
                told.append(f"{column.name} was {_spelled(old)} and is {_spelled(column)}")
        return ", ".join(told) or "its columns are in another order, or its key is another"


def _spelled(column: Column) -> str:
    return f"{column.type} {'NULL' if column.nullable else 'NOT NULL'}"


@dataclass(frozen=True, slots=True)
class SeenTarget:
    """`schema`: as it was last seen; None: it was there and is not to be seen any more."""

    schema: TableSchema | None
    changes: tuple[TargetChange, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetHistory:
    tables: Mapping[TargetKey, SeenTarget] = field(default_factory=dict)
    looks: Mapping[str, datetime] = field(default_factory=dict)
    """By address: the last look that was taken in."""

    def lost(
        self, address: str, table: TableId | None, kind: MisfitKind | None, column: str, needed: int = 0
    ) -> TargetChange | None:
        """The latest change by which the target no longer takes what it took before; None where none was seen."""
        seen = self.tables.get((address, table)) if table else None
        for change in reversed(seen.changes if seen and kind else ()):
            assert kind is not None
            if takes(change.before, kind, column, needed) and not takes(change.after, kind, column, needed):
                return change
        return None


def looked(history: TargetHistory, columns: DatabaseColumns, targets: Iterable[tuple[TableId, str]]) -> TargetHistory:
    """The history after one look. `targets`: the tables that sinks write to, each with its source's last change."""
    if columns.error or history.looks.get(columns.address) == columns.at:
        return history
    tables = dict(history.tables)
    for table, statement in targets:
        key = (columns.address, table)
        if seen := _seen(tables.get(key), columns, table, (history.looks.get(columns.address), statement)):
            tables[key] = seen
    return TargetHistory(tables, {**history.looks, columns.address: columns.at})


def _seen(
    before: SeenTarget | None, columns: DatabaseColumns, table: TableId, last: tuple[datetime | None, str]
) -> SeenTarget | None:
    """None where there is nothing new."""
    now = columns.tables.get(table)
    if before is None or before.schema is None:
        return SeenTarget(now, before.changes if before else ()) if now else None
    if before.schema is now or before.schema == now:
        return None
    looked_at, statement = last
    change = TargetChange(columns.address, before.schema, now, looked_at, columns.at, statement)
    return SeenTarget(now, (*before.changes, change)[-CHANGES_KEPT_MAX:])
