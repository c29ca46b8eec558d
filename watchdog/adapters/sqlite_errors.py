"""SQLite's and the system's errors → `JournalError`: path, what happened, what to do next. Told once, here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from watchdog.errors import JournalError, JournalLocked, JournalUnusable

START_ANEW = "move it away together with its -wal and -shm files to start anew"
_WRITABLE = "make the file and its directory readable and writable by this user"

# By the beginning of SQLite's error name; the first that fits.
_KNOWN = {
    "SQLITE_FULL": ("the disk is full", "free some space, it then goes on by itself"),
    "SQLITE_READONLY": ("cannot be written", _WRITABLE),
    "SQLITE_CANTOPEN": ("cannot be opened", _WRITABLE),
    "SQLITE_PERM": ("cannot be opened", _WRITABLE),
    "SQLITE_AUTH": ("cannot be opened", _WRITABLE),
    "SQLITE_IOERR": ("the disk failed", "look for a full or broken disk in the system's log"),
    "SQLITE_NOMEM": ("no memory left", "give the process more memory"),
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _told(path, error) from error
    except UnicodeEncodeError as error:
        raise JournalError(f"{path}: a text is no valid Unicode; nothing was written") from error
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or type(error).__name__}; {_WRITABLE}") from error


def damaged(path: Path, how: str) -> JournalUnusable:
    """The file was cut off or overwritten. It is never repaired or replaced by us."""
    file, recovered = quote(str(path)), quote(f"{path}.recovered")
    recover = f"stop every watchdog on it, then `sqlite3 {file} .recover | sqlite3 {recovered}`"
    return JournalUnusable(f"{path}: is damaged ({how}); {recover}, or {START_ANEW}")


def _told(path: Path, error: Exception) -> JournalError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", "") or type(cause).__name__
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return JournalLocked(
            f"{path}: another process is writing it; try again, or see who with `fuser {quote(str(path))}`"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, str(cause))
    for beginning, (what, advice) in _KNOWN.items():
        if name.startswith(beginning):
            return JournalError(f"{path}: {what} ({cause}); {advice}")
    return JournalError(f"{path}: {name}: {cause}; put back a copy, or {START_ANEW}")
