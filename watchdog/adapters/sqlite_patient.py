"""A journal that is opened as soon as it can be: for who goes on without one meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdog.adapters.sqlite import SqliteJournal, SqliteStore
from watchdog.adapters.sqlite_timeline import SqliteAudit
from watchdog.errors import JournalError, JournalLost, JournalUnusable

Signature = tuple[int, int, int, int]


class PatientJournal:
    """`ports.Journal`. Whatever is asked of it raises `JournalError` while the file cannot be opened.

    Only a file that never was there is created: one that is gone is waited for. `open_file` opens it, and creates it
    when it is told to.
    """

    def __init__(self, path: Path, open_file: Callable[[bool], SqliteJournal]) -> None:
        self._path = path
        self._open_file = open_file
        self._opened: SqliteJournal | None = None
        self._was_there = False
        self._refused: tuple[Signature | None, str] | None = None

    @property
    def state(self) -> SqliteStore:
        return self._journal().state

    @property
    def audit(self) -> SqliteAudit:
        return self._journal().audit

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._journal().transaction():
            yield

    def acquire(self) -> bool:
        if self._opened and self._opened.lost:
            self.close()
        return self._journal().acquire()

    def holder(self) -> str:
        return self._opened.holder() if self._opened else ""

    @property
    def copied(self) -> Path | None:
        return self._opened.copied if self._opened else None

    def close(self) -> None:
        if self._opened:
            self._opened.close()
        self._opened = None

    def _journal(self) -> SqliteJournal:
        if self._opened is None:
            self._opened = self._open()
            self._was_there = True
        return self._opened

    def _open(self) -> SqliteJournal:
        if self._was_there and not self._path.exists():
            raise JournalLost(f"{self._path}: was removed while in use; put it back, or start anew with `watchdog run`")
        # A file that is damaged stays so until somebody does something about it: no need to read it whole each time.
        signature = _signature(self._path)
        if self._refused and self._refused[0] == signature:
            raise JournalUnusable(self._refused[1])
        try:
            return self._open_file(not self._was_there)
        except JournalUnusable as error:
            self._refused = (signature, str(error))
            raise
        except JournalError:
            self._refused = None
            raise


def _signature(path: Path) -> Signature | None:
    """What differs once somebody has changed or replaced the file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
