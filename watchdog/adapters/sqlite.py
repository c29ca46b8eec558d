"""The journal in one SQLite file: documents that are kept, and the timeline.

What is put and appended inside one transaction is there whole or not at all, also after a kill or a power cut:
write-ahead log, `synchronous=FULL`. Two processes may write (the loop, and a CLI verb that leaves a request); each
transaction takes SQLite's write lock at its start and waits for it. The one *acting* process is told by a lock of its
own beside the file, and it alone brings a file of an older version up to date. Nothing here creates a file in place of
one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from watchdog.adapters.file_lock import FileLock
from watchdog.adapters.mounts import MOUNTINFO, network_mount
from watchdog.adapters.sqlite_file import create_missing, open_existing
from watchdog.adapters.sqlite_revisions import bring_up_to_date
from watchdog.adapters.sqlite_sessions import Sessions
from watchdog.adapters.sqlite_tables import STATE, encoded, timestamp
from watchdog.adapters.sqlite_timeline import SqliteAudit
from watchdog.errors import JournalError, JournalLost, JournalUnusable

BUSY_TIMEOUT_SECONDS = 5.0


def open_journal(
    path: Path,
    read_only: bool = False,
    *,
    create: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
    mountinfo: Path = MOUNTINFO,
) -> SqliteJournal:
    """The journal at `path`, created with its directory (0700, the file 0600) where there is none and `create` is set.

    `read_only` is for reading verbs: it works beside a writer, changes nothing and raises `JournalMissing` where there
    is no journal yet. Otherwise the whole file is checked first. Raises `JournalError` with path, reason and next step
    when it is damaged, newer than this version, on a network file system or out of reach; the file stays as it is.
    """
    if not read_only:
        _refuse_network(path, mountinfo)
    if create and not read_only:
        create_missing(path)
    return SqliteJournal(open_existing(path, read_only, busy_timeout_seconds), clock)


def _refuse_network(path: Path, mountinfo: Path) -> None:
    try:
        mounts = mountinfo.read_text(errors="replace")
    except OSError:  # No Linux: nothing tells.
        return
    if found := network_mount(mounts, str(path.resolve())):
        kind, point = found
        raise JournalUnusable(
            f"{path}: is on {kind} (mounted at {point}), where neither SQLite's write-ahead log nor the lock of the "
            "one that acts can be trusted; name a file on a disk of this machine in `journal`"
        )


class SqliteJournal:
    """`ports.Journal`. Threads may share it: a transaction belongs to the thread that began it."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._lock = FileLock(sessions.path)
        self.state = SqliteStore(sessions, clock)
        self.audit = SqliteAudit(sessions)
        self.copied: Path | None = None
        """Where the file was copied to before it was brought up to date."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Groups puts and appends. A nested one is part of the outer one: when it fails, nothing of both is written."""
        if not self._lock.stands():
            raise JournalLost(f"{self._sessions.path}: its .lock file was removed; whoever locks it anew may act")
        with self._sessions.transaction():
            yield

    def acquire(self) -> bool:
        if self._sessions.read_only:
            raise JournalError(f"{self._sessions.path}: was opened for reading only; open it for writing to act")
        if not self._lock.acquire():
            return False
        try:
            self.copied = bring_up_to_date(self._sessions) or self.copied
        except JournalError:
            self._lock.release()
            raise
        return True

    def holder(self) -> str:
        return self._lock.holder()

    @property
    def lost(self) -> bool:
        """Whether the file that is open is no longer the one at its path."""
        return not self._sessions.in_place

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
        wanted = func.substr(STATE.c.key, 1, len(prefix)) == prefix
        with self._sessions.reading() as connection:
            rows = connection.execute(select(STATE.c.key, STATE.c.document).where(wanted).order_by(STATE.c.key)).all()
        return {key: self._decoded(key, document) for key, document in rows}

    def put(self, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
        gone = [key for key, document in changes.items() if document is None]
        now = timestamp(self._clock())
        rows = [
            {"key": key, "document": encoded(self._sessions.path, key, document), "updated_at": now}
            for key, document in changes.items()
            if document is not None
        ]
        new = insert(STATE)
        upsert = new.on_conflict_do_update(
            index_elements=["key"], set_={"document": new.excluded.document, "updated_at": new.excluded.updated_at}
        )
        with self._sessions.writing() as connection:
            for key in gone:
                connection.execute(delete(STATE).where(STATE.c.key == key))
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


def _bad_document(path: Path, key: str) -> str:
    return f"{path}: document {key} is no JSON object; it was changed by hand: put back a copy, or delete that row"
