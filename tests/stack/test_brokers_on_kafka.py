"""The real adapter keeps the `Brokers` contract on a real broker, and leaves no group and no topic behind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from itertools import count

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]
from stack import Stack

from tests.contract.brokers_contract import BrokersContract
from tests.contract.kafka_worlds import QUIET, Broker
from tests.stack.topics import delete_records, set_topic
from tests.stack.watchdog_process import eventually
from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.model import split_partition

_numbers = count(1)
LEEWAY = 0.05


class KafkaWorld:
    def __init__(self, stack: Stack, brokers: KafkaBrokers, admin: AdminClient) -> None:
        self.brokers, self._admin = brokers, admin
        self.topic = f"brk-{int(time.time())}-{next(_numbers)}"
        self._broker = Broker(stack.bootstrap_servers)
        stack.kafka.create_topic(self.topic, partitions=2, config={"retention.ms": "86400000"})

    def write(self, partition: int, number: int = 1) -> tuple[datetime, datetime]:
        after = datetime.fromtimestamp(time.time() - LEEWAY, UTC)
        for _ in range(number):
            self._broker.write(self.topic, b"{}", partition=partition)
        return after, datetime.fromtimestamp(time.time() + LEEWAY, UTC)

    def remove(self, partition: int, before: int) -> None:
        delete_records(self._admin, self.topic, before, partition)

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        places = [TopicPartition(*split_partition(where), offset) for where, offset in offsets.items()]
        for answer in self._admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values():
            answer.result(10)

    def settings(self, cleanup_policy: str, retention_ms: int, retention_bytes: int) -> None:
        set_topic(
            self._admin,
            self.topic,
            cleanup_policy=cleanup_policy,
            retention_ms=str(retention_ms),
            retention_bytes=str(retention_bytes),
        )
        eventually(
            lambda: self.brokers.topics([self.topic])[self.topic].cleanup_policy == cleanup_policy, 60, "the setting"
        )


@pytest.fixture(scope="module")
def brokers(_running_stack: Stack) -> Iterator[KafkaBrokers]:
    with closing(KafkaBrokers(_running_stack.bootstrap_servers, {})) as brokers:
        yield brokers


@pytest.fixture(scope="module")
def admin(_running_stack: Stack) -> AdminClient:
    return AdminClient({"bootstrap.servers": _running_stack.bootstrap_servers}, logger=QUIET)


class TestKafkaBrokers(BrokersContract):
    @pytest.fixture
    def world(self, _running_stack: Stack, brokers: KafkaBrokers, admin: AdminClient) -> Iterator[KafkaWorld]:
        world = KafkaWorld(_running_stack, brokers, admin)
        yield world
        _running_stack.kafka.delete_topics([world.topic])


def test_a_running_sink_has_a_member_and_asking_leaves_nothing_behind(
    stack: Stack, brokers: KafkaBrokers, admin: AdminClient
) -> None:
    sink, topic = stack.pipeline.spec.sink, stack.pipeline.spec.topic
    before = set(stack.kafka.topics())
    assert brokers.groups([f"connect-{sink}"])[f"connect-{sink}"].members == 1
    brokers.topics([topic, "brk-not-there"])
    brokers.first_at({f"{topic}-0": 0})
    groups = {group.group_id for group in admin.list_consumer_groups().result(10).valid}
    assert not {group for group in groups if group.startswith("watchdog")}
    assert set(stack.kafka.topics()) == before
