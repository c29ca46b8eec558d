"""The fake keeps the `Quarantine` contract. (`tests/stack` has the same for the real adapter on a real broker.)"""

from __future__ import annotations

import pytest

from tests.contract.quarantine_contract import QuarantineContract
from tests.fakes.quarantine import FakeQuarantine
from watchdog.model import RecordId


class FakeWorld:
    topic = "orders"

    def __init__(self) -> None:
        self.quarantine = FakeQuarantine(topics={"orders-0": [], "orders-1": []})

    def write(self, key: str, fields: dict[str, object] | None, partition: int = 0) -> RecordId:
        return self.quarantine.write(self.topic, key, fields, partition)

    def expire(self, record: RecordId) -> None:
        for offset in range(record.offset + 1):
            self.quarantine.expire(RecordId(record.topic, record.partition, offset))


class TestFakeQuarantine(QuarantineContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()
