"""The real feeds on whatever speaks Kafka's protocol, written to as Connect and Debezium would.

A broker is a `bootstrap_servers`, a way to make a topic with three partitions or more, and settings for the clients.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count

import orjson
from confluent_kafka import Producer

from tests.fakes import debezium
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.model import Origin, SchemaRecord
from watchdog.redact import Redactor

QUIET = logging.getLogger("tests.kafka")
_numbers = count(1)


@dataclass
class Broker:
    bootstrap_servers: str
    create_topic: Callable[[str], None] = lambda name: None
    settings: Mapping[str, str] = field(default_factory=dict)
    prefix: str = "t"
    resources: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._producer = Producer({"bootstrap.servers": self.bootstrap_servers, "linger.ms": "0"}, logger=QUIET)

    def fresh_name(self, what: str) -> str:
        return f"{self.prefix}-{what}-{next(_numbers)}"

    def write(self, topic: str, value: bytes | None, key: bytes | None = None, partition: int = 0) -> None:
        self._producer.produce(topic, value, key, partition)
        assert self._producer.flush(10) == 0, "the broker takes no records"


@contextmanager
def mock_broker() -> Iterator[Broker]:
    """The one that the client library brings for tests: protocol and offsets are real, nothing is stored."""
    server = Producer({"test.mock.num.brokers": "1", "bootstrap.servers": "unused"}, logger=QUIET)
    (node,) = server.list_topics(timeout=10).brokers.values()
    # It answers a waiting fetch only when the time is over, not when a record comes.
    with ExitStack() as resources:
        yield Broker(f"{node.host}:{node.port}", settings={"fetch.wait.max.ms": "10"}, resources=resources)


class KafkaStatusWorld:
    cluster = "main"

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.topic = broker.fresh_name("connect-status")
        broker.create_topic(self.topic)
        self._write("status-connector-older", debezium.task_status("RUNNING"))

    def open(self) -> StatusTopic:
        broker = self._broker
        feed = StatusTopic(self.cluster, broker.bootstrap_servers, self.topic, broker.settings, Redactor())
        broker.resources.enter_context(closing(feed))
        feed.read(0)
        return feed

    def say(self, connector: str, task: int | None, state: str, trace: str | None = None) -> None:
        self._write(_status_key(connector, task), debezium.task_status(state, trace))

    def forget(self, connector: str, task: int | None) -> None:
        self._write(_status_key(connector, task), None)

    def use(self, connector: str, topic: str) -> None:
        self._write(f"status-topic-{topic}:connector-{connector}", debezium.topic_use(connector, topic))

    def forget_use(self, connector: str, topic: str) -> None:
        self._write(f"status-topic-{topic}:connector-{connector}", None)

    def _write(self, key: str, value: bytes | None) -> None:
        self._broker.write(self.topic, value, key.encode())


class KafkaSchemaWorld:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.topic, self.history = broker.fresh_name("schema"), broker.fresh_name("history")
        self._created: set[str] = set()

    def open(self) -> SchemaTopics:
        feed = SchemaTopics("main", self._broker.bootstrap_servers, self._broker.settings)
        self._broker.resources.enter_context(closing(feed))
        return feed

    def write(self, topic: str, record: SchemaRecord | None, partition: int = 0) -> None:
        if topic not in self._created:
            self._broker.create_topic(topic)
            self._created.add(topic)
        self._broker.write(topic, _schema_bytes(record), partition=partition)


class KafkaRecordsWorld:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.topic = broker.fresh_name("rows")
        broker.create_topic(self.topic)
        self.records = WaitingRecords("main", broker.bootstrap_servers, broker.settings)
        broker.resources.enter_context(closing(self.records))

    def write(self, fields: dict[str, object] | None, partition: int = 0, gtid: str | None = None) -> None:
        self._broker.write(self.topic, debezium.row(fields, gtid=gtid), b'{"id":1}', partition)

    def write_unreadable(self) -> None:
        self._broker.write(self.topic, b"\0\0\0\0\7\2\14An")


def _status_key(connector: str, task: int | None) -> str:
    return f"status-connector-{connector}" if task is None else f"status-task-{connector}-{task}"


def _schema_bytes(record: SchemaRecord | None) -> bytes | None:
    if record is None:
        return b"\0\0\0\0\7\2\14An"
    document = debezium.schema_change(record)
    # A history is written without schemas always, a topic as its converter likes.
    return orjson.dumps(document) if record.origin is Origin.HISTORY else debezium.in_envelope(document)
