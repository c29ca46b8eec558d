"""The five places of a table side by side, from one look at everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import CONFIGS, ORDERS, SOURCE, START, TARGET, TARGET_ADDRESS, UUID, ddl_record, table
from tests.fakes.connect import FakeConnect
from tests.fakes.database import FakeDatabase
from tests.fakes.kafka import FakeRecords, FakeRow, FakeSchemaFeed, FakeTopics
from watchdog.compare import Effect, Look, Place, Standing, TableDrift, captured_tables, drift_report, table_drift
from watchdog.errors import PortUnreachable
from watchdog.history import SchemaHistory, absorb
from watchdog.look.five_places import Ports, survey
from watchdog.model import (
    Binlog,
    Column,
    ConnectorConfig,
    DatabaseColumns,
    LatestRecord,
    Origin,
    Position,
    SchemaKind,
    SchemaRecord,
    Severity,
    SourceOffset,
    Subject,
    TableId,
    TableSchema,
)
from watchdog.observe import ClusterPorts
from watchdog.topology import derive

SOURCE_ADDRESS = "127.0.0.1:3306"
TOPIC = "dataflow.oltp.orders"
ID, NOTE = Column("id", "bigint", False, generated=True), Column("note", "varchar(64)")
SIZE = Column("size", "int")
OTHER = TableId("oltp", "other")


def record(number: int, *columns: Column, id: TableId = ORDERS, **changed: object) -> SchemaRecord:  # noqa: A002
    return ddl_record(number, "ALTER TABLE …", table(id, ID, *columns), **{"table": id, **changed})


def look(
    live: Mapping[TableId, TableSchema] | None = None,
    target: Mapping[TableId, TableSchema] | None = None,
    *records: SchemaRecord,
    read: int = 20,
    written: tuple[Column, ...] = (ID, NOTE),
    **changed: object,
) -> Look:
    history = SchemaHistory()
    for each in records or (record(1, NOTE, snapshot=True),):
        history, _ = absorb(history, each, lambda prefix, name: True)
    binlog = Binlog(Position(f"{UUID}:1-20", "binlog.000002", 2000), now=START + timedelta(hours=1))
    alike = {ORDERS: table(ORDERS, ID, NOTE)} if live is None else live
    at_target = {TARGET: table(TARGET, ID, NOTE)} if target is None else target
    found = Look(
        derive(_configs(), {}, tables_of={"dataflow": [ORDERS]}),
        history,
        {
            SOURCE_ADDRESS: DatabaseColumns(SOURCE_ADDRESS, START, alike, binlog=binlog),
            TARGET_ADDRESS: DatabaseColumns(TARGET_ADDRESS, START, at_target),
        },
        {SOURCE: SourceOffset(Position(f"{UUID}:1-{read}"))},
        latest={TOPIC: LatestRecord(TOPIC, f"{TOPIC}-0@4", START, written)},
    )
    return replace(found, **changed)  # type: ignore[arg-type]


def _configs() -> list[ConnectorConfig]:
    upsert = {"insert.mode": "upsert", "primary.key.mode": "record_key"}
    sink = CONFIGS["dw-sink"]
    return [CONFIGS["oltp-source"], replace(sink, values={**sink.values, **upsert})]


def drift(seen: Look) -> TableDrift:
    (source,) = seen.topology.sources.values()
    return table_drift(seen, source, ORDERS)


def test_a_table_that_is_the_same_everywhere_has_no_difference() -> None:
    found = drift(look())
    assert [view.place for view in found.views] == [Place.SOURCE, Place.DEBEZIUM, Place.TOPIC, Place.SINK]
    assert all(view.shape and not view.why_not for view in found.views)
    assert (found.gaps, found.severity) == ((), Severity.SAFE)


def test_a_new_column_is_told_of_at_each_place_that_does_not_have_it_yet() -> None:
    live = {ORDERS: table(ORDERS, ID, NOTE, SIZE)}
    found = drift(look(live, None, record(1, NOTE, snapshot=True), record(11, NOTE, SIZE)))
    told = {gap.between: (gap.standing, gap.severity) for gap in found.gaps}
    assert told == {
        (Place.TOPIC, Place.DEBEZIUM): (Standing.PENDING, Severity.SAFE),
        (Place.SINK, Place.SOURCE): (Standing.DRIFT, Severity.BREAKING),
    }
    assert found.severity is Severity.BREAKING


@pytest.mark.parametrize(
    ("changed", "standing", "severity", "why"),
    [
        pytest.param({}, Standing.UNLOGGED, Severity.BREAKING, "read past", id="read-past-it"),
        pytest.param({"read": 15}, Standing.PENDING, Severity.SAFE, "may be on its way", id="behind-it"),
        pytest.param({"read": 15, "idle": {SOURCE: "PAUSED"}}, Standing.PENDING, Severity.SAFE, "PAUSED", id="paused"),
        pytest.param({"offsets": {}}, Standing.PENDING, Severity.SAFE, "cannot be told", id="no-offset"),
    ],
)
def test_what_debezium_does_not_know_is_unlogged_only_once_it_has_read_on(
    changed: dict[str, object], standing: Standing, severity: Severity, why: str
) -> None:
    """The target has the column already: what is left is Debezium."""
    both = ({ORDERS: table(ORDERS, ID, NOTE, SIZE)}, {TARGET: table(TARGET, ID, NOTE, SIZE)})
    found = drift(look(*both, **changed))  # type: ignore[arg-type]
    (gap,) = found.gaps
    assert (gap.between, gap.standing, found.severity) == ((Place.DEBEZIUM, Place.SOURCE), standing, severity)
    assert why in gap.why


def test_a_table_without_a_grant_is_not_visible_and_never_dropped() -> None:
    """Row 20."""
    found = drift(look({}, {}))
    why = {view.place: view.why_not for view in found.views}
    assert why[Place.SOURCE] == why[Place.SINK] == "not visible: dropped, never made, or without a grant"
    assert found.gaps == ()


def test_a_database_that_is_not_configured_or_does_not_answer_is_not_visible() -> None:
    silent = DatabaseColumns(TARGET_ADDRESS, START, error="connection refused")
    found = drift(look(databases={TARGET_ADDRESS: silent}))
    why = {view.place: view.why_not for view in found.views}
    assert "no database at 127.0.0.1:3306 is configured" in why[Place.SOURCE]
    assert why[Place.SINK] == "not visible: connection refused"


def test_what_the_history_tells_and_what_only_the_database_has_is_captured() -> None:
    seen = look({OTHER: table(OTHER, ID)}, None, record(1, NOTE, snapshot=True))
    assert [str(name) for _, name in captured_tables(seen)] == ["oltp.orders", "oltp.other"]
    gone = look({}, None, record(1, NOTE, snapshot=True), replace(record(11), kind="DROP", after=None))
    assert list(captured_tables(gone)) == []


ROW = json.dumps(
    {
        "type": "record",
        "name": "Value",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "note", "type": ["null", "string"], "default": None},
        ],
    }
)


@pytest.mark.parametrize(
    ("column", "level", "effect"),
    [
        pytest.param(Column("size", "int", False), "BACKWARD", Effect.REFUSES, id="a-required-column"),
        pytest.param(SIZE, "BACKWARD", Effect.FINE, id="an-optional-one"),
        pytest.param(Column("size", "int", False), "NONE", Effect.FINE, id="no-level-refuses-nothing"),
        pytest.param(SIZE, "", Effect.UNKNOWN, id="a-level-that-is-not-known"),
    ],
)
def test_a_registry_subject_takes_or_refuses_the_next_rows_schema(column: Column, level: str, effect: Effect) -> None:
    both = ({ORDERS: table(ORDERS, ID, NOTE, column)}, {TARGET: table(TARGET, ID, NOTE, column)})
    subject = Subject(f"{TOPIC}-value", 7, 1, SchemaKind.AVRO, ROW, level)
    known = (record(1, NOTE, snapshot=True), record(11, NOTE, column))
    found = drift(look(*both, *known, subjects={TOPIC: subject}))
    (gap,) = [gap for gap in found.gaps if gap.between == (Place.REGISTRY, Place.SOURCE)]
    assert (gap.difference.column, gap.judged[0].effect) == ("size", effect)
    assert gap.judged[0].consumer == "registry subject dataflow.oltp.orders-value"
    view = next(view for view in found.views if view.place is Place.REGISTRY)
    assert view.shape is not None
    assert [(c.name, c.type, c.nullable) for c in view.shape.columns] == [
        ("id", "long", False),
        ("note", "string", True),
    ]


def test_a_subject_that_promises_what_the_table_is_has_no_difference() -> None:
    subject = Subject(f"{TOPIC}-value", 7, 1, SchemaKind.AVRO, ROW, "FULL")
    assert drift(look(subjects={TOPIC: subject})).gaps == ()


@pytest.mark.parametrize("schema", ["", "no json", "[]", '{"fields": [1]}', '{"fields": [{"name": "x"}]}'])
def test_a_subject_that_holds_no_row_says_so(schema: str) -> None:
    subject = Subject(f"{TOPIC}-value", 7, 1, SchemaKind.AVRO, schema, "FULL")
    found = drift(look(subjects={TOPIC: subject}))
    assert [view.why_not for view in found.views if view.place is Place.REGISTRY] == ["its schema is not that of a row"]
    assert found.gaps == ()


def test_names_and_globs_choose_tables() -> None:
    seen = look({ORDERS: table(ORDERS, ID, NOTE), OTHER: table(OTHER, ID)})
    chosen = {
        pattern: [str(one.table) for one in drift_report(seen, [pattern]).tables]
        for pattern in ("oltp.orders", "oltp.*", "*.o?her", "nothing")
    }
    assert chosen == {
        "oltp.orders": ["oltp.orders"],
        "oltp.*": ["oltp.orders", "oltp.other"],
        "*.o?her": ["oltp.other"],
        "nothing": [],
    }
    assert len(drift_report(seen, []).tables) == 2


# ── the look itself ──────────────────────────────────────────────────────────────────────────────────────────────


class Stage:
    """The drill, through fakes of every port."""

    def __init__(self) -> None:
        self.connect = FakeConnect("main")
        for name, kind in (("oltp-source", "source"), ("dw-sink", "sink")):
            self.connect.add(name, kind, CONFIGS[name].values)
        self.topics, self.records = FakeTopics(), FakeRecords()
        self.source, self.target = FakeDatabase(SOURCE_ADDRESS), FakeDatabase(TARGET_ADDRESS)
        self.source.put(table(ORDERS, ID, NOTE))
        self.target.put(table(TARGET, ID, NOTE))
        self.history(record(1, NOTE, origin=Origin.HISTORY, snapshot=True))
        self.records.write(TOPIC, FakeRow({"id": 1, "note": "a"}))
        self.said: list[str] = []

    def history(self, one: SchemaRecord) -> None:
        self.topics.write("schema-history.dataflow", one)
        self.records.write("schema-history.dataflow", FakeRow({"x": 1}))

    def look(self) -> tuple[Look, tuple[str, ...]]:
        ports = ClusterPorts(self.connect, None, FakeSchemaFeed(topics=self.topics, batch=2), self.records)
        seen = Ports({"main": ports}, [self.source, self.target])
        return survey(seen, lambda _: True, self.said.append, START)


def test_one_look_reads_every_place_whole() -> None:
    stage = Stage()
    for number in range(11, 16):
        stage.history(record(number, NOTE, Column(f"c{number}", "int"), origin=Origin.HISTORY))
    seen, problems = stage.look()
    assert problems == ()
    found = drift(seen)
    assert all(view.shape for view in found.views)
    believed = next(view.shape for view in found.views if view.place is Place.DEBEZIUM)
    assert believed is not None
    assert believed.names == {"id", "note", "c15"}
    assert stage.said[0].startswith("asking Connect")


def test_what_does_not_answer_is_told_and_the_rest_is_looked_at() -> None:
    stage = Stage()
    stage.source.down = PortUnreachable(SOURCE_ADDRESS, "connection refused")
    stage.records.down = PortUnreachable("kafka", "nobody is there")
    seen, problems = stage.look()
    assert len(problems) == 3
    why = {view.place: view.why_not for view in drift(seen).views}
    assert "connection refused" in why[Place.SOURCE]
    assert "nobody is there" in why[Place.DEBEZIUM]
    assert "nobody is there" in why[Place.TOPIC]
    assert why[Place.SINK] == ""


def test_with_no_connect_cluster_there_is_nothing_to_say() -> None:
    stage = Stage()
    stage.connect.unreachable = PortUnreachable("http://connect", "connection refused")
    with pytest.raises(PortUnreachable):
        stage.look()


@pytest.mark.parametrize(("kafka", "sinks"), [("here", {"dw-sink", "other-sink"}), ("elsewhere", {"dw-sink"})])
def test_a_sink_of_another_connect_cluster_reads_these_topics_only_from_the_same_kafka(
    kafka: str, sinks: set[str]
) -> None:
    stage = Stage()
    other = FakeConnect("other")
    other.add("other-sink", "sink", CONFIGS["dw-sink"].values)
    schemas = FakeSchemaFeed(topics=stage.topics, batch=2)
    clusters = {
        "main": ClusterPorts(stage.connect, None, schemas, stage.records, kafka="here"),
        "other": ClusterPorts(other, kafka=kafka),
    }
    seen, _ = survey(Ports(clusters, [stage.source, stage.target]), lambda _: True, stage.said.append, START)
    assert {route.sink.connector for route in seen.topology.routes if route.table == ORDERS} == sinks


def test_a_sink_that_names_its_topics_by_a_pattern_is_asked_for_them_where_there_is_no_status_topic() -> None:
    stage = Stage()
    pattern = {key: value for key, value in CONFIGS["dw-sink"].values.items() if key != "topics"}
    stage.connect.add("dw-sink", "sink", {**pattern, "topics.regex": r"dataflow\.oltp\.orders"})
    stage.connect.topics_by_name["dw-sink"] = frozenset({TOPIC})
    stage.look()
    assert "topics dw-sink" in stage.connect.reads
