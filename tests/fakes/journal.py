"""A journal in memory that behaves as the one on disk: whole transactions, one writer, documents as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from watchdog.errors import JournalError
from watchdog.model import TimelineEntry


@dataclass
class Disk:
    """What outlives a journal object: hand one disk to two journals to play two processes, or one before and after a
    crash. With `broken` set every write is refused, as on a full disk."""

    documents: dict[str, bytes] = field(default_factory=dict)
    entries: list[TimelineEntry] = field(default_factory=list)
    owner: object | None = None
    broken: bool = False


class FakeJournal:
    """`ports.Journal` over a `Disk`."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk if disk is not None else Disk()
        self.state = FakeStore(self)
        self.audit = FakeAudit(self)
        self.pending: Disk | None = None
        self.failed = False
        self._closed = False

    @property
    def seen(self) -> Disk:
        """What this journal reads: its own uncommitted writes, else what was last committed."""
        self.check_open()
        return self.disk if self.pending is None else self.pending

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.check_open()
        if self.pending is not None:
            with self._part():
                yield
            return
        self.pending, self.failed = Disk(dict(self.disk.documents), list(self.disk.entries)), False
        try:
            yield
            self._commit(self.pending)
        finally:
            self.pending = None

    def acquire(self) -> bool:
        self.check_open()
        if self.disk.owner is None:
            self.disk.owner = self
        return self.disk.owner is self

    def holder(self) -> str:
        return ""

    def close(self) -> None:
        self._closed = True
        if self.disk.owner is self:
            self.disk.owner = None

    def check_open(self) -> None:
        if self._closed:
            raise JournalError("fake journal: is closed; open it again")

    @contextmanager
    def _part(self) -> Iterator[None]:
        if self.failed:
            raise JournalError("fake journal: an earlier part of this transaction failed; nothing of it is written")
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    def _commit(self, pending: Disk) -> None:
        if self.failed:
            raise JournalError("fake journal: a part of this transaction failed; nothing of it was written")
        self.disk.documents, self.disk.entries = pending.documents, pending.entries


class FakeStore:
    def __init__(self, journal: FakeJournal) -> None:
        self._journal = journal

    def load(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        documents = self._journal.seen.documents
        return {key: orjson.loads(documents[key]) for key in sorted(documents) if key.startswith(prefix)}

    def put(self, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
        with self._journal.transaction():
            _refuse_when_broken(self._journal.disk)
            for key, document in changes.items():
                if document is None:
                    self._journal.seen.documents.pop(key, None)
                else:
                    self._journal.seen.documents[key] = _encoded(key, document)


class FakeAudit:
    def __init__(self, journal: FakeJournal) -> None:
        self._journal = journal

    def append(self, entries: Sequence[TimelineEntry]) -> None:
        with self._journal.transaction():
            _refuse_when_broken(self._journal.disk)
            self._journal.seen.entries.extend(
                replace(entry, data=orjson.loads(_encoded(entry.kind, entry.data))) for entry in entries
            )

    def timeline(self, incident_id: str | None = None, limit: int = 1000) -> list[TimelineEntry]:
        entries = [e for e in self._journal.seen.entries if incident_id is None or e.incident_id == incident_id]
        return entries[max(len(entries) - limit, 0) :]

    def told(
        self, incident_id: str | None = None, since: datetime | None = None, connector: str | None = None
    ) -> Iterator[TimelineEntry]:
        for entry in self._journal.seen.entries:
            of_connector = connector is None or (entry.key is not None and entry.key.connector == connector)
            if incident_id in (None, entry.incident_id) and (since is None or entry.at >= since) and of_connector:
                yield entry

    def prune(self, before: datetime, lines_max: int | None = None) -> int:
        with self._journal.transaction():
            _refuse_when_broken(self._journal.disk)
            kept = [entry for entry in self._journal.seen.entries if entry.at >= before]
            kept = kept if lines_max is None else kept[max(len(kept) - lines_max, 0) :]
            gone = len(self._journal.seen.entries) - len(kept)
            self._journal.seen.entries[:] = kept
            return gone


def _refuse_when_broken(disk: Disk) -> None:
    if disk.broken:
        raise JournalError("fake journal: the disk is full; free some space")


def _encoded(key: str, document: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(document, default=_plain)
    except TypeError as error:
        raise JournalError(f"fake journal: {key} cannot be written as JSON ({error}); nothing was written") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")
