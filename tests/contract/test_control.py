"""The fake keeps the `Control` contract."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.contract.control_contract import ControlContract
from tests.contract.test_connect import FakeWorld
from tests.fakes.connect import FakeConnect
from tests.fakes.control import FakeControl


@dataclass
class FakeControlWorld:
    connect: FakeConnect
    control: FakeControl
    sink: str


class TestFakeControl(ControlContract):
    @pytest.fixture
    def world(self) -> FakeControlWorld:
        world = FakeWorld()
        return FakeControlWorld(world.connect, FakeControl(world.connect), world.sink)
