"""What somebody else does to a connector that fails: noticed, told, waited for, never fought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import CONFIGS, DRIFT_TRACE, NEW_COLUMN, OLD_COLUMNS, SINK, START, Scene
from watchdog.bystanders import Act, Deed, Glimpse, acts
from watchdog.model import (
    CallResult,
    Code,
    ConnectorConfig,
    ConnectorStatus,
    Phase,
    PushedStatus,
    Request,
    Resolution,
    State,
    TaskStatus,
    Verdict,
    Workflow,
)

FITS = (*OLD_COLUMNS, NEW_COLUMN)
CONFIG = CONFIGS["dw-sink"]
A, B = "worker-a:8083", "worker-b:8083"


def status(*tasks: str, state: State = State.RUNNING, worker: str = A) -> ConnectorStatus:
    """`RUNNING@b`: a task's state, and its worker where that is not the first one."""
    each = []
    for number, text in enumerate(tasks):
        word, _, where = text.partition("@")
        each.append(TaskStatus(number, State(word), B if where else A))
    return ConnectorStatus("main", "dw-sink", state, "sink", worker, tasks=tuple(each))


def pushes(*states: str, task: int | None = 0) -> tuple[PushedStatus, ...]:
    """One second apart, from the start on. `RUNNING@b#4`: on the other worker, in the group's fourth generation."""
    told = []
    for number, text in enumerate(states):
        word, _, generation = text.partition("#")
        word, _, where = word.partition("@")
        at = START + timedelta(seconds=number)
        worker = B if where else A
        told.append(PushedStatus("main", "dw-sink", task, State(word), worker, None, at, int(generation or -1)))
    return tuple(told)


def found(
    before: ConnectorStatus,
    after: ConnectorStatus,
    pushed: Sequence[PushedStatus] = (),
    configs: tuple[ConnectorConfig | None, ConnectorConfig | None] = (CONFIG, CONFIG),
    ours: frozenset[Deed] = frozenset(),
) -> list[Act]:
    now = START + timedelta(seconds=30)
    return list(acts(Glimpse(before, configs[0]), Glimpse(after, configs[1]), pushed, now, ours))


FAILED, RUNNING = status("FAILED"), status("RUNNING")
PAUSED, STOPPED = status("PAUSED", state=State.PAUSED), status(state=State.STOPPED)


@pytest.mark.parametrize(
    ("before", "after", "pushed", "told"),
    [
        pytest.param(FAILED, FAILED, (), [], id="nothing"),
        pytest.param(RUNNING, FAILED, pushes("FAILED"), [], id="a failure"),
        pytest.param(FAILED, RUNNING, (), ["restarted by someone else at 12:00:30 UTC"], id="a restart between polls"),
        pytest.param(
            FAILED,
            FAILED,
            pushes("RUNNING", "FAILED"),
            ["restarted by someone else at 12:00:00 UTC, and it failed again"],
            id="a restart that did not help",
        ),
        pytest.param(
            FAILED,
            FAILED,
            pushes("RESTARTING", "RUNNING", "FAILED"),
            ["restarted by someone else at 12:00:00 UTC, and it failed again"],
            id="the same by includeTasks",
        ),
        pytest.param(
            status("FAILED", "FAILED"),
            status("RUNNING", "RUNNING"),
            (*pushes("RESTARTING", "RUNNING"), *pushes("RESTARTING", "RUNNING", task=1)),
            ["restarted by someone else at 12:00:00 UTC"],
            id="two tasks at once",
        ),
        pytest.param(
            RUNNING,
            RUNNING,
            pushes("RESTARTING", "RUNNING", task=None),
            ["restarted by someone else at 12:00:00 UTC"],
            id="the connector alone",
        ),
        pytest.param(FAILED, status("UNASSIGNED"), pushes("UNASSIGNED"), [], id="a rebalance begins"),
        pytest.param(status("UNASSIGNED"), RUNNING, pushes("RUNNING"), [], id="a rebalance ends"),
        pytest.param(
            FAILED,
            status("RUNNING@b"),
            pushes("UNASSIGNED", "RUNNING@b"),
            [
                f"task 0 moved from worker {A} to {B}: a worker was lost or restarted, or a rebalance",
            ],
            id="another worker has it",
        ),
        pytest.param(
            FAILED,
            FAILED,
            pushes("FAILED#3", "RUNNING#4", "FAILED#4"),
            ["task 0 was started anew by a rebalance: a worker was restarted, or a configuration changed"],
            id="the same worker in another generation",
        ),
        pytest.param(
            FAILED,
            FAILED,
            pushes("FAILED#3", "RUNNING#3", "FAILED#3"),
            ["restarted by someone else at 12:00:01 UTC, and it failed again"],
            id="the same generation",
        ),
        pytest.param(FAILED, PAUSED, (), ["paused by someone else"], id="paused"),
        pytest.param(FAILED, STOPPED, (), ["stopped by someone else"], id="stopped"),
        pytest.param(PAUSED, STOPPED, (), ["stopped by someone else"], id="stopped after a pause"),
        pytest.param(PAUSED, RUNNING, (), ["resumed by someone else (it was PAUSED)"], id="resumed"),
        pytest.param(STOPPED, RUNNING, (), ["resumed by someone else (it was STOPPED)"], id="resumed from a stop"),
    ],
)
def test_what_two_looks_and_the_pushes_between_them_tell(
    before: ConnectorStatus, after: ConnectorStatus, pushed: tuple[PushedStatus, ...], told: list[str]
) -> None:
    assert [act.text for act in found(before, after, pushed)] == told


@pytest.mark.parametrize(
    ("deed", "before", "after"),
    [
        (Deed.RESTARTED, FAILED, RUNNING),
        (Deed.PAUSED, FAILED, PAUSED),
        (Deed.STOPPED, FAILED, STOPPED),
        (Deed.RESUMED, PAUSED, RUNNING),
    ],
)
def test_what_may_be_of_our_own_making_is_nobody_elses(
    deed: Deed, before: ConnectorStatus, after: ConnectorStatus
) -> None:
    assert [act.deed for act in found(before, after)] == [deed]
    assert found(before, after, ours=frozenset({deed})) == []
    assert [act.deed for act in found(before, after, ours=frozenset(Deed) - {deed})] == [deed]


def config(fingerprint: str, **changed: str | None) -> ConnectorConfig:
    values = {**CONFIG.values, "connection.password": "***", **changed}
    return replace(CONFIG, values={k: v for k, v in values.items() if v is not None}, fingerprint=fingerprint)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        pytest.param(config("1"), [], id="the same"),
        pytest.param(config("2", topics="t"), ["topics"], id="one"),
        pytest.param(config("2", topics=None, max="5"), ["max, topics"], id="one gone and one new"),
        pytest.param(config("2"), ["a secret value (connection.password)"], id="a password"),
        pytest.param(
            config("2", **{f"k{n}": "v" for n in range(10)}),
            ["k0, k1, k2, k3, k4, k5, k6, k7 and 2 more"],
            id="many",
        ),
        pytest.param(config("", topics="t"), [], id="not known now"),
        pytest.param(None, [], id="not there"),
    ],
)
def test_an_edit_is_told_by_the_names_of_its_settings_and_never_a_value(
    after: ConnectorConfig | None, told: list[str]
) -> None:
    texts = [act.text for act in found(FAILED, FAILED, configs=(config("1"), after))]
    assert texts == [f"configuration edited by someone else: {names}" for names in told]


# In the judgement.


def notes(scene: Scene) -> list[str]:
    return [entry.text for entry in scene.timeline if entry.kind == "note"]


def failing(fits: bool = False) -> Scene:
    scene = Scene(target=FITS if fits else OLD_COLUMNS)
    scene.drift()
    return scene


def test_a_restart_of_somebody_elses_is_told_and_ours_waits_to_see_whether_it_helped() -> None:
    scene = failing()
    scene.target = FITS
    scene.tick(pushed=pushes("RESTARTING", "RUNNING", "FAILED"))
    assert notes(scene) == ["restarted by someone else at 12:00:00 UTC, and it failed again"]
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.HOLD
    assert scene.incident.reason.endswith("and it failed again; looking whether that helped")
    scene.pass_seconds(4)
    assert scene.restarts == 0
    scene.pass_seconds(2)
    assert scene.restarts == 1


def test_the_generation_of_the_failure_is_remembered_until_it_runs_again() -> None:
    scene = failing()
    scene.tick(pushed=pushes("FAILED#7"))
    scene.pass_seconds(60)
    scene.run()
    scene.tick(pushed=pushes("RUNNING#8"))
    assert notes(scene)[0].startswith("task 0 was started anew by a rebalance")
    assert not [note for note in notes(scene) if "someone else" in note]


def test_nobody_else_is_named_for_what_our_own_restart_does() -> None:
    scene = failing(fits=True)
    scene.answer()
    scene.tick(pushed=pushes("RESTARTING", "RUNNING"))
    scene.run()
    scene.committed = 26
    scene.pass_seconds(10)
    assert scene.incident.resolution is Resolution.RECOVERED
    assert not [note for note in notes(scene) if "someone else" in note]


def test_the_effect_of_a_call_without_an_answer_may_come_late_and_is_ours() -> None:
    scene = failing(fits=True)
    scene.answer(CallResult.UNKNOWN)
    scene.now += timedelta(seconds=90)
    scene.run()
    scene.tick()
    assert not [note for note in notes(scene) if "someone else" in note]


def test_what_a_409_may_have_begun_after_all_is_ours_until_it_is_asked_again() -> None:
    scene = failing(fits=True)
    scene.answer(CallResult.CONFLICT)
    scene.now += timedelta(seconds=1)
    scene.tick(pushed=pushes("RESTARTING", "FAILED"))
    assert not [note for note in notes(scene) if "someone else" in note]


@pytest.mark.parametrize(
    ("seconds_ago", "state", "connector", "told"),
    [
        pytest.param(5, "accepted", "dw-sink", False, id="accepted just now"),
        pytest.param(30, "accepted", "dw-sink", True, id="accepted, and over"),
        pytest.param(30, "sent", "dw-sink", False, id="sent, and not answered yet"),
        pytest.param(110, "unknown", "dw-sink", False, id="no answer came, and it may still be carried out"),
        pytest.param(130, "unknown", "dw-sink", True, id="no answer came, too long ago"),
        pytest.param(5, "refused", "dw-sink", True, id="refused"),
        pytest.param(5, "waiting", "dw-sink", True, id="not sent"),
        pytest.param(5, "accepted", "oltp-source", True, id="asked of another connector"),
    ],
)
def test_a_call_that_a_person_asked_us_for_is_ours_for_as_long_as_it_may_show(
    seconds_ago: int, state: str, connector: str, told: bool
) -> None:
    scene = failing()
    at = scene.now - timedelta(seconds=seconds_ago)
    scene.memory = scene.memory.with_request(
        Request("r1", "pause", SINK._replace(connector=connector), at, state=state)
    )
    scene.set_state(State.PAUSED)
    scene.tick()
    assert notes(scene) == (["paused by someone else"] if told else [])


@pytest.mark.parametrize(
    ("ended_ago", "connector", "told"),
    [
        pytest.param(None, "dw-sink", False, id="under way"),
        pytest.param(5, "dw-sink", False, id="ended just now"),
        pytest.param(30, "dw-sink", True, id="ended before"),
        pytest.param(None, "oltp-source", True, id="on another connector"),
    ],
)
def test_what_our_workflow_does_to_its_connector_is_nobody_elses(
    ended_ago: int | None, connector: str, told: bool
) -> None:
    scene = failing()
    ended_at = None if ended_ago is None else scene.now - timedelta(seconds=ended_ago)
    workflow = Workflow("w1", "quarantine", SINK._replace(connector=connector), START, ended_at=ended_at)
    scene.memory = scene.memory.with_workflow(workflow)
    scene.set_state(State.STOPPED)
    scene.tick()
    assert notes(scene) == (["stopped by someone else"] if told else [])


def test_a_restart_long_after_ours_is_somebody_elses() -> None:
    scene = failing(fits=True)
    scene.answer()
    scene.pass_seconds(8)
    assert scene.incident.useless_restarts == 1
    scene.pass_seconds(10)
    scene.run()
    scene.tick()
    assert notes(scene)[0].startswith("restarted by someone else at ")


def test_a_pause_in_the_middle_of_our_verification_is_left_alone_and_told_once() -> None:
    scene = failing(fits=True)
    scene.answer()
    scene.run()
    scene.tick()
    assert scene.incident.phase is Phase.VERIFYING
    scene.set_state(State.PAUSED)
    scene.pass_seconds(600, step=5)
    assert scene.incident.verdict is Verdict.LEAVE_ALONE
    assert [note for note in notes(scene) if "someone else" in note] == ["paused by someone else"]
    assert len(scene.sent) == 1


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_a_person_asks_us_for_is_ours_and_no_strangers(verb: str) -> None:
    scene = failing()
    if verb == "resume":
        scene.set_state(State.PAUSED)
        scene.tick()
    scene.timeline.clear()
    scene.tick(request=Request("r1", verb, SINK, scene.now))
    scene.set_state(State.PAUSED if verb == "pause" else State.RUNNING)
    scene.pass_seconds(2)
    assert not [note for note in notes(scene) if "someone else" in note]


def test_an_edit_is_told_by_name_and_given_its_time_before_our_one_try() -> None:
    scene = Scene(target=None)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    changed = {**CONFIG.values, "schema.evolution": "basic"}
    scene.configs["dw-sink"] = replace(CONFIG, values=changed, fingerprint="sink-2")
    scene.tick()
    assert notes(scene) == ["configuration edited by someone else: schema.evolution"]
    assert scene.restarts == 0
    scene.pass_seconds(6)
    assert scene.restarts == 1


def test_a_connector_that_somebody_deletes_and_makes_anew_is_a_new_one() -> None:
    scene = failing()
    gone = scene.statuses.pop("dw-sink")
    scene.tick()
    assert scene.incident.resolution is Resolution.GONE
    scene.statuses["dw-sink"] = gone
    scene.now += timedelta(seconds=60)
    scene.tick()
    first, second = sorted(scene.memory.incidents.values(), key=lambda each: each.opened_at)
    assert (first.resolution, second.phase) == (Resolution.GONE, Phase.OPEN)
    assert scene.restarts == 0


def test_the_same_happening_is_told_once_though_it_is_seen_with_every_tick() -> None:
    scene = failing()
    scene.set_state(State.STOPPED)
    scene.pass_seconds(30)
    assert notes(scene) == ["stopped by someone else"]


# SCENARIOS row 5.


def lost_worker(scene: Scene, failed: bool) -> None:
    tasks = (
        TaskStatus(0, State.FAILED if failed else State.RUNNING, A, DRIFT_TRACE if failed else None),
        TaskStatus(1, State.UNASSIGNED, B),
    )
    scene.statuses["dw-sink"] = ConnectorStatus("main", "dw-sink", State.RUNNING, "sink", A, tasks=tasks)


@pytest.mark.parametrize("failed", [False, True], ids=["nothing failed", "another task failed"])
def test_row_5_a_task_that_is_unassigned_after_a_worker_is_lost_is_not_restarted_and_is_told_after_the_delay(
    failed: bool,
) -> None:
    scene = Scene(target=FITS)
    lost_worker(scene, failed)
    scene.pass_seconds(299, step=13)
    assert scene.restarts == 0
    assert Code.UNASSIGNED not in {incident.code for incident in scene.memory.incidents.values()}
    if failed:
        assert "task 1 UNASSIGNED" in scene.incident.reason
    scene.pass_seconds(600, step=5)
    assert scene.restarts == 0
    (told,) = [each for each in scene.memory.incidents.values() if each.code is Code.UNASSIGNED]
    assert "UNASSIGNED for longer than the rebalance delay of 300 s: task 1" in told.diagnosis.cause.message
    # Its worker comes back.
    tasks = (scene.statuses["dw-sink"].tasks[0], TaskStatus(1, State.RUNNING, B))
    scene.statuses["dw-sink"] = replace(scene.statuses["dw-sink"], tasks=tasks)
    scene.tick()
    assert not scene.memory.incidents[told.id].open
    assert scene.restarts == (1 if failed else 0)


def test_a_part_without_a_worker_of_what_a_person_paused_is_no_finding() -> None:
    scene = Scene()
    tasks = (TaskStatus(0, State.UNASSIGNED, B),)
    scene.statuses["dw-sink"] = ConnectorStatus("main", "dw-sink", State.PAUSED, "sink", A, tasks=tasks)
    scene.pass_seconds(400, step=100)
    assert scene.memory.incidents == {}


def test_row_5_a_rebalance_that_ends_in_time_is_no_finding_and_the_delay_begins_anew() -> None:
    scene = Scene()
    for _ in range(4):
        lost_worker(scene, failed=False)
        scene.pass_seconds(200, step=10)
        scene.run(tasks=2)
        scene.tick()
    assert scene.memory.incidents == {}


def test_row_5_while_the_cluster_is_not_seen_nothing_is_said_of_who_has_no_worker() -> None:
    scene = Scene()
    lost_worker(scene, failed=False)
    scene.pass_seconds(350, step=10)
    scene.poll_error = "http://c: timed out"
    scene.run(tasks=2)
    lost_worker(scene, failed=False)
    scene.pass_seconds(60, step=10)
    (told,) = scene.memory.incidents.values()
    assert told.open
