"""Shell: the tick. Drain what the workers brought, judge it, journal what was decided, only then act, then report.

The loop does no network I/O; the journal is the only thing that it waits for.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from watchdog.act import Hands
from watchdog.arrive import Arriving
from watchdog.detect.rules import RULES
from watchdog.judge import Arrivals, Judgement, judge
from watchdog.keeper import Keeper
from watchdog.model import Observation, Outcome, Report, Request, StepResult, Workflow
from watchdog.observe import Observatory
from watchdog.policy import Policy
from watchdog.progress import asked
from watchdog.pulse import Pulse
from watchdog.tell import Changes, Standing, report_of
from watchdog.topology import Topology
from watchdog.topology.kept import KeptTopology

log = structlog.get_logger("watchdog")

TICK_SECONDS = 1.0
DRAIN_MAX = 500
"""Messages judged in one tick: its work is bounded."""


class Loop:
    """One tick after the other; `report` is the last one's."""

    def __init__(
        self, observatory: Observatory, hands: Mapping[str, Hands], keeper: Keeper, policy: Policy, pulse: Pulse
    ) -> None:
        self._observatory, self._hands, self._keeper = observatory, hands, keeper
        self._policy, self._pulse = policy, pulse
        self._memory = keeper.memory
        self._arriving = Arriving()
        self._topology = KeptTopology()
        self._changes = Changes()
        self.rules = RULES
        self._stumbled = False
        self._first: list[Any] = []
        """What the next tick judges before all that is new."""
        self._unjudged: list[Any] = []
        self.report: Report | None = None

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
        return self._pulse.seconds_since_tick()

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
        now = self._pulse.now()
        self._memory, left = self._keeper.become_writer(self._memory, now)
        self._first = [*self._first, *left]
        self._unjudged, self._first = [*self._first, *messages], []
        arrivals = self._sort(self._unjudged, self._cannot_act(now))
        seen = self._arriving.world.observation(now)
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
        self._pulse.ticked(now)
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
        arrivals = self._arriving.sort(messages)
        self._keeper.read_on(arrivals.tailed)
        for place, why in (unreadable for _, read in arrivals.tailed for unreadable in read.unreadable):
            log.warning("a schema change record cannot be read and is left out", record=place, why=why)
        return replace(arrivals, requests=self._keeper.requests(), cannot_act=cannot_act, rules=self.rules)

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
        tilted = self._pulse.tilted(now)
        # A writer whose last write failed tries again, and finds out before it acts.
        return tilted if self._keeper.writer else self._keeper.not_acting_because

    # ── what is told ──

    def _tell(self, seen: Observation) -> Report:
        self._changes = self._changes.after(seen)
        standing = Standing(self._keeper.error, self._keeper.not_acting_because)
        return report_of(seen, self._memory, self._policy, standing, self._changes)
