"""Look after look at one server's tables: fingerprints first, then the columns of those tables only that changed.

What did not change is told by the very same objects, so that whoever compares them by identity is done at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from watchdog.adapters.mysql_tables import Fingerprint, all_tables, fingerprints, some_tables
from watchdog.model import TableId, TableSchema

ONE_BY_ONE_MAX = 200
"""When more tables changed at once, all are read: 200 by name take about a tenth of what 10,000 take at once."""


class Looks:
    """Remembers what the last look saw. One thread at a time."""

    def __init__(self) -> None:
        self._seen: Mapping[TableId, TableSchema] = {}
        self._prints: dict[TableId, Fingerprint] = {}

    def look(self, connection: Connection, is_mariadb: bool) -> Mapping[TableId, TableSchema]:
        """Every visible table; the very same mapping while nothing changed."""
        # Before the columns: what changes in between has an older fingerprint, and is read again by the next look.
        prints = fingerprints(connection)
        changed = [table for table, fingerprint in prints.items() if self._prints.get(table) != fingerprint]
        if not changed and prints.keys() == self._seen.keys():
            return self._seen
        kept = {table: schema for table, schema in self._seen.items() if table in prints}
        if len(changed) > ONE_BY_ONE_MAX or not kept:
            tables = all_tables(connection, is_mariadb)
        else:
            tables = _without(kept, changed) | some_tables(connection, changed, is_mariadb)
        self._seen = {table: _same_object(self._seen.get(table), schema) for table, schema in tables.items()}
        self._prints = {table: fingerprint for table, fingerprint in prints.items() if table in tables}
        return self._seen


def _without(tables: dict[TableId, TableSchema], changed: list[TableId]) -> dict[TableId, TableSchema]:
    gone = set(changed)
    return {table: schema for table, schema in tables.items() if table not in gone}


def _same_object(before: TableSchema | None, now: TableSchema) -> TableSchema:
    return before if before == now and before is not None else now
