"""Configurations → how things hang together."""

from __future__ import annotations

import pytest

from tests.core.scene import CONFIGS, ORDERS, SINK, SOURCE, TARGET, TARGET_ADDRESS
from watchdog.model import ConnectorConfig, ConnectorKey, TableId
from watchdog.topology import Route, address, derive


def config(name: str, **values: str) -> ConnectorConfig:
    return ConnectorConfig("main", name, {key.replace("__", "."): value for key, value in values.items()})


def sink(**changed: str) -> ConnectorConfig:
    return ConnectorConfig("main", "dw-sink", {**CONFIGS["dw-sink"].values, **changed})


def source(**changed: str) -> ConnectorConfig:
    return ConnectorConfig("main", "oltp-source", {**CONFIGS["oltp-source"].values, **changed})


def test_the_drill_pipeline_is_one_route_from_table_to_table() -> None:
    topology = derive(CONFIGS.values(), {})
    assert topology.routes == (Route("dataflow.oltp.orders", SINK, SOURCE, "dataflow", ORDERS, TARGET, TARGET_ADDRESS),)
    assert topology.schema_topics("main") == {
        "dataflow": ("dataflow", False),
        "schema-history.dataflow": ("dataflow", True),
    }


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        pytest.param({"collection.name.format": "${topic}"}, TableId("dw", "dataflow_oltp_orders"), id="topic"),
        pytest.param({"collection.name.format": "x_${source.table}"}, TableId("dw", "x_orders"), id="source-table"),
        pytest.param({"collection.name.format": "${source.db}.t"}, TableId("oltp", "t"), id="other-database"),
        pytest.param({"connection.url": "jdbc:mysql://localhost:3307/dw?useSSL=false"}, TARGET, id="url-with-query"),
        pytest.param({"connection.url": "jdbc:mariadb://[::1]:3307/dw"}, TARGET, id="ipv6-of-this-machine"),
        pytest.param({"connection.url": "jdbc:postgresql://pg:5432/dw"}, None, id="not-mysql"),
        pytest.param({"connection.url": "***"}, None, id="url-hidden"),
    ],
)
def test_the_targets_name_is_made_as_the_sink_makes_it(changed: dict[str, str], target: TableId | None) -> None:
    (route,) = derive([source(), sink(**changed)], {}).routes
    assert route.target == target


def test_a_regular_expression_is_settled_by_the_topics_that_connect_saw() -> None:
    by_regex = sink(**{"topics": "", "topics.regex": r"dataflow\.oltp\.(orders|o{1,2}ther)"})
    used = {SOURCE: frozenset({"dataflow.oltp.orders", "dataflow.oltp.secret"})}
    routes = derive([source(), by_regex], used).routes
    assert [route.topic for route in routes] == ["dataflow.oltp.orders"]


@pytest.mark.parametrize(
    ("changed", "table", "captured"),
    [
        pytest.param({}, TableId("oltp", "x"), True, id="database-included"),
        pytest.param({}, TableId("OLTP", "x"), True, id="without-case"),
        pytest.param({}, TableId("oltp2", "x"), False, id="anchored"),
        pytest.param({"table.include.list": r"oltp\.a, oltp\.b.*"}, TableId("oltp", "b9"), True, id="table-included"),
        pytest.param({"table.include.list": r"oltp\.a"}, TableId("oltp", "b"), False, id="table-not-included"),
        pytest.param({"table.exclude.list": r"oltp\.a"}, TableId("oltp", "a"), False, id="table-excluded"),
        pytest.param({"database.include.list": "("}, TableId("any", "a"), True, id="unreadable-filters-nothing"),
    ],
)
def test_what_a_source_captures(changed: dict[str, str], table: TableId, captured: bool) -> None:
    topology = derive([source(**changed)], {})
    assert topology.sources[SOURCE].captures(table) is captured


def test_the_longest_prefix_is_the_writer() -> None:
    other = ConnectorConfig("main", "other", {**source().values, "topic.prefix": "dataflow.oltp"})
    (route,) = derive([source(), other, sink(topics="dataflow.oltp.db.t")], {}).routes
    assert route.source == ConnectorKey("main", "other")
    assert route.table == TableId("db", "t")


def test_a_source_that_does_not_tell_its_changes_is_read_through_its_history() -> None:
    topology = derive([source(**{"include.schema.changes": "false"})], {})
    assert topology.schema_topics("main") == {"schema-history.dataflow": ("dataflow", True)}


def test_hostile_configurations_make_no_routes_and_no_trouble() -> None:
    weird = config("<img onerror=x>", connector__class="JdbcSinkConnector", topics=",,", topics__regex="(((")
    assert derive([weird, config("empty")], {}).routes == ()


@pytest.mark.parametrize(
    ("host", "port", "wanted"),
    [
        ("localhost", 3306, "127.0.0.1:3306"),
        ("::1", "", "127.0.0.1:3306"),
        ("DB.example", "3310", "db.example:3310"),
    ],
)
def test_addresses_of_one_server_are_one(host: str, port: str | int, wanted: str) -> None:
    assert address(host, port) == wanted
