"""The whole judgement, from status documents to calls, on scenes whose time is ours."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import (
    ADDED,
    DENIED_TRACE,
    DOWN_TRACE,
    DRIFT_TRACE,
    NEW_COLUMN,
    ODD_TRACE,
    OLD_COLUMNS,
    ORDERS,
    PARTITION,
    SINK,
    TARGET,
    Scene,
    ddl_record,
    shape,
    table,
)
from watchdog.model import (
    Action,
    CallResult,
    Category,
    Phase,
    Request,
    Resolution,
    State,
    TableId,
    Verdict,
)
from watchdog.policy import Mode, Policy

REVERTED = ddl_record(13, "ALTER TABLE `oltp`.`orders` DROP COLUMN unexpected_field", table(ORDERS, *OLD_COLUMNS))


def test_the_statement_the_table_and_the_column_are_named() -> None:
    scene = Scene()
    scene.drift()
    diagnosis = scene.incident.diagnosis
    assert diagnosis.cause.category is Category.SCHEMA_DRIFT
    assert (diagnosis.table, diagnosis.target, diagnosis.columns) == (ORDERS, TARGET, ("unexpected_field",))
    assert diagnosis.change is not None
    assert diagnosis.change.ddl == ADDED.ddl
    assert diagnosis.change.position == ADDED.position
    assert diagnosis.confidence > 0.95
    assert diagnosis.stuck == {PARTITION: (21, 21)}


def test_the_way_out_is_the_exact_alter_for_the_target() -> None:
    scene = Scene()
    scene.drift()
    wanted = "ALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;"
    assert scene.incident.diagnosis.way_out == wanted
    assert wanted in scene.incident.reason


def test_drift_is_held_for_as_long_as_the_column_is_missing() -> None:
    scene = Scene()
    scene.drift()
    scene.pass_seconds(3600, step=10)
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.HOLD


def test_the_column_at_the_target_brings_one_restart_and_the_passed_offset_resolves() -> None:
    scene = Scene()
    scene.drift(tasks=2)
    scene.target = (*OLD_COLUMNS, NEW_COLUMN)
    scene.tick()
    assert scene.sent == [Action("restart", SINK, scene.incident.id)]
    scene.answer()
    scene.run(tasks=2)
    scene.pass_seconds(30)
    # RUNNING for long, but still where it was stuck: not recovered.
    assert scene.incident.phase is Phase.VERIFYING
    scene.committed = 22
    scene.pass_seconds(1)
    assert scene.incident.resolution is Resolution.RECOVERED
    assert scene.restarts == 1
    assert scene.incident.diagnosis.change is not None


def test_the_passed_offset_alone_does_not_resolve_before_the_stability_window() -> None:
    scene = Scene()
    scene.drift()
    scene.target = (*OLD_COLUMNS, NEW_COLUMN)
    scene.tick()
    scene.answer()
    scene.run()
    scene.committed = 22
    scene.pass_seconds(4)
    assert scene.incident.phase is Phase.VERIFYING
    scene.pass_seconds(3)
    assert scene.incident.resolution is Resolution.RECOVERED


def test_reverting_the_source_does_not_help_and_that_is_said() -> None:
    scene = Scene()
    scene.drift()
    scene.learn(REVERTED)
    scene.pass_seconds(60)
    assert scene.restarts == 0
    assert "does not help" in scene.incident.reason
    assert f"{PARTITION} offsets 21 to 21" in scene.incident.reason
    assert "ALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;" in scene.incident.reason
    assert scene.incident.diagnosis.change is not None
    assert scene.incident.diagnosis.change.ddl == ADDED.ddl


@pytest.mark.parametrize(
    ("trace", "category"),
    [
        pytest.param(DENIED_TRACE, Category.AUTH, id="wrong-password"),
        pytest.param(DOWN_TRACE, Category.CONNECTIVITY, id="database-down"),
    ],
)
def test_another_cause_is_not_blamed_on_a_statement_that_happens_to_be_near(trace: str, category: Category) -> None:
    scene = Scene(reachable=False)
    scene.learn(ADDED)
    scene.fail(trace)
    scene.tick()
    diagnosis = scene.incident.diagnosis
    assert diagnosis.cause.category is category
    assert diagnosis.change is None
    assert not scene.incident.schema_drift
    scene.pass_seconds(600, step=5)
    assert scene.restarts == 0


@pytest.mark.parametrize("trace", [DENIED_TRACE, DOWN_TRACE])
def test_a_door_that_opens_again_brings_one_restart_and_recovery(trace: str) -> None:
    scene = Scene(reachable=False)
    scene.fail(trace)
    scene.pass_seconds(120, step=5)
    assert scene.restarts == 0
    scene.reachable = True
    scene.tick()
    scene.answer()
    scene.run()
    scene.committed = scene.end
    scene.pass_seconds(10)
    assert scene.restarts == 1
    assert scene.incident.resolution is Resolution.RECOVERED


def test_a_source_that_nothing_comes_by_recovers_after_a_longer_while_and_says_so() -> None:
    scene = Scene(reachable=True, policy=Policy(stability_window_seconds=5.0, flush_interval_seconds=lambda _: 1.0))
    scene.fail(DOWN_TRACE, "oltp-source", "source")
    scene.tick()
    scene.answer()
    scene.run("oltp-source", "source")
    scene.pass_seconds(10)
    assert scene.incident.phase is Phase.VERIFYING
    scene.pass_seconds(8)
    assert scene.incident.resolution is Resolution.RECOVERED
    assert "no record came by" in scene.incident.reason


def test_a_sink_that_runs_and_leaves_its_records_waiting_is_not_called_recovered() -> None:
    scene = Scene(reachable=True, policy=Policy(stability_window_seconds=5.0, flush_interval_seconds=lambda _: 1.0))
    scene.fail(DOWN_TRACE)
    scene.tick()
    scene.answer()
    scene.run()
    scene.pass_seconds(600)
    assert scene.incident.phase is Phase.VERIFYING
    assert "records wait that it has not taken" in scene.incident.reason
    scene.committed = scene.end
    scene.tick()
    assert scene.incident.resolution is Resolution.RECOVERED
    assert scene.restarts == 1


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param(DOWN_TRACE, id="the connection broke"),
        # Down, or a wrong address: nothing tells which, so it is not left alone after the first try.
        pytest.param("java.net.ConnectException: Connection refused\n\tat x.Y.z(Y.java:1)\n", id="nobody listens"),
    ],
)
def test_a_useless_restart_is_followed_by_a_growing_pause(trace: str) -> None:
    scene = Scene(reachable=None)
    scene.fail(trace)
    sent_at = []
    for _ in range(3600):
        scene.pass_seconds(1)
        if scene.incident.phase is Phase.RESTARTING:
            sent_at.append((scene.now - scene.incident.opened_at).total_seconds())
            scene.answer()
            scene.run()
            scene.tick()
            scene.fail(trace)
    pauses = [round((b - a) / 60) for a, b in itertools.pairwise(sent_at)]
    assert 9 <= sent_at[0] <= 11
    assert pauses[:4] == [2, 6, 12, 20]


def test_restarts_end_at_the_limit_and_the_reason_says_how_to_go_on() -> None:
    scene = Scene(policy=Policy(stability_window_seconds=5.0, attempts_max=2))
    scene.fail(DOWN_TRACE)
    for _ in range(4000):
        scene.pass_seconds(5, step=5)
        if scene.incident.phase is Phase.RESTARTING:
            scene.answer()
            scene.run()
            scene.tick()
            scene.fail(DOWN_TRACE)
    assert scene.restarts == 2
    assert scene.incident.verdict is Verdict.EXHAUSTED
    assert "watchdog restart dw-sink" in scene.incident.reason


def test_an_unknown_failure_gets_one_delayed_try() -> None:
    scene = Scene()
    scene.fail(ODD_TRACE)
    scene.pass_seconds(8)
    assert scene.restarts == 0
    scene.pass_seconds(4)
    assert scene.restarts == 1
    scene.answer()
    scene.run()
    scene.tick()
    scene.fail(ODD_TRACE)
    scene.pass_seconds(7200, step=30)
    assert scene.restarts == 1


def test_an_unknown_trace_is_drift_when_the_waiting_records_do_not_fit() -> None:
    scene = Scene()
    scene.learn(ADDED)
    scene.shapes = (shape("id", "customer", "unexpected_field"),)
    scene.fail(ODD_TRACE)
    scene.pass_seconds(60)
    assert scene.incident.diagnosis.cause.category is Category.SCHEMA_DRIFT
    assert scene.restarts == 0
    scene.target = (*OLD_COLUMNS, NEW_COLUMN)
    scene.tick()
    assert scene.restarts == 1


@pytest.mark.parametrize(
    "blind",
    [
        pytest.param({"target": None}, id="no-target-database"),
        pytest.param({"shapes": None, "scan_error": "no Kafka"}, id="no-records"),
        pytest.param({"probing": False}, id="no-probe"),
        pytest.param({"capped": True}, id="more-records-than-the-cap"),
    ],
)
def test_what_cannot_be_seen_is_not_taken_for_remedied(blind: dict[str, object]) -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    for name, value in blind.items():
        setattr(scene, name, value)
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(600, step=5)
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.HOLD


def test_a_changed_configuration_is_worth_one_try_where_nothing_can_be_seen() -> None:
    scene = Scene(target=None)
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(5)
    scene.configs["dw-sink"] = replace(scene.configs["dw-sink"], fingerprint="sink-2")
    # Connect restarts what it is configured anew: first it is seen whether that was enough.
    scene.pass_seconds(5)
    assert scene.restarts == 0
    scene.pass_seconds(1)
    assert scene.restarts == 1
    scene.answer()
    scene.run()
    scene.tick()
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(3600, step=5)
    assert scene.restarts == 1


def test_stale_columns_and_records_prove_nothing() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    seen = scene.observation()
    scene.tick()
    old = scene.incident.failed_at - timedelta(seconds=1)
    assert scene.restarts == 1  # Fresh ones do.
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)

    def stale() -> object:
        return replace(
            seen,
            now=scene.now,
            databases={a: replace(d, at=old) for a, d in seen.databases.items()},
            probes={k: replace(p, at=old) for k, p in seen.probes.items()},
        )

    scene.observation = stale  # type: ignore[method-assign, assignment]
    scene.pass_seconds(20)
    assert scene.restarts == 0


@pytest.mark.parametrize(
    "hindrance",
    [
        pytest.param({"healthy": False}, id="worker-not-healthy"),
        pytest.param({"poll_error": "http://c:8083: timed out"}, id="cluster-not-seen"),
        pytest.param({"cannot_act": "the journal cannot be written"}, id="no-journal"),
    ],
)
def test_restarts_fail_closed_and_the_incident_is_shown_all_the_same(hindrance: dict[str, object]) -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    for name, value in hindrance.items():
        setattr(scene, name, value)
    scene.pass_seconds(60)
    assert scene.restarts == 0
    assert scene.incident.open
    for name, value in {"healthy": True, "poll_error": "", "cannot_act": ""}.items():
        setattr(scene, name, value)
    scene.tick()
    assert scene.restarts == 1


def test_observe_mode_says_that_a_restart_would_help_and_sends_none() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN), policy=Policy(mode=Mode.OBSERVE))
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(60)
    assert scene.restarts == 0
    assert "mode for this connector is observe" in scene.incident.reason


@pytest.mark.parametrize("state", [State.PAUSED, State.STOPPED])
def test_row_4_what_a_person_paused_or_stopped_is_left_alone(state: State) -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN), reachable=True)
    failed = replace(scene.statuses["dw-sink"], state=state)
    scene.fail(DRIFT_TRACE)
    scene.statuses["dw-sink"] = replace(scene.statuses["dw-sink"], state=state)
    scene.pass_seconds(60)
    assert not scene.memory.incidents
    scene.fail(DRIFT_TRACE)
    scene.probing = False
    scene.tick()
    scene.statuses["dw-sink"] = failed
    scene.probing = True
    scene.pass_seconds(60)
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.LEAVE_ALONE
    assert "watchdog resume dw-sink" in scene.incident.reason


def test_a_conflict_is_retried_and_not_counted() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    for pause in (2, 4, 8):
        scene.answer(CallResult.CONFLICT, "409: rebalance")
        scene.pass_seconds(pause)
    assert len(scene.incident.attempts) == 1
    assert scene.incident.useless_restarts == 0
    assert scene.restarts == 4


def test_row_6_conflicts_for_five_minutes_are_retried_with_pauses_and_are_no_attempts() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    for _ in range(300):
        if scene.incident.phase is Phase.RESTARTING:
            scene.answer(CallResult.CONFLICT)
        scene.pass_seconds(1)
    assert 10 <= scene.restarts <= 15
    assert len(scene.incident.attempts) <= 1
    assert scene.incident.useless_restarts == 0
    if scene.incident.phase is Phase.RESTARTING:
        scene.answer(CallResult.CONFLICT)
    scene.pass_seconds(31)
    scene.answer()
    assert [attempt.result for attempt in scene.incident.attempts] == [CallResult.ACCEPTED]


def test_row_8_a_call_without_an_answer_is_read_again_before_anything_else_is_sent() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer(CallResult.UNKNOWN, "no answer in 30 s")
    scene.pass_seconds(9)
    assert scene.restarts == 1
    scene.run()
    scene.committed = 26
    scene.pass_seconds(10)
    assert scene.incident.resolution is Resolution.RECOVERED
    assert scene.restarts == 1


def test_a_call_without_an_answer_that_did_nothing_is_sent_once_more() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer(CallResult.UNKNOWN)
    scene.pass_seconds(20)
    assert scene.restarts == 2


def test_a_failed_state_from_before_the_restart_is_not_a_new_failure() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.pass_seconds(4)
    assert scene.incident.phase is Phase.VERIFYING
    assert scene.incident.useless_restarts == 0
    scene.pass_seconds(3)
    assert scene.incident.phase is Phase.OPEN
    assert scene.incident.useless_restarts == 1


def test_restarting_is_no_proof_that_the_call_took_effect() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.set_state(State.RESTARTING)
    scene.tick()
    scene.fail(DRIFT_TRACE)  # Connect's answer is a moment behind.
    scene.tick()
    assert scene.incident.phase is Phase.VERIFYING
    assert scene.incident.useless_restarts == 0


def test_the_statement_that_added_the_column_is_blamed_not_the_later_one_that_dropped_it() -> None:
    scene = Scene()
    scene.drift()
    told_by_history_only = replace(REVERTED, position=replace(REVERTED.position, gtid=None))
    scene.learn(told_by_history_only)
    scene.tick()
    assert scene.incident.diagnosis.change is not None
    assert scene.incident.diagnosis.change.ddl == ADDED.ddl
    assert "varchar(64)" in scene.incident.diagnosis.way_out


def test_somebody_else_may_recover_it() -> None:
    scene = Scene()
    scene.drift()
    scene.run()
    scene.committed = 22
    scene.pass_seconds(10)
    assert scene.restarts == 0
    assert scene.incident.resolution is Resolution.RECOVERED_NOT_BY_US


def test_that_it_runs_again_and_not_by_us_is_told() -> None:
    scene = Scene()
    scene.drift()
    scene.run()
    scene.tick()
    assert [entry.text for entry in scene.timeline if "not by us" in entry.text] == ["no longer FAILED, and not by us"]


def test_a_deleted_connector_ends_its_incident_as_gone() -> None:
    scene = Scene()
    scene.drift()
    scene.poll_error = "unreachable"
    del scene.statuses["dw-sink"]
    scene.pass_seconds(5)
    assert scene.incident.open  # An error cannot tell that something is not there.
    scene.poll_error = ""
    scene.tick()
    assert scene.incident.resolution is Resolution.GONE


def test_a_failure_within_the_stability_window_reopens_the_incident() -> None:
    scene = Scene()
    scene.drift()
    opened = scene.incident.id
    scene.run()
    scene.committed = 22
    scene.pass_seconds(7)
    assert not scene.incident.open
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(1)
    assert (scene.incident.id, scene.incident.open, scene.incident.reopened) == (opened, True, 1)


def test_a_failure_after_the_stability_window_is_a_new_incident() -> None:
    scene = Scene()
    scene.drift()
    scene.run()
    scene.committed = 22
    scene.pass_seconds(20)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert len(scene.memory.incidents) == 2


def test_a_redelivered_statement_makes_no_second_incident_and_moves_no_counter() -> None:
    scene = Scene()
    scene.drift()
    scene.tick()
    counters, incidents = scene.memory.counters, dict(scene.memory.incidents)
    scene.learn(ADDED)
    assert scene.memory.counters.get("schema_changes_total", "main", "redelivered") == 1
    changed = {k: v for k, v in scene.memory.counters.values.items() if counters.values.get(k) != v}
    assert set(changed) == {("schema_changes_total", ("main", "redelivered"))}
    assert scene.memory.incidents == incidents


def test_drift_is_counted_once_in_an_incidents_life() -> None:
    scene = Scene()
    scene.drift()
    scene.pass_seconds(30)
    assert scene.memory.counters.get("schema_drift_total", "main", "oltp.orders", "mysql") == 1
    name = "schema_drift_last_detected_timestamp"
    assert scene.memory.counters.get(name, "main", "oltp.orders", "mysql") == scene.incident.opened_at.timestamp()


def test_detection_is_measured_from_connects_own_time() -> None:
    scene = Scene()
    scene.pushed_failed_at = {("dw-sink", 0): scene.now - timedelta(milliseconds=40)}
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert scene.memory.counters.get("detection_seconds_bucket", "main", "0.05") == 1


def test_a_request_is_carried_out_even_where_the_mode_is_observe() -> None:
    scene = Scene(policy=Policy(mode=Mode.OBSERVE))
    scene.set_state(State.PAUSED)
    request = Request("r1", "resume", SINK, scene.now)
    scene.tick(request=request)
    assert scene.sent == [Action("resume", SINK, "", "r1")]
    assert scene.memory.requests["r1"].state == "sent"
    scene.answer()
    assert scene.memory.requests["r1"].state == "accepted"
    scene.tick(request=request)
    assert len(scene.sent) == 1


def test_a_requested_restart_is_an_attempt_of_the_open_incident() -> None:
    scene = Scene()
    scene.drift()
    scene.tick(request=Request("r1", "restart", SINK, scene.now))
    assert [attempt.by for attempt in scene.incident.attempts] == ["request"]
    assert scene.incident.phase is Phase.RESTARTING


@pytest.mark.parametrize(
    ("scene", "why"),
    [
        pytest.param(Scene(cannot_act="no journal"), "no journal", id="no-journal"),
        pytest.param(Scene(statuses={"other": Scene().statuses["dw-sink"]}), "knows no connector", id="no-connector"),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_refused_with_the_reason(scene: Scene, why: str) -> None:
    scene.tick(request=Request("r1", "restart", SINK, scene.now))
    assert scene.memory.requests["r1"].state == "refused"
    assert why in scene.memory.requests["r1"].detail
    assert not scene.sent


def test_the_same_root_cause_merges_incidents_into_the_first() -> None:
    scene = Scene()
    scene.configs["dw-sink-2"] = replace(scene.configs["dw-sink"], name="dw-sink-2")
    scene.drift()
    scene.pass_seconds(5)
    scene.target = None  # Its records are not probed in this scene: the trace and the statement have to do.
    scene.fail(DRIFT_TRACE, "dw-sink-2")
    scene.tick()
    first, second = sorted(scene.memory.incidents.values(), key=lambda incident: incident.opened_at)
    assert first.merged_into is None
    assert second.merged_into == first.id


def test_a_statement_on_a_table_that_is_not_captured_is_foreign() -> None:
    scene = Scene()
    scene.learn(ddl_record(5, "ALTER TABLE x", table(TableId("elsewhere", "x"), NEW_COLUMN)))
    assert scene.memory.counters.get("schema_changes_total", "main", "foreign") == 1
    assert not scene.memory.history.changes


def test_the_timeline_tells_intent_before_answer() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    kinds = [entry.kind for entry in scene.timeline if entry.incident_id == scene.incident.id]
    assert kinds.index("opened") < kinds.index("intent") < kinds.index("answer")
