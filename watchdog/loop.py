"""Shell: the tick. Drain what the workers brought, judge it, journal what was decided, only then act, then report.

The loop does no network I/O; the journal is the only thing that it waits for.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from watchdog.act import Hands
from watchdog.codec import from_document
from watchdog.detect.rules import RULES
from watchdog.errors import JournalError
from watchdog.judge import Arrivals, Judgement, judge
from watchdog.model import (
    Authorship,
    ConnectorKey,
    ConnectorStatus,
    Observation,
    Outcome,
    Report,
    Request,
    StepResult,
    Tailed,
    TimelineEntry,
    Workflow,
)
from watchdog.observe import Observatory
from watchdog.policy import Policy
from watchdog.ports import Journal
from watchdog.progress import asked
from watchdog.remember import Notebook, documents_of, outdated, remembered, unanswered
from watchdog.topology import Topology
from watchdog.topology.kept import KeptTopology
from watchdog.world import World

log = structlog.get_logger("watchdog")

TICK_SECONDS = 1.0
DRAIN_MAX = 500
"""Messages judged in one tick: its work is bounded."""
ENTRIES_KEPT_MAX = 1000
"""Timeline entries that wait for a journal that cannot be written."""
LOCK_RETRY_SECONDS = 10.0
REQUESTS_KEPT = timedelta(days=1)


class Loop:
    """One tick after the other; `report` is the last one's."""

    def __init__(
        self,
        observatory: Observatory,
        hands: Mapping[str, Hands],
        journal: Journal,
        policy: Policy,
        clock: Callable[[], datetime],
        tilt_seconds: float = 30.0,
        retention: timedelta = timedelta(days=90),
    ) -> None:
        self._observatory, self._hands, self._journal = observatory, hands, journal
        self._policy, self._clock, self._tilt_seconds = policy, clock, tilt_seconds
        self._retention = retention
        self._pruned_on: date | None = None
        self._world = World()
        self._topology = KeptTopology()
        self.rules = RULES
        self._stumbled = False
        self._notebook = Notebook()
        self._unwritten: list[TimelineEntry] = []
        self._first: list[Any] = []
        self._unjudged: list[Any] = []
        self._writer = False
        self._lock_tried_at: datetime | None = None
        self._last_tick_at: datetime | None = None
        self._tilted_until: datetime | None = None
        self._ticked = time.monotonic()
        self._journal_error = ""
        self._since: dict[ConnectorKey, tuple[ConnectorStatus, datetime | None]] = {}
        self.report: Report | None = None
        documents = self._journal.state.load()
        self._memory, positions = remembered(documents)
        self.positions = {cluster: dict(offsets) for cluster, offsets in positions.items()}

    # ── the loop ──

    def run(self, stopped: Callable[[], bool], show: Callable[[Report], None]) -> None:
        """Tick on each arrival, and each second without one, until `stopped`."""
        while not stopped():
            messages = self._arrivals()
            try:
                show(self.tick(messages))
            except Exception:  # The one broad except: whatever a tick stumbles over, the next one watches on.
                log.exception("a tick failed; the next one goes on")
                # What came gets a second chance, and no third: it may be what the tick stumbles over.
                self._first = [
                    m
                    for m in self._unjudged
                    if isinstance(m, Outcome | StepResult) or any(m is new for new in messages)
                ]
                time.sleep(TICK_SECONDS)

    def seconds_since_tick(self) -> float:
        return time.monotonic() - self._ticked

    def request(self, id: str) -> Request | None:  # noqa: A002
        return self._memory.requests.get(id)

    def workflow_for(self, request_id: str) -> Workflow | None:
        """The one that was begun by that request."""
        return next((w for w in self._memory.workflows.values() if w.request_id == request_id), None)

    def _arrivals(self) -> list[Any]:
        messages: list[Any] = []
        try:
            messages.append(self._observatory.inbox.get(timeout=TICK_SECONDS))
            while len(messages) < DRAIN_MAX:
                messages.append(self._observatory.inbox.get_nowait())
        except queue.Empty:
            pass
        return messages

    def tick(self, messages: list[Any]) -> Report:
        now = self._clock()
        self._become_writer(now)
        self._unjudged, self._first = [*self._first, *messages], []
        arrivals = self._sort(self._unjudged, self._cannot_act(now))
        seen = self._world.observation(now)
        self._refresh_topology(seen)
        judgement = self._judged(seen, arrivals)
        if self._writer and not self._store(judgement):
            # Without a stored intent nothing is done: judge the same things again, with hands tied.
            arrivals = replace(arrivals, cannot_act=self._journal_error)
            judgement = self._judged(seen, arrivals)
            self._unwritten = [*self._unwritten, *judgement.entries][-ENTRIES_KEPT_MAX:]
        self._memory, self._unjudged = judgement.memory, []
        for action in judgement.actions:
            self._hands[action.key.cluster].do(action)
        for workflow in judgement.steps:
            self._hands[workflow.key.cluster].take(workflow)
        self._observatory.ask(judgement.questions)
        self._observatory.want(judgement.probes, judgement.focus)
        self._forget(now)
        self._last_tick_at, self._ticked = now, time.monotonic()
        self.report = self._tell(seen)
        return self.report

    def _judged(self, seen: Observation, arrivals: Arrivals) -> Judgement:
        try:
            judgement = judge(self._memory, seen, arrivals, self.topology, self._policy)
        except Exception:  # Whatever a rule for silent trouble stumbles over, failures are judged all the same.
            if not self._stumbled:
                log.exception("judging by failures alone from now on; what was found with nothing FAILED stands")
            self._stumbled = True
            return judge(self._memory, seen, replace(arrivals, rules=()), self.topology, self._policy)
        self._stumbled = False
        return judgement

    # ── what came ──

    def _sort(self, messages: list[Any], cannot_act: str) -> Arrivals:
        tailed: list[tuple[str, Tailed]] = []
        outcomes: list[Outcome] = []
        authors: list[Authorship] = []
        steps: list[StepResult] = []
        for message in (part for whole in messages for part in (whole if type(whole) is tuple else (whole,))):
            match message:
                case Outcome():
                    outcomes.append(message)
                case Authorship():
                    authors.append(message)
                case StepResult():
                    steps.append(message)
                case (str() as cluster, Tailed() as read):
                    tailed.append((cluster, read))
                    self.positions.setdefault(cluster, {}).update(read.positions)
                    for place, why in read.unreadable:
                        log.warning("a schema change record cannot be read and is left out", record=place, why=why)
                case _:
                    self._world = self._world.after(message)
        requests = self._requests()
        return Arrivals(tuple(tailed), tuple(outcomes), tuple(authors), requests, tuple(steps), cannot_act, self.rules)

    def _requests(self) -> tuple[Request, ...]:
        if not self._writer:
            return ()
        try:
            documents = self._journal.state.load("request/")
        except JournalError:
            return ()
        requests = [from_document(Request, document, key) for key, document in documents.items()]
        return tuple(request for request in requests if request.state == "waiting")

    def _refresh_topology(self, seen: Observation) -> None:
        views = tuple(seen.clusters.values())
        if not self._topology.refresh(views, self._memory.history.tables, self._observatory.kafka_of):
            return
        for view in views:
            self._observatory.follow(view.name, self.topology.schema_topics(view.name))
            self._observatory.survey(view.name, asked(view.name, view.configs, self.topology))

    @property
    def topology(self) -> Topology:
        return self._topology.topology

    # ── whether to act ──

    def _become_writer(self, now: datetime) -> None:
        if self._writer:
            return
        due = self._lock_tried_at is None or abs((now - self._lock_tried_at).total_seconds()) >= LOCK_RETRY_SECONDS
        if not due:
            return
        self._lock_tried_at = now
        try:
            acquired = self._journal.acquire()
            if acquired:
                self._take_over(now)
            self._writer, self._journal_error = acquired, ""
        except JournalError as error:
            self._writer, self._journal_error = False, str(error)

    def _take_over(self, now: datetime) -> None:
        """Read what the writer before left; calls of its that were never answered are unknown."""
        memory, _ = remembered(self._journal.state.load())
        # What was learnt of the tables belongs to the positions up to which this process read, not to the other's.
        self._memory = replace(memory, history=self._memory.history)
        self._notebook = Notebook()
        self._first = [*self._first, *unanswered(memory, now)]

    def _cannot_act(self, now: datetime) -> str:
        if not self._writer:
            return self._journal_error or "another watchdog writes this journal; this one only observes"
        gap = (now - self._last_tick_at).total_seconds() if self._last_tick_at else 0.0
        if gap < 0 or gap > self._tilt_seconds:
            self._tilted_until = now + timedelta(seconds=self._tilt_seconds)
            log.warning("the clock jumped, or the machine slept: observing without acting for a while", gap_seconds=gap)
        if self._tilted_until and now < self._tilted_until:
            return f"the clock jumped or the machine slept; no action before {self._tilted_until:%H:%M:%S} UTC"
        return ""

    # ── what stays ──

    def _store(self, judgement: Judgement) -> bool:
        nouns = self._notebook.differences(judgement.memory, self.positions)
        entries = [*self._unwritten, *judgement.entries]
        # After an error only a write can tell that it is over.
        if not nouns and not entries and not self._journal_error:
            return True
        try:
            with self._journal.transaction():
                self._journal.state.put(documents_of(nouns))
                self._journal.audit.append(entries)
        except JournalError as error:
            if not self._journal_error:
                log.error("the journal cannot be written: observing goes on, nothing is done", error=str(error))
            self._journal_error = str(error)
            return False
        self._notebook.written(nouns)
        self._unwritten, self._journal_error = [], ""
        return True

    def _forget(self, now: datetime) -> None:
        """Once a day: what is older than the retention leaves the journal."""
        if not self._writer or self._pruned_on == now.date():
            return
        self._pruned_on = now.date()
        try:
            self._journal.audit.prune(now - self._retention)
            old = outdated(self._journal.state.load(), now - self._retention, now - REQUESTS_KEPT)
            self._journal.state.put(dict.fromkeys(old))
        except JournalError as error:
            log.warning("the journal cannot be pruned; tried again tomorrow", error=str(error))
            return
        requests = {r.id: r for r in self._memory.requests.values() if f"request/{r.id}" not in old}
        workflows = {w.id: w for w in self._memory.workflows.values() if f"workflow/{w.id}" not in old}
        self._memory = replace(self._memory, requests=requests, workflows=workflows)

    def _tell(self, seen: Observation) -> Report:
        incidents = sorted(self._memory.incidents.values(), key=lambda i: (not i.open, i.opened_at))
        waiting = {v.name for v in seen.clusters.values() if v.polled_at is None and not v.error}
        waiting |= {s.cluster for s in seen.sources if s.name == "connect" and s.unseen}
        why = self._journal_error or (f"first look at {', '.join(sorted(waiting))}" if waiting else "")
        if not seen.clusters:
            why = why or "nothing has been looked at yet"
        return Report(
            observation=seen,
            incidents=tuple(incidents),
            counters=self._memory.counters,
            modes={name: self._policy.mode_for(ConnectorKey(name, "")).value for name in seen.clusters},
            ready=not why,
            not_ready_because=why,
            acting=self._writer and not self._journal_error,
            workflows=tuple(self._memory.workflows.values()),
            last_change=self._last_changes(seen),
        )

    def _last_changes(self, seen: Observation) -> dict[ConnectorKey, datetime]:
        """When each connector's status last changed before our eyes; not told of those that have not."""
        since: dict[ConnectorKey, tuple[ConnectorStatus, datetime | None]] = {}
        for status in (status for view in seen.clusters.values() for status in view.connectors.values()):
            before = self._since.get(status.key)
            if before is None or before[0] == status:
                since[status.key] = (status, before[1] if before else None)
            else:
                since[status.key] = (status, seen.now)
        self._since = since
        return {key: at for key, (_, at) in since.items() if at is not None}
