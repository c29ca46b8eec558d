"""The feeds keep their contracts on a real broker, tell what Connect and Debezium really write, in time, leave nothing
behind, and come back when the broker does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]
from stack import Pipeline, Settings, Stack
from stack.pipeline import Spec

from tests.contract.feeds_contract import (
    RecordsContract,
    SchemaContract,
    StatusContract,
    change,
    within_deadline,
)
from tests.contract.kafka_worlds import QUIET, Broker, KafkaRecordsWorld, KafkaSchemaWorld, KafkaStatusWorld
from tests.fakes.debezium import task_status
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.errors import PortUnreachable
from watchdog.model import Column, Origin, PushedStatus, SchemaRecord, State, TableId, TopicPartition
from watchdog.redact import Redactor

SPEC = Spec(
    prefix="kfk",
    database="kfk",
    target_database="kfk_dw",
    source="kfk-source",
    sink="kfk-sink",
    tasks=2,
    partitions=2,
)
COMPACTED = {"cleanup.policy": "compact"}


def broker_of(stack: Stack, resources: ExitStack) -> Broker:
    """Topics that were made are deleted in the end."""
    made: list[str] = []
    resources.callback(lambda: stack.kafka.delete_topics(made))
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers}, logger=QUIET)

    def has_leaders(name: str) -> bool:
        found = admin.list_topics(timeout=10).topics.get(name)
        return found is not None and [each.leader >= 0 for each in found.partitions.values()] == [True] * 3

    def create(name: str) -> None:
        made.append(name)
        stack.kafka.create_topic(name, partitions=3)
        within_deadline(lambda: has_leaders(name))

    return Broker(stack.bootstrap_servers, create, prefix="kfk", resources=resources)


@pytest.fixture
def broker(stack: Stack) -> Iterator[Broker]:
    with ExitStack() as resources:
        yield broker_of(stack, resources)


class TestStatusTopicOnKafka(StatusContract):
    @pytest.fixture
    def world(self, broker: Broker) -> KafkaStatusWorld:
        return KafkaStatusWorld(broker)


class TestSchemaTopicsOnKafka(SchemaContract):
    @pytest.fixture
    def world(self, broker: Broker) -> KafkaSchemaWorld:
        return KafkaSchemaWorld(broker)


class TestWaitingRecordsOnKafka(RecordsContract):
    @pytest.fixture
    def world(self, broker: Broker) -> KafkaRecordsWorld:
        return KafkaRecordsWorld(broker)


@pytest.fixture
def pipeline(stack: Stack) -> Iterator[Pipeline]:
    pipeline = stack.pipeline_of(SPEC)
    pipeline.delete()
    pipeline.create()
    yield pipeline
    pipeline.delete()


def statuses_of(stack: Stack) -> StatusTopic:
    return StatusTopic("main", stack.bootstrap_servers, "", {}, Redactor())


def test_a_failure_its_statement_and_the_records_in_the_way_are_told(stack: Stack, pipeline: Pipeline) -> None:
    schemas = SchemaTopics("main", stack.bootstrap_servers, {})
    records = WaitingRecords("main", stack.bootstrap_servers, {})
    with closing(statuses_of(stack)) as statuses, closing(schemas), closing(records):
        statuses.read(0)
        assert statuses.topic == "connect-status"
        schemas.follow({SPEC.prefix: (SPEC.prefix, False), SPEC.history_topic: (SPEC.prefix, True)}, {})
        pipeline.alter("ADD COLUMN extra VARCHAR(7)")
        pipeline.insert()

        failure = _first(lambda: statuses.read(1), lambda status: status.state is State.FAILED)
        assert (failure.connector, failure.cluster) == (SPEC.sink, "main")
        assert "schema evolution is disabled" in (failure.trace or "")
        assert statuses.topics_of()[SPEC.sink] == {SPEC.topic}
        assert {SPEC.topic, SPEC.prefix} <= statuses.topics_of()[SPEC.source]

        told = _both_origins(schemas, "ADD COLUMN extra")
        for record in told.values():
            assert (record.table, record.kind, record.prefix) == (TableId("kfk", "orders"), "ALTER", "kfk")
            assert record.after is not None
            assert record.after.primary_key == ("id",)
            assert record.after.column("extra") == Column("extra", "varchar(7)", charset="utf8mb4")
            assert not record.snapshot
        assert told[Origin.TOPIC].after == told[Origin.HISTORY].after

        committed = {f"{SPEC.topic}-{partition}": 0 for partition in range(SPEC.partitions)}
        shapes, ends, capped = records.waiting(committed, [SPEC.topic], 1000)
        assert sum(ends.values()) == 6
        assert not capped
        (wider,) = [shape for shape in shapes if "extra" in shape.fields]
        assert wider.count == 1
        assert wider.nulls == {"extra"}
        # The row was written after the statement, by the next transaction of the same server.
        statement = told[Origin.TOPIC].position
        assert (wider.first_position.file, (wider.first_position.pos or 0) > (statement.pos or 0)) == (
            statement.file,
            True,
        )
        assert sum(shape.count for shape in shapes) == 6


def _first(read: Callable[[], object], wanted: Callable[[PushedStatus], bool]) -> PushedStatus:
    found: list[PushedStatus] = []

    def reading() -> bool:
        found.extend(status for status in read() if wanted(status))  # type: ignore[attr-defined]
        return bool(found)

    within_deadline(reading)
    return found[0]


def _both_origins(feed: SchemaTopics, text: str) -> dict[Origin, SchemaRecord]:
    found: dict[Origin, SchemaRecord] = {}

    def reading() -> bool:
        found.update({record.origin: record for record in feed.read(1).records if text in record.ddl})
        return len(found) == 2

    within_deadline(reading)
    return found


def test_every_change_of_state_is_told_in_its_order(stack: Stack, pipeline: Pipeline) -> None:
    with closing(statuses_of(stack)) as feed:
        feed.read(0)
        for verb, state in (("pause", State.PAUSED), ("resume", State.RUNNING)) * 2:
            stack.connect.call("PUT", f"/connectors/{SPEC.sink}/{verb}")
            _first(lambda: feed.read(5), lambda each, state=state: each.connector == SPEC.sink and each.state is state)
            feed.read(0.2)


def test_reading_leaves_no_group_and_makes_no_topic(stack: Stack, pipeline: Pipeline) -> None:
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers}, logger=QUIET)
    topics = set(stack.kafka.topics())
    schemas = SchemaTopics("main", stack.bootstrap_servers, {})
    records = WaitingRecords("main", stack.bootstrap_servers, {})
    with closing(statuses_of(stack)) as statuses, closing(schemas), closing(records):
        statuses.topics_of()
        schemas.follow({SPEC.prefix: (SPEC.prefix, False), "kfk-not-there": ("kfk", False)}, {})
        within_deadline(lambda: bool(schemas.read(0.5).records))
        records.waiting({}, [SPEC.topic, "kfk-not-there-either"], 100)
        groups = {group.group_id for group in admin.list_consumer_groups().result(10).valid}
    assert f"connect-{SPEC.sink}" in groups
    assert not {group for group in groups if group.startswith("watchdog")}
    assert set(stack.kafka.topics()) == topics


@pytest.mark.parametrize(
    "noticed", [pytest.param(True, id="noticed while it is gone"), pytest.param(False, id="at once")]
)
def test_a_topic_that_is_made_anew_is_read_from_its_start(stack: Stack, broker: Broker, noticed: bool) -> None:
    world = KafkaSchemaWorld(broker)
    feed = world.open()
    feed.follow({world.topic: ("shop", False)}, {})
    written = [change() for _ in range(3)]
    found: list[SchemaRecord] = []
    said: list[tuple[str, str]] = []

    positions: dict[TopicPartition, int] = {}

    def read() -> int:
        tailed = feed.read(0.5)
        found.extend(tailed.records)
        said.extend(tailed.unreadable)
        positions.update(tailed.positions)
        return len(found)

    for record in written[:2]:
        world.write(world.topic, record)
    within_deadline(lambda: read() == 2)
    stack.kafka.delete_topics([world.topic])
    if noticed:
        within_deadline(lambda: bool(read() and said))
        assert positions[f"{world.topic}-0"] == 0
    stack.kafka.create_topic(world.topic, partitions=1)
    world.write(world.topic, written[2])
    within_deadline(lambda: read() == 3)
    assert found == written
    assert positions[f"{world.topic}-0"] == 1
    assert f"{world.topic}-0@2" in dict(said)


@pytest.fixture(scope="module")
def lone_stack(tmp_path_factory: pytest.TempPathFactory, ports_beside: dict[str, str]) -> Iterator[Stack]:
    """A broker of its own, to be stopped and started."""
    folder: Path = tmp_path_factory.mktemp("lone")
    stack = Stack(Settings.from_env({**os.environ, **ports_beside, "STACK_DIR": str(folder)}))
    stack.start("kafka")
    yield stack
    with suppress(ProcessLookupError):
        stack.stop("kafka")


def test_a_status_topic_of_any_name_is_found_by_its_keys(lone_stack: Stack) -> None:
    with ExitStack() as resources:
        broker = Broker(lone_stack.bootstrap_servers, resources=resources)
        for name, config in (("kfk-copy", {}), ("kfk-odd", COMPACTED), ("kfk-other", COMPACTED)):
            lone_stack.kafka.create_topic(name, config=config)
        resources.callback(lambda: lone_stack.kafka.delete_topics(["kfk-copy", "kfk-odd", "kfk-other"]))
        broker.write("kfk-other", b"{}", b"some-key")
        # A copy of a status topic, as a mirror makes it, is not compacted.
        for name in ("kfk-copy", "kfk-odd"):
            broker.write(name, task_status("RUNNING"), b"status-task-dw-sink-0")
        with closing(statuses_of(lone_stack)) as feed:
            feed.read(0)
            assert feed.topic == "kfk-odd"


def test_the_feeds_say_that_the_broker_is_gone_and_come_back_with_it(lone_stack: Stack) -> None:
    with ExitStack() as resources:
        broker = Broker(lone_stack.bootstrap_servers, lone_stack.kafka.create_topic, prefix="kfk", resources=resources)
        status_world, schema_world, rows = KafkaStatusWorld(broker), KafkaSchemaWorld(broker), KafkaRecordsWorld(broker)
        statuses, schemas = status_world.open(), schema_world.open()
        statuses.topics_of()
        schemas.follow({schema_world.topic: ("shop", False)}, {})
        schema_world.write(schema_world.topic, first := change())
        within_deadline(lambda: first in schemas.read(0.5).records)
        rows.write({"id": 1})
        questions: tuple[Callable[[], object], ...] = (
            lambda: statuses.read(0.5),
            lambda: schemas.read(0.5),
            lambda: rows.records.waiting({}, [rows.topic], 10),
        )
        for question in questions:
            question()
        lone_stack.stop("kafka", kill=True)
        for question in questions:
            within_deadline(lambda question=question: _is_unreachable(question, lone_stack))  # type: ignore[misc]
        lone_stack.start("kafka")
        status_world.say("dw-sink", 0, "FAILED", "after the outage")
        schema_world.write(schema_world.topic, second := change())
        rows.write({"id": 2})

        failure = _first(lambda: _patiently(lambda: statuses.read(0.5), ()), lambda status: True)
        assert failure.trace == "after the outage"
        found: list[SchemaRecord] = []
        within_deadline(lambda: bool(found.extend(_patiently(lambda: schemas.read(0.5).records, ())) or found))
        assert found == [second]
        shapes, _, _ = rows.records.waiting({}, [rows.topic], 10)
        assert [shape.count for shape in shapes] == [2]


def _is_unreachable(question: Callable[[], object], stack: Stack) -> bool:
    try:
        question()
    except PortUnreachable as error:
        return stack.bootstrap_servers in str(error)
    return False


def _patiently(question: Callable[[], Any], otherwise: Any) -> Any:
    with suppress(PortUnreachable):
        return question()
    return otherwise
