"""The journal in one SQLite file: documents that are kept, and the timeline.

    state(key, document, updated_at)    timeline(id, at, incident_id, kind, text, data)    meta(key, value)

What is put and appended inside one transaction is there whole or not at all, also after a kill or a power cut:
write-ahead log, `synchronous=FULL`. Two processes may write (the loop, and a CLI verb that leaves a request); each
transaction takes SQLite's write lock at its start and waits for it. The one *acting* process is told by a lock of its
own beside the file. Nothing here creates a file in place of one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Column, Integer, MetaData, Table, Text, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from watchdog.adapters.file_lock import FileLock
from watchdog.adapters.sqlite_file import create_missing, open_existing
from watchdog.adapters.sqlite_sessions import Sessions
from watchdog.errors import JournalError
from watchdog.model import TimelineEntry

SCHEMA_VERSION = 1
BUSY_TIMEOUT_SECONDS = 5.0

_TABLES = MetaData()
_STATE = Table(
    "state",
    _TABLES,
    Column("key", Text, primary_key=True),
    Column("document", Text, nullable=False),
    # For a person who looks into the file; nothing reads it.
    Column("updated_at", Text, nullable=False),
)
_TIMELINE = Table(
    "timeline",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False, index=True),
    Column("incident_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)


def open_journal(
    path: Path,
    read_only: bool = False,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
) -> SqliteJournal:
    """The journal at `path`, created with its directory (0700, the file 0600) where there is none.

    `read_only` is for reading verbs: it works beside a writer, changes nothing and raises `JournalMissing` where there
    is no journal yet. Otherwise the whole file is checked first. Raises `JournalError` with path, reason and next step
    when it is damaged, newer than this version, or out of reach; the file stays as it is.
    """
    if not read_only:
        create_missing(path, _TABLES, SCHEMA_VERSION)
    return SqliteJournal(open_existing(path, SCHEMA_VERSION, read_only, busy_timeout_seconds), clock)


class SqliteJournal:
    """`ports.Journal`. Threads may share it: a transaction belongs to the thread that began it."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._lock = FileLock(sessions.path)
        self.state = SqliteStore(sessions, clock)
        self.audit = SqliteAudit(sessions)

    def transaction(self) -> AbstractContextManager[None]:
        """Groups puts and appends. A nested one is part of the outer one: when it fails, nothing of both is written."""
        return self._sessions.transaction()

    def acquire(self) -> bool:
        if self._sessions.read_only:
            raise JournalError(f"{self._sessions.path}: was opened for reading only; open it for writing to act")
        return self._lock.acquire()

    def close(self) -> None:
        self._sessions.close()
        self._lock.release()


class SqliteStore:
    """`ports.Store`"""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._clock = clock

    def load(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        # Not LIKE: it ignores case.
        wanted = func.substr(_STATE.c.key, 1, len(prefix)) == prefix
        with self._sessions.reading() as connection:
            rows = connection.execute(
                select(_STATE.c.key, _STATE.c.document).where(wanted).order_by(_STATE.c.key)
            ).all()
        return {key: self._decoded(key, document) for key, document in rows}

    def put(self, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
        gone = [key for key, document in changes.items() if document is None]
        now = _timestamp(self._clock())
        rows = [
            {"key": key, "document": _encoded(self._sessions.path, key, document), "updated_at": now}
            for key, document in changes.items()
            if document is not None
        ]
        new = insert(_STATE)
        upsert = new.on_conflict_do_update(
            index_elements=["key"], set_={"document": new.excluded.document, "updated_at": new.excluded.updated_at}
        )
        with self._sessions.writing() as connection:
            for key in gone:
                connection.execute(delete(_STATE).where(_STATE.c.key == key))
            if rows:
                connection.execute(upsert, rows)

    def _decoded(self, key: str, document: str) -> dict[str, Any]:
        try:
            value = orjson.loads(document)
        except orjson.JSONDecodeError as error:
            raise JournalError(_bad_document(self._sessions.path, key)) from error
        if not isinstance(value, dict):
            raise JournalError(_bad_document(self._sessions.path, key))
        return value


class SqliteAudit:
    """`ports.Audit`"""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def append(self, entries: Sequence[TimelineEntry]) -> None:
        rows = [
            {
                "at": _timestamp(entry.at),
                "incident_id": entry.incident_id,
                "kind": entry.kind,
                "text": entry.text,
                "data": _encoded(self._sessions.path, f"timeline entry {entry.kind}", entry.data),
            }
            for entry in entries
        ]
        with self._sessions.writing() as connection:
            if rows:
                connection.execute(insert(_TIMELINE), rows)

    def timeline(self, incident_id: str | None = None, limit: int = 1000) -> list[TimelineEntry]:
        newest_first = select(_TIMELINE).order_by(_TIMELINE.c.id.desc()).limit(limit)
        if incident_id is not None:
            newest_first = newest_first.where(_TIMELINE.c.incident_id == incident_id)
        with self._sessions.reading() as connection:
            rows = connection.execute(newest_first).all()
        return [
            TimelineEntry(datetime.fromisoformat(r.at), r.incident_id, r.kind, r.text, orjson.loads(r.data))
            for r in reversed(rows)
        ]

    def prune(self, before: datetime) -> int:
        with self._sessions.writing() as connection:
            return connection.execute(delete(_TIMELINE).where(_TIMELINE.c.at < _timestamp(before))).rowcount


def _timestamp(at: datetime) -> str:
    """UTC in a fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _encoded(path: Path, key: str, document: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(document, default=_plain).decode()
    except TypeError as error:
        raise JournalError(f"{path}: {key} cannot be written as JSON ({error}); nothing was written") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def _bad_document(path: Path, key: str) -> str:
    return f"{path}: document {key} is no JSON object; it was changed by hand: put back a copy, or delete that row"
