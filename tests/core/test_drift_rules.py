"""Tables that are not the same everywhere, with nothing FAILED: what is found, what is pending, what is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.scene import CONFIGS, ORDERS, SINK, SOURCE, START, TARGET, TARGET_ADDRESS, UUID, ddl_record, table
from watchdog.detect.tables import CONFIRM_SECONDS, TablesDiffer
from watchdog.detect.unlogged import UNPROVEN_SECONDS, Mismatch, UnloggedChanges
from watchdog.history import SchemaHistory, absorb
from watchdog.judge.ledger import Ledger
from watchdog.judge.notice import fold
from watchdog.memory import Memory
from watchdog.model import (
    Binlog,
    ClusterView,
    Code,
    Column,
    ConnectorConfig,
    ConnectorStatus,
    DatabaseColumns,
    Finding,
    Observation,
    Position,
    Progress,
    SchemaRecord,
    Severity,
    SourceOffset,
    State,
    TableId,
    TableSchema,
    TaskStatus,
    Unseen,
)
from watchdog.policy import Policy
from watchdog.topology import derive

SOURCE_ADDRESS = "127.0.0.1:3306"
ID = Column("id", "bigint", False, generated=True)
NOTE = Column("note", "varchar(64)")
SIZE = Column("size", "int", False)
WEIRD = TableId("oltp", "we`ird; drop table x")


def record(number: int, *columns: Column, ddl: str = "ALTER TABLE orders …", **changed: object) -> SchemaRecord:
    return ddl_record(number, ddl, table(ORDERS, ID, *columns), **changed)


@dataclass
class World:
    """`live` and `target` are the tables as they are, `read` is how far the source's offset is, of `written`."""

    history: SchemaHistory = SchemaHistory()
    live: dict[TableId, TableSchema] = field(default_factory=dict)
    target: dict[TableId, TableSchema] = field(default_factory=dict)
    written: int = 20
    read: int | None = 20
    moved_seconds_ago: float = 5
    state: State = State.RUNNING
    sink_state: State = State.RUNNING
    source_config: dict[str, str] = field(default_factory=dict)
    sink_config: dict[str, str] = field(default_factory=dict)
    source_error: str = ""
    target_error: str = ""
    seconds: float = 0

    def told(self, *records: SchemaRecord) -> World:
        for each in records:
            self.history, _ = absorb(self.history, each, lambda prefix, table: True)
        return self

    def seen(self) -> Observation:
        now = START + timedelta(seconds=self.seconds)
        binlog = Binlog(Position(f"{UUID}:1-{self.written}", "binlog.000002", self.written * 100), now=now)
        offset = SourceOffset(Position(f"{UUID}:1-{self.read}")) if self.read is not None else None
        moved_at = now - timedelta(seconds=self.moved_seconds_ago)
        connectors = {
            "oltp-source": _status("oltp-source", self.state, "source"),
            "dw-sink": _status("dw-sink", self.sink_state, "sink"),
        }
        return Observation(
            now,
            {"main": ClusterView("main", now, connectors, self.configs())},
            {
                SOURCE_ADDRESS: DatabaseColumns(SOURCE_ADDRESS, now, self.live, error=self.source_error, binlog=binlog),
                TARGET_ADDRESS: DatabaseColumns(TARGET_ADDRESS, now, self.target, error=self.target_error),
            },
            progress={SOURCE: Progress(SOURCE, now, source=offset, moved_at=moved_at)},
        )

    def configs(self) -> dict[str, ConnectorConfig]:
        more = {"oltp-source": self.source_config, "dw-sink": {**_UPSERT, **self.sink_config}}
        return {name: replace(config, values={**config.values, **more[name]}) for name, config in CONFIGS.items()}

    def unlogged(self) -> list[Finding | Unseen]:
        return list(UnloggedChanges()(self.seen(), derive(self.configs().values(), {}), self.history))

    def differing(self) -> list[Finding | Unseen]:
        return list(TablesDiffer()(self.seen(), derive(self.configs().values(), {}), self.history))


_UPSERT = {"insert.mode": "upsert", "primary.key.mode": "record_key"}


def _status(name: str, state: State, type: str) -> ConnectorStatus:  # noqa: A002
    task = TaskStatus(0, state, trace="java.lang.Error: x" if state is State.FAILED else None)
    return ConnectorStatus("main", name, State.RUNNING if state is State.FAILED else state, type, tasks=(task,))


def orders(*columns: Column, key: tuple[str, ...] = ("id",)) -> dict[TableId, TableSchema]:
    return {ORDERS: TableSchema(ORDERS, (ID, *columns), key)}


def dw(*columns: Column, key: tuple[str, ...] = ("id",)) -> dict[TableId, TableSchema]:
    return {TARGET: TableSchema(TARGET, (ID, *columns), key)}


def unlogged(**changed: object) -> World:
    """Debezium knows orders as (id, note); the table has a size as well."""
    world = World(live=orders(NOTE, SIZE)).told(record(1, NOTE, snapshot=True))
    return replace(world, **changed)  # type: ignore[arg-type]


# ── unlogged ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_column_that_no_statement_told_is_found_once_the_source_has_read_past_the_look() -> None:
    (found,) = unlogged().unlogged()
    assert isinstance(found, Finding)
    assert (found.code, found.key, found.subject) == (Code.UNLOGGED_CHANGE, SOURCE, "oltp.orders")
    assert (found.severity, found.columns, found.table) == (Severity.BREAKING, ("size",), ORDERS)
    assert "2 columns, and the row has 3" in found.evidence[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param({"read": 17}, "is reading", id="the-source-is-behind-and-moves"),
        pytest.param({"read": 17, "state": State.PAUSED}, "PAUSED", id="the-source-is-paused"),
        pytest.param({"read": 17, "state": State.FAILED}, "not all of its tasks", id="the-source-has-failed"),
        pytest.param({"read": None}, "is reading", id="nothing-is-stored-yet"),
    ],
)
def test_what_a_logged_statement_may_explain_is_pending(changed: dict[str, object], why: str) -> None:
    (found,) = unlogged(**changed).unlogged()
    assert isinstance(found, Unseen)
    assert why in found.why


def test_a_paused_source_that_had_read_past_the_look_cannot_be_told_of_it_any_more() -> None:
    (found,) = unlogged(state=State.PAUSED).unlogged()
    assert isinstance(found, Finding)


def test_an_idle_source_whose_offset_never_moves_is_found_late_and_said_to_be_unproven() -> None:
    (found,) = unlogged(read=12, moved_seconds_ago=600).unlogged()
    assert isinstance(found, Finding)
    assert (found.severity, found.confirm_seconds) == (Severity.RISKY, UNPROVEN_SECONDS)
    assert "not proven by position" in found.evidence[-1]


def test_a_later_statement_of_the_same_source_proves_it_without_an_offset() -> None:
    id_ = TableId("oltp", "other")
    at = START + timedelta(seconds=30)
    other = ddl_record(30, "ALTER TABLE other …", table(id_, ID), at=at, table=id_)
    (found,) = unlogged(read=12).told(other).unlogged()
    assert isinstance(found, Finding)
    assert "a statement after that look" in found.evidence[-1]


def test_a_logged_change_of_this_moment_is_not_taken_for_an_unlogged_one() -> None:
    # The columns were read a second before the statement, and the topic told of it already.
    world = World(live=orders(NOTE)).told(record(1, NOTE, snapshot=True), record(19, NOTE, SIZE, at=START))
    (found,) = world.unlogged()
    assert isinstance(found, Unseen)
    (later,) = replace(world, seconds=60).unlogged()
    assert isinstance(later, Finding)


def test_a_table_that_is_not_visible_is_neither_dropped_nor_different() -> None:
    assert unlogged(live={}).unlogged() == []


def test_a_database_that_cannot_be_read_leaves_what_was_found() -> None:
    told = unlogged(source_error="connection refused").unlogged()
    assert {each.code for each in told} == {Code.UNLOGGED_CHANGE, Code.DDL_SKIPPED}
    assert all(isinstance(each, Unseen) for each in told)


def test_a_source_that_is_told_to_skip_what_it_cannot_parse_is_said_to_have_skipped_it() -> None:
    skips = {"schema.history.internal.skip.unparseable.ddl": "true"}
    (found,) = unlogged(source_config=skips).unlogged()
    assert isinstance(found, Finding)
    assert found.code is Code.DDL_SKIPPED
    assert "could not parse" in found.cause.summary


def test_a_table_that_the_source_captures_no_more_is_no_concern() -> None:
    assert unlogged(source_config={"table.include.list": "oltp.other"}).unlogged() == []


def test_a_difference_that_changes_no_row_is_none() -> None:
    assert unlogged(live=orders(replace(NOTE, default="x", charset="latin1"))).unlogged() == []
    assert unlogged(live=orders(replace(NOTE, nullable=False))).unlogged() == []


def test_a_hostile_name_is_compared_like_any_other() -> None:
    before, after = TableSchema(WEIRD, (ID,), ("id",)), TableSchema(WEIRD, (ID, NOTE), ("id",))
    world = World(live={WEIRD: after}).told(ddl_record(1, "CREATE …", before, table=WEIRD, snapshot=True))
    (found,) = world.unlogged()
    assert isinstance(found, Finding)
    assert (found.subject, found.columns) == ("oltp.we`ird; drop table x", ("note",))


# ── source and target ────────────────────────────────────────────────────────────────────────────────────────────


def differing(target: dict[TableId, TableSchema], *records: SchemaRecord, **changed: object) -> list[Finding | Unseen]:
    return replace(World(target=target).told(*records), **changed).differing()  # type: ignore[arg-type]


def test_a_column_that_the_target_lacks_is_found_before_a_record_fails() -> None:
    added = record(11, NOTE, SIZE, ddl="ALTER TABLE orders ADD COLUMN size INT NOT NULL")
    (found,) = differing(dw(NOTE), record(1, NOTE, snapshot=True), added)
    assert isinstance(found, Finding)
    assert (found.code, found.key, found.severity) == (Code.TABLES_DIFFER, SINK, Severity.BREAKING)
    assert (found.table, found.target, found.columns) == (ORDERS, TARGET, ("size",))
    assert found.change is not None
    assert found.change.ddl == added.ddl
    assert found.way_out == "ALTER TABLE `dw`.`orders` ADD COLUMN `size` int NULL;"


@pytest.mark.parametrize(
    ("target", "effect"),
    [
        pytest.param(dw(NOTE, SIZE), [], id="alike"),
        pytest.param(dw(replace(NOTE, type="text"), SIZE), [], id="a-wider-target"),
        pytest.param(dw(NOTE, SIZE, Column("loaded_at", "timestamp")), [], id="a-column-of-the-targets-own"),
        pytest.param(dw(SIZE, NOTE), [], id="another-order"),
        pytest.param(dw(replace(NOTE, default="x"), SIZE), [], id="a-default"),
        pytest.param(dw(replace(NOTE, type="varchar(9)"), SIZE), [Severity.RISKY], id="a-narrower-target"),
        pytest.param(dw(NOTE, replace(SIZE, type="date")), [Severity.BREAKING], id="another-kind-of-type"),
        pytest.param(dw(replace(NOTE, nullable=False), SIZE), [Severity.RISKY], id="no-nulls"),
        pytest.param(dw(NOTE, SIZE, key=("note",)), [Severity.RISKY], id="another-key"),
        pytest.param({}, [], id="not-visible"),
    ],
)
def test_only_what_fails_or_loses_data_is_found(target: dict[TableId, TableSchema], effect: list[Severity]) -> None:
    found = differing(target, record(1, NOTE, SIZE, snapshot=True))
    assert [each.severity for each in found if isinstance(each, Finding)] == effect
    assert not [each for each in found if isinstance(each, Unseen)]


def test_a_dropped_column_that_is_nullable_at_the_target_is_filled_with_null_without_a_word() -> None:
    dropped = record(11, ddl="ALTER TABLE orders DROP COLUMN note")
    (found,) = differing(dw(NOTE), record(1, NOTE, snapshot=True), dropped)
    assert isinstance(found, Finding)
    assert (found.code, found.severity, found.columns) == (Code.NULLS_WRITTEN, Severity.RISKY, ("note",))
    assert found.change is not None
    assert found.change.ddl == dropped.ddl


def test_a_renamed_column_that_the_sink_adds_leaves_the_old_one_null() -> None:
    renamed = record(11, replace(NOTE, name="remark"), ddl="ALTER TABLE orders RENAME COLUMN note TO remark")
    before = record(1, NOTE, snapshot=True)
    (found,) = differing(dw(NOTE), before, renamed, sink_config={"schema.evolution": "basic"})
    assert isinstance(found, Finding)
    assert (found.code, found.columns) == (Code.NULLS_WRITTEN, ("note", "remark"))
    (found,) = differing(dw(NOTE), before, renamed)
    assert isinstance(found, Finding)
    assert (found.code, found.severity) == (Code.TABLES_DIFFER, Severity.BREAKING)
    assert "RENAME COLUMN `note` TO `remark`" in found.way_out


def test_a_dropped_column_that_the_target_requires_breaks_it() -> None:
    (found,) = differing(dw(SIZE), record(1, SIZE, snapshot=True), record(11))
    assert isinstance(found, Finding)
    assert (found.code, found.severity) == (Code.TABLES_DIFFER, Severity.BREAKING)
    assert found.way_out == "ALTER TABLE `dw`.`orders` MODIFY COLUMN `size` int NULL;"


@pytest.mark.parametrize("who", ["state", "sink_state"])
def test_a_failure_is_an_incident_of_its_own(who: str) -> None:
    (found,) = differing(dw(), record(1, NOTE, snapshot=True), **{who: State.FAILED})
    assert isinstance(found, Unseen)


def test_a_target_that_cannot_be_read_leaves_what_was_found() -> None:
    told = differing(dw(), record(1, NOTE, snapshot=True), target_error="connection refused")
    assert {each.code for each in told if isinstance(each, Unseen)} == {Code.TABLES_DIFFER, Code.NULLS_WRITTEN}
    assert not [each for each in told if isinstance(each, Finding)]


def test_names_that_a_transform_changes_are_compared_under_the_targets_names() -> None:
    renames = {
        "transforms": "unwrap,r",
        "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
        "transforms.r.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.r.renames": "note:remark",
    }
    known = record(1, NOTE, snapshot=True)
    assert differing(dw(replace(NOTE, name="remark")), known, sink_config=renames) == []
    assert [each.code for each in differing(dw(NOTE), known, sink_config=renames)] == [Code.TABLES_DIFFER]


def test_a_column_that_the_source_does_not_capture_never_arrives() -> None:
    excluded = {"column.exclude.list": "oltp.orders.note"}
    assert differing(dw(), record(1, NOTE, snapshot=True), source_config=excluded) == []


def test_drift_that_passes_by_itself_is_no_incident() -> None:
    """Row 19: both ends are altered one after the other, or a table is swapped: it converges, and nobody is called."""
    world = World(target=dw(NOTE)).told(record(1, NOTE, snapshot=True), record(11, NOTE, SIZE))
    memory = Memory()
    for second in range(int(CONFIRM_SECONDS)):
        memory = _after(world, memory, second)
    assert memory.pending
    assert not memory.incidents
    world.target = dw(NOTE, SIZE)
    memory = _after(world, memory, CONFIRM_SECONDS)
    assert (memory.pending, memory.incidents) == ({}, {})
    world.target = dw(NOTE)
    for second in range(100, 100 + int(CONFIRM_SECONDS) + 1):
        memory = _after(world, memory, second)
    assert [incident.code for incident in memory.incidents.values()] == [Code.TABLES_DIFFER]


def _after(world: World, memory: Memory, seconds: float) -> Memory:
    world.seconds = seconds
    ledger = Ledger(memory, world.seen(), derive(world.configs().values(), {}), Policy(), "")
    fold(ledger, world.differing())
    return ledger.memory


# ── pace ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Counted(UnloggedChanges):
    asked = 0

    def _mismatches(self, *given: Any) -> Iterator[Mismatch]:
        self.asked += 1
        return super()._mismatches(*given)


def test_what_did_not_change_is_not_compared_again() -> None:
    """At 10,000 tables each tick would take half a second else."""
    rule, world = Counted(), unlogged()
    topology, seen = derive(world.configs().values(), {}), world.seen()
    for second in range(5):
        now = START + timedelta(seconds=second)
        assert len(list(rule(replace(seen, now=now), topology, world.history))) == 1
    assert rule.asked == 1
    again = replace(seen, databases=world.seen().databases)
    assert len(list(rule(again, topology, world.history))) == 1
    assert rule.asked == 2
