"""The loop with ports in memory: what is journaled when, when nothing may be done, and what a new life takes over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.core.scene import (
    ADDED,
    CREATED,
    DRIFT_TRACE,
    NEW_COLUMN,
    OLD_COLUMNS,
    ORDERS,
    SINK,
    Scene,
    shape,
)
from tests.fakes.connect import FakeConnect
from tests.fakes.journal import Disk, FakeAudit, FakeJournal
from watchdog.act import Hands
from watchdog.codec import from_document, to_document
from watchdog.errors import JournalError
from watchdog.keeper import Keeper
from watchdog.loop import Loop
from watchdog.model import (
    Action,
    Advice,
    CallResult,
    Category,
    Cause,
    Code,
    ConnectorKey,
    Finding,
    Incident,
    Outcome,
    Phase,
    Poll,
    Report,
    Request,
    Resolution,
    Severity,
    State,
    TableId,
    Tailed,
    TimelineEntry,
    Verdict,
    Workflow,
)
from watchdog.observe import ClusterEyes, ClusterPorts, Observatory
from watchdog.observe.workers import Inbox
from watchdog.policy import Mode
from watchdog.pulse import Pulse
from watchdog.world import Configs, Expected, Heard

TOPIC = "dataflow-0"
READ = (("main", Tailed("main", (CREATED, ADDED), {TOPIC: 2})),)
"""As a worker hands it over."""


@dataclass
class FakeHands(Hands):
    """Remembers what it was given, and how the disk looked at that moment."""

    disk: Disk
    given: list[Action] = field(default_factory=list)
    disk_then: list[tuple[dict[str, bytes], list[str]]] = field(default_factory=list)

    def do(self, action: Action) -> None:
        self.given.append(action)
        self.disk_then.append((dict(self.disk.documents), [entry.kind for entry in self.disk.entries]))


class Life:
    """One process: a loop on a disk, that sees what the scene shows. `end` is a kill: nothing is said or written."""

    def __init__(self, scene: Scene, disk: Disk | None = None) -> None:
        self.scene = scene
        self.disk = disk if disk is not None else Disk()
        self.journal = FakeJournal(self.disk)
        self.hands = FakeHands(self.disk)
        self.inbox: Inbox = Inbox()
        eyes = ClusterEyes(ClusterPorts(FakeConnect()), {}, self.inbox, self._clock)
        observatory = Observatory({"main": eyes}, {}, self.inbox)
        self.loop = Loop(
            observatory, {"main": self.hands}, Keeper(self.journal), scene.policy, Pulse(self._clock, 30.0)
        )

    def tick(self, *more: object) -> Report:
        return self.loop.tick([*self.seen(), *more])

    def seen(self) -> list[Any]:
        observation = self.scene.observation()
        view = observation.clusters["main"]
        poll = Poll("main", self.scene.now, view.connectors, healthy=True)
        configs = Configs("main", view.configs, whole=True)
        return [poll, configs, *observation.databases.values(), *observation.probes.values()]

    def pass_seconds(self, seconds: int) -> Report:
        for _ in range(seconds):
            self.scene.now += timedelta(seconds=1)
            report = self.tick()
        return report

    def answer(self, result: CallResult = CallResult.ACCEPTED) -> Report:
        return self.tick(Outcome(self.hands.given[-1], result, self.scene.now))

    def end(self) -> None:
        self.disk.owner = None

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.disk.entries]

    def journaled(self) -> Incident:
        (document,) = [key for key in self.disk.documents if key.startswith("incident/")]
        return from_document(Incident, self.journal.state.load(document)[document])

    def _clock(self) -> datetime:
        return self.scene.now


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def life(scene: Scene) -> Life:
    return Life(scene)


def drift(scene: Scene) -> None:
    """The sink fails on a record with a column that the target lacks."""
    scene.shapes = (shape("id", "customer", "unexpected_field"),)
    scene.fail(DRIFT_TRACE)


def remedy(scene: Scene) -> None:
    scene.target = (*OLD_COLUMNS, NEW_COLUMN)


def recover(scene: Scene) -> None:
    scene.run()
    scene.committed, scene.shapes = scene.end, ()


# ── intent before deed ──


def test_the_intent_is_in_the_journal_when_the_call_is_handed_out(life: Life) -> None:
    drift(life.scene)
    remedy(life.scene)
    life.tick(READ)
    ((documents, kinds),) = life.hands.disk_then
    assert life.hands.given == [Action("restart", SINK, life.journaled().id)]
    assert b'"restarting"' in documents[f"incident/{life.journaled().id}"]
    assert kinds[-1] == "intent"


def test_nothing_is_done_while_the_journal_cannot_be_written_and_it_says_so(life: Life) -> None:
    life.tick()
    life.disk.broken = True
    drift(life.scene)
    remedy(life.scene)
    report = life.pass_seconds(20)
    assert not life.hands.given
    assert (report.acting, report.ready) == (False, False)
    assert "the disk is full" in report.not_ready_because
    # It is detected all the same, and the hold says why.
    (incident,) = report.incidents
    assert (incident.phase, incident.verdict) == (Phase.OPEN, Verdict.HOLD)
    assert "the disk is full" in incident.reason
    assert report.counters.get("schema_drift_total", "main", str(ORDERS), "mysql") == 1


def test_what_happened_while_the_journal_could_not_be_written_is_written_afterwards_and_nothing_else(
    life: Life,
) -> None:
    life.tick()
    life.disk.broken = True
    drift(life.scene)
    remedy(life.scene)
    life.pass_seconds(20)
    assert not life.disk.entries
    life.disk.broken = False
    report = life.pass_seconds(1)
    assert (report.acting, report.ready) == (True, True)
    # One intent: those that were never carried out have not happened.
    assert life.kinds() == ["opened", "diagnosed", "decided", "decided", "intent"]
    texts = [entry.text for entry in life.disk.entries if entry.kind == "decided"]
    assert "the disk is full" in texts[0]
    assert texts[1].startswith("restart: observed")
    assert len(life.hands.given) == 1
    life.pass_seconds(3)
    assert [life.kinds().count(kind) for kind in ("opened", "diagnosed", "intent")] == [1, 1, 1]


def test_it_acts_again_after_an_error_though_there_is_nothing_left_to_write(life: Life) -> None:
    drift(life.scene)
    remedy(life.scene)
    life.tick()
    life.answer()
    life.scene.run()
    life.tick()
    life.scene.set_state(State.RESTARTING)
    life.tick()
    life.disk.broken = True
    life.scene.run()
    assert not life.tick().acting
    life.disk.broken = False
    # As it was when it was last written.
    life.scene.set_state(State.RESTARTING)
    assert life.tick().acting


class FullAudit(FakeAudit):
    """Takes nothing, while the documents beside it could be written."""

    def append(self, entries: Sequence[TimelineEntry]) -> None:
        raise JournalError("fake journal: the timeline is full")


def test_an_incident_is_not_stored_without_its_timeline(life: Life) -> None:
    life.tick()
    life.journal.audit = FullAudit(life.journal)
    drift(life.scene)
    remedy(life.scene)
    life.tick(READ)
    assert not [key for key in life.disk.documents if key.startswith(("incident/", "table/", "position/"))]
    assert not life.hands.given


def test_a_verification_is_journaled_with_its_reason_and_not_each_second(life: Life) -> None:
    drift(life.scene)
    remedy(life.scene)
    life.tick(READ)
    life.answer()
    life.scene.run()
    life.pass_seconds(2)
    assert life.journaled().reason == "RUNNING, stable after 5 s"
    written = dict(life.disk.documents)
    life.pass_seconds(2)
    assert life.disk.documents == written


def test_positions_are_stored_with_what_was_read_there_or_not_at_all(life: Life) -> None:
    life.tick()
    life.disk.broken = True
    life.tick(READ)
    assert not [key for key in life.disk.documents if key.startswith(("table/", "position/"))]
    life.disk.broken = False
    life.tick()
    stored = life.journal.state.load()
    assert stored[f"position/main/{TOPIC}"] == {"next": 2}
    assert [change["ddl"] for change in stored[f"table/dataflow/{ORDERS}"]["changes"]] == [ADDED.ddl]


# ── tilt ──


@pytest.mark.parametrize("jump", [pytest.param(300, id="slept"), pytest.param(-300, id="clock-set-back")])
def test_after_a_jump_of_the_clock_it_detects_but_does_not_act_for_a_while(life: Life, jump: int) -> None:
    life.tick()
    life.scene.now += timedelta(seconds=jump)
    drift(life.scene)
    remedy(life.scene)
    (incident,) = life.tick().incidents
    assert incident.verdict is Verdict.HOLD
    assert "the clock jumped" in incident.reason
    assert "opened" in life.kinds()
    life.pass_seconds(29)
    assert not life.hands.given
    life.pass_seconds(2)
    assert len(life.hands.given) == 1


def test_who_observed_a_jump_of_the_clock_does_not_act_when_it_takes_over_just_then(scene: Scene) -> None:
    first, second = Life(scene, disk := Disk()), Life(scene, disk)
    first.tick()
    second.tick(READ)
    scene.now += timedelta(seconds=300)
    drift(scene)
    remedy(scene)
    first.journal.close()
    assert second.tick().acting
    second.pass_seconds(29)
    assert not second.hands.given
    second.pass_seconds(2)
    assert len(second.hands.given) == 1


def test_an_ordinary_pause_between_ticks_is_no_jump(life: Life) -> None:
    life.tick()
    life.scene.now += timedelta(seconds=29)
    drift(life.scene)
    remedy(life.scene)
    life.tick()
    assert len(life.hands.given) == 1


# ── an earlier life ──


def _cut_off(scene: Scene) -> Life:
    """A life that ended between its intent and the answer."""
    first = Life(scene)
    drift(scene)
    remedy(scene)
    first.tick(READ)
    assert first.hands.given
    first.end()
    return first


def test_an_intent_without_an_answer_is_unknown_in_the_next_life_and_counted(scene: Scene) -> None:
    first = _cut_off(scene)
    second = Life(scene, first.disk)
    report = second.tick()
    assert not second.hands.given
    assert second.journaled().attempts[-1].result is CallResult.UNKNOWN
    assert [e.text for e in first.disk.entries if e.kind == "answer"] == [
        "restart: unknown (the watchdog ended before the answer)"
    ]
    assert report.counters.get("restarts_total", *SINK, "unknown") == 1
    assert report.counters.get("schema_drift_total", "main", str(ORDERS), "mysql") == 1


def test_a_call_that_was_made_after_all_is_proved_without_another(scene: Scene) -> None:
    second = Life(scene, _cut_off(scene).disk)
    second.tick()
    recover(scene)
    second.pass_seconds(10)
    assert second.journaled().resolution is Resolution.RECOVERED
    assert not second.hands.given
    kinds = second.kinds()
    assert [kinds.count(k) for k in ("opened", "diagnosed", "intent", "answer", "resolved")] == [1, 1, 1, 1, 1]


def test_a_call_that_was_never_made_is_made_once_after_ten_seconds(scene: Scene) -> None:
    second = Life(scene, _cut_off(scene).disk)
    second.pass_seconds(10)
    assert not second.hands.given
    second.pass_seconds(5)
    assert len(second.hands.given) == 1
    second.answer()
    recover(scene)
    report = second.pass_seconds(10)
    assert second.journaled().resolution is Resolution.RECOVERED
    assert [attempt.result.value for attempt in second.journaled().attempts] == ["unknown", "accepted"]
    assert report.counters.get("schema_drift_total", "main", str(ORDERS), "mysql") == 1
    assert second.kinds().count("opened") == 1


def test_a_request_that_was_sent_and_never_answered_is_unknown_and_is_not_sent_again(scene: Scene) -> None:
    first = Life(scene)
    _ask(first, "resume")
    first.tick()
    assert [action.verb for action in first.hands.given] == ["resume"]
    first.end()
    second = Life(scene, first.disk)
    second.pass_seconds(30)
    assert not second.hands.given
    assert _state(second) == "unknown"


def test_a_second_loop_observes_without_acting_and_takes_over_what_the_first_left(scene: Scene) -> None:
    first, second = Life(scene, disk := Disk()), Life(scene, disk)
    first.tick()
    second.tick(READ)
    drift(scene)
    report = second.tick()
    assert (report.acting, report.ready) == (False, True)
    assert [incident.phase for incident in report.incidents] == [Phase.OPEN]
    first.tick()  # Ends before it has read the statement.
    opened_by_first = first.journaled().id
    remedy(scene)
    second.pass_seconds(20)
    assert not second.hands.given
    first.journal.close()
    report = second.pass_seconds(10)
    assert report.acting
    assert [incident.id for incident in report.incidents] == [opened_by_first]
    assert len(second.hands.given) == 1
    assert second.kinds().count("opened") == 1
    # Read by the second alone, and past its reader: it must not be lost with the first.
    stored = second.journal.state.load()
    assert [change["ddl"] for change in stored[f"table/dataflow/{ORDERS}"]["changes"]] == [ADDED.ddl]
    assert stored[f"position/main/{TOPIC}"] == {"next": 2}


def test_what_the_writer_does_is_not_somebody_elses_doing_for_who_only_observes(scene: Scene) -> None:
    first, second = Life(scene, disk := Disk()), Life(scene, disk)
    first.tick(READ)
    second.tick(READ)
    drift(scene)
    remedy(scene)
    first.tick()
    second.tick()
    assert first.hands.given
    first.answer()
    second.pass_seconds(5)
    recover(scene)
    (incident,) = second.tick().incidents
    assert incident.touched == ""
    assert [attempt.result for attempt in incident.attempts] == [CallResult.ACCEPTED]


def test_what_the_writer_was_asked_for_and_works_on_is_told_by_who_only_observes(scene: Scene) -> None:
    first, second = Life(scene, disk := Disk()), Life(scene, disk)
    first.tick()
    drift(scene)
    second.tick()
    workflow = Workflow("w1", "quarantine", ConnectorKey(*SINK), scene.now, step="copy")
    request = Request("r1", "quarantine", ConnectorKey(*SINK), scene.now, state="sent")
    first.journal.state.put({"workflow/w1": to_document(workflow), "request/r1": to_document(request)})
    report = second.pass_seconds(6)
    assert [(each.id, each.step) for each in report.workflows] == [("w1", "copy")]
    assert second.loop.request("r1") is not None
    assert not second.hands.given


def test_a_connector_that_cannot_be_seen_is_not_called_recovered_until_it_is_seen_again(life: Life) -> None:
    drift(life.scene)
    remedy(life.scene)
    life.tick(READ)
    life.answer()
    recover(life.scene)
    life.tick()
    for _ in range(60):
        life.scene.now += timedelta(seconds=1)
        (incident,) = life.loop.tick([Poll("main", life.scene.now, error="connection refused")]).incidents
        assert incident.phase is Phase.VERIFYING
    (incident,) = life.tick().incidents
    assert (incident.phase, incident.attempts[-1].helped) == (Phase.RESOLVED, True)


# ── a tick that fails ──


def _stumble_once(life: Life, messages: list[object], show: Callable[[Report], None]) -> None:
    """Run until three ticks were shown; the first one meets a connector that no rule can read."""
    shown: list[Report] = []
    for message in [*messages, *life.seen(), Poll("main", life.scene.now, {"odd": None})]:  # type: ignore[dict-item]
        life.inbox.put(message)

    def stopped() -> bool:
        if life.inbox.empty():
            life.inbox.put(tuple(life.seen()))
        return len(shown) >= 3

    def shows(report: Report) -> None:
        shown.append(report)
        show(report)

    life.loop.run(stopped, shows)


def test_a_tick_that_raises_does_not_end_the_loop_and_what_came_with_it_is_not_lost(life: Life) -> None:
    drift(life.scene)
    remedy(life.scene)
    life.tick()
    call = life.hands.given[0]
    answer = Outcome(call, CallResult.ACCEPTED, life.scene.now)
    _stumble_once(life, [answer, READ], lambda report: None)
    assert life.journaled().phase is Phase.VERIFYING
    assert life.kinds().count("answer") == 1
    stored = life.journal.state.load("table/")
    assert [change["ddl"] for change in stored[f"table/dataflow/{ORDERS}"]["changes"]] == [ADDED.ddl]


def test_what_cannot_be_shown_is_judged_once_all_the_same(life: Life) -> None:
    drift(life.scene)
    remedy(life.scene)
    life.tick()
    life.inbox.put(Outcome(life.hands.given[0], CallResult.ACCEPTED, life.scene.now))
    shown: list[Report] = []

    def show(report: Report) -> None:
        shown.append(report)
        if len(shown) == 1:
            raise ValueError("a view that stumbles")

    life.loop.run(lambda: len(shown) >= 2, show)
    assert life.kinds().count("answer") == 1


# ── what persons ask for ──


def _ask(life: Life, verb: str, id: str = "r1") -> None:  # noqa: A002
    request = Request(id, verb, SINK, life.scene.now)
    FakeJournal(life.disk).state.put({f"request/{id}": to_document(request)})


def _state(life: Life, id: str = "r1") -> str:  # noqa: A002
    (document,) = life.journal.state.load(f"request/{id}").values()
    return str(document["state"])


def test_a_request_in_the_journal_is_carried_out_once_and_its_answer_is_written_there(life: Life) -> None:
    life.tick()
    _ask(life, "restart")
    life.tick()
    assert _state(life) == "sent"
    life.answer()
    assert _state(life) == "accepted"
    life.pass_seconds(5)
    assert [action.verb for action in life.hands.given] == ["restart"]


def test_a_request_waits_until_connect_was_seen(life: Life) -> None:
    _ask(life, "restart")
    life.loop.tick([])
    assert _state(life) == "waiting"
    life.tick()
    assert _state(life) == "sent"


def test_a_request_that_meets_a_rebalance_is_sent_again_with_growing_pauses(life: Life) -> None:
    life.tick()
    _ask(life, "restart")
    life.tick()
    for sent, pause in ((1, 2), (2, 4), (3, 8)):
        life.answer(CallResult.CONFLICT)
        life.pass_seconds(pause - 1)
        assert len(life.hands.given) == sent
        life.pass_seconds(1)
    life.answer()
    assert len(life.hands.given) == 4
    assert _state(life) == "accepted"
    assert life.kinds().count("request") == 1


def _proposing(scene: Scene) -> Life:
    scene.policy = replace(scene.policy, mode=Mode.PROPOSE)
    life = Life(scene)
    drift(scene)
    life.tick(READ)
    remedy(scene)
    life.pass_seconds(2)
    assert life.journaled().verdict is Verdict.PROPOSE
    request = Request("r1", "approve", SINK, scene.now, arguments={"incident": life.journaled().id})
    FakeJournal(life.disk).state.put({"request/r1": to_document(request)})
    life.tick()
    return life


def test_an_approval_in_the_journal_lets_one_restart_go_also_when_it_meets_a_rebalance(scene: Scene) -> None:
    life = _proposing(scene)
    assert (_state(life), len(life.hands.given)) == ("sent", 1)
    life.answer(CallResult.CONFLICT)
    life.pass_seconds(2)
    assert len(life.hands.given) == 2
    life.answer()
    assert _state(life) == "accepted"
    assert [attempt.by for attempt in life.journaled().attempts] == ["approval"]
    life.pass_seconds(5)
    assert len(life.hands.given) == 2


def test_an_approval_whose_restart_was_cut_off_by_our_end_is_unknown_and_lets_no_second_one_go(scene: Scene) -> None:
    first = _proposing(scene)
    first.end()
    life = Life(scene, first.disk)
    life.tick()
    assert _state(life) == "unknown"
    assert life.journaled().phase is Phase.VERIFYING
    life.pass_seconds(60)
    assert not life.hands.given
    assert life.journaled().verdict is Verdict.PROPOSE


def test_a_request_that_nobody_took_up_for_minutes_is_refused(life: Life) -> None:
    _ask(life, "restart")
    life.scene.now += timedelta(seconds=301)
    life.tick()
    assert _state(life) == "refused"
    assert not life.hands.given


def test_it_is_not_ready_before_every_cluster_answered_or_failed_to(life: Life) -> None:
    other = Expected("other", "connect")
    report = life.tick(other)
    assert (report.ready, report.not_ready_because) == (False, "first look at other")
    assert life.tick(Heard("other", "connect", life.scene.now, "no connection")).ready


def test_a_table_of_the_history_tells_what_a_merging_router_leaves_open() -> None:
    scene = Scene()
    source = scene.configs["oltp-source"]
    routed = {
        "transforms": "merge",
        "transforms.merge.type": "io.debezium.transforms.ByLogicalTableRouter",
        "transforms.merge.topic.regex": r"dataflow\.oltp\.(.*)_\d+",
        "transforms.merge.topic.replacement": "all.$1",
        "table.include.list": r"oltp\.orders_.*",
    }
    scene.configs["oltp-source"] = replace(source, values={**source.values, **routed})
    sink = scene.configs["dw-sink"]
    scene.configs["dw-sink"] = replace(sink, values={**sink.values, "topics": "all.orders"})
    life = Life(scene)
    life.tick()
    assert [route.table for route in life.loop.topology.routes] == [None]
    shard = TableId("oltp", "orders_1")
    life.tick((("main", Tailed("main", (replace(CREATED, table=shard),), {"dataflow-0": 1})),))
    life.tick()
    assert [route.table for route in life.loop.topology.routes] == [shard]


def test_a_rule_that_stumbles_hides_no_failure_and_ends_nothing_that_was_found() -> None:
    scene = Scene()
    life = Life(scene)
    cause = Cause(Category.CONFIG, Advice.NO, "odd", "odd")
    odd = Finding(Code.DRIFT_HIDDEN, ConnectorKey("main", "oltp-source"), "odd", cause, Severity.RISKY)
    life.loop.rules = (lambda seen, topology, history: iter((odd,)),)
    life.tick()

    def stumbling(seen: object, topology: object, history: object) -> Iterator[Finding]:
        raise KeyError("what nobody thought of")

    life.loop.rules = (stumbling,)
    scene.fail(DRIFT_TRACE)
    report = life.pass_seconds(2)
    assert {incident.code for incident in report.incidents if incident.open} == {Code.DRIFT_HIDDEN, Code.TASK_FAILED}
    life.loop.rules = (lambda seen, topology, history: iter(()),)
    report = life.pass_seconds(1)
    assert [incident.code for incident in report.incidents if incident.open] == [Code.TASK_FAILED]
