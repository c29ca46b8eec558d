"""Debezium tells a statement again: nothing new has happened, whether an incident is open or over.

It does so after a restart when the statement is the last thing that it read (its transaction is not yet in the stored
offset), and for everything from there on when its offsets are moved back.
"""

from __future__ import annotations

from typing import Any

from confluent_kafka import Consumer, TopicPartition
from stack import Pipeline, Stack, wait_for
from stack.pipeline import Spec

from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import Watchdog, eventually

SPEC = Spec(
    prefix="again", database="again", target_database="again_dw", source="again-source", sink="again-sink", tasks=1
)
COUNTS = (
    "schema_drift_total",
    "schema_drift_last_detected_timestamp",
    "watchdog_restarts_total",
    "watchdog_incidents",
    "watchdog_detection_seconds_count",
    "watchdog_recovery_seconds_count",
)


def counts(watchdog: Watchdog) -> dict[Any, float]:
    return {key: value for key, value in watchdog.metrics().items() if key[0] in COUNTS and value}


def changes(watchdog: Watchdog, kind: str) -> float:
    return watchdog.metric("watchdog_schema_changes_total", kind=kind) or 0.0


def told_again(watchdog: Watchdog, before: float) -> None:
    eventually(lambda: changes(watchdog, "redelivered") > before, 30, "schema changes came again")


def restart_source(stack: Stack) -> None:
    stack.connect.restart(SPEC.source, only_failed=False)


def move_back(stack: Stack, offsets: dict[str, Any]) -> None:
    """As a person does who wants it all again."""
    path = f"/connectors/{SPEC.source}"
    stack.connect.call("PUT", f"{path}/stop")
    wait_for(lambda: not stack.connect.status(SPEC.source)["tasks"], 30, "the source to stop")
    stack.connect.call("PATCH", f"{path}/offsets", offsets)
    stack.connect.call("PUT", f"{path}/resume")


def test_a_statement_that_comes_again_opens_and_counts_nothing(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    # Connect shows offsets one flush late.
    before_it_all = eventually(lambda: _offsets(stack), 60, "the source has offsets")
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(1)
    # The last thing that the source reads is a statement: mostly a restart alone brings it again.
    pipeline.alter("COMMENT = 'orders of this shop'")
    incident = watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")
    eventually(lambda: changes(watchdog, "new") >= 2, 60, "both statements were read")
    counted = counts(watchdog)
    assert watchdog.metric("schema_drift_total") == 1

    # Whether a restart alone brings it again depends on what the source had stored: moving it back always does.
    restart_source(stack)
    stack.connect.wait_running(SPEC.source)
    assert watchdog.stop() == 0
    told = _told(stack)
    move_back(stack, before_it_all)
    eventually(lambda: _told(stack) > told, 30, "Debezium writes the statements again")
    watchdog.start()
    told_again(watchdog, 1)
    assert counts(watchdog) == counted
    assert [each["id"] for each in watchdog.incidents(all=True)] == [incident["id"]]

    stack.target.execute(incident["way_out"])
    resolved = watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
    assert (resolved["id"], resolved["resolution"]) == (incident["id"], "recovered")
    assert len(proxy.restarts(SPEC.sink)) == 1
    told, counted = changes(watchdog, "redelivered"), counts(watchdog)
    restart_source(stack)
    stack.connect.wait_running(SPEC.source)
    assert watchdog.stop() == 0
    watchdog.start()
    move_back(stack, before_it_all)
    told_again(watchdog, told)
    pipeline.wait_in_step()
    assert counts(watchdog) == counted
    assert [each["id"] for each in watchdog.incidents(all=True)] == [incident["id"]]
    assert watchdog.metric("schema_drift_detected", connector=SPEC.sink) == 0
    assert len(proxy.changes()) == 1


def _offsets(stack: Stack) -> dict[str, Any] | None:
    found: dict[str, Any] = stack.connect.offsets(SPEC.source)
    return found if found["offsets"] else None


def _told(stack: Stack) -> int:
    """How many schema changes are in the topic."""
    consumer = Consumer({"bootstrap.servers": stack.bootstrap_servers, "group.id": "test-redelivery"})
    try:
        return int(consumer.get_watermark_offsets(TopicPartition(SPEC.prefix, 0), timeout=10)[1])
    finally:
        consumer.close()
