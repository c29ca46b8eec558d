"""PURE: connectors' configurations → how connectors, topics, source tables and target tables hang together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from watchdog.model import ConnectorConfig, ConnectorKey, TableId

_JDBC_URL = re.compile(
    r"^jdbc:(?:mysql|mariadb)://(?:[^@/]*@)?(?P<host>\[[^\]]+\]|[^:/?,]+)(?::(?P<port>\d+))?/(?P<db>[^?;]*)"
)
_DEBEZIUM_SOURCE = re.compile(r"(?:^|\.)(?:MySql|MariaDb)Connector$")
_JDBC_SINK = re.compile(r"(?:^|\.)JdbcSinkConnector$")


def address(host: str, port: str | int = 3306) -> str:
    """`host:port`, with the names of this machine made one."""
    host = host.strip("[]").lower()
    return f"{'127.0.0.1' if host in ('localhost', '::1', '') else host}:{port or 3306}"


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A Debezium source: `address` is its database's `host:port`, `history_topic` its internal history."""

    key: ConnectorKey
    prefix: str
    address: str
    schema_topic: str
    """The public schema change topic; empty when the connector does not write it."""
    history_topic: str
    _filters: tuple[tuple[bool, bool, re.Pattern[str]], ...] = ()

    def captures(self, table: TableId) -> bool:
        """By `database.` and `table.include/exclude.list`, as Debezium reads them: anchored, without case."""
        for whole_name, include, pattern in self._filters:
            name = str(table) if whole_name else table.database
            if bool(pattern.fullmatch(name)) is not include:
                return False
        return True


@dataclass(frozen=True, slots=True)
class SinkLink:
    """A sink. `address` and `database` are empty when its target is not a MySQL or MariaDB database."""

    key: ConnectorKey
    topics: tuple[str, ...]
    pattern: re.Pattern[str] | None
    address: str = ""
    database: str = ""
    table_format: str = ""

    def reads(self, topic: str) -> bool:
        return topic in self.topics or bool(self.pattern and self.pattern.fullmatch(topic))


@dataclass(frozen=True, slots=True)
class Route:
    """One topic on its way: from a source's table (None where unknown) to a sink's table (None where unknown)."""

    topic: str
    sink: ConnectorKey
    source: ConnectorKey | None
    prefix: str
    table: TableId | None
    target: TableId | None
    target_address: str


@dataclass(frozen=True, slots=True)
class Topology:
    sources: Mapping[ConnectorKey, SourceLink] = field(default_factory=dict)
    sinks: Mapping[ConnectorKey, SinkLink] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()

    def routes_of(self, sink: ConnectorKey) -> tuple[Route, ...]:
        return tuple(route for route in self.routes if route.sink == sink)

    def source_of_prefix(self, prefix: str) -> SourceLink | None:
        return next((source for source in self.sources.values() if source.prefix == prefix), None)

    def schema_topics(self, cluster: str) -> dict[str, tuple[str, bool]]:
        """Topic → (`topic.prefix`, whether it is an internal history topic), of one Connect cluster's sources."""
        topics: dict[str, tuple[str, bool]] = {}
        for key, source in self.sources.items():
            if key.cluster == cluster:
                if source.schema_topic:
                    topics[source.schema_topic] = (source.prefix, False)
                if source.history_topic:
                    topics[source.history_topic] = (source.prefix, True)
        return topics


def derive(configs: Iterable[ConnectorConfig], used: Mapping[ConnectorKey, frozenset[str]]) -> Topology:
    """`used`: the topics that Connect saw each connector use; they settle what a regular expression leaves open."""
    configs = tuple(configs)
    sources = {source.key: source for config in configs if (source := _source(config))}
    sinks = {sink.key: sink for config in configs if (sink := _sink(config))}
    topics = {topic for names in used.values() for topic in names}
    routes = tuple(
        _route(topic, sink, sources.values())
        for sink in sinks.values()
        for topic in sorted(set(sink.topics) | {t for t in topics if sink.reads(t)})
    )
    return Topology(sources, sinks, routes)


def _source(config: ConnectorConfig) -> SourceLink | None:
    if not _DEBEZIUM_SOURCE.search(config.get("connector.class")):
        return None
    prefix = config.get("topic.prefix") or config.get("database.server.name")
    tells = config.get("include.schema.changes", "true").lower() != "false"
    return SourceLink(
        key=ConnectorKey(config.cluster, config.name),
        prefix=prefix,
        address=address(config.get("database.hostname"), config.get("database.port", "3306")),
        schema_topic=prefix if tells else "",
        history_topic=config.get("schema.history.internal.kafka.topic") or config.get("database.history.kafka.topic"),
        _filters=tuple(_filters(config)),
    )


def _filters(config: ConnectorConfig) -> Iterable[tuple[bool, bool, re.Pattern[str]]]:
    for scope in ("database", "table"):
        for kind in ("include", "exclude"):
            if (names := config.get(f"{scope}.{kind}.list")) and (pattern := _any_of(names)):
                yield scope == "table", kind == "include", pattern


def _any_of(names: str) -> re.Pattern[str] | None:
    """Debezium's lists: regular expressions separated by commas. One that Python cannot read filters nothing."""
    try:
        return re.compile("|".join(f"(?:{name.strip()})" for name in names.split(",")), re.IGNORECASE)
    except re.error:
        return None


def _sink(config: ConnectorConfig) -> SinkLink | None:
    topics = tuple(name.strip() for name in config.get("topics").split(",") if name.strip())
    expression = config.get("topics.regex")
    if not topics and not expression:
        return None
    target = _JDBC_URL.match(config.get("connection.url")) if _JDBC_SINK.search(config.get("connector.class")) else None
    return SinkLink(
        key=ConnectorKey(config.cluster, config.name),
        topics=topics,
        pattern=_any_of(expression.replace(",", r"\x2c")) if expression else None,
        address=address(target["host"], target["port"] or 3306) if target else "",
        database=target["db"] if target else "",
        table_format=config.get("collection.name.format") or config.get("table.name.format") or "${topic}",
    )


def _route(topic: str, sink: SinkLink, sources: Iterable[SourceLink]) -> Route:
    source = _writer_of(topic, sources)
    table = _table_of(topic, source.prefix) if source else None
    return Route(
        topic=topic,
        sink=sink.key,
        source=source.key if source else None,
        prefix=source.prefix if source else "",
        table=table,
        target=_target_of(topic, sink, table) if sink.address else None,
        target_address=sink.address,
    )


def _writer_of(topic: str, sources: Iterable[SourceLink]) -> SourceLink | None:
    """The source with the longest prefix that the topic's name starts with."""
    writers = [s for s in sources if s.prefix and topic.startswith(s.prefix + ".")]
    return max(writers, key=lambda source: len(source.prefix), default=None)


def _table_of(topic: str, prefix: str) -> TableId | None:
    database, dot, table = topic[len(prefix) + 1 :].partition(".")
    return TableId(database, table) if dot and table else None


def _target_of(topic: str, sink: SinkLink, table: TableId | None) -> TableId:
    """As the sink makes its table's name: Debezium's puts `_` for the dots of a topic, Confluent's the topic as is."""
    name = sink.table_format.replace("${topic}", topic.replace(".", "_"))
    if table:
        for word in ("${source.table}", "${source.collection}"):
            name = name.replace(word, table.table)
        for word in ("${source.db}", "${source.database}"):
            name = name.replace(word, table.database)
    database, dot, rest = name.replace("`", "").partition(".")
    return TableId(database, rest) if dot else TableId(sink.database, name.replace("`", ""))
