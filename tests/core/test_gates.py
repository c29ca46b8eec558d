"""The finer gates: what must be fresh, known, addressed or asked before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.scene import (
    ADDED,
    CONFIGS,
    DENIED_TRACE,
    DOWN_TRACE,
    DRIFT_TRACE,
    NEW_COLUMN,
    OLD_COLUMNS,
    ORDERS,
    PARTITION,
    SINK,
    Scene,
    ddl_record,
    shape,
    table,
)
from watchdog.model import (
    CallResult,
    ClusterView,
    Column,
    ConnectorStatus,
    Observation,
    Offsets,
    Outcome,
    Phase,
    Request,
    Resolution,
    State,
    TableId,
    TaskStatus,
    Verdict,
)

FITS = (*OLD_COLUMNS, NEW_COLUMN)


def altered(scene: Scene, **changed: Any) -> None:
    """Every later observation has these probe fields changed."""
    look = scene.observation

    def observation() -> Observation:
        seen = look()
        return replace(seen, probes={key: replace(probe, **changed) for key, probe in seen.probes.items()})

    scene.observation = observation  # type: ignore[method-assign]


def test_a_cluster_that_was_not_seen_lately_is_not_acted_upon() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    look = scene.observation

    def unseen() -> Observation:
        seen = look()
        view = replace(seen.clusters["main"], polled_at=seen.now - timedelta(seconds=31))
        return replace(seen, clusters={"main": view})

    scene.observation = unseen  # type: ignore[method-assign]
    scene.pass_seconds(10)
    assert scene.restarts == 0
    assert "not seen lately" in scene.incident.reason


def test_one_that_is_not_in_the_list_while_the_cluster_is_not_seen_whole_is_waited_for() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.cannot_act = "not yet"
    scene.tick()
    scene.cannot_act, scene.poll_error = "", "timed out"
    del scene.statuses["dw-sink"]
    scene.pass_seconds(2)
    assert (scene.incident.open, scene.incident.verdict, scene.restarts) == (True, Verdict.WAIT, 0)
    assert scene.incident.reason == "the connector is not in Connect's list"


def test_a_name_that_no_call_can_hold_is_never_called() -> None:
    scene = Scene(target=FITS)
    scene.configs["a/b"] = replace(CONFIGS["dw-sink"], name="a/b")
    task = TaskStatus(0, State.FAILED, trace=DOWN_TRACE)
    scene.statuses = {"a/b": ConnectorStatus("main", "a/b", State.RUNNING, "sink", tasks=(task,))}
    scene.probing = False
    scene.pass_seconds(60)
    assert not scene.sent
    assert scene.incident.open


@pytest.mark.parametrize("unknown", [("", "sink-1"), ("sink-1", "")], ids=["before", "now"])
def test_an_unknown_configuration_is_not_a_changed_one(unknown: tuple[str, str]) -> None:
    before, now = unknown
    scene = Scene(target=None)
    scene.configs["dw-sink"] = replace(scene.configs["dw-sink"], fingerprint=before)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.configs["dw-sink"] = replace(scene.configs["dw-sink"], fingerprint=now)
    scene.pass_seconds(30)
    assert scene.restarts == 0


def test_offsets_from_before_the_restart_prove_nothing() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.run()
    scene.committed = scene.end
    altered(scene, at=scene.now - timedelta(seconds=1))
    scene.pass_seconds(20)
    assert scene.incident.phase is Phase.VERIFYING


def test_a_baseline_that_was_never_read_is_not_moved_past() -> None:
    scene = Scene(probing=False)
    scene.fail(DOWN_TRACE)
    scene.tick()
    scene.run()
    scene.probing = True
    altered(scene, offsets=Offsets({PARTITION: 21}, {PARTITION: 25}, known=True), waits=True)
    scene.pass_seconds(20)
    assert scene.incident.open


@pytest.mark.parametrize(
    ("trace", "scan", "reachability"),
    [
        pytest.param(DRIFT_TRACE, True, False, id="drift"),
        pytest.param(DENIED_TRACE, False, True, id="wrong-password"),
        pytest.param(DOWN_TRACE, False, True, id="database-down"),
    ],
)
def test_only_what_can_tell_the_remedy_is_probed_and_only_while_it_fails(
    trace: str, scan: bool, reachability: bool
) -> None:
    scene = Scene()
    scene.shapes = (shape("id", "customer", "unexpected_field"),)
    scene.fail(trace)
    last = scene.tick()
    wanted = last.probes[SINK]
    assert (wanted.scan, wanted.reachability, wanted.topics) == (scan, reachability, ("dataflow.oltp.orders",))
    assert last.focus == {"127.0.0.1:3307"}
    scene.run()
    last = scene.tick()
    assert (last.probes[SINK].scan, last.probes[SINK].reachability, last.focus) == (False, False, frozenset())


def test_the_door_is_asked_before_a_transient_failure_gets_its_try() -> None:
    scene = Scene(probing=False)
    scene.fail(DOWN_TRACE)
    scene.pass_seconds(30)
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.HOLD
    scene.probing, scene.reachable = True, None
    scene.pass_seconds(1)
    assert scene.restarts == 1


def test_an_answer_from_before_the_failure_is_no_answer() -> None:
    scene = Scene(reachable=True)
    altered(scene, reachable_at=scene.now - timedelta(seconds=1))
    scene.fail(DENIED_TRACE)
    scene.pass_seconds(30)
    assert scene.restarts == 0


def test_a_recovery_after_a_useless_restart_of_ours_is_not_our_work() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.run()
    scene.tick()
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert scene.incident.useless_restarts == 1
    scene.run()
    scene.committed = scene.end
    scene.pass_seconds(10)
    assert scene.incident.resolution is Resolution.RECOVERED_NOT_BY_US


def test_a_restart_of_which_no_offset_was_read_is_useless_when_the_same_comes_again() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.probing = False
    scene.run()
    scene.tick()
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert scene.incident.useless_restarts == 1


def test_the_second_call_without_an_answer_is_followed_by_a_pause() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    for _ in range(2):
        scene.answer(CallResult.UNKNOWN)
        scene.pass_seconds(20)
    assert scene.restarts == 2
    scene.pass_seconds(130)
    assert scene.restarts == 3


def test_a_restart_that_brought_the_connector_on_counts_as_help_and_brings_no_pause() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.run()
    scene.tick()
    scene.committed = 23
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert scene.incident.useless_restarts == 0
    assert scene.restarts == 2


def test_the_table_that_the_trace_names_is_looked_at_and_no_other() -> None:
    scene = Scene()
    both = {**CONFIGS["dw-sink"].values, "collection.name.format": "${source.table}"}
    both["topics"] = "dataflow.oltp.items,dataflow.oltp.orders"
    scene.configs["dw-sink"] = replace(CONFIGS["dw-sink"], values=both)
    scene.drift()
    assert scene.incident.diagnosis.table == ORDERS


def test_without_a_target_to_look_at_the_statement_itself_gives_columns_and_way_out() -> None:
    scene = Scene(target=None)
    scene.drift()
    diagnosis = scene.incident.diagnosis
    assert diagnosis.columns == ("unexpected_field",)
    assert diagnosis.way_out == "ALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;"
    assert diagnosis.confidence <= 0.6
    assert diagnosis.remedied is None


def test_a_column_that_was_added_again_after_the_revert_is_not_called_reverted() -> None:
    scene = Scene()
    scene.drift()
    scene.learn(ddl_record(13, "DROP COLUMN unexpected_field", table(ORDERS, *OLD_COLUMNS)))
    scene.learn(ddl_record(14, "ADD COLUMN unexpected_field VARCHAR(64)", table(ORDERS, *FITS)))
    assert "does not help" not in scene.incident.reason


def test_a_required_column_that_the_source_dropped_is_blamed_on_the_drop() -> None:
    scene = Scene(target=(*OLD_COLUMNS, Column("status", "varchar(16)", False)))
    scene.learn(ddl_record(1, "CREATE", table(ORDERS, *OLD_COLUMNS, Column("status", "varchar(16)")), snapshot=True))
    unrelated = table(ORDERS, *OLD_COLUMNS, Column("status", "varchar(16)"), Column("note", "text"))
    scene.learn(ddl_record(10, "DROP COLUMN status", table(ORDERS, *OLD_COLUMNS)))
    scene.learn(ddl_record(11, "ADD COLUMN note", replace(unrelated, columns=(*OLD_COLUMNS, Column("note", "text")))))
    scene.shapes = (shape("id", "customer"),)
    scene.fail("java.sql.SQLException: Field 'status' doesn't have a default value")
    scene.pass_seconds(2)
    diagnosis = scene.incident.diagnosis
    assert diagnosis.change is not None
    assert diagnosis.change.ddl == "DROP COLUMN status"
    assert diagnosis.way_out == "ALTER TABLE `dw`.`orders` MODIFY COLUMN `status` varchar(16) NULL;"
    assert scene.restarts == 0


def test_another_clusters_poll_does_not_end_our_incident() -> None:
    scene = Scene()
    scene.drift()
    look = scene.observation

    def two_clusters() -> Observation:
        seen = look()
        return replace(seen, clusters={**seen.clusters, "other": ClusterView("other", polled_at=seen.now)})

    scene.observation = two_clusters  # type: ignore[method-assign]
    scene.tick()
    assert scene.incident.open


def test_only_drift_is_counted_as_drift() -> None:
    scene = Scene(reachable=False)
    scene.learn(ADDED)
    scene.fail(DENIED_TRACE)
    scene.tick()
    assert not [name for name, _ in scene.memory.counters.values if name.startswith("schema_drift")]


def test_a_rebalance_is_neither_failure_nor_health() -> None:
    scene = Scene()
    scene.drift()
    scene.set_state(State.UNASSIGNED)
    scene.tick()
    assert scene.incident.phase is Phase.OPEN


def test_a_request_about_a_connector_that_is_well_touches_no_old_incident() -> None:
    scene = Scene()
    scene.drift()
    scene.run()
    scene.committed = 22
    scene.pass_seconds(7)
    assert not scene.incident.open
    scene.tick(request=Request("r1", "restart", SINK, scene.now))
    assert scene.incident.phase is Phase.RESOLVED
    assert scene.incident.attempts == ()


def test_a_late_answer_does_not_disturb_an_incident_that_went_on() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    before = scene.incident
    scene.tick(outcome=Outcome(scene.sent[-1], CallResult.REFUSED, scene.now))
    assert (scene.incident.phase, scene.incident.attempts) == (before.phase, before.attempts)


def test_a_table_that_is_not_visible_is_said_to_be_so() -> None:
    scene = Scene()
    scene.configs["dw-sink"] = replace(
        CONFIGS["dw-sink"], values={**CONFIGS["dw-sink"].values, "collection.name.format": "nowhere"}
    )
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(20)
    assert scene.incident.diagnosis.target == TableId("dw", "nowhere")
    assert any("not visible" in line for line in scene.incident.diagnosis.evidence)
    assert scene.restarts == 0


def test_a_clock_that_was_set_back_meanwhile_takes_nothing_off_the_time_that_recoveries_took() -> None:
    scene = Scene(target=FITS)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.now -= timedelta(seconds=300)
    scene.answer()
    scene.run()
    scene.committed = scene.end
    scene.pass_seconds(20)
    assert not scene.incident.open
    counters = scene.memory.counters
    assert counters.get("recovery_seconds_count", "main") == 1
    assert counters.get("recovery_seconds_sum", "main") == 0
