"""What nobody is told of: RUNNING and not moving, histories on topics that lose them, and what runs out meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.contract.kafka_worlds import QUIET
from tests.stack.frozen import FreezingProxy
from tests.stack.topics import add_partitions, delete_records, set_topic
from tests.stack.watchdog_process import Watchdog, eventually, never
from watchdog import app
from watchdog.report import documents
from watchdog.settings import load

SPEC = Spec("sil", "sil", target_database="sil_dw", source="sil-source", sink="sil-sink")
PATIENCE_SECONDS = 3.0


@pytest.fixture(scope="module")
def pipeline(_running_stack: Stack) -> Iterator[Pipeline]:
    own = _running_stack.pipeline_of(SPEC)
    own.reset()
    yield own
    own.delete()


@pytest.fixture(scope="module")
def proxy(_running_stack: Stack) -> Iterator[FreezingProxy]:
    with FreezingProxy(("127.0.0.1", _running_stack.source.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def watchdog(
    _running_stack: Stack, pipeline: Pipeline, proxy: FreezingProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watchdog]:
    stack = _running_stack
    cluster = {
        "connect_url": stack.connect_url,
        "kafka_bootstrap_servers": stack.bootstrap_servers,
        "offset_flush_interval_seconds": 1,
        "name": "default",
    }
    by_proxy = stack.source_url.replace(f":{stack.source.port}/", f":{proxy.port}/")
    urls = (stack.source_url, stack.target_url, by_proxy)
    settings = {
        "WATCHDOG_CLUSTERS": json.dumps([cluster]),
        "WATCHDOG_DATABASES": json.dumps([{"url": url, "poll_interval_seconds": 1} for url in urls]),
        "WATCHDOG_STALL_SECONDS": str(PATIENCE_SECONDS),
        "WATCHDOG_PROGRESS_INTERVAL_SECONDS": "1",
    }
    folder: Path = tmp_path_factory.mktemp("silent")
    running = Watchdog(folder, "", **settings)
    running.start(ready_seconds=60)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def admin(_running_stack: Stack) -> AdminClient:
    return AdminClient({"bootstrap.servers": _running_stack.bootstrap_servers}, logger=QUIET)


def incidents(watchdog: Watchdog) -> list[dict[str, Any]]:
    """As `watchdog incidents --all -o json`, without a process for each look."""
    settings = load(None, watchdog.environment)
    return [documents.incident(incident) for incident in app.incidents(settings, all=True)]


def firing(watchdog: Watchdog, kind: str, connector: str) -> bool:
    return any((i["kind"], i["connector"], i["state"]) == (kind, connector, "firing") for i in incidents(watchdog))


def found(watchdog: Watchdog, kind: str, connector: str, seconds: float = 30, **wanted: object) -> dict[str, Any]:
    """The newest incident of that kind, once it is as wanted."""

    def newest() -> dict[str, Any] | None:
        own = [i for i in incidents(watchdog) if (i["kind"], i["connector"]) == (kind, connector)]
        own = [i for i in own if all(i[name] == value for name, value in wanted.items())]
        return max(own, key=lambda incident: str(incident["opened_at"]), default=None)

    return eventually(
        newest, seconds, lambda: f"an incident {kind} of {connector} {wanted}; the log:\n{watchdog.log()}"
    )


@contextmanager
def target_locked(stack: Stack) -> Iterator[None]:
    with pymysql.connect(
        host="127.0.0.1", port=stack.target.port, user="root", password="root", autocommit=True
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(f"LOCK TABLES `{SPEC.target_database}`.`orders` WRITE")
        yield
        cursor.execute("UNLOCK TABLES")


def test_an_idle_source_without_heartbeats_is_not_stalled_while_other_databases_are_busy(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline
) -> None:
    pipeline.wait_in_step()
    stack.source.execute("CREATE DATABASE IF NOT EXISTS sil_other")
    stack.source.execute("CREATE TABLE IF NOT EXISTS sil_other.busy (id BIGINT AUTO_INCREMENT PRIMARY KEY)")

    def stalled_after_another_write() -> bool:
        stack.source.execute("INSERT INTO sil_other.busy VALUES ()")
        return firing(watchdog, "stalled", SPEC.source)

    try:
        never(stalled_after_another_write, 3 * PATIENCE_SECONDS, "the idle source is stalled")
    finally:
        stack.source.execute("DROP DATABASE sil_other")


def test_a_running_sink_whose_write_hangs_is_stalled_and_it_is_over_when_it_moves(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline
) -> None:
    with target_locked(stack):
        pipeline.insert(3)
        incident = found(watchdog, "stalled", SPEC.sink, state="firing")
        assert stack.connect.states(SPEC.sink) == {"RUNNING"}
        assert f"records wait in {SPEC.topic}-0" in incident["cause"]
        assert "3 records wait" in incident["evidence"][0]
        assert [clock["clock"] for clock in incident["clocks"]] == ["topic"]
        assert watchdog.metric("watchdog_connector_stalled", connector=SPEC.sink) == 1
        assert watchdog.metric("watchdog_connector_lag_records", connector=SPEC.sink) == 3
    over = found(watchdog, "stalled", SPEC.sink, state="resolved")
    assert over["id"] == incident["id"]
    assert watchdog.metric("watchdog_connector_stalled", connector=SPEC.sink) == 0
    assert not [i for i in incidents(watchdog) if (i["kind"], i["connector"]) == ("stalled", SPEC.source)]


def test_a_source_with_heartbeats_that_hears_nothing_more_of_its_database_is_stalled(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline, proxy: FreezingProxy
) -> None:
    name = "sil-frozen"
    config = pipeline.source_config() | {
        "database.port": str(proxy.port),
        "database.server.id": "77123",
        "topic.prefix": name,
        "schema.history.internal.kafka.topic": f"schema-history.{name}",
        "heartbeat.interval.ms": "500",
    }
    try:
        stack.connect.put(name, config)
        eventually(lambda: stack.connect.call("GET", f"/connectors/{name}/offsets")["offsets"] or None, 30, "an offset")

        def stalled_after_a_write() -> bool:
            stack.source.execute("CREATE DATABASE IF NOT EXISTS sil_other")
            stack.source.execute("DROP DATABASE sil_other")
            return firing(watchdog, "stalled", name)

        # Heartbeats carry its offset over what it does not capture.
        never(stalled_after_a_write, 2 * PATIENCE_SECONDS, "a source that follows is stalled")
        proxy.freeze()
        deadline = time.monotonic() + 40
        while not firing(watchdog, "stalled", name):
            assert time.monotonic() < deadline, watchdog.log()
            pipeline.insert()
            time.sleep(0.2)
        assert stack.connect.states(name) == {"RUNNING"}
        incident = found(watchdog, "stalled", name, state="firing")
        assert f"the binlog of 127.0.0.1:{proxy.port} goes on" in incident["cause"]
        assert [clock["clock"] for clock in incident["clocks"]] == ["binlog"]
    finally:
        stack.connect.delete(name)
        stack.kafka.delete_topics(
            [name, f"{name}.sil.orders", f"schema-history.{name}", f"__debezium-heartbeat.{name}"]
        )


def test_the_clocks_of_a_stuck_sink_are_shown_and_records_that_are_gone_are_told(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline, admin: AdminClient
) -> None:
    set_topic(admin, SPEC.topic, retention_ms=str(7_200_000))
    pipeline.alter("ADD COLUMN extra INT")
    pipeline.insert(2)

    def clocks() -> dict[str, dict[str, Any]] | None:
        failed = [i for i in incidents(watchdog) if (i["kind"], i["connector"]) == ("task-failed", SPEC.sink)]
        told = {clock["clock"]: clock for incident in failed for clock in incident["clocks"]}
        return told if told.keys() == {"topic", "group-offsets"} else None

    told = eventually(clocks, 30, lambda: f"both clocks; the log:\n{watchdog.log()}")
    assert 7_000 < told["topic"]["left_seconds"] <= 7_200
    assert told["topic"]["where"] == f"{SPEC.topic}-0"
    assert 600_000 < told["group-offsets"]["left_seconds"] <= 604_800
    assert told["group-offsets"]["where"] == f"connect-{SPEC.sink}"
    left = watchdog.metric("watchdog_clock_left_seconds", connector=SPEC.sink, clock="topic")
    assert left is not None
    assert abs(left - told["topic"]["left_seconds"]) <= 60
    committed = stack.connect.call("GET", f"/connectors/{SPEC.sink}/offsets")["offsets"][0]["offset"]["kafka_offset"]
    delete_records(admin, SPEC.topic, committed + 1)
    gone = found(watchdog, "retention-short", SPEC.sink, severity="breaking", subject="topic")
    assert "1 records were removed before the sink read them" in gone["cause"]
    stack.target.execute(f"ALTER TABLE `{SPEC.target_database}`.`orders` ADD COLUMN extra INT")
    found(watchdog, "retention-short", SPEC.sink, 40, state="resolved", subject="topic")


def test_a_history_topic_with_several_partitions_compaction_or_finite_retention_is_a_finding_of_its_own(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline, admin: AdminClient
) -> None:
    topic = SPEC.history_topic
    before = {i["id"] for i in incidents(watchdog)}
    set_topic(admin, topic, cleanup_policy="compact,delete", retention_ms="86400000", retention_bytes="1000000")
    told = found(watchdog, "history-topic-unsafe", SPEC.source, state="firing")
    assert (told["category"], told["severity"], told["subject"]) == ("CONFIG", "risky", topic)
    for problem in ("cleanup.policy=compact,delete", "retention.ms=86400000", "retention.bytes=1000000"):
        assert problem in told["cause"]
    set_topic(admin, topic, cleanup_policy="delete", retention_ms="-1", retention_bytes="-1")
    found(watchdog, "history-topic-unsafe", SPEC.source, state="resolved")
    add_partitions(admin, topic, 2)
    assert "it has 2 partitions" in found(watchdog, "history-topic-unsafe", SPEC.source, state="firing")["cause"]
    # Nothing else is disturbed by it.
    assert stack.connect.states(SPEC.source) == {"RUNNING"}
    news = [i for i in incidents(watchdog) if i["id"] not in before]
    assert {(i["kind"], i["connector"]) for i in news} == {("history-topic-unsafe", SPEC.source)}


def test_a_history_topic_whose_first_records_are_gone_is_told_before_the_restart_that_fails(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline, admin: AdminClient
) -> None:
    topic = SPEC.history_topic
    delete_records(admin, topic, 2)
    told = found(watchdog, "history-topic-unsafe", SPEC.source, category="HISTORY_LOST", state="firing")
    assert (told["severity"], told["subject"]) == ("breaking", f"{topic} (lost)")
    assert f"{topic}-0 begins at offset 2" in told["cause"]
    assert stack.connect.states(SPEC.source) == {"RUNNING"}


def test_a_source_whose_offset_is_lost_is_told_before_it_copies_everything_anew(
    stack: Stack, watchdog: Watchdog, pipeline: Pipeline
) -> None:
    path = f"/connectors/{SPEC.source}"
    stack.connect.call("PUT", f"{path}/stop")
    eventually(lambda: stack.connect.call("GET", f"{path}/status")["tasks"] == [], 30, "no tasks are left")
    stack.connect.call("DELETE", f"{path}/offsets")
    told = found(watchdog, "new-snapshot", SPEC.source, state="firing")
    assert "its stored offset is gone" in told["cause"]
    assert told["severity"] == "risky"
