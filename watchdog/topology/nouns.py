"""PURE: what hangs together: sources, sinks, the topics between them, and what cannot be told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from watchdog.model import ConnectorKey, TableId
from watchdog.topology.columns import Columns, FieldFilter
from watchdog.topology.filters import NameFilter
from watchdog.topology.patterns import JavaPattern
from watchdog.topology.transforms import Transform, renames_topics


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A Debezium source: `address` is its database's `host:port`, `history_topic` its internal history."""

    key: ConnectorKey
    prefix: str
    address: str
    schema_topic: str
    """The public schema change topic; empty when the connector does not write it."""
    history_topic: str
    databases: NameFilter | None = None
    tables: NameFilter | None = None
    columns: NameFilter | None = None
    """Of the columns `database.table.column` that reach the topic."""
    key_columns: tuple[tuple[JavaPattern, str], ...] = ()
    """`message.key.columns`: tables, and a column of their key. Without one that fits it is the primary key."""
    named_tables: tuple[TableId, ...] = ()
    """The tables that `table.include.list` spells out."""
    named_databases: tuple[str, ...] = ()
    delimiter: str = "."
    naming: Transform | None = None
    """The renaming that a `topic.naming.strategy` does; None for the usual one."""
    transforms: tuple[Transform, ...] = ()
    kind: str = "mysql"
    """`mysql` or `mariadb`."""
    history_of_captured_tables_only: bool = False
    history_of_captured_databases_only: bool = False
    notes: tuple[str, ...] = ()
    """What its configuration does not tell."""

    @property
    def renames_topics(self) -> bool:
        """Whether its topics may be called otherwise than its tables."""
        return self.naming is not None or renames_topics(self.transforms)

    def captures(self, table: TableId) -> bool:
        """By `database.` and `table.include/exclude.list`, as Debezium reads them: anchored, without case."""
        database = self.databases is None or self.databases.passes(table.database)
        return database and (self.tables is None or self.tables.passes(str(table)))

    def captures_column(self, table: TableId, column: str) -> bool:
        """Whether a captured table's column is in the records' value. A column of the key is in the key anyway."""
        return self.columns is None or self.columns.passes(f"{table}.{column}")

    def key_of(self, table: TableId, columns: Iterable[str], primary_key: Iterable[str]) -> tuple[str, ...]:
        """The columns of the records' key: those of `message.key.columns`, else the primary key."""
        wanted = [name for pattern, name in self.key_columns if pattern.matches(str(table))]
        chosen = [column for name in wanted for column in columns if column.lower() == name.lower()]
        return tuple(dict.fromkeys(chosen)) or tuple(primary_key)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """What a JDBC sink does with a record that the target does not fit; the same words for both connectors.

    `connector` is `debezium-jdbc`, `confluent-jdbc`, or empty for a sink that writes to no table.
    """

    connector: str = ""
    insert_mode: str = "insert"
    """`insert`, `upsert` or `update`."""
    creates_tables: bool = False
    adds_columns: bool = False
    """It alters the target when a record has a field that the table lacks; it never changes or drops a column."""
    key_mode: str = "none"
    """`none`, `kafka`, `record_key`, `record_value` or `record_header` (Confluent's `pk.mode`)."""
    key_fields: tuple[str, ...] = ()
    delete_enabled: bool = False
    truncate_enabled: bool = False
    quote_identifiers: bool = True
    fields: FieldFilter | None = None
    replaces_null_with_default: bool = True
    """A NULL in a field whose schema has a default is written as that default."""
    errors_tolerated: bool = False
    """`errors.tolerance=all`: records that cannot be converted or transformed are left out, silently."""
    dead_letter_topic: str = ""

    @property
    def schema_evolution(self) -> str:
        """`basic` or `none`, as Debezium's sink calls it."""
        return "basic" if self.adds_columns else "none"


@dataclass(frozen=True, slots=True)
class SinkLink:
    """A sink. `address` and `database` are empty when its target is not a MySQL or MariaDB database."""

    key: ConnectorKey
    topics: tuple[str, ...]
    pattern: JavaPattern | None
    address: str = ""
    database: str = ""
    table_format: str = ""
    settings: SinkSettings = SinkSettings()
    transforms: tuple[Transform, ...] = ()
    target: str = ""
    """Where it writes to, in words, where that is no MySQL or MariaDB database: `postgresql://pg:5432/dw`, or the
    class of the connector."""
    table_naming: str = "debezium"
    """`debezium`: `_` for the dots of a topic; `confluent`, `passthrough`: the topic as it is; empty: not known."""
    notes: tuple[str, ...] = ()

    def reads(self, topic: str) -> bool:
        return topic in self.topics or bool(self.pattern and self.pattern.matches(topic))


@dataclass(frozen=True, slots=True)
class OtherLink:
    """A connector that is neither, and not followed. `kind`: its class; `topics`: those that it was seen to use."""

    key: ConnectorKey
    kind: str
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outlet:
    """A topic that a source writes a table's rows to. `table` is None where only the records tell.

    `certain`: configuration, Debezium's history or the database itself tell it; else the topic's name suggests it.
    """

    source: ConnectorKey
    topic: str
    table: TableId | None
    certain: bool = True


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
    columns: Columns = field(default_factory=Columns, compare=False)
    """What becomes of the table's columns."""
    certain: bool = field(default=True, compare=False)
    """False: the table was worked out from the topic's name, and may be another one."""
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Topology:
    sources: Mapping[ConnectorKey, SourceLink] = field(default_factory=dict)
    sinks: Mapping[ConnectorKey, SinkLink] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    outlets: tuple[Outlet, ...] = ()
    """Every topic of tables that is known, those that no sink reads too."""
    others: Mapping[ConnectorKey, OtherLink] = field(default_factory=dict)
    _by_sink: Mapping[ConnectorKey, tuple[Route, ...]] = field(default_factory=dict, compare=False, repr=False)

    def routes_of(self, sink: ConnectorKey) -> tuple[Route, ...]:
        if self._by_sink:
            return self._by_sink.get(sink, ())
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
