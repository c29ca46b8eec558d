"""One SQLite file: created whole, and checked before use by a connection that cannot change it.

A file of an older version is read as it is; only the one writer brings it up to date.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, insert, inspect
from sqlalchemy.pool import QueuePool

from watchdog.adapters.sqlite_errors import START_ANEW, damaged, translated
from watchdog.adapters.sqlite_revisions import schema_version
from watchdog.adapters.sqlite_sessions import Sessions
from watchdog.adapters.sqlite_tables import META, REVISION, SCHEMA_VERSION, TABLES, revision_of
from watchdog.errors import JournalError, JournalMissing, JournalUnusable


def create_missing(path: Path) -> None:
    """Build the file aside and move it into place, so that a kill leaves a whole one or none.

    A file that is there, whatever is in it, stays as it is.
    """
    if path.exists():
        return
    if path.with_name(path.name + "-wal").exists():
        raise JournalError(f"{path}: is gone, but its {path.name}-wal is there; put it back, or {START_ANEW}")
    with translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".new", dir=path.parent)  # 0600
        os.close(number)
        new = Path(name)
        try:
            _fill(new)
            _move_into_place(new, path)
        finally:
            new.unlink()


def open_existing(path: Path, read_only: bool, busy_timeout_seconds: float) -> Sessions:
    """Check the file through a connection that cannot change it, then open it."""
    if not path.exists():
        raise JournalMissing(f"{path}: there is no journal yet; start `watchdog run`, or name its file in `journal`")
    if not path.is_file():
        raise JournalError(f"{path}: is no file; name another one in `journal`")
    # SQLite itself would take an empty file for a new one.
    if not path.stat().st_size:
        raise damaged(path, "it is empty")
    engine = _engine(path, "ro", busy_timeout_seconds)
    try:
        with translated(path), engine.connect() as connection:
            if not read_only:
                _check_pages(path, connection)
            _check(path, connection)
    except JournalError:
        engine.dispose()
        raise
    if not read_only:
        engine.dispose()
        engine = _engine(path, "rw", busy_timeout_seconds)
    return Sessions(path, engine, read_only)


def _engine(path: Path, mode: str, busy_timeout_seconds: float) -> Engine:
    uri = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # isolation_level None: transactions begin where this module says so.
        connection = sqlite3.connect(
            uri, uri=True, timeout=busy_timeout_seconds, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)


def _fill(path: Path) -> None:
    engine = _engine(path, "rw", busy_timeout_seconds=0)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        TABLES.create_all(connection)
        connection.execute(insert(META).values(key="schema_version", value=str(SCHEMA_VERSION)))
        connection.execute(insert(REVISION).values(version_num=revision_of(SCHEMA_VERSION)))
        connection.commit()
    engine.dispose()


def _move_into_place(new: Path, path: Path) -> None:
    try:
        os.link(new, path)  # Unlike a rename it does not replace what another process has created meanwhile.
    except FileExistsError:
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _check(path: Path, connection: Connection) -> None:
    if not inspect(connection).has_table(META.name):
        raise JournalUnusable(
            f"{path}: is a SQLite file, but no journal of the watchdog; name another file in `journal`"
        )
    written = schema_version(connection)
    if written is None:
        raise damaged(path, "its schema version is missing")
    if written > SCHEMA_VERSION:
        advice = f"this one knows {SCHEMA_VERSION}: upgrade the watchdog, or name another file in `journal`"
        raise JournalUnusable(f"{path}: was written by a newer version (schema {written}); {advice}")


def _check_pages(path: Path, connection: Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise damaged(path, str(found))
