"""A fake Connect cluster of many connectors, which fail and come back together: on a clock of ours, without I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.core.scene import START
from watchdog.judge import Arrivals, judge
from watchdog.memory import Memory
from watchdog.model import (
    Action,
    CallResult,
    ClusterView,
    ConnectorStatus,
    Incident,
    Observation,
    Offsets,
    Outcome,
    Probe,
    Request,
    State,
    TaskStatus,
    TimelineEntry,
)
from watchdog.policy import Policy
from watchdog.remember import Notebook, documents_of, remembered
from watchdog.topology import Topology

NO_SPACE = "java.io.IOException: nobody has seen the volume full before\n\tat x.Y.z(Y.java:1)\n"


@dataclass
class Storm:
    """`broken`: the shared cause is there: who is restarted fails again, a second later, like the real ones."""

    count: int = 20
    policy: Policy = field(default_factory=Policy)
    step_seconds: float = 5.0
    now: datetime = START
    memory: Memory = field(default_factory=Memory)
    traces: dict[str, str] = field(default_factory=dict)
    """What is FAILED, by connector."""
    broken: dict[str, str] = field(default_factory=dict)
    """What fails again when it is restarted, and with which trace."""
    paused: set[str] = field(default_factory=set)
    read_on: dict[str, int] = field(default_factory=dict)
    restarts: list[tuple[datetime, str]] = field(default_factory=list)
    timeline: list[TimelineEntry] = field(default_factory=list)
    answer: CallResult = CallResult.ACCEPTED
    cannot_act: str = ""
    _called: list[Action] = field(default_factory=list)
    _due: list[tuple[datetime, str, str]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [f"sink-{number:04}" for number in range(self.count)]

    def fail(self, names: Iterable[str], trace: str = NO_SPACE, *, lasting: bool = True) -> None:
        for name in names:
            self.traces[name] = trace
            if lasting:
                self.broken[name] = trace

    def mend(self, names: Iterable[str] | None = None) -> None:
        for name in list(names if names is not None else self.broken):
            self.broken.pop(name, None)

    def pass_seconds(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now += timedelta(seconds=self.step_seconds)
            self.tick()

    def tick(self, request: Request | None = None) -> None:
        self._let_time_work()
        outcomes = tuple(Outcome(action, self.answer, self.now) for action in self._called)
        self._called = []
        for outcome in outcomes:
            self._carry_out(outcome)
        arrivals = Arrivals(outcomes=outcomes, requests=(request,) if request else (), cannot_act=self.cannot_act)
        judgement = judge(self.memory, self.observation(), arrivals, Topology(), self.policy)
        self.memory = judgement.memory
        self.timeline += judgement.entries
        self._called += judgement.actions
        self.restarts += [(self.now, a.key.connector) for a in judgement.actions if a.verb == "restart"]

    def crash(self) -> None:
        """What the journal holds is all that is left."""
        self.memory, _ = remembered(documents_of(Notebook().differences(self.memory, {})))

    def observation(self) -> Observation:
        statuses = {name: self._status(name) for name in self.names}
        view = ClusterView("main", polled_at=self.now, connectors=statuses, healthy=True)
        known = (i.key for i in self.memory.incidents.values() if i.open)
        probes = {key: self._probe(key.connector) for key in known}
        return Observation(self.now, {"main": view}, {}, {probe.key: probe for probe in probes.values()})

    def _status(self, name: str) -> ConnectorStatus:
        trace = self.traces.get(name)
        task = TaskStatus(0, State.FAILED if trace else State.RUNNING, trace=trace)
        state = State.PAUSED if name in self.paused else State.RUNNING
        return ConnectorStatus("main", name, state, "sink", tasks=(task,))

    def _probe(self, name: str) -> Probe:
        offset = self.read_on.get(name, 0)
        offsets = Offsets({f"{name}-0": offset}, {f"{name}-0": offset if name not in self.traces else 9}, known=True)
        return Probe(ConnectorStatus("main", name, State.RUNNING).key, self.now, offsets=offsets)

    def _carry_out(self, outcome: Outcome) -> None:
        name = outcome.action.key.connector
        if outcome.action.verb != "restart" or outcome.result is not CallResult.ACCEPTED:
            return
        self.traces.pop(name, None)
        if name in self.broken:
            self._due.append((self.now + timedelta(seconds=1), name, self.broken[name]))
        else:
            self.read_on[name] = 9

    def _let_time_work(self) -> None:
        for at, name, trace in self._due:
            if at <= self.now:
                self.traces[name] = trace
        self._due = [due for due in self._due if due[0] > self.now]

    # ── what came of it ──

    @property
    def incidents(self) -> dict[str, Incident]:
        return {i.key.connector: i for i in self.memory.incidents.values()}

    @property
    def told(self) -> list[Incident]:
        """The incidents that somebody is called for."""
        return [i for i in self.memory.incidents.values() if i.open and i.merged_into is None]

    def most_in_a_minute(self) -> int:
        times = [at for at, _ in self.restarts]
        minute = timedelta(seconds=60)
        return max((sum(start <= at < start + minute for at in times) for start in times), default=0)

    def entries(self, kind: str) -> list[str]:
        return [entry.text for entry in self.timeline if entry.kind == kind]


def with_policy(**given: object) -> Policy:
    return replace(Policy(stability_window_seconds=10.0, flush_interval_seconds=lambda _: 1.0), **given)  # type: ignore[arg-type]
