"""Shell: one database server's columns, asked at the pace that is wanted → messages for the loop."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from watchdog.errors import PortError
from watchdog.model import DatabaseColumns, TableId, TableSchema
from watchdog.observe.workers import Clock, Inbox, Worker
from watchdog.ports import Database
from watchdog.world import Expected, Heard

PEEK_SECONDS = 0.2
PEEKED_MAX = 50
"""Tables; of more, the whole look has to do."""


class DatabaseEyes:
    """The worker of one database server: slow while nothing is awaited from it, quick while something is. Between two
    quick looks it peeks at the very tables that are awaited, and looks at once when one of them is another."""

    def __init__(self, database: Database, slow_seconds: float, quick_seconds: float, inbox: Inbox, clock: Clock):
        self._database = database
        self._clock = clock
        self._slow_seconds, self._quick_seconds = slow_seconds, quick_seconds
        self._awaited = False
        self._tables: tuple[TableId, ...] = ()
        self._peeked: tuple[tuple[TableId, ...], Mapping[TableId, TableSchema]] = ((), {})
        self._looked_at: float | None = None
        self._worker = Worker(f"database:{database.address}", self._look, self._failed, inbox, self._interval)

    def expected(self) -> Iterator[Expected]:
        yield Expected("", f"database:{self._database.address}")

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def focus(self, awaited: bool, tables: Collection[TableId] = ()) -> None:
        """`tables`: those that are awaited, of this server or of another."""
        self._tables = tuple(sorted(tables)) if awaited and len(tables) <= PEEKED_MAX else ()
        if awaited and not self._awaited:
            self._looked_at = None
            self._worker.ring()
        self._awaited = awaited

    def _interval(self) -> float:
        if not self._awaited:
            return self._slow_seconds
        return min(PEEK_SECONDS, self._quick_seconds) if self._tables else self._quick_seconds

    def _look(self) -> tuple[object, ...] | None:
        if self._awaited and self._tables and not self._is_due():
            return None
        self._looked_at = time.monotonic()
        started_at = self._clock()
        # What was read is as old as the moment it was asked for.
        columns = replace(self._database.columns(), at=started_at)
        return columns, Heard("", f"database:{self._database.address}", started_at)

    def _is_due(self) -> bool:
        """Taken before the look: what changes meanwhile is seen by the next peek."""
        tables = self._tables
        peeked = tables, self._database.peek(tables)
        changed, self._peeked = peeked != self._peeked, peeked
        return changed or self._looked_at is None or time.monotonic() - self._looked_at >= self._quick_seconds

    def _failed(self, error: PortError) -> tuple[object, ...]:
        now, address = self._clock(), self._database.address
        return DatabaseColumns(address, now, error=str(error)), Heard("", f"database:{address}", now, str(error))
