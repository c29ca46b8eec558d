"""A producer that writes in transactions: what is written in one is there whole, or not at all.

Whoever begins with the same `transactional.id` later fences the one before: its open transaction is rolled back, and
it can write nothing any more. Errors of the client come out as `PortError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from watchdog.adapters.kafka_config import DebugLog
from watchdog.adapters.kafka_errors import refused_settings, translated
from watchdog.adapters.kafka_events import Place
from watchdog.adapters.quarantine_records import Copy
from watchdog.errors import PortError, PortRefused, PortTimeout

TRANSACTION_SECONDS = 60
"""After that long the brokers roll back what a writer left open."""
CALL_SECONDS = 30.0
RECORD_BYTES_MAX = 64 * 1024 * 1024

_FENCED = frozenset({KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED})


class Transactions:
    """One writer. Made, it has fenced those before it, and what they left open is rolled back."""

    def __init__(self, bootstrap_servers: str, settings: Mapping[str, str], transactional_id: str) -> None:
        self.target = f"kafka {bootstrap_servers}"
        self._id = transactional_id
        config: dict[str, Any] = {
            "client.id": "watchdog",
            "socket.connection.setup.timeout.ms": "5000",
            **settings,
            "bootstrap.servers": bootstrap_servers,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": str(TRANSACTION_SECONDS * 1000),
            "message.max.bytes": str(RECORD_BYTES_MAX),
            "log_level": "4",
        }
        try:
            self._producer = Producer(config, logger=DebugLog())
        except KafkaException as error:
            raise refused_settings(self.target, error) from None
        with self._told("take the writer's place"):
            self._producer.init_transactions(CALL_SECONDS)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Committed at its end; rolled back when anything is raised in it."""
        with self._told("begin a transaction"):
            self._producer.begin_transaction()
        try:
            yield
            with self._told("commit"):
                self._producer.commit_transaction(CALL_SECONDS)
        except BaseException:
            with suppress(KafkaException):
                self._producer.abort_transaction(CALL_SECONDS)
            raise

    def append(self, records: Sequence[tuple[Place, Copy]]) -> list[int]:
        """Write within a transaction, each to its partition; their offsets. A time of 0 is the moment of writing."""
        offsets: dict[int, int] = {}
        errors: list[KafkaError] = []

        def delivered(number: int, error: KafkaError | None, message: Message) -> None:
            if error is not None:
                errors.append(error)
            else:
                offsets[number] = message.offset() or 0

        with self._told("write"):
            for number, ((topic, partition), copy) in enumerate(records):
                self._produce(topic, partition, copy, number, delivered)
            self._producer.flush(CALL_SECONDS)
        if errors:
            raise self._translated(errors[0], "write")
        if len(offsets) < len(records):
            raise PortTimeout(self.target, f"{len(records) - len(offsets)} of {len(records)} records were not written")
        return [offsets[number] for number in range(len(records))]

    def close(self) -> None:
        self._producer.purge()

    def _produce(self, topic: str, partition: int, copy: Copy, number: int, delivered: Any) -> None:
        self._producer.produce(
            topic,
            copy.value,
            copy.key,
            partition,
            on_delivery=lambda error, message: delivered(number, error, message),
            timestamp=copy.at_ms,
            headers=copy.headers,  # type: ignore[arg-type]
        )
        self._producer.poll(0)

    @contextmanager
    def _told(self, deed: str) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            raise self._translated(error.args[0], deed) from error
        except BufferError as error:
            raise PortTimeout(self.target, f"did not {deed}: {error}") from error

    def _translated(self, error: KafkaError, deed: str) -> PortError:
        if error.code() in _FENCED:
            advice = "let that one end; only the last that began goes on"
            return PortRefused(self.target, f"could not {deed}: another writer took the place of {self._id}", advice)
        return translated(self.target, error, None)


def make_topic(bootstrap_servers: str, settings: Mapping[str, str], name: str) -> None:
    """With one partition, kept for ever, its records with the times that they come with. One that is there stays as it
    is."""
    target = f"kafka {bootstrap_servers}"
    config = {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "message.timestamp.type": "CreateTime",
        "max.message.bytes": str(RECORD_BYTES_MAX),
    }
    admin = AdminClient({**settings, "bootstrap.servers": bootstrap_servers, "log_level": "4"}, logger=DebugLog())
    topic = NewTopic(name, num_partitions=1, replication_factor=-1, config=config)
    try:
        admin.create_topics([topic], request_timeout=CALL_SECONDS)[name].result(2 * CALL_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise translated(target, error.args[0], None) from error
    except TimeoutError as error:
        raise PortTimeout(target, f"did not make the topic {name} within {2 * CALL_SECONDS:g} s") from error
