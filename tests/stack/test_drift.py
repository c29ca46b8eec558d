"""The main job, on the real stack: a column that the sink's target lacks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import Watchdog, eventually, never

SPEC = Spec(
    prefix="drift",
    database="drift",
    target_database="drift_dw",
    source="drift-source",
    sink="drift-sink",
    tasks=2,
    partitions=2,
)


def drift(pipeline: Pipeline, stack: Stack) -> datetime:
    """Add a column at the source, write good and new rows; when Connect was first seen to say FAILED."""
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(2)
    eventually(lambda: "FAILED" in stack.connect.states(SPEC.sink) or None, 30, "the sink is FAILED")
    return datetime.now(UTC)


def named_at(watchdog: Watchdog, incident: dict[str, Any]) -> datetime:
    """When the incident first named statement and column, by its own timeline."""
    entries = watchdog.timeline(incident["id"])
    named = (
        e for e in entries if e["kind"] == "diagnosed" and "(unexpected_field)" in e["text"] and "By " in e["text"]
    )
    return datetime.fromisoformat(next(named)["at"])


def server_of_gtids(stack: Stack) -> str:
    """What a gtid of the source begins with: the server's uuid, on MariaDB its domain and id."""
    if stack.source.kind == "mariadb":
        (row,) = stack.source.query("SELECT CONCAT(@@gtid_domain_id, '-', @@server_id, '-') AS server")
    else:
        (row,) = stack.source.query("SELECT CONCAT(@@server_uuid, ':') AS server")
    return str(row["server"])


def test_row_36_a_column_that_the_target_lacks_is_named_and_no_restart_is_sent_for_a_minute(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    failed_at = drift(pipeline, stack)
    incident = watchdog.wait_for_incident(SPEC.sink, 30, columns=["unexpected_field"])
    # By the timeline: a command that asks for it takes seconds of its own on a loaded machine.
    assert named_at(watchdog, incident) - failed_at < timedelta(seconds=5)
    assert "ADD COLUMN unexpected_field VARCHAR(64)" in incident["ddl"]
    assert incident["ddl_position"].startswith(server_of_gtids(stack))
    assert (incident["table"], incident["target_table"]) == ("drift.orders", "drift_dw.orders")
    assert incident["category"] == "SCHEMA_DRIFT"
    assert watchdog.metric("schema_drift_detected", connector=SPEC.sink, database="drift", table="orders") == 1
    never(lambda: proxy.changes(), 60, "a call that changes something while the column is missing")
    held = watchdog.incident_of(SPEC.sink)
    assert held is not None
    assert held["verdict"] == "hold"
    if stack.source.kind == "mysql":
        # Its session ended at once: the counters of the server's accounts are all there is.
        assert held["ddl_by"], held["ddl_by_unknown"]
        assert (held["ddl_by"]["user"], held["ddl_by"]["certain"]) == ("root", False)
    else:
        assert "performance_schema is off" in held["ddl_by_unknown"]
    # The tests read incidents by the commands' functions, in this process: the commands tell the same.
    assert watchdog.stop() == 0
    assert printed(watchdog, "incidents", "--all") == watchdog.incidents(all=True)
    assert printed(watchdog, "incident", held["id"])["timeline"] == watchdog.timeline(held["id"])


def printed(watchdog: Watchdog, *command: str) -> Any:
    done = watchdog.cli(*command, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_row_37_the_column_at_the_target_brings_one_restart_of_failed_tasks_and_every_row_once(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    table = f"`{SPEC.target_database}`.`orders`"
    log = f"`{SPEC.target_database}`.`writes`"
    stack.target.execute(f"CREATE TABLE {log} (n BIGINT AUTO_INCREMENT PRIMARY KEY, id BIGINT, kind VARCHAR(8))")
    for kind in ("INSERT", "UPDATE"):
        stack.target.execute(
            f"CREATE TRIGGER `{SPEC.target_database}`.`log_{kind.lower()}` AFTER {kind} ON {table} "
            f"FOR EACH ROW INSERT INTO {log} (id, kind) VALUES (NEW.id, '{kind}')"
        )
    # Good rows and the stuck ones in one batch: the sink is stopped while they are written.
    stack.connect.call("PUT", f"/connectors/{SPEC.sink}/pause")
    pipeline.insert(50)
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(4)
    stack.connect.call("PUT", f"/connectors/{SPEC.sink}/resume")
    incident = watchdog.wait_for_incident(SPEC.sink, 30, columns=["unexpected_field"], verdict="hold")
    way_out = incident["way_out"]
    assert way_out == f"ALTER TABLE {table} ADD COLUMN `unexpected_field` varchar(64) NULL;"
    stack.target.execute(way_out)
    resolved = watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
    assert resolved["resolution"] == "recovered"
    # Declared only after the stuck rows were there.
    assert pipeline.target_ids() == pipeline.source_ids()
    restarts = proxy.restarts(SPEC.sink)
    assert [call.path for call in restarts] == [f"/connectors/{SPEC.sink}/restart?includeTasks=true&onlyFailed=true"]
    assert len(proxy.changes()) == 1
    assert watchdog.metric("schema_drift_detected", connector=SPEC.sink) == 0
    columns = "id, customer, amount, status, created_at, unexpected_field"
    rows = f"SELECT {columns} FROM {{}} ORDER BY id"
    source_rows = stack.source.query(rows.format("`drift`.`orders`"))
    assert stack.target.query(rows.format(table)) == source_rows
    writes = stack.target.query(f"SELECT id, COUNT(*) AS n FROM {log} GROUP BY id")
    # The failed batch is delivered once to each task in turn (its partition moves on), and once more by our restart.
    assert max(row["n"] for row in writes) <= SPEC.tasks + 1, writes


def test_row_38_reverting_only_the_source_is_held_and_the_way_out_is_printed(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    drift(pipeline, stack)
    watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"])
    pipeline.alter("DROP COLUMN unexpected_field")
    pipeline.insert(1)
    said = eventually(
        lambda: (i := watchdog.incident_of(SPEC.sink)) and "does not help" in i["reason"] and i["reason"],
        60,
        "the hold says that the revert does not help",
    )
    assert "still in the topic" in said
    assert "ALTER TABLE `drift_dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;" in said
    never(lambda: proxy.changes(), 15, "a restart although the records are still there")
