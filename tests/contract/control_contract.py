"""What is behind the `Control` port does all this: the fake in memory, the real adapter on a real stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from tests.contract.connect_contract import CANARY, wait_for
from watchdog.errors import PortRefused
from watchdog.model import State
from watchdog.ports import Connect, Control


class World(Protocol):
    connect: Connect
    control: Control
    sink: str


def reached(condition: Callable[[], bool]) -> None:
    """As `wait_for`; a worker that is about to rebalance answers 409 or 500 for a moment."""

    def holds() -> bool:
        try:
            return condition()
        except PortRefused as error:
            if error.status not in (409, 500):
                raise
            return False

    wait_for(holds, 90)


class ControlContract:
    """Subclasses give the fixture `world`; its sink runs, has read something and has a password."""

    def stop(self, world: World) -> None:
        world.control.stop(world.sink)
        reached(lambda: world.control.state(world.sink).state is State.STOPPED)
        reached(lambda: world.control.state(world.sink).tasks == ())

    def resume(self, world: World) -> None:
        world.control.resume(world.sink)
        reached(lambda: world.control.state(world.sink).all_running)

    def test_the_version_is_told(self, world: World) -> None:
        assert world.control.version()[0].isdigit()
        assert world.control.plugin_version(world.sink)[0].isdigit()

    def test_a_connector_that_is_stopped_twice_and_resumed_twice_runs_again_with_its_tasks(self, world: World) -> None:
        tasks = len(world.control.state(world.sink).tasks)
        self.stop(world)
        world.control.stop(world.sink)
        self.resume(world)
        self.resume(world)
        assert len(world.control.state(world.sink).tasks) == tasks

    def test_one_that_is_paused_while_it_is_stopped_has_its_tasks_again_when_it_is_resumed(self, world: World) -> None:
        tasks = len(world.control.state(world.sink).tasks)
        self.stop(world)
        world.control.pause(world.sink)
        reached(lambda: world.control.state(world.sink).state is State.PAUSED)
        self.resume(world)
        assert len(world.control.state(world.sink).tasks) == tasks

    def test_offsets_are_changed_only_while_it_is_stopped(self, world: World) -> None:
        reached(lambda: bool(world.connect.offsets(world.sink).committed))
        ((partition, offset),) = world.connect.offsets(world.sink).committed.items()
        with pytest.raises(PortRefused, match="STOPPED"):
            world.control.set_offsets(world.sink, {partition: offset - 1})
        self.stop(world)
        world.control.set_offsets(world.sink, {partition: offset - 1})
        assert world.connect.offsets(world.sink).committed == {partition: offset - 1}
        world.control.set_offsets(world.sink, {partition: offset - 1})
        world.control.reset_offsets(world.sink)
        reached(lambda: not world.connect.offsets(world.sink).committed)
        self.resume(world)

    def test_single_keys_are_set_and_taken_out_again_and_the_password_stays(self, world: World) -> None:
        key, before = "consumer.override.max.poll.records", world.connect.configs([world.sink])[world.sink]
        assert world.control.values(world.sink, [key, "topics"]) == {key: None, "topics": before.get("topics")}
        world.control.override(world.sink, {key: "1"})
        assert world.control.values(world.sink, [key]) == {key: "1"}
        world.control.override(world.sink, {key: None})
        assert world.connect.configs([world.sink])[world.sink].fingerprint == before.fingerprint
        reached(lambda: world.control.state(world.sink).all_running)

    def test_whether_a_change_would_be_taken_is_told_and_nothing_is_changed(self, world: World) -> None:
        before = world.connect.configs([world.sink])[world.sink]
        assert world.control.why_not(world.sink, {"consumer.override.max.poll.records": "1"}) == ""
        assert world.connect.configs([world.sink])[world.sink].fingerprint == before.fingerprint

    def test_secrets_are_neither_told_nor_changed(self, world: World) -> None:
        with pytest.raises(ValueError, match=r"connection\.password"):
            world.control.values(world.sink, ["connection.password"])
        with pytest.raises(ValueError, match=r"connection\.password"):
            world.control.override(world.sink, {"connection.password": "x"})

    def test_no_message_of_a_refused_configuration_holds_a_secret(self, world: World) -> None:
        with pytest.raises(PortRefused) as refused:
            world.control.state("no-such-connector")
        assert refused.value.status == 404
        assert CANARY not in str(refused.value)
