"""What the brokers of one Kafka cluster tell of topics and consumer groups → the `Brokers` port.

Many questions go out at once, so that a thousand groups take little longer than one. Nothing is joined, committed or
made. One topic or group of which we may not know is told as that; brokers that cannot be reached are an error.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
)

from watchdog.adapters.kafka_client import CALL_SECONDS, KafkaReader, seconds_until
from watchdog.adapters.kafka_config import DebugLog, config_of
from watchdog.adapters.kafka_errors import UNREACHABLE, refused_settings, translated
from watchdog.adapters.kafka_events import End, Lost, Place, Record, named
from watchdog.errors import PortError, PortTimeout
from watchdog.model import Group, TopicFacts, split_partition
from watchdog.model import TopicPartition as Partition

AT_ONCE_MAX = 50
"""Groups that are asked about side by side."""
GROUPS_SECONDS = 15.0
"""The deadline of that many questions: on a busy machine each may take a tenth of a second."""
FOR_EVER_MS = 100 * 365 * 86_400_000
"""A longer retention is none: Debezium makes its history topics with the longest that there is."""
FIRST_RECORDS_SECONDS = 5.0

# One record of each partition is wanted, and none that is not there yet.
_ONE_RECORD = {"fetch.wait.max.ms": "5", "fetch.message.max.bytes": "65536", "queued.max.messages.kbytes": "1024"}

_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]

T = TypeVar("T")


class KafkaBrokers:
    """`ports.Brokers`. `settings`: librdkafka's. It connects with the first question. Used by one thread at a time."""

    def __init__(self, bootstrap_servers: str, settings: Mapping[str, str]) -> None:
        self.target = f"kafka {bootstrap_servers}"
        self._config: dict[str, Any] = {**config_of(bootstrap_servers, settings)}
        self._reader = KafkaReader(bootstrap_servers, {**_ONE_RECORD, **settings})
        self._made: AdminClient | None = None

    def groups(self, names: Collection[str]) -> Mapping[str, Group]:
        # The cheapest question first: brokers that are not there are told in seconds.
        self._reader.must_answer()
        wanted = sorted(names)
        found: dict[str, Group] = {}
        for start in range(0, len(wanted), AT_ONCE_MAX):
            found |= self._some_groups(wanted[start : start + AT_ONCE_MAX])
        return found

    def topics(self, names: Collection[str]) -> Mapping[str, TopicFacts]:
        there = self._reader.partitions()
        places = [(topic, partition) for topic in sorted(set(names)) for partition in there.get(topic, ())]
        earliest = self._offsets(places, _EARLIEST)
        end = self._offsets(places, _LATEST)
        settings = self._settings([topic for topic in names if there.get(topic)])
        return {
            topic: TopicFacts(
                name=topic,
                partitions=len(there.get(topic, ())),
                earliest=earliest.get(topic, {}),
                end=end.get(topic, {}),
                **_as_facts(settings.get(topic)),
            )
            for topic in names
        }

    def first_at(self, starts: Mapping[Partition, int]) -> Mapping[Partition, datetime]:
        """Read with the reader's own isolation: what an open or aborted transaction wrote is no record."""
        if not starts:
            return {}
        places = {split_partition(partition): offset for partition, offset in starts.items()}
        self._reader.assign(places)
        try:
            return self._first_records(set(places))
        finally:
            self._reader.assign({})

    def offsets_retention_seconds(self) -> float | None:
        """By the broker that answers first: all are set alike, or nobody can tell."""
        brokers = self._asked(lambda admin: admin.list_topics(timeout=CALL_SECONDS)).brokers
        resource = ConfigResource(ConfigResource.Type.BROKER, str(min(brokers, default=1)))
        (config,) = [self._told(answer) for answer in self._described([resource]).values()]
        minutes = None if isinstance(config, str) else _number(config, "offsets.retention.minutes")
        return None if minutes is None else minutes * 60

    def close(self) -> None:
        self._reader.close()

    def _some_groups(self, names: list[str]) -> dict[str, Group]:
        # The client takes one group with each question; the questions do not wait for each other.
        offsets = {name: self._asked(partial(_offsets_of, name)) for name in names}
        members = self._asked(lambda admin: admin.describe_consumer_groups(names, request_timeout=GROUPS_SECONDS))
        found = {name: self._group(offsets[name], members[name]) for name in names}
        # One answer that does not come is that group's matter; none at all is the brokers'.
        late = [each for each in found.values() if isinstance(each, PortError)]
        if late and len(late) == len(found):
            raise late[0]
        return {name: Group(error=str(each)) if isinstance(each, PortError) else each for name, each in found.items()}

    def _group(self, offsets: Future[Any], members: Future[Any]) -> Group | PortError:
        try:
            told, described = self._told(offsets), self._told(members)
        except PortError as error:
            return error
        if isinstance(told, str):
            return Group(error=told)
        committed = {
            named((each.topic, each.partition)): each.offset for each in told.topic_partitions if each.offset >= 0
        }
        return Group(committed, None if isinstance(described, str) else len(described.members))

    def _offsets(self, places: Iterable[Place], spec: OffsetSpec) -> dict[str, dict[Partition, int]]:
        """By topic, then by partition."""
        asked = {TopicPartition(*place): spec for place in places}
        if not asked:
            return {}
        answers = self._asked(lambda admin: admin.list_offsets(asked, request_timeout=CALL_SECONDS))
        found: dict[str, dict[Partition, int]] = {}
        for where, answer in answers.items():
            if not isinstance(told := self._told(answer), str):
                found.setdefault(where.topic, {})[named((where.topic, where.partition))] = told.offset
        return found

    def _settings(self, topics: list[str]) -> dict[str, dict[str, ConfigEntry]]:
        resources = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
        if not resources:
            return {}
        told = {resource.name: self._told(answer) for resource, answer in self._described(resources).items()}
        return {topic: config for topic, config in told.items() if not isinstance(config, str)}

    def _described(self, resources: list[ConfigResource]) -> Mapping[ConfigResource, Future[dict[str, ConfigEntry]]]:
        return self._asked(lambda admin: admin.describe_configs(resources, request_timeout=CALL_SECONDS))

    def _first_records(self, left: set[Place]) -> dict[Partition, datetime]:
        found: dict[Partition, datetime] = {}
        deadline = time.monotonic() + FIRST_RECORDS_SECONDS
        while left and (event := self._reader.poll(seconds_until(deadline))) is not None:
            place = event.place
            if isinstance(event, Record) and place in left and event.at_ms > 0:
                found[named(place)] = datetime.fromtimestamp(event.at_ms / 1000, UTC)
            if isinstance(event, Record | End | Lost) and place in left:
                left.discard(place)
                self._reader.remove([place])
        return found

    def _told(self, answer: Future[Any]) -> Any:
        """What was answered, or in words why not. Raises `PortError` when nobody answers."""
        try:
            return answer.result(timeout=2 * GROUPS_SECONDS)
        except TimeoutError as error:
            raise PortTimeout(self.target, f"no answer within {2 * GROUPS_SECONDS:g} s") from error
        except KafkaException as error:
            if error.args[0].code() in UNREACHABLE:
                raise translated(self.target, error.args[0], None) from error
            return str(error.args[0].str())

    def _asked(self, question: Callable[[AdminClient], T]) -> T:
        try:
            return question(self._admin())
        except KafkaException as error:
            raise translated(self.target, error.args[0], None) from error

    def _admin(self) -> AdminClient:
        if self._made is None:
            try:
                self._made = AdminClient(self._config, logger=DebugLog())
            except KafkaException as error:
                raise refused_settings(self.target, error) from None
        return self._made


def _offsets_of(group: str, admin: AdminClient) -> Future[Any]:
    asked = [ConsumerGroupTopicPartitions(group)]
    answer: Future[Any] = admin.list_consumer_group_offsets(asked, request_timeout=GROUPS_SECONDS)[group]
    return answer


def _as_facts(config: dict[str, ConfigEntry] | None) -> dict[str, Any]:
    if config is None:
        return {}
    keep_ms, keep_bytes = _number(config, "retention.ms"), _number(config, "retention.bytes")
    policy = config.get("cleanup.policy")
    return {
        "cleanup_policy": policy.value if policy else None,
        "retention_seconds": None if keep_ms is None else _limit(keep_ms, FOR_EVER_MS) / 1000,
        "retention_bytes": None if keep_bytes is None else _limit(keep_bytes, math.inf),
    }


def _limit(value: float, at_most: float) -> float:
    return math.inf if value < 0 or value > at_most else value


def _number(config: Mapping[str, ConfigEntry], name: str) -> float | None:
    try:
        return float(config[name].value or "")
    except (KeyError, ValueError):
        return None
