"""What is behind the `Connect` port does all this: the fake in memory, the real adapter on a real stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import pytest

from watchdog.errors import PortRefused
from watchdog.model import Action, CallResult, ConnectorKey, ConnectorStatus, State
from watchdog.ports import Connect

CANARY = "c4nary-s3cret-pw"
"""The password of source and sink."""


class World(Protocol):
    """A cluster with a source and a sink that work, and a connector for which nothing can tell whether it connects."""

    connect: Connect
    source: str
    sink: str
    other: str

    def break_sink(self) -> None:
        """Its task fails, and goes on failing after restarts, until `mend_sink`."""

    def mend_sink(self) -> None: ...

    def lock_out(self) -> None:
        """The password of source and sink is no longer the right one."""


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.1)


class ConnectContract:
    """Subclasses give the fixture `world`."""

    def status(self, world: World, name: str) -> ConnectorStatus:
        return world.connect.poll().connectors[name]

    def wait_for_state(self, world: World, name: str, state: State) -> None:
        def reached() -> bool:
            status = self.status(world, name)
            return status.state is state and all(task.state is state for task in status.tasks)

        wait_for(reached)

    def wait_for_failed_task(self, world: World, name: str) -> str:
        """Its trace, out of the very answer that had it: after a restart the next one may say RESTARTING."""
        traces: list[str] = []

        def failed() -> bool:
            traces.extend(task.trace or "" for task in self.status(world, name).failed_tasks)
            return bool(traces)

        wait_for(failed)
        return traces[0]

    def call(self, world: World, verb: str, name: str, whole: bool = False) -> CallResult:
        outcome = world.connect.act(Action(verb, ConnectorKey(world.connect.name, name), whole=whole))
        assert outcome.action.verb == verb
        assert outcome.detail
        return outcome.result

    def test_a_poll_tells_every_connector_with_its_tasks(self, world: World) -> None:
        poll = world.connect.poll()
        assert {world.source, world.sink, world.other} <= poll.connectors.keys()
        assert poll.complete
        assert poll.error == ""
        assert poll.healthy is True
        assert poll.version != ""
        source, sink = poll.connectors[world.source], poll.connectors[world.sink]
        assert (source.type, sink.type) == ("source", "sink")
        assert source.all_running
        assert source.key == ConnectorKey(world.connect.name, world.source)
        assert [task.id for task in sink.tasks] == [0]
        assert sink.tasks[0].worker != ""

    def test_a_failed_task_is_told_with_its_trace(self, world: World) -> None:
        world.break_sink()
        trace = self.wait_for_failed_task(world, world.sink)
        status = self.status(world, world.sink)
        assert status.failed
        assert status.state is State.RUNNING
        assert "Exiting WorkerSinkTask due to unrecoverable exception" in trace
        assert "Caused by: " in trace

    def test_configurations_come_without_secrets(self, world: World) -> None:
        configs = world.connect.configs()
        assert {world.source, world.sink} <= configs.keys()
        assert configs[world.source].get("database.password") == "***"
        assert configs[world.sink].get("connection.password") == "***"
        assert configs[world.sink].get("topics") != ""
        assert CANARY not in repr(configs)

    def test_only_the_configurations_asked_for_come_and_with_the_same_fingerprint(self, world: World) -> None:
        whole = world.connect.configs()
        some = world.connect.configs([world.sink, "no-such-connector"])
        assert dict(some) == {world.sink: whole[world.sink]}
        assert whole[world.sink].fingerprint != whole[world.source].fingerprint

    def test_a_sinks_offsets_are_by_topic_partition_and_a_sources_are_json(self, world: World) -> None:
        wait_for(lambda: bool(world.connect.offsets(world.sink).committed), 90)
        sink = world.connect.offsets(world.sink)
        topic = world.connect.configs([world.sink])[world.sink].get("topics")
        assert sink.known
        assert list(sink.committed) == [f"{topic}-0"]
        assert sink.source == ""
        # Connect shows each connector's offsets one flush late.
        wait_for(lambda: '"partition"' in world.connect.offsets(world.source).source, 90)
        source = world.connect.offsets(world.source)
        assert source.known
        assert source.committed == {}
        assert '"partition":{"server":' in source.source

    def test_the_offsets_of_a_connector_that_is_not_there_are_not_known(self, world: World) -> None:
        assert not world.connect.offsets("no-such-connector").known

    def test_the_topics_that_a_connector_uses_are_told(self, world: World) -> None:
        topic = world.connect.configs([world.sink])[world.sink].get("topics")
        for name in (world.sink, world.source):
            wait_for(lambda name=name: topic in (world.connect.topics(name) or ()))  # type: ignore[misc]

    def test_a_connector_that_is_not_there_uses_no_topics(self, world: World) -> None:
        # A worker answers 200 with none, an older one 404.
        assert not world.connect.topics("no-such-connector")

    def test_connectors_whose_login_works_can_connect(self, world: World) -> None:
        assert world.connect.can_connect(world.source) == (True, "")
        assert world.connect.can_connect(world.sink) == (True, "")

    def test_connectors_that_are_locked_out_cannot_connect_and_the_message_holds_no_secret(self, world: World) -> None:
        world.lock_out()
        for name in (world.source, world.sink):
            reachable, message = world.connect.can_connect(name)
            assert reachable is False
            assert "Access denied" in message
            assert CANARY not in message

    def test_for_other_connectors_nothing_can_tell(self, world: World) -> None:
        reachable, message = world.connect.can_connect(world.other)
        assert reachable is None
        assert message != ""

    def test_a_connector_that_is_not_there_cannot_be_tried(self, world: World) -> None:
        with pytest.raises(PortRefused, match="404"):
            world.connect.can_connect("no-such-connector")

    def test_a_restart_brings_back_the_failed_task_once_the_cause_is_gone(self, world: World) -> None:
        world.break_sink()
        self.wait_for_failed_task(world, world.sink)
        assert self.call(world, "restart", world.sink) is CallResult.ACCEPTED
        self.wait_for_failed_task(world, world.sink)
        world.mend_sink()
        assert self.call(world, "restart", world.sink) is CallResult.ACCEPTED
        self.wait_for_state(world, world.sink, State.RUNNING)
        assert self.status(world, world.sink).tasks[0].trace is None

    def test_a_whole_restart_is_accepted_with_nothing_failed(self, world: World) -> None:
        assert self.call(world, "restart", world.sink, whole=True) is CallResult.ACCEPTED
        self.wait_for_state(world, world.sink, State.RUNNING)

    def test_pause_and_resume(self, world: World) -> None:
        assert self.call(world, "pause", world.sink) is CallResult.ACCEPTED
        self.wait_for_state(world, world.sink, State.PAUSED)
        assert self.call(world, "resume", world.sink) is CallResult.ACCEPTED
        self.wait_for_state(world, world.sink, State.RUNNING)

    @pytest.mark.parametrize("name", ["no-such-connector", "a/b", "a%2Fb"])
    def test_a_call_for_a_connector_that_cannot_be_called_is_refused(self, world: World, name: str) -> None:
        assert self.call(world, "restart", name) is CallResult.REFUSED
