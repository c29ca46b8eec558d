"""Configurations as they are met, for tests of what hangs together."""

from __future__ import annotations

from collections.abc import Mapping

from watchdog.model import ConnectorConfig, ConnectorKey
from watchdog.topology import Route, Topology, derive

SOURCE = ConnectorKey("main", "source")
SINK = ConnectorKey("main", "sink")

_SOURCE = {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "topic.prefix": "dataflow",
    "database.hostname": "db1",
    "database.include.list": "oltp",
    "schema.history.internal.kafka.topic": "schema-history.dataflow",
}
_SINK = {
    "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
    "connection.url": "jdbc:mysql://dw1:3307/dw",
    "topics": "dataflow.oltp.orders",
    "primary.key.mode": "record_key",
    "quote.identifiers": "true",
}
_CONFLUENT = {
    "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
    "connection.url": "jdbc:mysql://dw1:3307/dw",
    "topics": "dataflow.oltp.orders",
    "table.name.format": "orders",
}
UNWRAP = "io.debezium.transforms.ExtractNewRecordState"
KAFKA = "org.apache.kafka.connect.transforms."


def source(changed: Mapping[str, str] = {}, name: str = "source", cluster: str = "main") -> ConnectorConfig:
    """Debezium's MySQL source of `oltp` with prefix `dataflow`; a key with an empty value is left out."""
    return _config(name, cluster, {**_SOURCE, **changed})


def sink(changed: Mapping[str, str] = {}, name: str = "sink", cluster: str = "main") -> ConnectorConfig:
    """Debezium's JDBC sink to `dw`, by record key, with quoted identifiers."""
    return _config(name, cluster, {**_SINK, **changed})


def confluent(changed: Mapping[str, str] = {}) -> ConnectorConfig:
    return _config("sink", "main", {**_CONFLUENT, **changed})


def transforms(*each: tuple[str, Mapping[str, str]]) -> dict[str, str]:
    """`(type, options)` in their order → the keys of a configuration; options may name a `predicate`."""
    found = {"transforms": ",".join(f"t{number}" for number in range(len(each)))}
    for number, (kind, options) in enumerate(each):
        found |= {f"transforms.t{number}.{key}": value for key, value in {"type": kind, **options}.items()}
    return found


def regex_router(regex: str, replacement: str) -> tuple[str, dict[str, str]]:
    return KAFKA + "RegexRouter", {"regex": regex, "replacement": replacement}


def the_route(*configs: ConnectorConfig, used: Mapping[ConnectorKey, frozenset[str]] = {}) -> Route:
    (route,) = derive(configs, used).routes
    return route


def notes(topology: Topology) -> str:
    """All of them, as one text."""
    links = (*topology.sources.values(), *topology.sinks.values())
    of_links = [note for link in links for note in link.notes]
    return "\n".join(
        [*of_links, *(note for route in topology.routes for note in (*route.notes, *route.columns.doubts))]
    )


def _config(name: str, cluster: str, values: Mapping[str, str]) -> ConnectorConfig:
    return ConnectorConfig(cluster, name, {key: value for key, value in values.items() if value})
