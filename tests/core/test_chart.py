"""Every Connect cluster asked once: what is believed of it, and what could not be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.core.topologies import SINK, SOURCE, regex_router, sink, source, transforms
from tests.fakes.connect import FakeConnect
from watchdog.errors import PortRefused, PortUnreachable
from watchdog.look.chart import Chart, Place, chart, kafkas
from watchdog.model import Column, ConnectorConfig, DatabaseColumns, TableId, TableSchema
from watchdog.ports import Database

ORDERS = TableId("oltp", "orders")
DOWN = PortUnreachable("http://127.0.0.1:1", "no connection")


@dataclass
class Statuses:
    """A status topic that tells these topics, or nothing but an error."""

    topics: dict[str, frozenset[str]] = field(default_factory=dict)
    error: bool = False

    def topics_of(self) -> dict[str, frozenset[str]]:
        if self.error:
            raise PortRefused("kafka", "no such topic")
        return self.topics

    def read(self, timeout_seconds: float) -> tuple[()]:
        return ()

    def close(self) -> None: ...


@dataclass
class Tables:
    """A database that holds these tables; what else a database does is not asked for."""

    tables: tuple[TableId, ...]
    address: str = "db1:3306"
    error: bool = False
    asked: int = 0

    def columns(self) -> DatabaseColumns:
        self.asked += 1
        if self.error:
            raise DOWN
        schemas = {table: TableSchema(table, (Column("id", "int"),)) for table in self.tables}
        return DatabaseColumns(self.address, FakeConnect().clock(), schemas)


def connect(*configs: ConnectorConfig, name: str = "main") -> FakeConnect:
    fake = FakeConnect(name)
    for config in configs:
        fake.add(config.name, "sink" if "topics" in config.values else "source", dict(config.values))
    return fake


def databases(*each: Tables) -> list[Database]:
    return list(each)  # type: ignore[arg-type]


RENAMING = source(transforms(regex_router(r"(.*)orders_\d", "$1orders")))
BY_REGEX = sink({"topics": "", "topics.regex": ".*orders"})


def topics(found: Chart) -> list[tuple[str, TableId | None]]:
    return [(route.topic, route.table) for route in found.topology.routes]


def test_the_status_topic_tells_which_topics_are_used() -> None:
    place = Place(connect(source(), BY_REGEX), Statuses({"source": frozenset({"dataflow.oltp.orders"})}))
    found = chart([place], [])
    assert topics(found) == [("dataflow.oltp.orders", ORDERS)]
    assert found.unseen == ()
    assert not any(read.startswith("topics ") for read in place.connect.reads)  # type: ignore[attr-defined]


def test_without_kafka_each_connector_whose_topics_are_open_is_asked_by_rest() -> None:
    fake = connect(source(), BY_REGEX, sink(name="plain"))
    fake.topics_by_name["source"] = frozenset({"dataflow.oltp.orders"})
    found = chart([Place(fake)], [])
    assert ("dataflow.oltp.orders", ORDERS) in topics(found)
    assert sorted(read for read in fake.reads if read.startswith("topics ")) == ["topics sink", "topics source"]


def test_a_status_topic_that_cannot_be_read_is_said_and_rest_is_asked() -> None:
    fake = connect(source(), BY_REGEX)
    fake.topics_by_name["source"] = frozenset({"dataflow.oltp.orders"})
    found = chart([Place(fake, Statuses(error=True))], [])
    assert topics(found) == [("dataflow.oltp.orders", ORDERS)]
    assert "its status topic cannot be read" in found.unseen[0]


def test_rest_is_not_asked_for_ever() -> None:
    fake = connect(*(source(name=f"s{number}") for number in range(9)))
    times = iter(range(0, 1000, 7))
    found = chart([Place(fake)], [], lambda: float(next(times)))
    assert len([read for read in fake.reads if read.startswith("topics ")]) == 2
    assert "7 connectors were not asked for topics" in found.unseen[0]
    assert len(found.topology.sources) == 9


def test_a_cluster_that_cannot_be_seen_is_said_and_the_other_is_told() -> None:
    away = FakeConnect("far", unreachable=DOWN)
    found = chart([Place(connect(source())), Place(away)], [])
    assert list(found.topology.sources) == [SOURCE]
    assert "Connect cluster far" in found.unseen[0]


def test_when_no_cluster_can_be_seen_it_is_an_error() -> None:
    with pytest.raises(PortUnreachable):
        chart([Place(FakeConnect(unreachable=DOWN))], [])


def test_the_database_is_asked_for_its_tables_when_a_source_renames() -> None:
    database = Tables((TableId("oltp", "orders_1"), TableId("oltp", "orders_2")))
    found = chart([Place(connect(RENAMING, sink()))], databases(database))
    assert [table for _, table in topics(found)] == list(database.tables)


def test_the_database_is_not_asked_when_no_source_of_it_renames() -> None:
    here, elsewhere = Tables(()), Tables((), "db2:3306")
    chart([Place(connect(source(), sink()))], databases(here))
    chart([Place(connect(RENAMING, sink()))], databases(elsewhere))
    assert (here.asked, elsewhere.asked) == (0, 0)


def test_a_database_that_cannot_be_read_is_said() -> None:
    found = chart([Place(connect(RENAMING, sink()))], databases(Tables((), error=True)))
    assert topics(found) == [("dataflow.oltp.orders", None)]
    assert "database db1:3306" in found.unseen[0]
    assert found.topology.routes[0].sink == SINK


@pytest.mark.parametrize(
    ("servers", "same"),
    [
        pytest.param({"a": "", "b": ""}, True, id="not told: one"),
        pytest.param({"a": "k1:9092", "b": ""}, True, id="told of one only"),
        pytest.param({"a": "k1:9092,k2:9092", "b": "K2:9092"}, True, id="a server in common"),
        pytest.param({"a": "k1:9092", "c": "k1:9092,k2:9092", "b": "k2:9092"}, True, id="in common by a third"),
        pytest.param({"a": "k1:9092", "b": "k2:9092"}, False, id="none in common"),
        pytest.param({"a": "k1:9092", "c": "k2:9092", "b": ""}, False, id="two, and the third not told"),
    ],
)
def test_which_clusters_share_a_kafka(servers: dict[str, str], same: bool) -> None:
    found = kafkas(servers)
    assert (found["a"] == found["b"]) is same
