"""Any story of failures, repairs, persons, lost answers, kills, full disks, jumping clocks and second instances: what
must hold in each (SCENARIOS, "Properties for stateful tests"). The model is a Connect cluster in memory."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from prometheus_client import generate_latest

from tests.core.lives import (
    CANARY,
    KINDS,
    Call,
    Cluster,
    Crash,
    FakeShelf,
    Process,
    Shelf,
    SqliteShelf,
    counters_of,
)
from tests.core.scene import START
from watchdog import logs
from watchdog.errors import PortUnreachable
from watchdog.model import Action, CallResult, ConnectorKey, Outcome, Request, State, Verdict
from watchdog.policy import Policy
from watchdog.report import documents, tables
from watchdog.report.metrics import registry
from watchdog.report.rows import rows
from watchdog.report.timeline import as_json, lines

NAMES = st.sampled_from(sorted(KINDS))
MISJUDGED = st.sampled_from(["down", "denied", "drift"])
WHYS = st.sampled_from(["odd", "down", "denied", "drift"])
SHORT = st.integers(0, 6)
STEP_SECONDS = 20
"""Below the tilt's thirty."""
ATTEMPTS_MAX = 3
SETTLED_SECONDS = 14 * 60
"""2 + 6 minutes of back-off, the way to them, and what is left of a tilt."""
STEPS: Counter[str] = Counter()
"""How often each rule ran, and how many ticks."""


class Lives(RuleBasedStateMachine):
    on_disk_of_ten = 5
    """So many of ten stories have their journal in a real file."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.log = io.StringIO()
        self.cluster = Cluster(lambda: self.now)
        logs.configure("json", "info", self.cluster.fake.redactor, self.log)
        self.shelf: Shelf
        self.processes: list[Process] = []
        self.answers: list[str] = []
        """How the next calls end; when there is none: accepted."""
        self.last_calls: dict[str, list[Call]] = {}
        """Ours, by connector, that were not answered with 409."""
        self.open_calls: dict[str, Call] = {}
        self.useless: Counter[str] = Counter()
        """Restarts of ours that did not help though they were answered, and that the owner saw to be so, in a row."""
        self.counters: dict[tuple[str, tuple[str, ...]], float] = {}
        self.requests = 0
        self.set_back = 0
        self.story_is_over = False
        """Something was wrong already: how it ends tells nothing more."""

    @initialize(number=st.integers(0, 9))
    def begin(self, number: int) -> None:
        self.shelf = (SqliteShelf if number < self.on_disk_of_ten else FakeShelf)(lambda: self.now)
        self._start()

    # ── the pipeline and its persons ──

    @rule(name=NAMES, why=WHYS, seconds=SHORT)
    def fails(self, name: str, why: str, seconds: int) -> None:
        if self.cluster.state(name) is State.RUNNING:
            self._is_touched(name)
            self.cluster.fail(name, why if why != "drift" or name == "dw-sink" else "down")
            self._pass(seconds, 1)

    @rule(name=NAMES, why=MISJUDGED, seconds=st.integers(5, 25))
    def fails_and_the_probes_say_that_it_would_run(self, name: str, why: str, seconds: int) -> None:
        self.cluster.misjudged.add(name)
        self.fails(name, why, seconds)

    @rule(name=NAMES, seconds=SHORT)
    def is_remedied(self, name: str, seconds: int) -> None:
        self.cluster.heal(name)
        self._pass(seconds, 1)

    @rule(name=NAMES)
    def recovers_by_itself(self, name: str) -> None:
        if self.cluster.state(name) is State.FAILED:
            self._is_touched(name)
            self.cluster.run(name)

    @rule(name=NAMES, state=st.sampled_from([State.PAUSED, State.STOPPED]))
    def a_person_takes_it_out_of_service(self, name: str, state: State) -> None:
        if self.cluster.state(name) is not None:
            self._is_touched(name)
            self.cluster.fake.set_state(name, state)

    @rule(name=NAMES)
    def a_person_resumes_it(self, name: str) -> None:
        if self.cluster.state(name) in (State.PAUSED, State.STOPPED):
            self._is_touched(name)
            self.cluster.resume(name)

    @rule(name=NAMES, seconds=SHORT)
    def is_deleted_and_created_again(self, name: str, seconds: int) -> None:
        if self.cluster.state(name) is None:
            return
        self._is_touched(name)
        self.cluster.delete(name)
        self._pass(seconds, 1)
        self.cluster.create(name)

    @rule(name=NAMES)
    def a_rebalance_passes(self, name: str) -> None:
        if self.cluster.state(name) is State.RUNNING:
            self._is_touched(name)
            self.cluster.fake.set_state(name, State.UNASSIGNED)
            self._pass(2, 1)
            if self.cluster.state(name) is State.UNASSIGNED:
                self.cluster.run(name)

    @rule(name=NAMES, verb=st.sampled_from(["restart", "restart", "pause", "resume"]))
    def a_person_asks_for(self, name: str, verb: str) -> None:
        self.requests += 1
        self.shelf.ask(Request(f"r{self.requests:05}", verb, ConnectorKey("main", name), self.now))

    # ── Connect's ways ──

    @rule(how=st.sampled_from(["lost", "lost-before", "refused", "conflict", "hangs"]))
    def the_next_call_ends(self, how: str) -> None:
        self.answers.append(how)

    @rule(seconds=st.integers(1, 20))
    def connect_is_out_of_reach(self, seconds: int) -> None:
        self.cluster.fake.unreachable = PortUnreachable("http://connect", "no connection")
        self._pass(seconds, 1)
        self.cluster.fake.unreachable = None

    # ── our own ──

    @rule(where=st.sampled_from(["before-commit", "after-commit", "before-call"]), second=st.booleans())
    def will_be_killed(self, where: str, second: bool) -> None:
        """Around the next thing that it writes, or the next call."""
        if self.processes:
            process = self.processes[-1 if second else 0]
            process.kill_before_call = where == "before-call"
            process.journal.kill_at = where

    @rule(second=st.booleans(), again=st.booleans())
    def is_killed(self, second: bool, again: bool) -> None:
        if self.processes:
            self._end(self.processes[-1 if second else 0])
        if again:
            self._start()

    @rule(seconds=SHORT)
    def one_more_is_started(self, seconds: int) -> None:
        if len(self.processes) < 2:
            self._start()
        self._pass(seconds, 1)

    @rule(seconds=st.integers(1, 20))
    def the_disk_is_full(self, seconds: int) -> None:
        self.shelf.broken = True
        self._pass(seconds, 1)
        self.shelf.broken = False

    # ── time ──

    @rule(seconds=st.integers(1, 12))
    def seconds_pass(self, seconds: int) -> None:
        self._pass(seconds, 1)

    @rule(minutes=st.integers(1, 5))
    def minutes_pass(self, minutes: int) -> None:
        self._pass(minutes * 60, STEP_SECONDS)

    @rule(seconds=st.sampled_from([-300, -40, -1, 31, 300, 7200]))
    def the_clock_jumps(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        # Whatever waits for a time of day waits that much longer.
        self.set_back += max(0, -seconds)
        self._tick()

    # ── what must hold ──

    @invariant()
    def is_a_step(self) -> None:
        STEPS["steps"] += 1

    @invariant()
    def no_counter_is_ever_less(self) -> None:
        if hasattr(self, "shelf"):
            counters = counters_of(self.shelf)
            lower = {
                name: (count, counters.get(name))
                for name, count in self.counters.items()
                if counters.get(name, 0.0) < count
            }
            assert not {name: both for name, both in lower.items() if "timestamp" not in name[0]}, lower
            self.counters = counters

    @invariant()
    def at_most_one_acts(self) -> None:
        assert sum(self.shelf.is_owner(process.inner) for process in self.processes) <= 1 if self.processes else True

    def may_be_called(self, process: Process, action: Action) -> None:
        """At each call, before it is made."""
        self.story_is_over = True
        self._may_be_called(process, action)
        self.story_is_over = False

    def _may_be_called(self, process: Process, action: Action) -> None:
        STEPS[f"{action.verb} for a person" if action.request_id else action.verb] += 1
        name = action.key.connector
        assert self.shelf.is_owner(process.inner), "a call by who is not the owner"
        assert not self.shelf.broken, "a call without a journal"
        self._intent_is_stored(action)
        if action.request_id:
            self.open_calls.pop(name, None)
            return
        tilted = process.tilted_until
        assert tilted is None or self.now >= tilted, "a call in the tilt"
        assert self.cluster.state(name) not in (State.PAUSED, State.STOPPED), "a person's decision was overruled"
        if calls := self.last_calls.get(name):
            # Known by now, when it is told in the same look that asks for the next one.
            useless = self.useless[name] + self._proved_useless(name, process)
            pause = timedelta(minutes=useless * useless + useless)
            # Without a pause there is nothing to keep, also when the clock was set back since.
            assert not pause or self.now - calls[-1].at >= pause, (
                f"{name}: {useless} useless, and again after {self.now - calls[-1].at}"
            )

    def _intent_is_stored(self, action: Action) -> None:
        if action.request_id:
            (request,) = self.shelf.documents(f"request/{action.request_id}").values()
            assert request["state"] == "sent"
        if action.verb == "restart" and action.incident_id:
            (incident,) = self.shelf.documents(f"incident/{action.incident_id}").values()
            assert (incident["phase"], incident["attempts"][-1]["result"]) == ("restarting", "pending")

    def teardown(self) -> None:
        try:
            if hasattr(self, "shelf") and not self.story_is_over:
                self._everything_ends_well()
                self._nothing_tells_the_secret()
        finally:
            if hasattr(self, "shelf"):
                for process in self.processes:
                    process.end()
                self.shelf.close()

    def _everything_ends_well(self) -> None:
        """Left alone, with a journal, a way to Connect and one process, each failure comes to one of its ends."""
        self.shelf.broken, self.cluster.fake.unreachable, self.answers = False, None, []
        for process in self.processes:
            process.kill_before_call, process.journal.kill_at = False, ""
        if not self.processes:
            self._start()
        until = self.now + timedelta(seconds=SETTLED_SECONDS + self.set_back)
        self._pass(2 * 60, STEP_SECONDS)
        while (open_ones := [name for name in KINDS if not self._ended(name)]) and self.now < until:
            self._pass(60, STEP_SECONDS)
        assert not open_ones, [(name, self.cluster.state(name), self._told(name)) for name in open_ones]
        for name in KINDS:
            verdicts = ", ".join(verdict for verdict, _ in self._told(name))
            STEPS[f"ended {self.cluster.state(name)}: {verdicts or 'no incident'}"] += 1
        self.no_counter_is_ever_less()

    def _told(self, name: str) -> list[tuple[Verdict, str]]:
        """Verdict and reason of the connector's open failure, by who acts."""
        owner = next(process for process in self.processes if self.shelf.is_owner(process.inner))
        assert owner.report is not None
        assert owner.report.acting
        of_it = [i for i in owner.report.incidents if i.open and i.key.connector == name and i.code.is_failure]
        return [(incident.verdict, incident.reason) for incident in of_it]

    def _ended(self, name: str) -> bool:
        """Recovered, held with a reason, or given up; a person's PAUSED and STOPPED stands."""
        state, told = self.cluster.state(name), self._told(name)
        if state in (State.PAUSED, State.STOPPED):
            return all(verdict is Verdict.LEAVE_ALONE for verdict, _ in told)
        if state is State.FAILED:
            ((verdict, reason),) = told
            return verdict in (Verdict.HOLD, Verdict.EXHAUSTED) and bool(reason)
        # The one that speaks for several is over when all of them are.
        others = [other for other in KINDS if other != name and self.cluster.state(other) is not State.RUNNING]
        return not told or bool(others and told[0][0] is Verdict.VERIFY)

    def _nothing_tells_the_secret(self) -> None:
        report = self.processes[0].report
        assert report is not None
        told = [as_json(line) for line in self.shelf.lines()]
        told += [line.plain for line in lines(self.shelf.lines())]
        told.append(json.dumps(self.shelf.documents("")))
        told.append(generate_latest(registry(lambda: report, lambda: self.now, "0")).decode())
        told += [json.dumps(documents.incident(one)) for one in report.incidents]
        told += [text.plain for one in report.incidents for text in tables.block(one)]
        told.append(json.dumps(documents.status(rows(report))))
        told.append(self.log.getvalue())
        assert not [text for text in told if CANARY in text]

    # ── how it is played ──

    def _start(self) -> None:
        policy = Policy(stability_window_seconds=5.0, transient_delay_seconds=3.0, attempts_max=ATTEMPTS_MAX,
                        flush_interval_seconds=lambda _: 1.0)  # fmt: skip
        process = Process(self.cluster, self.shelf, policy, lambda: self.now, self.may_be_called)
        self.processes.append(process)
        self._tick()

    def _end(self, process: Process) -> None:
        # What was handed to a hand may still be on its way.
        for call in process.calls:
            if self.answers and self.answers.pop() != "lost-before":
                self.cluster.carry_out(call.action)
        self.processes.remove(process)
        process.end()
        self.open_calls = {name: call for name, call in self.open_calls.items() if call.process is not process}

    def _pass(self, seconds: int, step: int) -> None:
        for _ in range(0, seconds, step):
            self.now += timedelta(seconds=step)
            self._tick()

    def _tick(self) -> None:
        self.cluster.go_on()
        for process in list(self.processes):
            STEPS["ticks"] += 1
            self._answer(process)
            try:
                process.tick()
            except Crash:
                STEPS["killed around a commit or a call"] += 1
                self._note_calls(process)
                self._end(process)
                self._forget_what_the_journal_ended()
                continue
            self._note_calls(process)
            self._judge_calls(process)

    def _note_calls(self, process: Process) -> None:
        for call in process.calls:
            name = call.action.key.connector
            ours = call.at == self.now and not call.action.request_id and call.action.verb == "restart"
            if ours and call not in self.last_calls.setdefault(name, []):
                if self._proved_useless(name, process):
                    self._count_useless(name)
                self.last_calls[name].append(call)
                self.open_calls[name] = call

    def _answer(self, process: Process) -> None:
        calls, process.calls = process.calls, []
        for call in calls:
            how = self.answers.pop(0) if self.answers else "accepted"
            if how == "hangs" and (self.now - call.at).total_seconds() < 30:
                self.answers.insert(0, how)
                process.calls.append(call)
                continue
            there = self.cluster.state(call.action.key.connector) is not None
            if there and how in ("accepted", "lost"):
                self.cluster.carry_out(call.action)
            result = {
                "accepted": CallResult.ACCEPTED if there else CallResult.REFUSED,
                "refused": CallResult.REFUSED,
                "conflict": CallResult.CONFLICT,
            }.get(how, CallResult.UNKNOWN)
            call.answered, call.answered_at = result, self.now
            process.answers.append(Outcome(call.action, result, self.now, how))
            name = call.action.key.connector
            if result is CallResult.CONFLICT and call in self.last_calls.get(name, ()):
                self.last_calls[name].remove(call)

    def _judge_calls(self, process: Process) -> None:
        """Which restarts the owner now knows to have been useless; which failures are over."""
        report = process.report
        if report is None or not report.acting:
            return
        self._forget_all_but({i.key.connector for i in report.incidents if i.open and i.code.is_failure})
        if self.cluster.fake.unreachable:
            return
        for name, call in list(self.open_calls.items()):
            if call.process is process and self.cluster.state(name) is State.RUNNING:
                call.was_running = call.answered is CallResult.ACCEPTED
            elif self._proved_useless(name, process):
                self._count_useless(name)

    def _forget_what_the_journal_ended(self) -> None:
        """Who was killed after its last commit may have seen the end of a failure (its connector was deleted)."""
        incidents = self.shelf.documents("incident/").values()
        self._forget_all_but({one["key"][1] for one in incidents if one["phase"] != "resolved"})

    def _forget_all_but(self, failing: set[str]) -> None:
        for name in [name for name in KINDS if name not in failing]:
            self.useless.pop(name, None)
            self.last_calls.pop(name, None)
            self.open_calls.pop(name, None)

    def _proved_useless(self, name: str, process: Process) -> bool:
        """Whether who sees everything now, and had the answer, must know that the last restart did not help."""
        call = self.open_calls.get(name)
        return bool(call and call.process is process and call.was_running) and self.cluster.state(name) is State.FAILED

    def _count_useless(self, name: str) -> None:
        self.useless[name] += 1
        STEPS["known to be useless"] += 1
        del self.open_calls[name]

    def _is_touched(self, name: str) -> None:
        """By somebody else: whose restart helped what is open to judgement."""
        self.open_calls.pop(name, None)


class LongLives(Lives):
    on_disk_of_ten = 1


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_whatever_happens_it_is_patient_alone_honest_and_comes_to_an_end() -> None:
    # The same stories each time: new ones are for the long run.
    short = settings(
        max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=QUIET, derandomize=True
    )
    run_state_machine_as_test(Lives, settings=short)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_whatever_happens_in_a_hundred_thousand_steps() -> None:
    STEPS.clear()
    began = time.monotonic()
    long = settings(
        max_examples=1100,
        stateful_step_count=100,
        deadline=None,
        suppress_health_check=QUIET,
        database=None,
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(LongLives, settings=long)
    seconds = time.monotonic() - began
    print(f"{seconds:.0f} s:", ", ".join(f"{name} {count:,}" for name, count in sorted(STEPS.items())))
    assert STEPS["steps"] >= 100_000
