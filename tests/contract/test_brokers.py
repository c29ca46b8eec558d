"""The fake brokers keep the port's contract; and what can be shown of the real adapter with no broker there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime

import pytest
from stack.ports import any_free

from tests.contract.brokers_contract import DAY, BrokersContract
from tests.fakes.brokers import NOW, FakeBrokers
from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.errors import PortRefused, PortUnreachable
from watchdog.model import TopicPartition


class FakeWorld:
    topic = "t"

    def __init__(self) -> None:
        self.brokers = FakeBrokers()
        self.brokers.create(self.topic, 2)
        self.brokers.there[self.topic].retention_seconds = DAY

    def write(self, partition: int, count: int = 1) -> tuple[datetime, datetime]:
        for _ in range(count):
            self.brokers.write(self.topic, partition)
        return NOW, NOW

    def remove(self, partition: int, before: int) -> None:
        self.brokers.removed[f"{self.topic}-{partition}"] = before

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        self.brokers.commit(group, offsets)

    def settings(self, cleanup_policy: str, retention_ms: int, retention_bytes: int) -> None:
        topic = self.brokers.there[self.topic]
        topic.cleanup_policy, topic.retention_bytes = cleanup_policy, float(retention_bytes)
        topic.retention_seconds = float("inf") if retention_ms < 0 or retention_ms > 1e15 else retention_ms / 1000


class TestFakeBrokers(BrokersContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


QUESTIONS: dict[str, Callable[[KafkaBrokers], object]] = {
    "groups": lambda brokers: brokers.groups(["x"]),
    "topics": lambda brokers: brokers.topics(["x"]),
    "offsets_retention_seconds": lambda brokers: brokers.offsets_retention_seconds(),
}


def test_brokers_that_are_not_there_are_told_as_that() -> None:
    """All questions at once, as each takes the client's whole deadline."""
    nobody = f"127.0.0.1:{any_free()}"

    def ask(question: Callable[[KafkaBrokers], object]) -> object:
        with closing(KafkaBrokers(nobody, {})) as brokers:
            return question(brokers)

    with ThreadPoolExecutor() as pool:
        answers = {name: pool.submit(ask, question) for name, question in QUESTIONS.items()}
    assert {name: type(answer.exception()) for name, answer in answers.items()} == dict.fromkeys(
        QUESTIONS, PortUnreachable
    )


def test_settings_that_the_client_refuses_are_told_without_their_values() -> None:
    settings = {"sasl.mechanism": "canary-7d1f", "security.protocol": "canary-7d1f"}
    with closing(KafkaBrokers("127.0.0.1:1", settings)) as brokers, pytest.raises(PortRefused) as raised:
        brokers.groups(["x"])
    assert "canary-7d1f" not in str(raised.value)
