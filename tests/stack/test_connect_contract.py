"""The REST adapter keeps the `Connect` contract on a real Connect, with Debezium and two MySQL servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.contract.connect_contract import CANARY, ConnectContract, wait_for
from tests.contract.control_contract import ControlContract
from watchdog.adapters.connect import ConnectRest
from watchdog.adapters.connect_control import ConnectControl
from watchdog.model import Action, CallResult, ConnectorKey, State
from watchdog.redact import Redactor

USER = "ccr_user"
HOSTILE_NAMES = ["ccr <img onerror=alert(1)>", "ccr ünï + ?#&", "ccr [bold]"]


@dataclass
class StackWorld:
    connect: ConnectRest
    stack: Stack
    pipeline: Pipeline
    source: str = "ccr-source"
    sink: str = "ccr-sink"
    other: str = "ccr-file"

    @property
    def control(self) -> ConnectControl:
        return self.connect.control

    def break_sink(self) -> None:
        self.pipeline.alter("ADD COLUMN extra INT")
        self.pipeline.insert()

    def mend_sink(self) -> None:
        self.pipeline.alter_target("ADD COLUMN extra INT")

    def lock_out(self) -> None:
        for server in (self.stack.source, self.stack.target):
            server.execute(f"ALTER USER '{USER}'@'%' IDENTIFIED BY 'another-one'")


def file_source(file: str = "/nowhere") -> dict[str, str]:
    return {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "file": file,
        "topic": "ccr.file",
    }


def rest(stack: Stack) -> ConnectRest:
    return ConnectRest("main", stack.connect_url, Redactor(), lambda: datetime.now(UTC))


@pytest.fixture(scope="module")
def pipeline(_running_stack: Stack) -> Iterator[Pipeline]:
    stack = _running_stack
    login = {"database.user": USER, "database.password": CANARY}
    sink_login = {"connection.username": USER, "connection.password": CANARY}
    spec = Spec("ccr", "ccr", target_database="ccr_dw", source="ccr-source", sink="ccr-sink")
    spec = Spec(**{**spec.__dict__, "source_config": login, "sink_config": sink_login})
    for server in (stack.source, stack.target):
        server.execute(f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{CANARY}'")
        server.execute(f"GRANT ALL ON *.* TO '{USER}'@'%'")
    pipeline = stack.pipeline_of(spec)
    pipeline.create()
    stack.connect.put("ccr-file", file_source())
    stack.connect.wait_running("ccr-file")
    yield pipeline
    stack.connect.delete("ccr-file")
    pipeline.delete()
    for server in (stack.source, stack.target):
        server.execute(f"DROP USER '{USER}'@'%'")


@pytest.fixture
def world(_running_stack: Stack, pipeline: Pipeline) -> Iterator[StackWorld]:
    """The test's own pipeline, well before and after."""
    world = StackWorld(rest(_running_stack), _running_stack, pipeline)
    yield world
    for server in (world.stack.source, world.stack.target):
        server.execute(f"ALTER USER '{USER}'@'%' IDENTIFIED BY '{CANARY}'")
    for server, database in ((world.stack.source, "ccr"), (world.stack.target, "ccr_dw")):
        if server.query(f"SHOW COLUMNS FROM {database}.orders LIKE 'extra'"):
            server.execute(f"ALTER TABLE {database}.orders DROP COLUMN extra")
    if "FAILED" in world.stack.connect.states(world.sink):
        pipeline.reset()
    world.stack.connect.wait_running(world.sink)


class TestConnectRest(ConnectContract):
    @pytest.fixture
    def world(self, world: StackWorld) -> StackWorld:
        return world


class TestConnectControl(ControlContract):
    @pytest.fixture
    def world(self, world: StackWorld) -> StackWorld:
        return world


def test_hostile_names_are_data_and_can_be_acted_on(world: StackWorld) -> None:
    connect = world.stack.connect
    try:
        for name in HOSTILE_NAMES:
            connect.put(name, file_source())
        wait_for(lambda: all(connect.states(name) == {"RUNNING"} for name in HOSTILE_NAMES))
        assert world.connect.poll().connectors.keys() >= set(HOSTILE_NAMES)
        for name in HOSTILE_NAMES:
            outcome = world.connect.act(Action("pause", ConnectorKey("main", name)))
            assert outcome.result is CallResult.ACCEPTED
        wait_for(lambda: all(world.connect.poll().connectors[n].state is State.PAUSED for n in HOSTILE_NAMES))
    finally:
        for name in HOSTILE_NAMES:
            connect.delete(name)


def test_a_trace_that_holds_the_password_is_told_without_it_by_a_watchdog_that_just_began(world: StackWorld) -> None:
    pipeline, stack = world.pipeline, world.stack
    try:
        # MySQL quotes the value that it cannot take.
        stack.target.execute("DELETE FROM ccr_dw.orders")
        pipeline.alter_target("MODIFY customer INT")
        stack.source.execute("INSERT INTO ccr.orders (customer, amount) VALUES (%s, 1)", (CANARY,))
        assert CANARY in stack.connect.wait_failed(world.sink)
        told = rest(stack).poll()
        trace = told.connectors[world.sink].failed_tasks[0].trace or ""
        assert "Incorrect integer value: '***' for column 'customer'" in trace
        assert CANARY not in repr(told)
    finally:
        pipeline.reset()
