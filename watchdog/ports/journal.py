"""What is remembered: keyed documents and a timeline, behind one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from watchdog.model import TimelineEntry


class Store(Protocol):
    """Keyed JSON documents (`State` in the design): incidents, attempts, requests, positions. Can be compacted."""

    def load(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """Every document whose key starts with `prefix`."""

    def put(self, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Write these documents, delete those that are None."""


class Audit(Protocol):
    """The append-only timeline."""

    def append(self, entries: Sequence[TimelineEntry]) -> None: ...

    def timeline(self, incident_id: str | None = None, limit: int = 1000) -> list[TimelineEntry]:
        """Oldest first; the newest `limit` of them."""

    def told(
        self, incident_id: str | None = None, since: datetime | None = None, connector: str | None = None
    ) -> Iterator[TimelineEntry]:
        """All of these entries, oldest first, read a few at a time."""

    def prune(self, before: datetime, lines_max: int | None = None) -> int:
        """Forget the entries that are older than that, and all but the newest `lines_max`; how many there were."""


class Journal(Protocol):
    """Both stores behind one transaction: what is put and appended inside it is there whole or not at all."""

    @property
    def state(self) -> Store: ...

    @property
    def audit(self) -> Audit: ...

    def transaction(self) -> AbstractContextManager[None]: ...

    def acquire(self) -> bool:
        """Become the one writer; False when another process is. Held until `close`, or until a `JournalLost`."""

    def holder(self) -> str:
        """Who acquired it last, in words; empty where that is not told."""

    def close(self) -> None: ...
