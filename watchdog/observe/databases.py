"""Shell: one database server's columns, asked at the pace that is wanted → messages for the loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from watchdog.errors import PortError
from watchdog.model import DatabaseColumns
from watchdog.observe.workers import Clock, Inbox, Worker
from watchdog.ports import Database
from watchdog.world import Expected, Heard


class DatabaseEyes:
    """The worker of one database server: slow while nothing is awaited from it, quick while something is."""

    def __init__(self, database: Database, slow_seconds: float, quick_seconds: float, inbox: Inbox, clock: Clock):
        self._database = database
        self._clock = clock
        self._slow_seconds, self._quick_seconds = slow_seconds, quick_seconds
        self._awaited = False
        self._worker = Worker(f"database:{database.address}", self._look, self._failed, inbox, self._interval)

    def expected(self) -> Iterator[Expected]:
        yield Expected("", f"database:{self._database.address}")

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def focus(self, awaited: bool) -> None:
        if awaited and not self._awaited:
            self._worker.ring()
        self._awaited = awaited

    def _interval(self) -> float:
        return self._quick_seconds if self._awaited else self._slow_seconds

    def _look(self) -> tuple[object, ...]:
        started_at = self._clock()
        # What was read is as old as the moment it was asked for.
        columns = replace(self._database.columns(), at=started_at)
        return columns, Heard("", f"database:{self._database.address}", started_at)

    def _failed(self, error: PortError) -> tuple[object, ...]:
        now, address = self._clock(), self._database.address
        return DatabaseColumns(address, now, error=str(error)), Heard("", f"database:{address}", now, str(error))
