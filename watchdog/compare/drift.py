"""All that one look brought → each captured table with its five places side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from watchdog.compare.belief import belief_differences, changed_just_now, is_read_to, judged_by_debezium
from watchdog.compare.consumers import Effect, Judged
from watchdog.compare.places import DriftReport, Gap, Place, Standing, TableDrift, View, is_named
from watchdog.compare.promises import promised, registry_gaps
from watchdog.compare.routes import sent, target_gaps
from watchdog.compare.tables import Difference, Kind
from watchdog.history import SchemaHistory
from watchdog.model import (
    Column,
    ConnectorKey,
    DatabaseColumns,
    LatestRecord,
    SourceOffset,
    Subject,
    TableId,
    TableSchema,
)
from watchdog.topology import Columns, Route, SourceLink, Topology


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `offsets`: the stored offset of each source, None where Connect does not tell. `idle`: why a
    source is not reading (PAUSED, FAILED …). `believed_whole`: sources whose history was read to its end."""

    topology: Topology
    history: SchemaHistory = SchemaHistory()
    databases: Mapping[str, DatabaseColumns] = field(default_factory=dict)
    offsets: Mapping[ConnectorKey, SourceOffset | None] = field(default_factory=dict)
    idle: Mapping[ConnectorKey, str] = field(default_factory=dict)
    latest: Mapping[str, LatestRecord] = field(default_factory=dict)
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    """What registries hold for the topics' values, by topic."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Topics that could not be read, and why: histories, and topics of rows."""


def drift_report(look: Look, patterns: Collection[str], problems: tuple[str, ...] = ()) -> DriftReport:
    """Of the tables that the patterns name, as `is_named` reads them."""
    captured = tuple(captured_tables(look))
    tables = tuple(table_drift(look, source, table) for source, table in captured if is_named(table, patterns))
    return DriftReport(tables, problems, tuple(dict.fromkeys(table for _, table in captured)))


def captured_tables(look: Look) -> Iterator[tuple[SourceLink, TableId]]:
    """Each table that a source captures, by its history or by its database; in order of their names."""
    for source in look.topology.sources.values():
        tables = {table for prefix, table in look.history.tables if prefix == source.prefix}
        if database := look.databases.get(source.address):
            tables |= {table for table in database.tables if source.captures(table)}
        for table in sorted(tables):
            if _is_somewhere(look, source, table):
                yield source, table


def _is_somewhere(look: Look, source: SourceLink, table: TableId) -> bool:
    """A table that was dropped, and that Debezium knows to be dropped, is no table."""
    database = look.databases.get(source.address)
    return look.history.table(source.prefix, table) is not None or bool(database and table in database.tables)


def table_drift(look: Look, source: SourceLink, table: TableId) -> TableDrift:
    live = live_view(look.databases, source.address, table, Place.SOURCE)
    believed = _believed(look, source, table)
    routes = [route for route in look.topology.routes if route.source == source.key and route.table == table]
    topic_names = _topics(look.topology, source, table, routes)
    topics = [_topic(look, topic) for topic in topic_names]
    promises = [_promise(look, source, topic, live, believed) for topic in look.subjects if topic in topic_names]
    sinks = [_sink(look, source, route, live, believed) for route in routes]
    gaps = (
        *_belief_gaps(look, source, believed, live),
        *(gap for view in topics for gap in _topic_gaps(source, believed, view, routes)),
        *(gap for _, found in (*promises, *sinks) for gap in found),
    )
    notes = tuple(dict.fromkeys(doubt for route in routes for doubt in route.columns.doubts))
    return TableDrift(
        source.key, table, (live, believed, *topics, *(view for view, _ in (*promises, *sinks))), gaps, notes
    )


def live_view(databases: Mapping[str, DatabaseColumns], address: str, table: TableId, place: Place) -> View:
    where = f"{table} at {address}"
    database = databases.get(address)
    if database is None:
        return View(place, where, None, f"not visible: no database at {address} is configured (DATABASE_URL)")
    if database.error:
        return View(place, where, None, f"not visible: {database.error}")
    shape = database.tables.get(table)
    why_not = "" if shape else "not visible: dropped, never made, or without a grant"
    return View(place, where, shape, why_not)


def _believed(look: Look, source: SourceLink, table: TableId) -> View:
    topic = source.history_topic or source.schema_topic
    shape = look.history.table(source.prefix, table)
    if shape:
        return View(Place.DEBEZIUM, topic, shape)
    why = look.unread.get(topic)
    return View(
        Place.DEBEZIUM,
        topic,
        None,
        f"not visible: {why}" if why else f"not in the history ({topic}): a view, or a table that it has not met",
    )


def _belief_gaps(look: Look, source: SourceLink, believed: View, live: View) -> Iterator[Gap]:
    if believed.shape is None or live.shape is None:
        return
    standing, why = _standing(look, source, believed.shape.id)
    for difference in belief_differences(believed.shape, live.shape):
        judged = judged_by_debezium(difference, believed.shape, live.shape)
        judged = Judged(judged.effect, judged.reason, f"source {source.key.connector}")
        yield Gap((Place.DEBEZIUM, Place.SOURCE), difference, standing, (judged,), why)


def _standing(look: Look, source: SourceLink, table: TableId) -> tuple[Standing, str]:
    offset, idle = look.offsets.get(source.key), look.idle.get(source.key, "")
    database = look.databases[source.address]
    changes = look.history.of(source.prefix, table)
    if changed_just_now(changes[-1] if changes else None, database.binlog):
        return Standing.PENDING, "a logged statement changed it at the moment of this look"
    if is_read_to(offset, database.binlog.position if database.binlog else None):
        return Standing.UNLOGGED, "the source has read past the moment of this look, and no statement told it"
    if idle:
        return Standing.PENDING, f"{source.key.connector} is {idle}: a logged statement may wait for it"
    if offset is None or database.binlog is None:
        unknown = database.binlog_error or "neither the source's offset nor the binlog's position can be compared"
        return Standing.PENDING, f"whether a logged statement is on its way cannot be told: {unknown}"
    return Standing.PENDING, (
        "its stored offset is behind this look, so a logged statement may be on its way (it moves with captured rows, "
        "heartbeats and Connect's flushes only): look again, or let `watchdog run` watch it"
    )


# ── the topic ────────────────────────────────────────────────────────────────────────────────────────────────────


def _topics(topology: Topology, source: SourceLink, table: TableId, routes: Iterable[Route]) -> list[str]:
    written = [outlet.topic for outlet in topology.outlets if outlet.source == source.key and outlet.table == table]
    return list(dict.fromkeys([*written, *(route.topic for route in routes)]))


def _topic(look: Look, topic: str) -> View:
    latest = look.latest.get(topic)
    if latest is None:
        return View(Place.TOPIC, topic, None, look.unread.get(topic) or "no row in the topic")
    return View(Place.TOPIC, latest.place, TableSchema(TableId("", topic), latest.columns))


def _topic_gaps(source: SourceLink, believed: View, topic: View, routes: Iterable[Route]) -> Iterator[Gap]:
    """Names only: the record's types are Connect's own."""
    if believed.shape is None or topic.shape is None:
        return
    way = next((route.columns for route in routes), None)
    expected = dict(_in_topic(source, believed.shape, way))
    written = {column.name: column for column in topic.shape.columns}
    found = [
        *(
            Difference(Kind.ADDED_OPTIONAL, name, None, c, "", c.type)
            for name, c in expected.items()
            if name not in written
        ),
        *(Difference(Kind.REMOVED, name, c, None, c.type) for name, c in written.items() if name not in expected),
    ]
    added = set(way.added) if way else set()
    for difference in found:
        if difference.kind is Kind.REMOVED and (difference.column.startswith("__") or difference.column in added):
            continue
        judged = Judged(Effect.FINE, "the latest row was written before; the next one is as Debezium has the table")
        yield Gap((Place.TOPIC, Place.DEBEZIUM), difference, Standing.PENDING, (judged,))


def _in_topic(source: SourceLink, table: TableSchema, way: Columns | None) -> Iterator[tuple[str, Column]]:
    for column in table.columns:
        if way is None:
            if source.captures_column(table.id, column.name):
                yield column.name, column
        elif path := way.in_topic(column.name):
            yield path[-1], column


# ── the registry ─────────────────────────────────────────────────────────────────────────────────────────────────


def _promise(look: Look, source: SourceLink, topic: str, live: View, believed: View) -> tuple[View, list[Gap]]:
    subject = look.subjects[topic]
    shape, why_not = promised(subject)
    level = subject.compatibility or "level not known"
    view = View(Place.REGISTRY, f"{subject.name} version {subject.version} ({level})", shape, why_not)
    now = live.shape or believed.shape
    if now is None:
        return view, []
    now = _captured(source, now)
    changes = look.history.of(source.prefix, now.id)
    earlier = (shape for change in reversed(changes) for shape in (change.after, change.before) if shape)
    shapes = [_captured(source, shape) for shape in (*filter(None, (believed.shape,)), *earlier)]
    found = registry_gaps(subject, shapes, now)
    return view, [Gap((Place.REGISTRY, Place.SOURCE), each, Standing.DRIFT, (judged,)) for each, judged in found]


def _captured(source: SourceLink, table: TableSchema) -> TableSchema:
    columns = tuple(column for column in table.columns if source.captures_column(table.id, column.name))
    return table if len(columns) == len(table.columns) else replace(table, columns=columns)


# ── the target ───────────────────────────────────────────────────────────────────────────────────────────────────


def _sink(look: Look, source: SourceLink, route: Route, live: View, believed: View) -> tuple[View, list[Gap]]:
    sink = look.topology.sinks[route.sink]
    name = sink.key.connector
    if route.target is None or not sink.address:
        words = sink.target or "its target"
        return View(Place.SINK, f"{name} → {words}", None, f"not visible: {words} is no table that is read here"), []
    view = live_view(look.databases, route.target_address, route.target, Place.SINK)
    where, why_not = f"{name} → {view.where}", view.why_not
    if why_not and sink.settings.creates_tables and why_not.endswith("grant"):
        why_not += f"; {name} may create it"
    view = View(Place.SINK, where, view.shape, why_not)
    shape = live.shape or believed.shape
    if view.shape is None or shape is None:
        return view, []
    dropped = dropped_columns(look.history, source.prefix, route.table, shape)
    found = target_gaps(route, sink, sent(route, source, shape, dropped), view.shape)
    return view, [Gap((Place.SINK, Place.SOURCE), each, Standing.DRIFT, (judged,)) for each, judged in found]


def dropped_columns(history: SchemaHistory, prefix: str, table: TableId | None, now: TableSchema) -> frozenset[str]:
    """Columns, in lower case, that Debezium knew once and the table has no more."""
    if table is None:
        return frozenset()
    known = {name for change in history.of(prefix, table) if change.before for name in change.before.names}
    believed = history.table(prefix, table)
    known |= believed.names if believed else set()
    return frozenset(name.lower() for name in known) - {name.lower() for name in now.names}
