"""The fakes and the real adapters keep the contracts of the feeds, without a stack: the adapters talk to the broker
that the client library brings for tests. Below them, what the adapters do with other people's records, and when nobody
answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import orjson
import pytest

from tests.contract.feeds_contract import RecordsContract, SchemaContract, StatusContract, change, within_deadline
from tests.contract.kafka_worlds import (
    Broker,
    KafkaRecordsWorld,
    KafkaSchemaWorld,
    KafkaStatusWorld,
    mock_broker,
)
from tests.fakes import debezium
from tests.fakes import registry as avro_documents
from tests.fakes.kafka import UNREADABLE, FakeRecords, FakeRow, FakeSchemaFeed, FakeStatusFeed, FakeTopics
from tests.fakes.registry import SCHEMA_CHANGE, FakeRegistry, avro, envelope, wire
from watchdog.adapters.avro import AvroReader
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.adapters.registry_schemas import WriterSchemas
from watchdog.errors import PortRefused, PortUnreachable
from watchdog.model import Origin, Position, PushedStatus, SchemaRecord, State, Tailed
from watchdog.redact import Redactor

NOBODY = "127.0.0.1:9"
CANARY = "c4nary-s3cret-pw"


class FakeStatusWorld:
    cluster = "main"

    def __init__(self) -> None:
        self._feeds: list[FakeStatusFeed] = []
        self._uses: list[tuple[str, str]] = []

    def open(self) -> FakeStatusFeed:
        feed = FakeStatusFeed(self.cluster)
        for use in self._uses:
            feed.use(*use)
        self._feeds.append(feed)
        return feed

    def say(self, connector: str, task: int | None, state: str, trace: str | None = None) -> None:
        known = State(state) if state in State.__members__ else State.UNKNOWN
        for feed in self._feeds:
            feed.push(PushedStatus(self.cluster, connector, task, known, "w1:8083", trace, datetime.now(UTC)))

    def forget(self, connector: str, task: int | None) -> None:
        pass

    def use(self, connector: str, topic: str) -> None:
        self._uses.append((connector, topic))
        for feed in self._feeds:
            feed.use(connector, topic)

    def forget_use(self, connector: str, topic: str) -> None:
        for feed in self._feeds:
            feed.forget_use(connector, topic)


class FakeSchemaWorld:
    topic, history = "shop", "schema-history.shop"

    def __init__(self) -> None:
        self._topics = FakeTopics()

    def open(self) -> FakeSchemaFeed:
        return FakeSchemaFeed(topics=self._topics)

    def write(self, topic: str, record: SchemaRecord | None, partition: int = 0) -> None:
        self._topics.write(topic, record or UNREADABLE, partition)


class FakeRecordsWorld:
    topic = "shop.orders"

    def __init__(self) -> None:
        self.records = FakeRecords()

    def write(self, fields: dict[str, object] | None, partition: int = 0, gtid: str | None = None) -> None:
        self.records.write(self.topic, FakeRow(fields, Position(gtid, "binlog.000002", 1054)), partition)

    def write_unreadable(self) -> None:
        self.records.write(self.topic, UNREADABLE)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with mock_broker() as broker:
        yield broker


class TestFakeStatusFeed(StatusContract):
    @pytest.fixture
    def world(self) -> FakeStatusWorld:
        return FakeStatusWorld()


class TestStatusTopic(StatusContract):
    @pytest.fixture
    def world(self, broker: Broker) -> KafkaStatusWorld:
        return KafkaStatusWorld(broker)


class TestFakeSchemaFeed(SchemaContract):
    @pytest.fixture
    def world(self) -> FakeSchemaWorld:
        return FakeSchemaWorld()


class TestSchemaTopics(SchemaContract):
    @pytest.fixture
    def world(self, broker: Broker) -> KafkaSchemaWorld:
        return KafkaSchemaWorld(broker)


class TestFakeRecords(RecordsContract):
    @pytest.fixture
    def world(self) -> FakeRecordsWorld:
        return FakeRecordsWorld()


class TestWaitingRecords(RecordsContract):
    @pytest.fixture
    def world(self, broker: Broker) -> KafkaRecordsWorld:
        return KafkaRecordsWorld(broker)


@pytest.mark.parametrize(
    "key", [b"status-task-x", b"status-task--0", b"status-task-x-1e3", b"\xff\xfe", b"session-key", None]
)
def test_a_record_that_connect_did_not_write_is_ignored_and_counted(broker: Broker, key: bytes | None) -> None:
    world = KafkaStatusWorld(broker)
    feed = world.open()
    broker.write(world.topic, debezium.task_status("FAILED"), key)
    within_deadline(lambda: bool(feed.read(0.2) or feed.ignored))
    assert feed.ignored == 1


@pytest.mark.parametrize("value", [b"", b"no json", b"[]", b'{"trace":1}', b'{"state":{}}', b"\0\0\0\0\1\2", b"\xff"])
def test_a_status_that_is_no_json_of_connect_is_ignored_and_counted(broker: Broker, value: bytes) -> None:
    world = KafkaStatusWorld(broker)
    feed = world.open()
    broker.write(world.topic, value, b"status-task-dw-sink-0")
    within_deadline(lambda: bool(feed.read(0.2) or feed.ignored))
    assert feed.ignored == 1


def test_a_trace_is_told_without_secrets_and_escapes(broker: Broker) -> None:
    world = KafkaStatusWorld(broker)
    redactor = Redactor()
    redactor.learn(CANARY)
    with closing(StatusTopic("main", broker.bootstrap_servers, world.topic, broker.settings, redactor)) as feed:
        feed.read(0)
        world.say("dw-sink", 0, "FAILED", f"jdbc:mysql://u:{CANARY}@h/ \x1b[31m {CANARY} " + "x" * 100_000)
        news: list[PushedStatus] = []
        within_deadline(lambda: bool(news.extend(feed.read(0.5)) or news))
    assert CANARY not in repr(news)
    assert "\x1b" not in str(news[0].trace)
    assert len(str(news[0].trace)) < 20_000


def test_a_status_topic_that_does_not_exist_is_refused_by_name(broker: Broker) -> None:
    feed = StatusTopic("main", broker.bootstrap_servers, "no-such", broker.settings, Redactor())
    with closing(feed), pytest.raises(PortRefused, match="no topic no-such"):
        feed.read(0.1)


def test_the_status_topic_is_found_by_its_usual_name_and_its_keys() -> None:
    with mock_broker() as broker:
        broker.write("docker-connect-status", b"{}", b"something else")
        broker.write("connect-statuses", debezium.task_status("RUNNING"), b"status-task-a-0")
        with closing(StatusTopic("main", broker.bootstrap_servers, "", broker.settings, Redactor())) as feed:
            feed.read(0)
            assert feed.topic == "connect-statuses"


def test_of_several_status_topics_a_person_has_to_choose() -> None:
    with mock_broker() as broker:
        for topic in ("connect-status", "docker-connect-status"):
            broker.write(topic, debezium.task_status("RUNNING"), b"status-task-a-0")
        feed = StatusTopic("main", broker.bootstrap_servers, "", broker.settings, Redactor())
        several = pytest.raises(PortRefused, match=r"connect-status, docker-connect-status.*`status_topic`")
        with closing(feed), several:
            feed.read(0)


def test_a_position_behind_the_end_starts_again_from_the_earliest_and_says_so(broker: Broker) -> None:
    world = KafkaSchemaWorld(broker)
    world.write(world.topic, record := change())
    feed = world.open()
    feed.follow({world.topic: ("shop", False)}, {f"{world.topic}-0": 99})
    records: list[SchemaRecord] = []
    said: list[tuple[str, str]] = []

    def read() -> bool:
        tailed = feed.read(0.5)
        records.extend(tailed.records)
        said.extend(tailed.unreadable)
        return bool(records)

    within_deadline(read)
    assert records == [record]
    assert said[0][0] == f"{world.topic}-0@99"
    assert "earliest" in said[0][1]


Question = Callable[[str, dict[str, str]], object]


def _ask_status(servers: str, settings: dict[str, str]) -> object:
    with closing(StatusTopic("main", servers, "connect-status", settings, Redactor())) as feed:
        return feed.read(0.2)


def _ask_schema(servers: str, settings: dict[str, str]) -> object:
    with closing(SchemaTopics("main", servers, settings)) as feed:
        feed.follow({"shop": ("shop", False)}, {})
        return feed.read(0.2)


def _ask_records(servers: str, settings: dict[str, str]) -> object:
    with closing(WaitingRecords("main", servers, settings)) as records:
        return records.waiting({}, ["shop.orders"], 10)


QUESTIONS: tuple[Question, ...] = (_ask_status, _ask_schema, _ask_records)


def test_a_broker_that_nobody_runs_is_unreachable_within_the_deadline() -> None:
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(ask, NOBODY, {}) for ask in QUESTIONS]
        errors = [answer.exception() for answer in answers]
    assert time.monotonic() - started < 20
    assert [type(error) for error in errors] == [PortUnreachable] * len(QUESTIONS)
    assert all(f"kafka {NOBODY}: " in str(error) and "Connection refused" in str(error) for error in errors)


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize("setting", ["sasl.pasword", "security.protocol"])
def test_settings_that_the_client_refuses_are_named_without_their_values(ask: Question, setting: str) -> None:
    with pytest.raises(PortRefused, match=setting) as refused:
        ask(NOBODY, {setting: CANARY})
    assert CANARY not in str(refused.value)


def test_a_broker_that_goes_away_is_noticed_while_nothing_comes() -> None:
    with mock_broker() as broker:
        world = KafkaStatusWorld(broker)
        feed = world.open()
        assert feed.read(0.1) == ()
    del broker, world

    def is_noticed() -> bool:
        try:
            feed.read(0.2)
        except PortUnreachable:
            return True
        return False

    within_deadline(is_noticed)


def test_a_feed_that_was_closed_says_so() -> None:
    feed = SchemaTopics("main", NOBODY, {})
    feed.close()
    with pytest.raises(PortUnreachable, match="closed"):
        feed.read(0.1)


# ── Avro whose schema cannot be had ─────────────────────────────────────────────────────────────────────────────────


def avro_feed(broker: Broker, registry: FakeRegistry, clock: list[float]) -> SchemaTopics:
    avro = AvroReader(WriterSchemas([registry], lambda: clock[0]))
    return SchemaTopics("main", broker.bootstrap_servers, broker.settings, None, avro)


def in_avro(record: SchemaRecord) -> bytes:
    document = debezium.schema_change(record)
    for entry in document["tableChanges"]:
        for column in entry["table"]["columns"]:
            column["jdbcType"] = 4
    return wire(1, avro(SCHEMA_CHANGE, document))


def test_while_the_registry_is_down_reading_waits_there_and_other_topics_go_on(broker: Broker) -> None:
    registry, clock = FakeRegistry(), [0.0]
    registry.register("shop-value", SCHEMA_CHANGE)
    registry.down = PortUnreachable("registry", "no connection")
    topic, history = broker.fresh_name("avro"), broker.fresh_name("history")
    written, told = [change(), change()], change(origin=Origin.HISTORY)
    for each in written:
        broker.write(topic, in_avro(each))
    broker.write(history, orjson.dumps(debezium.schema_change(told)))
    with closing(avro_feed(broker, registry, clock)) as feed:
        feed.follow({topic: ("shop", False), history: ("shop", True)}, {})
        seen: list[Tailed] = []
        within_deadline(lambda: bool(seen.append(feed.read(0.5)) or any(tailed.records for tailed in seen)))
        within_deadline(lambda: bool(seen.append(feed.read(0.5)) or seen[-1].held))
        assert seen[-1].held == ((f"{topic}-0@0", "registry: no connection"),)
        assert [record.origin for tailed in seen for record in tailed.records] == [Origin.HISTORY]
        assert not any(f"{topic}-0" in tailed.positions for tailed in seen), "nothing is passed by"
        assert not any(tailed.unreadable for tailed in seen)

        registry.down, clock[0] = None, 100.0
        later: list[Tailed] = []
        within_deadline(lambda: bool(later.append(feed.read(0.5)) or sum(len(tailed.records) for tailed in later) >= 2))
        assert [record.ddl for tailed in later for record in tailed.records] == [record.ddl for record in written]
        assert later[-1].positions == {f"{topic}-0": 2}
        assert later[-1].held == ()


def test_a_schema_that_the_registry_never_has_is_given_up_after_a_minute_and_reading_goes_on(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchdog.adapters.kafka_schema.UNKNOWN_SECONDS", 0.5)
    registry, clock = FakeRegistry(), [0.0]
    topic = broker.fresh_name("avro")
    broker.write(topic, wire(7, b"\2"))
    broker.write(topic, orjson.dumps(debezium.schema_change(change())))
    with closing(avro_feed(broker, registry, clock)) as feed:
        feed.follow({topic: ("shop", False)}, {})
        seen: list[Tailed] = []

        def read_on() -> bool:
            clock[0] += 60
            seen.append(feed.read(0.5))
            return any(tailed.records for tailed in seen)

        within_deadline(read_on)
        assert any(tailed.held for tailed in seen)
        ((where, why),) = [each for tailed in seen for each in tailed.unreadable]
        assert where == f"{topic}-0@0"
        assert why.startswith("no registry has schema id 7")


def test_waiting_avro_records_whose_schema_cannot_be_had_are_an_error_and_not_a_gap(broker: Broker) -> None:
    registry = FakeRegistry()
    number = registry.register("shop.shop.orders-value", envelope())
    topic = broker.fresh_name("rows")
    broker.write(topic, wire(number, avro(envelope(), avro_documents.change(avro_documents.row()))))
    avro_reader = AvroReader(WriterSchemas([registry]))
    with closing(WaitingRecords("main", broker.bootstrap_servers, broker.settings, avro_reader)) as records:
        registry.down = PortUnreachable("registry", "no connection")
        with pytest.raises(PortUnreachable, match="cannot be read now: registry: no connection"):
            records.waiting({}, [topic], 10)
    with closing(
        WaitingRecords("main", broker.bootstrap_servers, broker.settings, AvroReader(WriterSchemas([registry])))
    ) as records:
        registry.down = None
        (shape,), _, _ = records.waiting({}, [topic], 10)
        assert shape.count == 1
