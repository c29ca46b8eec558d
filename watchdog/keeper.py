"""Shell: the loop's side of the journal. Who is its writer, what of a tick goes into it, what leaves it again.

While it cannot be used everything here says so once, keeps what has to be written, and tries again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from watchdog.codec import from_document
from watchdog.errors import JournalError, JournalLost
from watchdog.memory import Memory
from watchdog.model import Outcome, Request, Tailed, TimelineEntry, TopicPartition
from watchdog.ports import Journal
from watchdog.remember import Notebook, documents_of, outdated, recalled, remembered
from watchdog.takeover import overheard, taken_over, unanswered

log = structlog.get_logger("watchdog")

ENTRIES_KEPT_MAX = 1000
"""Timeline entries that wait for a journal that cannot be written."""
LOCK_RETRY_SECONDS = 5.0
RETENTION = timedelta(days=90)
REQUESTS_KEPT = timedelta(days=1)
TIMELINE_LINES_MAX = 200_000
"""Some hundred megabytes; the retention is mostly far below it."""
PRUNED_EACH_LINES = 10_000
"""Lines written after which it is looked at again, besides each day."""


class Keeper:
    """`writer`: whether this process is the one that may act. `error`: why nothing can be journaled; else empty."""

    def __init__(self, journal: Journal, retention: timedelta = RETENTION, lines_max: int = TIMELINE_LINES_MAX) -> None:
        self._journal, self._retention, self._lines_max = journal, retention, lines_max
        self._notebook = Notebook()
        self._unwritten: list[TimelineEntry] = []
        self._lock_tried_at: datetime | None = None
        self._was_writer = False
        self._pruned_on: date | None = None
        self._lines_since = 0
        self.writer = False
        self.error = ""
        self.memory, positions, error = recalled(journal)
        """What an earlier life left, at the start."""
        self.positions: dict[str, dict[TopicPartition, int]] = {name: dict(each) for name, each in positions.items()}
        """Where each Connect cluster's schema topics are read on."""
        if error:
            self._complain(error)

    @property
    def not_acting_because(self) -> str:
        return self.error or ("" if self.writer else self._observing())

    # ── who writes ──

    def become_writer(self, memory: Memory, now: datetime) -> tuple[Memory, tuple[Outcome, ...]]:
        """Try, when it is time to. What is remembered then, and the calls of an earlier life that nobody answered."""
        due = self._lock_tried_at is None or abs((now - self._lock_tried_at).total_seconds()) >= LOCK_RETRY_SECONDS
        if self.writer or not due:
            return memory, ()
        self._lock_tried_at = now
        left: tuple[Outcome, ...] = ()
        try:
            acquired = self._journal.acquire()
            if not acquired:
                memory = overheard(remembered(self._overheard())[0], memory)
            else:
                stored, _ = remembered(self._journal.state.load())
                memory, left = taken_over(stored, memory, self._was_writer), unanswered(stored, now)
                self._notebook = Notebook()
        except JournalError as error:
            self._complain(str(error))
            return memory, ()
        self.writer = self._was_writer = acquired
        # Another one writes the story now.
        self._unwritten = self._unwritten if acquired else []
        self._breathe()
        return memory, left

    def _overheard(self) -> dict[str, Mapping[str, Any]]:
        """What the writer does; not the thousands of tables, each few seconds anew."""
        kinds = ("incident/", "request/", "workflow/")
        return {key: document for kind in kinds for key, document in self._journal.state.load(kind).items()}

    def read_on(self, tailed: Iterable[tuple[str, Tailed]]) -> None:
        """Next time the schema topics are read from behind these records on."""
        for cluster, read in tailed:
            self.positions.setdefault(cluster, {}).update(read.positions)

    def requests(self) -> tuple[Request, ...]:
        """What persons asked for and nobody took up yet."""
        if not self.writer:
            return ()
        try:
            documents = self._journal.state.load("request/")
        except JournalError:
            return ()
        requests = [request for key, document in documents.items() if (request := _request(key, document))]
        return tuple(request for request in requests if request.state == "waiting")

    # ── what stays ──

    def store(self, memory: Memory, entries: tuple[TimelineEntry, ...]) -> bool:
        """The differences, the positions and the lines in one transaction; False, and `error`, when it fails."""
        nouns = self._notebook.differences(memory, self.positions)
        lines = [*self._unwritten, *entries]
        # After an error only a write can tell that it is over.
        if not nouns and not lines and not self.error:
            return True
        try:
            with self._journal.transaction():
                self._journal.state.put(documents_of(nouns))
                self._journal.audit.append(lines)
        except JournalError as error:
            self._complain(str(error))
            # Whoever locks the file that is there now may act: become its writer again, or let the other.
            self.writer = self.writer and not isinstance(error, JournalLost)
            return False
        self._notebook.written(nouns)
        self._unwritten, self._lines_since = [], self._lines_since + len(lines)
        self._breathe()
        return True

    def keep_for_later(self, entries: tuple[TimelineEntry, ...]) -> None:
        """Of who is the writer, or lost the file and will be again unless another one is."""
        if self._was_writer:
            self._unwritten = [*self._unwritten, *entries][-ENTRIES_KEPT_MAX:]

    def forget(self, memory: Memory, now: datetime) -> Memory:
        """What is older than the retention, or too much, leaves the journal: once a day, and after many lines."""
        if not self.writer or (self._pruned_on == now.date() and self._lines_since < PRUNED_EACH_LINES):
            return memory
        self._pruned_on, self._lines_since = now.date(), 0
        try:
            self._journal.audit.prune(now - self._retention, self._lines_max)
            old = outdated(self._journal.state.load(), now - self._retention, now - REQUESTS_KEPT)
            self._journal.state.put(dict.fromkeys(old))
        except JournalError as error:
            log.warning("the journal cannot be pruned; tried again tomorrow", error=str(error))
            return memory
        requests = {r.id: r for r in memory.requests.values() if f"request/{r.id}" not in old}
        workflows = {w.id: w for w in memory.workflows.values() if f"workflow/{w.id}" not in old}
        return replace(memory, requests=requests, workflows=workflows)

    # ── what is said of it ──

    def _complain(self, error: str) -> None:
        if error != self.error:
            log.error("the journal cannot be used: observing goes on, nothing is done", error=error)
        self.error = error

    def _breathe(self) -> None:
        if self.error:
            log.info("the journal can be used again", acting=self.writer)
        self.error = ""

    def _observing(self) -> str:
        holder = self._journal.holder()
        return f"another watchdog{f' ({holder})' if holder else ''} writes this journal; this one only observes"


def _request(key: str, document: Mapping[str, Any]) -> Request | None:
    """One that cannot be read keeps no other from being carried out."""
    try:
        return from_document(Request, document, key)
    except JournalError as error:
        log.warning("a request in the journal cannot be read and is left out", error=str(error))
        return None
