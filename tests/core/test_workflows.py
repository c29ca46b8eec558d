"""Workflows: one journaled step at a time, continued after a crash, brought back when something stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from queue import Queue
from typing import Any

import pytest

from tests.core.scene import SINK, SOURCE, Scene
from tests.core.test_loop import FakeHands, Life, drift
from tests.fakes.journal import FakeJournal
from watchdog.act import Hands
from watchdog.codec import from_document, to_document
from watchdog.errors import PortError, PortRefused, PortUnreachable
from watchdog.judge.workflows import TRIES_MAX
from watchdog.model import Phase, Request, Resolution, State, StepResult, TimelineEntry, Verdict, Workflow
from watchdog.workflows import Steps


@dataclass
class StepHands(FakeHands):
    """Keeps the steps that it is given; a test answers them."""

    steps: list[Workflow] = field(default_factory=list)

    def take(self, workflow: Workflow) -> None:
        self.steps.append(workflow)


@dataclass
class Work:
    """A life with a workflow asked for on the sink."""

    life: Life

    def __post_init__(self) -> None:
        self.hands = StepHands(self.life.disk)
        self.life.loop._hands = {"main": self.hands}
        self.life.tick()

    def ask(self, verb: str = "quarantine", id: str = "r1", key: Any = SINK) -> None:  # noqa: A002
        request = Request(id, verb, key, self.life.scene.now, arguments={"yes": True})
        FakeJournal(self.life.disk).state.put({f"request/{id}": to_document(request)})
        self.life.tick()

    def bring(self, next: str = "", **told: Any) -> None:  # noqa: A002
        step = self.hands.steps[-1]
        self.life.tick(StepResult(step.id, step.step, next, **told))

    def journaled(self) -> Workflow:
        documents = self.life.journal.state.load("workflow/")
        (workflow,) = (from_document(Workflow, document) for document in documents.values())
        return workflow

    def request(self) -> Request:
        (document,) = self.life.journal.state.load("request/").values()
        return from_document(Request, document)

    def taken(self) -> list[str]:
        return [workflow.step for workflow in self.hands.steps]

    def told(self) -> list[TimelineEntry]:
        return [entry for entry in self.life.disk.entries if entry.kind == "step"]


@pytest.fixture
def work() -> Work:
    return Work(Life(Scene()))


def test_a_step_is_in_the_journal_before_it_is_taken_and_its_result_before_the_next(work: Work) -> None:
    work.ask()
    assert (work.taken(), work.journaled().step, work.journaled().taking) == (["look"], "look", True)
    assert work.journaled().arguments == {"yes": True}
    work.bring("stop", detail="5 records", data={"records": 5})
    assert work.taken() == ["look", "stop"]
    assert (work.journaled().step, work.journaled().data) == ("stop", {"records": 5})
    assert [entry.text for entry in work.told()] == ["quarantine look: 5 records"]


def test_no_step_is_taken_while_the_journal_cannot_be_written(work: Work) -> None:
    work.ask()
    work.life.disk.broken = True
    work.bring("stop")
    assert work.taken() == ["look"]
    work.life.disk.broken = False
    work.life.pass_seconds(1)
    assert work.taken() == ["look", "stop"]


def test_a_step_that_is_not_done_yet_is_asked_again_after_its_pause_and_not_before(work: Work) -> None:
    work.ask()
    work.bring("look", pause_seconds=5, detail="waiting until it is STOPPED")
    work.life.pass_seconds(4)
    assert work.taken() == ["look"]
    work.life.pass_seconds(1)
    assert work.taken() == ["look", "look"]
    work.bring("look", pause_seconds=5, detail="waiting until it is STOPPED")
    assert len(work.told()) == 1


def test_a_crash_takes_the_same_step_again_with_what_the_earlier_ones_found(work: Work) -> None:
    work.ask()
    work.bring("copy", data={"records": 5}, changes=True)
    work.life.end()
    after = Work(Life(work.life.scene, work.life.disk))
    assert [(each.step, each.data, each.changed) for each in after.hands.steps] == [("copy", {"records": 5}, True)]
    assert after.request().state == "sent"
    after.bring("", detail="all stepped over")
    assert (after.journaled().result, after.request().state) == ("done", "accepted")
    assert after.request().detail == "all stepped over"


def test_an_answer_to_a_step_that_is_not_being_taken_is_none(work: Work) -> None:
    work.ask()
    first = work.hands.steps[-1]
    work.bring("stop")
    for late in (StepResult(first.id, "look", "elsewhere"), StepResult("no-such", "look", "elsewhere")):
        work.life.tick(late)
    assert (work.taken(), work.journaled().step) == (["look", "stop"], "stop")


def test_errors_are_tried_again_with_growing_pauses_and_end_it_before_anything_was_changed(work: Work) -> None:
    work.ask()
    for tries in range(1, TRIES_MAX):
        work.bring("look", error="no connection")
        assert len(work.taken()) == tries
        work.life.pass_seconds(min(2**tries, 60))
        assert len(work.taken()) == tries + 1
    work.bring("look", error="no connection")
    assert (work.journaled().result, work.request().state) == ("refused", "refused")
    assert "no connection; nothing was changed" in work.request().detail


def test_the_errors_of_one_step_do_not_count_for_the_next(work: Work) -> None:
    work.ask()
    for pause in (2, 4):
        work.bring("look", error="no connection")
        work.life.pass_seconds(pause)
    work.bring("stop")
    work.bring("stop", error="no connection")
    work.life.pass_seconds(2)
    assert work.taken() == ["look", "look", "look", "stop", "stop"]
    work.bring("copy", changes=True)
    for pause in (2, 4):
        work.bring("copy", error="no connection")
        work.life.pass_seconds(pause)
    work.bring("copy", error="answered 400", again=False)
    work.bring("undo", error="no connection")
    work.life.pass_seconds(2)
    assert work.taken()[5:] == ["copy", "copy", "copy", "undo", "undo"]


def test_a_refusal_after_a_change_brings_everything_back_and_that_is_tried_for_ever(work: Work) -> None:
    work.ask()
    work.bring("stop", changes=True)
    work.bring("stop", error="answered 400", again=False)
    assert work.taken() == ["look", "stop", "undo"]
    for tries in range(1, TRIES_MAX + 5):
        work.bring("undo", error="no connection", again=tries % 2 == 0)
        work.life.pass_seconds(60)
    assert set(work.taken()[2:]) == {"undo"}
    assert len(work.taken()) == 2 + TRIES_MAX + 5
    work.bring("")
    assert (work.journaled().result, work.request().state) == ("undone", "refused")
    assert work.request().detail == "answered 400; the connector is as it was before"


def test_a_workflow_that_refuses_says_why_and_ends(work: Work) -> None:
    work.ask()
    work.bring("", result="refused", detail="the sink has a dead letter queue of its own: use it")
    assert (work.request().state, work.request().detail) == (
        "refused",
        "the sink has a dead letter queue of its own: use it",
    )
    assert work.life.loop.report is not None
    assert work.life.loop.report.counters.get("workflows_total", *SINK, "quarantine", "refused") == 1


@pytest.mark.parametrize("verb", ["quarantine", "restart", "resume", "pause"])
def test_nothing_else_is_done_to_its_connector_meanwhile(work: Work, verb: str) -> None:
    work.ask()
    work.life.loop.tick(work.life.seen())
    FakeJournal(work.life.disk).state.put({"request/r2": to_document(Request("r2", verb, SINK, work.life.scene.now))})
    work.life.tick()
    second = work.life.journal.state.load("request/r2")["request/r2"]
    assert second["state"] == "refused"
    assert "quarantine is under way on it (step look)" in second["detail"]
    assert not work.hands.given


def test_another_connector_has_a_workflow_of_its_own(work: Work) -> None:
    work.ask()
    work.ask("recover", "r2", SOURCE)
    assert [(each.kind, each.key) for each in work.hands.steps] == [("quarantine", SINK), ("recover", SOURCE)]


def test_while_it_is_under_way_nothing_is_decided_about_the_connector_and_then_it_counts_as_ours(work: Work) -> None:
    scene = work.life.scene
    drift(scene)
    work.life.tick()
    work.ask()
    work.bring("stop", changes=True)
    scene.set_state(State.STOPPED)
    work.life.pass_seconds(2)
    incident = work.life.journaled()
    assert (incident.verdict, incident.phase) == (Verdict.WAIT, Phase.OPEN)
    assert incident.reason.startswith("quarantine is under way on it (step stop")
    scene.run()
    scene.committed, scene.shapes = scene.end, ()
    work.life.pass_seconds(60)
    assert work.life.journaled().open
    work.bring("", detail="stepped over 1 record")
    work.life.pass_seconds(10)
    assert work.life.journaled().resolution is Resolution.RECOVERED


def test_what_was_brought_back_is_no_recovery_of_ours(work: Work) -> None:
    scene = work.life.scene
    drift(scene)
    work.life.tick()
    work.ask()
    work.bring("stop", changes=True)
    work.bring("stop", error="answered 400", again=False)
    work.bring("")
    assert work.journaled().result == "undone"
    scene.run()
    scene.committed, scene.shapes = scene.end, ()
    work.life.pass_seconds(10)
    assert work.life.journaled().resolution is Resolution.RECOVERED_NOT_BY_US


def test_one_that_is_asked_for_when_the_incident_is_over_is_no_part_of_it(work: Work) -> None:
    scene = work.life.scene
    drift(scene)
    work.life.tick()
    scene.run()
    scene.committed, scene.shapes = scene.end, ()
    work.life.pass_seconds(10)
    assert not work.life.journaled().open
    work.ask()
    assert work.journaled().incident_id == ""


def test_a_connector_that_cannot_be_seen_is_not_taken_for_deleted() -> None:
    scene = Scene()
    scene.memory = scene.memory.with_workflow(BEGUN)
    del scene.statuses[SINK.connector]
    scene.poll_error = "timed out"
    scene.tick()
    assert scene.memory.workflows[BEGUN.id].open
    scene.poll_error = ""
    scene.tick()
    assert not scene.memory.workflows[BEGUN.id].open


def test_a_connector_that_is_deleted_meanwhile_ends_it(work: Work) -> None:
    work.ask()
    work.bring("stop", changes=True)
    del work.life.scene.statuses[SINK.connector]
    work.life.tick()
    assert (work.journaled().result, work.journaled().detail) == ("undone", "the connector was deleted")


def test_one_that_only_observes_takes_no_step(work: Work) -> None:
    work.ask()
    second = Work(Life(work.life.scene, work.life.disk))
    second.life.pass_seconds(3)
    assert second.taken() == []


def test_an_ended_one_is_forgotten_after_the_retention(work: Work) -> None:
    work.ask()
    work.bring("")
    work.life.scene.now += timedelta(days=91)
    work.life.pass_seconds(120)
    assert not work.life.journal.state.load("workflow/")


# ── the shell ──


@dataclass
class Raising:
    raised: Exception | None

    def take(self, workflow: Workflow) -> StepResult:
        if self.raised:
            raise self.raised
        return StepResult(workflow.id, workflow.step, "next")


BEGUN = Workflow("w1", "quarantine", SINK, Scene().now)


@pytest.mark.parametrize(
    ("raised", "again"),
    [
        (PortUnreachable("x", "no connection"), True),
        (PortRefused("x", "answered 409: rebalance", status=409), True),
        (PortRefused("x", "answered 500: oops", status=500), True),
        (PortRefused("x", "answered 400: no", status=400), False),
        (PortRefused("x", "its name cannot be addressed"), False),
        (RuntimeError("a mistake"), False),
    ],
)
def test_what_a_step_raises_becomes_its_result(raised: Exception, again: bool) -> None:
    result = Steps({"quarantine": Raising(raised)}, lambda each: None).result(BEGUN)
    assert (result.step, result.again, bool(result.error)) == ("look", again, True)
    assert ("no connection" in result.error) is isinstance(raised, PortUnreachable)
    assert "a mistake" not in result.error
    assert isinstance(raised, PortError) or "RuntimeError" in result.error


def test_a_kind_that_cannot_be_done_here_is_refused_in_words() -> None:
    result = Steps({}, lambda each: None).result(BEGUN)
    assert (result.again, "set KAFKA_BOOTSTRAP_SERVERS, or" in result.error) == (False, True)


def test_steps_are_taken_beside_each_other_and_beside_the_calls() -> None:
    arrived: Queue[Any] = Queue()
    release: Queue[None] = Queue()

    @dataclass
    class Slow:
        def take(self, workflow: Workflow) -> StepResult:
            if workflow.id == "slow":
                release.get(timeout=30)
            return StepResult(workflow.id, workflow.step, "next")

    def no_call(action: Any) -> Any:
        raise AssertionError(action)

    clock: Callable[[], Any] = lambda: Scene().now  # noqa: E731
    hands = Hands("main", no_call, arrived.put, clock, {"quarantine": Slow()})
    hands.take(replace(BEGUN, id="slow"))
    hands.take(replace(BEGUN, id="quick"))
    assert arrived.get(timeout=30).workflow_id == "quick"
    release.put(None)
    assert arrived.get(timeout=30).workflow_id == "slow"
