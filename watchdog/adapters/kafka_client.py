"""A Kafka consumer that reads and leaves nothing behind: no group, no commits, no topic made by asking for it.

Errors of the client come out as `PortError`; its log lines go to Python's logging at debug, never to stderr.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource  # type: ignore[attr-defined]

from watchdog.adapters.doors import Doors
from watchdog.adapters.kafka_config import DebugLog, config_of
from watchdog.adapters.kafka_errors import LOGIN, LOST, REFUSALS, UNREACHABLE, refused_settings, translated
from watchdog.adapters.kafka_events import End, Lost, Place, Record
from watchdog.errors import PortError, PortRefused, PortTimeout, PortUnreachable

CALL_SECONDS = 5.0
"""The deadline of one question to the brokers."""
CHECK_SECONDS = 1.0
"""The same, where the question is only whether anyone is there."""

SLICE_SECONDS = 0.5
"""After so long of it a refused login is noticed: the client would try it again for as long as it has to answer."""
REFUSED_PAUSE_SECONDS = 5.0
"""Before a login is tried again that was refused; doubled each time."""

BEGINNING: int = OFFSET_BEGINNING
"""Where the earliest record is."""

GROUPS_TOPIC = "__consumer_offsets"

T = TypeVar("T")


class KafkaReader:
    """One consumer, made at its first use. It reconnects by itself; `poll` says when nobody is there. When it is not
    let in it is ended, since it would try its password ten times a second, and made anew after a pause, where it was.

    `settings`: librdkafka's own (`security.protocol`, `sasl.password`, …), over our defaults. Used by one thread at a
    time; `close` may come from another.
    """

    def __init__(self, bootstrap_servers: str, settings: Mapping[str, str]) -> None:
        self.target = f"kafka {bootstrap_servers}"
        self._config = config_of(bootstrap_servers, settings)
        self._consumer: Consumer | None = None
        self._trouble: KafkaError | None = None
        self._cause: KafkaError | None = None
        self._held: deque[Message] = deque()
        self._closed = False
        self._places: dict[Place, int] = {}
        self._doors = Doors(REFUSED_PAUSE_SECONDS)

    def partitions(self) -> dict[str, tuple[int, ...]]:
        """Every topic's partitions; none for a topic of which the broker cannot tell at the moment."""
        metadata = self._in_slices(CALL_SECONDS, lambda consumer, seconds: consumer.list_topics(timeout=seconds))
        return {name: tuple(sorted(topic.partitions)) for name, topic in metadata.topics.items()}

    def must_answer(self) -> None:
        """The cheapest question there is; raises `PortError` when nobody answers."""
        self._in_slices(CALL_SECONDS, lambda consumer, seconds: consumer.list_topics(GROUPS_TOPIC, timeout=seconds))

    def partitions_of(self, topic: str) -> tuple[int, ...]:
        """Raises `PortRefused` when there is no such topic."""
        if not (found := self.partitions().get(topic)):
            raise PortRefused(self.target, f"there is no topic {topic}", "check its name, and the ACLs")
        return found

    def compacted(self, topics: Iterable[str]) -> list[str]:
        """Those of the topics whose `cleanup.policy` says compact; those that we may not ask about are left out."""
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
        if not resources:
            return []
        config: dict[str, str | int | float | bool] = {**self._config}
        admin = AdminClient(config, logger=DebugLog())
        answers = admin.describe_configs(resources, request_timeout=CALL_SECONDS)
        return [resource.name for resource, answer in answers.items() if _is_compacted(answer)]

    def offsets(self, topic: str, partition: int) -> tuple[int, int]:
        """First offset, and the offset after the last."""
        where = TopicPartition(topic, partition)
        answer = self._call(lambda consumer: consumer.get_watermark_offsets(where, timeout=CALL_SECONDS))
        if answer is None:
            raise PortTimeout(self.target, f"did not tell the offsets of {topic}-{partition} within {CALL_SECONDS:g} s")
        return int(answer[0]), int(answer[1])

    def assign(self, starts: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on, and no others."""
        self._call(lambda consumer: consumer.assign(_partitions(starts)))
        self._places = dict(starts)

    def add(self, starts: Mapping[Place, int]) -> None:
        self._call(lambda consumer: consumer.incremental_assign(_partitions(starts)))
        self._places |= starts

    def remove(self, partitions: Iterable[Place]) -> None:
        gone = list(partitions)
        self._call(lambda consumer: consumer.incremental_unassign([TopicPartition(*each) for each in gone]))
        self._places = {place: offset for place, offset in self._places.items() if place not in gone}

    def poll(self, seconds: float) -> Record | End | Lost | None:
        """The next record or piece of news, waiting at most that long; a second longer while the brokers are gone, to
        ask whether they still are. Raises `PortUnreachable` then."""
        message = self._held.popleft() if self._held else self._polled(seconds)
        if message is None:
            return None
        topic, partition = message.topic() or "", message.partition() or 0
        if (error := message.error()) is None:
            key, value, offset = message.key(), message.value(), message.offset() or 0
            at_ms = max(message.timestamp()[1], 0)
            if (topic, partition) in self._places:
                self._places[topic, partition] = offset + 1
            return Record(topic, partition, offset, _bytes(key), _bytes(value), at_ms, message.headers)
        if error.code() == KafkaError._PARTITION_EOF:
            return End(topic, partition)
        if error.code() in LOST:
            return Lost(topic, partition, error.str())
        raise translated(self.target, error, self._cause)

    def close(self) -> None:
        self._closed = True
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _polled(self, seconds: float) -> Message | None:
        if self._trouble is not None:
            self._ask_whether_anyone_is_there()
        message: Message | None = self._call(lambda consumer: consumer.poll(seconds))
        if message is None and self._trouble is not None:
            self._ask_whether_anyone_is_there()
        return message

    def _ask_whether_anyone_is_there(self) -> None:
        self._in_slices(CHECK_SECONDS, lambda consumer, seconds: consumer.list_topics(timeout=seconds))
        self._trouble = self._cause = None

    def _in_slices(self, seconds: float, question: Callable[[Consumer, float], T]) -> T:
        """A question whose answer may be long in coming, and need not be waited for once it is known that we are not
        let in. Asked again with three times the patience each time, until the seconds are over."""
        deadline, patience = time.monotonic() + seconds, SLICE_SECONDS
        while (left := seconds_until(deadline)) > patience:
            try:
                return self._answered(question, patience)
            except PortUnreachable:
                if self._consumer is None:
                    raise
            patience *= 3
        return self._answered(question, max(left, SLICE_SECONDS))

    def _answered(self, question: Callable[[Consumer, float], T], seconds: float) -> T:
        answer = self._call(lambda consumer: question(consumer, seconds))
        self._doors.opened()
        return answer

    def _call(self, question: Callable[[Consumer], T]) -> T:
        consumer = self._open()
        try:
            return question(consumer)
        except KafkaException as error:
            self._hear(consumer)
            told = translated(self.target, error.args[0], self._cause)
            if LOGIN & {error.args[0].code(), self._cause.code() if self._cause else None}:
                self._step_back(told)
            raise told from error
        except RuntimeError as error:  # The client's word for a consumer that was closed meanwhile.
            raise PortUnreachable(self.target, f"the reader was closed: {error}") from error

    def _step_back(self, told: PortError) -> None:
        """What was read ahead and not handed on is read again."""
        self._doors.shut("", told)
        consumer, self._consumer = self._consumer, None
        self._trouble = self._cause = None
        self._held.clear()
        if consumer is not None:
            consumer.close()

    def _open(self) -> Consumer:
        if self._closed:
            raise PortUnreachable(self.target, "the reader was closed")
        if self._consumer is None:
            self._doors.pass_through()
            self._consumer = self._made()
        return self._consumer

    def _made(self) -> Consumer:
        config: dict[str, Any] = {**self._config, "error_cb": self._heard}
        try:
            consumer = Consumer(config, logger=DebugLog())
        except KafkaException as error:
            raise refused_settings(self.target, error) from None
        if self._places:
            consumer.assign(_partitions(self._places))
        return consumer

    def _hear(self, consumer: Consumer) -> None:
        """Have the client report the errors that it gathered; it does so only when polled, which may bring a record."""
        message = consumer.poll(0)
        if message is not None:
            self._held.append(message)

    def _heard(self, error: KafkaError) -> None:
        """Called by the client while it polls."""
        if error.code() in REFUSALS | UNREACHABLE:
            self._trouble = error
            # The news that all brokers are down says less than why each of them is.
            refused = self._cause is not None and self._cause.code() in REFUSALS
            if error.code() != KafkaError._ALL_BROKERS_DOWN and not refused:
                self._cause = error


def seconds_until(deadline: float) -> float:
    """Until a `time.monotonic()` moment; 0 when it has passed."""
    return max(0.0, deadline - time.monotonic())


def _partitions(starts: Mapping[Place, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in starts.items()]


def _bytes(content: object) -> bytes | None:
    return content if isinstance(content, bytes) else None


def _is_compacted(answer: Future[dict[str, ConfigEntry]]) -> bool:
    try:
        return "compact" in (answer.result()["cleanup.policy"].value or "")
    except KafkaException:
        return False
