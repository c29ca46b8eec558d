"""Connections to one SQLite file, and its transactions: whole, one writer at a time, each bound to its thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from watchdog.adapters.sqlite_errors import translated
from watchdog.errors import JournalError, JournalLost


class Sessions:
    """Connections to one file. A transaction belongs to the thread that began it; reads outside of one see what was
    last committed, and wait for nobody."""

    def __init__(self, path: Path, engine: Engine, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._engine = engine
        self._thread = threading.local()
        self._identity = _identity(path)
        self._closed = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._open_connection is not None:
            with self._part_of_transaction():
                yield
            return
        connection = self._begin()
        self._thread.connection, self._thread.failed = connection, False
        whole = False
        try:
            yield
            whole = True
        finally:
            self._thread.connection = None
            self._end(connection, whole)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection inside the open transaction, or inside one of its own."""
        with self.transaction(), translated(self.path):
            yield self._thread.connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self._open_connection is not None:
            with translated(self.path):
                yield self._open_connection
            return
        self._check_in_place()
        with translated(self.path), self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()

    @property
    def in_place(self) -> bool:
        return _identity(self.path) == self._identity

    @property
    def _open_connection(self) -> Connection | None:
        return getattr(self._thread, "connection", None)

    @contextmanager
    def _part_of_transaction(self) -> Iterator[None]:
        # After an error SQLite may have rolled back by itself: a later statement would then be written alone.
        if self._thread.failed:
            raise JournalError(f"{self.path}: an earlier part of this transaction failed; nothing of it is written")
        try:
            yield
        except BaseException:
            self._thread.failed = True
            raise

    def _begin(self) -> Connection:
        if self.read_only:
            raise JournalError(f"{self.path}: was opened for reading only; open it for writing to change it")
        self._check_in_place()
        with translated(self.path):
            connection = self._engine.connect()
            try:
                # The write lock now: one that is asked for in the middle is refused without waiting.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except SQLAlchemyError:
                connection.close()
                raise
            return connection

    def _end(self, connection: Connection, whole: bool) -> None:
        with translated(self.path), connection:  # Leaving it rolls back what was not committed.
            if whole and not self._thread.failed:
                connection.commit()
                return
        if whole:
            raise JournalError(f"{self.path}: a part of this transaction failed; nothing of it was written")

    def _check_in_place(self) -> None:
        if self._closed:
            raise JournalError(f"{self.path}: is closed; open it again")
        # An open file goes on taking writes after it was removed: they would be lost.
        if not self.in_place:
            raise JournalLost(f"{self.path}: was removed or replaced while in use; put it back, or start anew")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
