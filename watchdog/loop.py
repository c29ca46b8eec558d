"""Shell: the tick. Drain what the workers brought, judge it, journal what was decided, only then act, then report.

The loop does no network I/O; the journal is the only thing that it waits for.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from watchdog.act import Hands
from watchdog.detect.rules import RULES
from watchdog.judge import Arrivals, Judgement, judge
from watchdog.keeper import Keeper
from watchdog.model import (
    Authorship,
    ConnectorKey,
    ConnectorStatus,
    Observation,
    Outcome,
    PushedStatus,
    Report,
    Request,
    StepResult,
    Tailed,
    Workflow,
)
from watchdog.observe import Observatory
from watchdog.policy import Policy
from watchdog.ports import Journal
from watchdog.progress import asked
from watchdog.topology import Topology
from watchdog.topology.kept import KeptTopology
from watchdog.world import Pushed, World

log = structlog.get_logger("watchdog")

TICK_SECONDS = 1.0
DRAIN_MAX = 500
"""Messages judged in one tick: its work is bounded."""


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
        self._observatory, self._hands = observatory, hands
        self._policy, self._clock, self._tilt_seconds = policy, clock, tilt_seconds
        self._world = World()
        self._topology = KeptTopology()
        self.rules = RULES
        self._stumbled = False
        self._first: list[Any] = []
        self._unjudged: list[Any] = []
        self._last_tick_at: datetime | None = None
        self._tilted_until: datetime | None = None
        self._ticked = time.monotonic()
        self._since: dict[ConnectorKey, tuple[ConnectorStatus, datetime | None]] = {}
        self.report: Report | None = None
        self._keeper = Keeper(journal, retention)
        self._memory = self._keeper.memory

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
        self._memory, left = self._keeper.become_writer(self._memory, now)
        self._first = [*self._first, *left]
        self._unjudged, self._first = [*self._first, *messages], []
        arrivals = self._sort(self._unjudged, self._cannot_act(now))
        seen = self._world.observation(now)
        self._refresh_topology(seen)
        judgement = self._judged(seen, arrivals)
        if not self._keeper.writer:
            self._keeper.keep_for_later(judgement.entries)
        elif not self._keeper.store(judgement.memory, judgement.entries):
            # Without a stored intent nothing is done: judge the same things again, with hands tied.
            arrivals = replace(arrivals, cannot_act=self._keeper.error)
            judgement = self._judged(seen, arrivals)
            self._keeper.keep_for_later(judgement.entries)
        self._memory, self._unjudged = judgement.memory, []
        for action in judgement.actions:
            self._hands[action.key.cluster].do(action)
        for workflow in judgement.steps:
            self._hands[workflow.key.cluster].take(workflow)
        self._observatory.ask(judgement.questions)
        self._observatory.want(judgement.probes, judgement.focus)
        self._memory = self._keeper.forget(self._memory, now)
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
        pushed: list[PushedStatus] = []
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
                    self._keeper.positions.setdefault(cluster, {}).update(read.positions)
                    for place, why in read.unreadable:
                        log.warning("a schema change record cannot be read and is left out", record=place, why=why)
                case _:
                    pushed += message.statuses if isinstance(message, Pushed) else ()
                    self._world = self._world.after(message)
        return Arrivals(
            tuple(tailed),
            tuple(outcomes),
            tuple(authors),
            self._keeper.requests(),
            tuple(steps),
            cannot_act,
            self.rules,
            tuple(pushed),
        )

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

    def _cannot_act(self, now: datetime) -> str:
        # Also of who only observes: it may be the one that acts in this very tick.
        tilted = self._tilted(now)
        # A writer whose last write failed tries again, and finds out before it acts.
        return tilted if self._keeper.writer else self._keeper.not_acting_because

    def _tilted(self, now: datetime) -> str:
        gap = (now - self._last_tick_at).total_seconds() if self._last_tick_at else 0.0
        if gap < 0 or gap > self._tilt_seconds:
            self._tilted_until = now + timedelta(seconds=self._tilt_seconds)
            log.warning("the clock jumped, or the machine slept: observing without acting for a while", gap_seconds=gap)
        if self._tilted_until and now < self._tilted_until:
            return f"the clock jumped or the machine slept; no action before {self._tilted_until:%H:%M:%S} UTC"
        return ""

    # ── what is told ──

    def _tell(self, seen: Observation) -> Report:
        incidents = sorted(self._memory.incidents.values(), key=lambda i: (not i.open, i.opened_at, i.key))
        waiting = {v.name for v in seen.clusters.values() if v.polled_at is None and not v.error}
        waiting |= {s.cluster for s in seen.sources if s.name == "connect" and s.unseen}
        why = self._keeper.error or (f"first look at {', '.join(sorted(waiting))}" if waiting else "")
        if not seen.clusters:
            why = why or "nothing has been looked at yet"
        return Report(
            observation=seen,
            incidents=tuple(incidents),
            counters=self._memory.counters,
            modes={name: self._policy.mode_for(ConnectorKey(name, "")).value for name in seen.clusters},
            ready=not why,
            not_ready_because=why,
            acting=not self._keeper.not_acting_because,
            not_acting_because=self._keeper.not_acting_because,
            workflows=tuple(self._memory.workflows.values()),
            last_change=self._last_changes(seen),
            circuits={name: each for name, each in self._memory.circuits.items() if each.open},
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
