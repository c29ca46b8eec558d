"""The real adapter keeps the `Quarantine` contract on a real broker; what a copy is, and who may write it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]
from stack import Stack

from tests.contract.kafka_worlds import QUIET
from tests.contract.quarantine_contract import QuarantineContract, too_long
from tests.fakes import debezium
from tests.stack.topics import delete_records
from watchdog.adapters.kafka_quarantine import KafkaQuarantine, transactional_id
from watchdog.adapters.kafka_transactions import Transactions
from watchdog.adapters.quarantine_records import Copy, quarantine_topic
from watchdog.errors import PortRefused
from watchdog.model import ConnectorKey, RecordId

_numbers = count(1)
RUN = int(time.time())
HEADERS: list[tuple[str, bytes | None]] = [("trace", b"\x00\xff"), ("trace", b"again"), ("empty", b""), ("none", None)]


class KafkaWorld:
    def __init__(self, stack: Stack, quarantine: KafkaQuarantine) -> None:
        self.quarantine, self.servers = quarantine, stack.bootstrap_servers
        self.kafka = stack.kafka
        self.topic = f"rows-{RUN}-{next(_numbers)}"
        self._admin = AdminClient({"bootstrap.servers": self.servers}, logger=QUIET)
        self._producer = Producer({"bootstrap.servers": self.servers, "linger.ms": "0"}, logger=QUIET)
        stack.kafka.create_topic(self.topic, partitions=2)

    def write(self, key: str, fields: dict[str, object] | None, partition: int = 0) -> RecordId:
        offsets: list[int] = []
        content = key.encode(), debezium.row(fields)
        self._producer.produce(
            self.topic,
            content[1],
            content[0],
            partition,
            on_delivery=lambda _, message: offsets.append(message.offset() or 0),
            timestamp=RUN * 1000 + next(_numbers),  # A record of another year would be past its retention.
            headers=HEADERS,  # type: ignore[arg-type]
        )
        assert self._producer.flush(10) == 0
        return RecordId(self.topic, partition, offsets[0])

    def expire(self, record: RecordId) -> None:
        delete_records(self._admin, record.topic, record.offset + 1, record.partition)

    def messages(self, topic: str, partition: int = 0) -> list[Message]:
        """All that are committed."""
        config = {"bootstrap.servers": self.servers, "group.id": "t", "enable.partition.eof": True}
        with closing(Consumer(config, logger=QUIET)) as consumer:
            consumer.assign([TopicPartition(topic, partition, 0)])
            found = []
            while (message := consumer.poll(20)) is not None and message.error() is None:
                found.append(message)
            return found


@pytest.fixture(scope="module")
def quarantine(_running_stack: Stack) -> Iterator[KafkaQuarantine]:
    with closing(KafkaQuarantine(_running_stack.bootstrap_servers, {})) as quarantine:
        yield quarantine


@pytest.fixture
def world(_running_stack: Stack, quarantine: KafkaQuarantine) -> Iterator[KafkaWorld]:
    world = KafkaWorld(_running_stack, quarantine)
    yield world
    _running_stack.kafka.delete_topics([world.topic])


@pytest.fixture(scope="module", autouse=True)
def _no_quarantine_left(_running_stack: Stack) -> Iterator[None]:
    yield
    ours = [name for name in _running_stack.kafka.topics() if name.startswith(f"watchdog.quarantine.sink-{RUN}")]
    _running_stack.kafka.delete_topics(ours)


class TestKafkaQuarantine(QuarantineContract):
    @pytest.fixture
    def sink(self) -> ConnectorKey:
        return ConnectorKey("main", f"sink-{RUN}-{next(_numbers)}")


@pytest.fixture
def sink() -> ConnectorKey:
    return ConnectorKey("main", f"sink-{RUN}-{next(_numbers)}")


def test_a_copy_has_the_records_own_bytes_headers_and_time_and_says_where_it_was(
    world: KafkaWorld, sink: ConnectorKey
) -> None:
    bad = world.write('{"id":2}', {"id": 2, "name": "Binh"}, partition=1)
    world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
    (original,) = world.messages(world.topic, 1)
    (copy,) = world.messages(quarantine_topic(sink.connector))
    assert (copy.key(), copy.value(), copy.timestamp()) == (original.key(), original.value(), original.timestamp())
    assert copy.headers() == [
        *HEADERS,
        ("watchdog.source.topic", bad.topic.encode()),
        ("watchdog.source.partition", b"1"),
        ("watchdog.source.offset", b"0"),
        ("watchdog.reason", b"name has 4 characters"),
        ("watchdog.connector", f"main/{sink.connector}".encode()),
    ]


def test_a_record_that_is_written_back_has_its_own_bytes_and_a_mark(world: KafkaWorld, sink: ConnectorKey) -> None:
    bad = world.write('{"id":2}', {"id": 2, "name": "Binh"})
    world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
    world.quarantine.replay(sink, [bad])
    original, again = world.messages(world.topic)
    assert (again.key(), again.value()) == (original.key(), original.value())
    assert again.headers() == [*HEADERS, ("watchdog.replayed", str(bad).encode())]


def test_nothing_is_copied_to_a_topic_that_would_not_keep_it(world: KafkaWorld, sink: ConnectorKey) -> None:
    topic = quarantine_topic(sink.connector)
    world.kafka.create_topic(topic, config={"cleanup.policy": "compact"})
    world.write('{"id":2}', {"id": 2, "name": "Binh"})
    with pytest.raises(PortRefused, match="is compacted: of several copies with one key it would keep the last only"):
        world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
    assert world.messages(topic) == []


def test_of_two_that_copy_for_one_sink_the_later_one_goes_on(world: KafkaWorld, sink: ConnectorKey) -> None:
    world.write('{"id":2}', {"id": 2, "name": "Binh"})
    unfit = world.quarantine.select({}, [world.topic], 100, too_long).unfit
    topic = quarantine_topic(sink.connector)
    world.quarantine.copy(sink, [])
    first = Transactions(world.servers, {}, transactional_id(sink))

    def overtaken() -> None:
        with first.transaction():
            first.append([((topic, 0), Copy(b"k", b"half", [], 0))])
            assert world.quarantine.copy(sink, unfit) == 1
            first.append([((topic, 0), Copy(b"k", b"other half", [], 0))])

    with pytest.raises(PortRefused, match="another writer took the place"):
        overtaken()
    (only,) = world.messages(topic)
    assert only.key() == b'{"id":2}'


def test_a_record_that_came_while_another_was_written_back_stays_the_newest(
    world: KafkaWorld, sink: ConnectorKey
) -> None:
    bad = world.write('{"id":2}', {"id": 2, "name": "Binh"})
    world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
    meanwhile(world, "_look", ["An"])
    assert list(world.quarantine.replay(sink, [bad])) == [bad]
    assert names(world) == ["Binh", "An", "Binh", "An"]
    assert world.quarantine.replay(sink, [bad]) == {}
    assert names(world) == ["Binh", "An", "Binh", "An"]


def test_a_record_that_came_while_the_newest_was_written_once_more_stays_the_newest(
    world: KafkaWorld, sink: ConnectorKey
) -> None:
    bad = world.write('{"id":2}', {"id": 2, "name": "Binh"})
    world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
    meanwhile(world, "_look", ["An"])
    meanwhile(world, "_overtaken", ["Chi", "Em"])
    world.quarantine.replay(sink, [bad])
    assert names(world) == ["Binh", "An", "Binh", "Chi", "An", "Em", "Chi", "Em"]


def test_killed_before_the_newest_was_written_once_more_the_next_one_does_it(
    world: KafkaWorld, sink: ConnectorKey
) -> None:
    bad = world.write('{"id":2}', {"id": 2, "name": "Binh"})
    world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
    meanwhile(world, "_look", ["An"])

    def killed(copies: object) -> object:
        del world.quarantine._replays._overtaken
        raise KeyboardInterrupt

    world.quarantine._replays._overtaken = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        world.quarantine.replay(sink, [bad])
    assert names(world) == ["Binh", "An", "Binh"]
    assert world.quarantine.replay(sink, [bad]) == {}
    assert names(world) == ["Binh", "An", "Binh", "An"]


def test_a_record_that_was_written_back_and_kept_again_goes_back_as_itself(
    world: KafkaWorld, sink: ConnectorKey
) -> None:
    """The one that it once was is older, and is not taken for what came meanwhile."""
    first = world.write('{"id":2}', {"id": 2, "name": "Binh"})
    for _ in range(2):
        world.quarantine.copy(sink, world.quarantine.select({}, [world.topic], 100, too_long).unfit)
        assert len(world.quarantine.replay(sink, [each.id for each in world.quarantine.kept(sink)])) == 1
    assert names(world) == ["Binh", "Binh", "Binh"]
    assert str(world.messages(world.topic)[-1].headers()[-1][1], "utf-8") == str(first._replace(offset=1))  # type: ignore


def meanwhile(world: KafkaWorld, look: str, written: list[str]) -> None:
    """Somebody writes the key after each of the next looks, one name after each."""
    replays = world.quarantine._replays
    looked = getattr(replays, look)

    def overtaken(copies: object) -> object:
        found = looked(copies)
        world.write('{"id":2}', {"id": 2, "name": written.pop(0)})
        if not written:
            delattr(replays, look)
        return found

    setattr(replays, look, overtaken)


def names(world: KafkaWorld) -> list[str]:
    return [json.loads(message.value() or b"")["payload"]["after"]["name"] for message in world.messages(world.topic)]
