"""`recover`, step by step, against a Connect, a database, a binlog and a history topic in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.fakes.brokers import FakeBrokers
from tests.fakes.connect import FakeConnect
from tests.fakes.control import FakeControl
from tests.fakes.database import FakeDatabase
from tests.fakes.kafka import FakeSchemaFeed, FakeTopics
from watchdog.errors import PortRefused, PortUnauthorized, PortUnreachable
from watchdog.model import (
    Column,
    ConnectorKey,
    Offsets,
    Origin,
    Position,
    SchemaRecord,
    State,
    StepResult,
    TableId,
    TableSchema,
    Workflow,
)
from watchdog.model.binlog_events import BinlogEvent, BinlogStretch, RowsOf, Sealed, Statement
from watchdog.recovery.rows import in_rows
from watchdog.workflows import Steps
from watchdog.workflows.recover import Recover, RecoverPorts

NOW = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
NAME, ADDRESS = "oltp-source", "127.0.0.1:3306"
ORDERS = TableId("oltp", "orders")
OLD, NEW = "schema-history.dataflow", "schema-history.dataflow.rebuilt-20261126T013000"
TOPIC_KEY = "schema.history.internal.kafka.topic"
CONFIG = {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "topic.prefix": "dataflow",
    "database.hostname": "localhost",
    "database.port": "3306",
    "database.include.list": "oltp",
    TOPIC_KEY: OLD,
}
TABLE = TableSchema(ORDERS, (Column("id", "bigint", nullable=False), Column("customer", "varchar(64)")), ("id",))
GTIDS = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-23"


@dataclass
class FakeBinlog:
    """`events` by the number of the reading; the stretches of each end after as many events as `stretch`."""

    address: str = ADDRESS
    events: list[BinlogEvent] = field(default_factory=list)
    stretch: int = 100
    error: Exception | None = None
    read_from: list[Position] = field(default_factory=list)

    def read(self, start: Position, end: Position, seconds: float, server: str = "") -> BinlogStretch:
        self.read_from.append(start)
        if self.error:
            raise self.error
        first = (start.pos or 0) - 1000 if start.gtid is None and (start.pos or 0) >= 1000 else 0
        last = first + self.stretch
        return BinlogStretch(
            tuple(self.events[first:last]),
            Position(None, "binlog.000001", 1000 + last),
            last >= len(self.events),
            "server-1",
            100,
        )


class World:
    """A source whose history topic was deleted: everything that `recover` touches."""

    def __init__(self) -> None:
        self.connect = FakeConnect()
        self.connect.add(NAME, "source", CONFIG)
        self.connect.fail(NAME, "io.debezium.DebeziumException: The db history topic is missing.")
        self.set_offset({"file": "binlog.000001", "pos": 400, "gtids": GTIDS})
        self.control = RebuildingControl(self.connect, world=self)
        self.brokers = FakeBrokers()
        self.topics = FakeTopics()
        self.database = FakeDatabase(ADDRESS)
        self.database.put(TABLE)
        self.binlog = FakeBinlog()
        self.rebuilt: list[TableSchema] = [TABLE]
        self.trace = ""
        self.moves = True

    def set_offset(self, offset: Mapping[str, object] | None) -> None:
        entries = [] if offset is None else [{"partition": {"server": "dataflow"}, "offset": offset}]
        text = orjson.dumps(entries).decode() if entries else ""
        self.connect.offsets_by_name[NAME] = Offsets(source=text, known=True)

    def ports(self) -> RecoverPorts:
        return RecoverPorts(
            connect=self.connect,
            control=self.control,
            brokers=self.brokers,
            history=lambda: FakeSchemaFeed(topics=self.topics),
            databases={ADDRESS: self.database},
            binlogs={ADDRESS: self.binlog},
        )

    @property
    def config(self) -> dict[str, str]:
        return {key: self.connect.raw_configs[NAME].get(key, "") for key in ("snapshot.mode", TOPIC_KEY)}

    def started(self) -> None:
        """What Debezium does with the configuration that it has when it starts."""
        config = self.connect.raw_configs[NAME]
        topic, mode = config[TOPIC_KEY], config.get("snapshot.mode", "initial")
        if mode in ("recovery", "schema_only_recovery") or not self.connect.offsets_by_name[NAME].source:
            self.brokers.create(topic)
            for table in self.rebuilt:
                record = SchemaRecord("dataflow", Origin.HISTORY, Position(), NOW, "CREATE", table.id, "CREATE", table)
                self.topics.write(topic, record)
                self.brokers.write(topic)
        if topic == OLD or self.trace:
            self.connect.fail(NAME, self.trace or "The db history topic is missing.", again=False)
        elif self.moves:
            self.set_offset({"file": "binlog.000001", "pos": 900, "gtids": f"{GTIDS[:-2]}29"})


@dataclass
class RebuildingControl(FakeControl):
    world: World = field(kw_only=True)

    def resume(self, connector: str) -> None:
        super().resume(connector)
        self.world.started()


@dataclass
class Run:
    """The steps one after the other; `crash_after` gives the rest to another process."""

    world: World
    arguments: Mapping[str, Any] = field(default_factory=dict)
    crash_after: str = ""
    crash_before_journal: bool = False
    steps: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def to_the_end(self, taken_max: int = 400) -> Workflow:
        procedure = Recover(self.world.ports())
        workflow = Workflow("w1", "recover", ConnectorKey("main", NAME), NOW, arguments=self.arguments)
        for _ in range(taken_max):
            result = Steps({"recover": procedure}, lambda each: None).result(workflow)
            self._note(workflow, result)
            if workflow.step == self.crash_after:
                procedure, self.crash_after = Recover(self.world.ports()), ""
                if self.crash_before_journal:
                    continue
            workflow = self._folded(workflow, result)
            if workflow.result:
                return workflow
        raise AssertionError(f"it goes on for ever: {self.steps[-5:]}: {self.details[-1]}")

    def _note(self, workflow: Workflow, result: StepResult) -> None:
        if not self.steps or self.steps[-1] != workflow.step:
            self.steps.append(workflow.step)
        self.details.append(result.detail or result.error)

    @staticmethod
    def _folded(workflow: Workflow, result: StepResult) -> Workflow:
        """As the judge does it."""
        if result.error:
            if not workflow.changed:
                return replace(workflow, result="refused", detail=result.error)
            assert not workflow.undoing, result.error
            return replace(workflow, step="undo", undoing=True, data={**workflow.data, "why": result.error})
        undoing = workflow.undoing or result.next == "undo"
        ended = "" if result.next else result.result or ("undone" if undoing else "done")
        return replace(
            workflow,
            step=result.next or workflow.step,
            data=orjson.loads(orjson.dumps({**workflow.data, **result.data})),
            changed=workflow.changed or result.changes,
            undoing=undoing,
            detail=result.detail,
            result=ended,
        )


@pytest.fixture
def world() -> World:
    return World()


STEPS = ["look", "prove", "stop", "recheck", "configure", "resume", "rebuild", "restore", "settle"]


def test_a_lost_history_is_rebuilt_into_a_new_topic_and_the_mode_is_what_it_was(world: World) -> None:
    run = Run(world)
    workflow = run.to_the_end()
    assert (workflow.result, run.steps) == ("done", STEPS)
    assert world.config == {"snapshot.mode": "", TOPIC_KEY: NEW}
    assert world.connect.connectors[NAME].all_running
    assert f"its schema history is in {NEW} now" in workflow.detail
    assert f"{OLD} is kept" in workflow.detail
    assert [each.split(" ")[0] for each in world.control.done] == ["stop", "override", "resume", "override"]


def test_the_binlog_is_read_from_the_stored_offset_and_then_from_where_the_first_proof_ended(world: World) -> None:
    Run(world).to_the_end()
    end = Position(None, *(world.database.position().file, world.database.position().pos))
    assert world.binlog.read_from == [Position(GTIDS, "binlog.000001", 400), end]


@pytest.mark.parametrize(("version", "mode"), [("3.5.0.Final", "recovery"), ("2.5.4.Final", "schema_only_recovery")])
def test_the_mode_has_the_name_that_this_debezium_knows(world: World, version: str, mode: str) -> None:
    world.control.worker_plugin_version = version
    world.connect.raw_configs[NAME]["snapshot.mode"] = "when_needed"
    assert Run(world).to_the_end().result == "done"
    assert any(f"'snapshot.mode': '{mode}'" in each for each in world.control.done)
    assert world.config["snapshot.mode"] == "when_needed"


def test_a_check_proves_and_touches_nothing(world: World) -> None:
    run = Run(world, {"check": True})
    workflow = run.to_the_end()
    assert (workflow.result, run.steps, world.control.done) == ("done", ["look", "prove"], [])
    assert "safe to rebuild" in workflow.detail
    assert world.config == {"snapshot.mode": "", TOPIC_KEY: OLD}


def _rows(*columns: Column) -> RowsOf:
    return RowsOf(Position(None, "binlog.000001", 700), ORDERS, tuple(map(in_rows, columns)))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        pytest.param(
            [
                Statement(Position(None, "binlog.000001", 500), "oltp", "ALTER TABLE orders ADD c INT"),
                _rows(*TABLE.columns, Column("c", "int")),
                Statement(Position(None, "binlog.000001", 900), "oltp", "ALTER TABLE orders DROP c"),
            ],
            ["oltp.orders was changed by: ALTER TABLE orders ADD c INT", "3 columns", "DROP c", "--snapshot"],
            id="ALTER and ALTER back with rows between",
        ),
        pytest.param([_rows(TABLE.columns[0])], ["have 1 columns, the table has 2 now"], id="unlogged ALTER"),
        pytest.param(
            [Sealed(Position(None, "binlog.000001", 1), "a compressed transaction")], ["compressed"], id="unreadable"
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_it_is_refused_before_anything_is_touched(
    world: World, events: list[BinlogEvent], words: list[str], check: bool
) -> None:
    world.binlog.events = events
    workflow = Run(world, {"check": check}).to_the_end()
    assert (workflow.result, world.control.done) == ("refused", [])
    assert [word for word in words if word not in workflow.detail] == []


def _offset(**more: object) -> Callable[[World], None]:
    return lambda world: world.set_offset({"file": "binlog.000001", "pos": 4, **more})


def _state(state: State) -> Callable[[World], None]:
    return lambda world: world.connect.set_state(NAME, state)


def _set(key: str, value: str) -> Callable[[World], None]:
    return lambda world: world.connect.raw_configs[NAME].update({key: value})


def _gone(world: World) -> None:
    world.connect.remove(NAME)


def _no_database(world: World) -> None:
    world.connect.raw_configs[NAME]["database.hostname"] = "elsewhere"


def _purged(world: World) -> None:
    world.binlog.error = PortRefused(ADDRESS, "the binlog cannot be read: purged", status=None)


def _no_privilege(world: World) -> None:
    world.binlog.error = PortUnauthorized(ADDRESS, "may not read the binlog", "GRANT REPLICATION SLAVE")


def _old_connect(world: World) -> None:
    world.control.worker_version = "3.4.0"


def _no_offset(world: World) -> None:
    world.set_offset(None)


def _no_tables(world: World) -> None:
    world.database.drop(ORDERS)


@pytest.mark.parametrize(
    ("breaking", "words"),
    [
        (_gone, "no connector oltp-source"),
        (_set("connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"), "no Debezium MySQL or MariaDB"),
        (_set("schema.history.internal", "io.debezium.storage.file.history.FileSchemaHistory"), "not kept in a Kafka"),
        (_state(State.PAUSED), "it is PAUSED, by a person's decision"),
        (_state(State.STOPPED), "it is STOPPED, by a person's decision"),
        (_state(State.UNASSIGNED), "wait until Connect has settled"),
        (_set(TOPIC_KEY, "${file:/run/x:history}"), "a reference that only the worker can resolve"),
        (_set("gtid.source.includes", "3e11fa47.*"), "gtid.source.includes in its configuration"),
        (_set("inconsistent.schema.handling.mode", "skip"), "set it to fail first"),
        (_old_connect, "since Connect 3.5"),
        (_no_offset, "no offset of it is stored"),
        (_offset(snapshot="INITIAL"), "its copy (INITIAL) was not complete"),
        (lambda world: world.set_offset({"ts_sec": 1}), "names no place in a binlog"),
        (_no_database, "no entry in `databases:`"),
        (_no_tables, "no captured table is visible"),
        (_purged, "purged"),
        (_no_privilege, "GRANT REPLICATION SLAVE"),
    ],
)
def test_what_cannot_be_proved_is_refused_with_the_reason(
    world: World, breaking: Callable[[World], None], words: str
) -> None:
    breaking(world)
    workflow = Run(world).to_the_end()
    assert (workflow.result, world.control.done) == ("refused", [])
    assert words in workflow.detail


def test_a_first_copy_that_was_complete_is_gone_on_with(world: World) -> None:
    _offset(snapshot="INITIAL", snapshot_completed=True)(world)
    assert Run(world).to_the_end().result == "done"


def test_a_long_binlog_is_read_in_stretches_and_each_is_told(world: World) -> None:
    world.binlog.events, world.binlog.stretch = [_rows(*TABLE.columns)] * 5, 2
    run = Run(world)
    assert run.to_the_end().result == "done"
    assert [each for each in run.details if each.startswith("reading the binlog")][:2] == [
        "reading the binlog: 100 bytes, binlog.000001:1002 of binlog.000001:200",
        "reading the binlog: 200 bytes, binlog.000001:1004 of binlog.000001:200",
    ]


@pytest.mark.parametrize("before_journal", [False, True], ids=["after the journal", "between deed and journal"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_goes_on(world: World, step: str, before_journal: bool) -> None:
    workflow = Run(world, crash_after=step, crash_before_journal=before_journal).to_the_end()
    assert workflow.result == "done"
    assert world.config == {"snapshot.mode": "", TOPIC_KEY: NEW}
    assert world.connect.connectors[NAME].all_running


@pytest.mark.parametrize("step", STEPS[2:])
def test_a_refusal_at_any_step_brings_back_what_it_was(world: World, step: str) -> None:
    before = dict(world.connect.raw_configs[NAME])

    class Refusing(Recover):
        def take(self, workflow: Workflow) -> StepResult:
            if workflow.step == step:
                raise PortRefused("PUT", "answered 400: no", status=400)
            return super().take(workflow)

    run, procedure = Run(world), Refusing(world.ports())
    workflow = Workflow("w1", "recover", ConnectorKey("main", NAME), NOW)
    while not workflow.result:
        workflow = run._folded(workflow, Steps({"recover": procedure}, lambda each: None).result(workflow))
    assert workflow.result == "undone"
    assert world.connect.raw_configs[NAME] == before
    assert world.connect.connectors[NAME].state is State.RUNNING
    assert "answered 400: no" in workflow.data["why"]


def test_what_is_altered_while_it_is_being_stopped_is_seen_and_everything_is_brought_back(world: World) -> None:
    stop = world.control.stop

    def altered_meanwhile(connector: str) -> None:
        world.binlog.events = [Statement(Position(None, "binlog.000001", 9), "oltp", "ALTER TABLE orders ADD c INT")]
        stop(connector)

    world.control.stop = altered_meanwhile  # type: ignore[method-assign]
    workflow = Run(world).to_the_end()
    assert (workflow.result, world.config[TOPIC_KEY]) == ("undone", OLD)
    assert "oltp.orders was changed by" in workflow.data["why"]


def test_what_is_altered_after_the_proof_is_seen_in_the_new_history(world: World) -> None:
    world.rebuilt = [replace(TABLE, columns=(*TABLE.columns, Column("c", "int")))]
    workflow = Run(world).to_the_end()
    assert (workflow.result, world.config) == ("undone", {"snapshot.mode": "", TOPIC_KEY: OLD})
    assert "altered while the history was rebuilt: oltp.orders has" in workflow.data["why"]


def test_after_a_crash_while_it_rebuilds_what_was_altered_since_the_proof_is_looked_for_again(world: World) -> None:
    resume = world.control.resume

    def altered_meanwhile(connector: str) -> None:
        world.binlog.events = [Statement(Position(None, "binlog.000001", 9), "oltp", "ALTER TABLE orders ADD c INT")]
        resume(connector)

    world.control.resume = altered_meanwhile  # type: ignore[method-assign]
    workflow = Run(world, crash_after="resume").to_the_end()
    assert (workflow.result, world.config[TOPIC_KEY]) == ("undone", OLD)


def test_a_source_that_fails_while_it_rebuilds_is_brought_back_with_what_it_said(world: World) -> None:
    world.trace = "org.apache.kafka.connect.errors.ConnectException: no\n\tat x\nCaused by: Access denied for user"
    workflow = Run(world).to_the_end()
    assert (workflow.result, world.config[TOPIC_KEY]) == ("undone", OLD)
    assert "Caused by: Access denied for user" in workflow.data["why"]


def test_a_history_that_never_becomes_whole_is_given_up(world: World) -> None:
    world.rebuilt = []
    workflow = Run(world).to_the_end(2000)
    assert workflow.result == "undone"
    assert "0 of 1 tables are in the new history" in workflow.data["why"]


def test_nothing_to_read_is_as_good_as_moving_and_an_offset_that_stays_is_told(world: World) -> None:
    world.moves = False
    world.set_offset({"file": "binlog.000001", "pos": 200, "gtids": "3e11fa47:1-1"})
    assert "has nothing to read" in Run(world).to_the_end().detail
    other = World()
    other.moves = False
    other.database.put(replace(TABLE, id=TableId("other", "t")))
    other.set_offset({"file": "binlog.000001", "pos": 4, "gtids": "3e11fa47:1-1"})
    workflow = Run(other).to_the_end()
    assert (workflow.result, "has not moved yet" in workflow.detail) == ("done", True)


def test_an_unreachable_worker_is_an_error_to_be_tried_again_not_a_refusal(world: World) -> None:
    world.control.errors = [PortUnreachable("x", "no connection")]
    workflow = Workflow("w1", "recover", ConnectorKey("main", NAME), NOW)
    result = Steps({"recover": Recover(world.ports())}, lambda each: None).result(workflow)
    assert (bool(result.error), result.again) == (True, True)


# ── a new copy ──

COPY = ["look", "stop", "reset", "configure", "resume", "copy", "settle"]


def test_a_new_copy_says_what_it_costs_and_begins_without_an_offset(world: World) -> None:
    world.database.rows = {ORDERS: 1_234_567}
    run = Run(world, {"snapshot": True})
    workflow = run.to_the_end()
    assert (workflow.result, run.steps) == ("done", COPY)
    assert "about 1,234,567 rows of 1 tables come again, as reads (op=r)" in run.details[0]
    assert "what was deleted since then stays in the targets" in run.details[0]
    assert f"reset_offsets {NAME}" in world.control.done
    assert world.config == {"snapshot.mode": "", TOPIC_KEY: NEW}


def test_a_mode_that_would_not_copy_is_changed_for_the_copy_and_then_restored(world: World) -> None:
    world.connect.raw_configs[NAME]["snapshot.mode"] = "no_data"
    run = Run(world, {"snapshot": True})
    assert (run.to_the_end().result, run.steps) == ("done", [*COPY[:-1], "restore", "settle"])
    assert any("'snapshot.mode': 'initial'" in each for each in world.control.done)
    assert world.config["snapshot.mode"] == "no_data"


def test_a_connect_that_cannot_reset_offsets_is_told(world: World) -> None:
    world.control.worker_version = "3.5.1"
    workflow = Run(world, {"snapshot": True}).to_the_end()
    assert (workflow.result, world.control.done) == ("refused", [])
    assert "since Connect 3.6" in workflow.detail


def test_a_copy_that_fails_is_brought_back_and_says_that_the_offset_is_gone(world: World) -> None:
    world.trace = "Access denied for user"
    world.moves = False
    workflow = Run(world, {"snapshot": True}).to_the_end()
    assert (workflow.result, world.config[TOPIC_KEY]) == ("undone", OLD)
    assert "its stored offset stays reset" in workflow.data["why"]
