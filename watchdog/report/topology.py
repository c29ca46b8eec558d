"""How connectors hang together → lines of a table, JSON, and what cannot be told. Names are data.

JSON: `{"sources": […], "sinks": […], "others": […], "routes": […]}`, null for what is not known or does not apply.
A source has `connect_cluster`, `connector`, `kind` (`mysql`, `mariadb`), `topic_prefix`, `database` (`host:port`),
`schema_change_topic`, `history_topic`, `notes`. A sink has `connect_cluster`, `connector`, `kind` (`debezium-jdbc`,
`confluent-jdbc`, else its class), `topics`, `topics_regex`, `target` (`host:port`, or in words what is not visible),
`database`, `insert_mode`, `creates_tables`, `adds_columns`, `key_mode`, `key_fields`, `delete_enabled`,
`quote_identifiers`, `notes`. Others are connectors of kinds that are not followed: `class`, and the `topics` that
Connect saw them use.

A route has `source_cluster`, `source`, `table`, `table_is_certain` (false: worked out from the topic's name), `topic`,
`sink_cluster`, `sink`, `target_table`, `target` (`host:port`, or in words), `added_columns` (of the target, that no
column of the source stands for), `notes`. A topic that no sink reads is a route whose `sink` is null.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from rich.table import Table

from watchdog.model import ConnectorKey, TableId
from watchdog.report.text import cell
from watchdog.topology import Route, SinkLink, SourceLink, Topology

Document = dict[str, object]

NOBODY, UNKNOWN, NO_TOPIC = "nobody", "not known", "no topic seen yet"


@dataclass(frozen=True, slots=True)
class Line:
    """One topic's way, as far as it is known."""

    source: ConnectorKey | None
    table: TableId | None
    certain: bool
    topic: str
    sink: ConnectorKey | None = None
    target: TableId | None = None
    place: str = ""
    """`host:port` of the target, or in words what it is."""
    added: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def lines(topology: Topology, chosen: Collection[str] = ()) -> tuple[Line, ...]:
    """Routes, then topics that no sink reads, then connectors without a topic; only those of the connectors `chosen`
    by name, all without any."""
    found = tuple(_lines(topology))
    if chosen:
        names = frozenset(chosen)
        found = tuple(line for line in found if names & {key.connector for key in (line.source, line.sink) if key})
    return tuple(sorted(found, key=_order))


def _order(line: Line) -> tuple[str, ...]:
    return (*(line.source or ("\U0010ffff", "")), line.topic, *(line.sink or ("\U0010ffff", "")), str(line.table or ""))


def _lines(topology: Topology) -> Iterator[Line]:
    writers = {topic: key for key, other in topology.others.items() for topic in other.topics}
    for route in topology.routes:
        yield _of_route(route, topology.sinks[route.sink], writers.get(route.topic))
    read = {(route.source, route.topic) for route in topology.routes}
    for outlet in topology.outlets:
        if (outlet.source, outlet.topic) not in read:
            yield Line(outlet.source, outlet.table, outlet.certain, outlet.topic)
    yield from _idle(topology)


def _of_route(route: Route, sink: SinkLink, other: ConnectorKey | None) -> Line:
    return Line(
        source=route.source or other,
        table=route.table,
        certain=route.certain,
        topic=route.topic,
        sink=route.sink,
        target=route.target,
        place=sink.address or sink.target,
        added=route.columns.added,
        notes=tuple(dict.fromkeys((*route.notes, *route.columns.doubts))),
    )


def _idle(topology: Topology) -> Iterator[Line]:
    """Connectors of which no topic is known."""
    shown = {key for route in topology.routes for key in (route.source, route.sink)}
    shown |= {outlet.source for outlet in topology.outlets}
    for key in topology.sources.keys() - shown:
        yield Line(key, None, True, "")
    for key in topology.sinks.keys() - shown:
        yield Line(None, None, True, "", key, None, topology.sinks[key].address or topology.sinks[key].target)
    read = {route.topic for route in topology.routes}
    for key, other in topology.others.items():
        for topic in sorted(other.topics - read) if other.topics else [""]:
            yield Line(key, None, True, topic)


def table(found: Iterable[Line], several_clusters: bool) -> Table:
    """One line for each; the cluster before a connector's name only where there are several."""
    drawn = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for header in ("SOURCE", "TABLE", "TOPIC", "SINK", "TARGET", "AT"):
        drawn.add_column(header, overflow="fold")

    def name(key: ConnectorKey | None) -> str:
        return "" if key is None else f"{key.cluster}/{key.connector}" if several_clusters else key.connector

    for line in found:
        drawn.add_row(
            cell(name(line.source) or UNKNOWN, "" if line.source else "dim"),
            cell(_table_words(line), "" if line.table else "dim"),
            cell(line.topic or NO_TOPIC, "" if line.topic else "dim"),
            cell(name(line.sink) or NOBODY, "" if line.sink else "dim"),
            cell(_target_words(line), "" if line.target else "dim"),
            cell(line.place),
        )
    return drawn


def _table_words(line: Line) -> str:
    if line.table is None:
        return UNKNOWN if line.topic else ""
    return str(line.table) if line.certain else f"{line.table} (by its name)"


def _target_words(line: Line) -> str:
    if line.target or line.sink is None:
        return str(line.target or "")
    return UNKNOWN if line.topic else ""


def notes(topology: Topology, found: Iterable[Line]) -> tuple[tuple[ConnectorKey, str], ...]:
    """What cannot be told, by connector, of the connectors on these lines."""
    told: dict[tuple[ConnectorKey, str], None] = {}
    found = tuple(found)
    for key in dict.fromkeys(key for line in found for key in (line.source, line.sink) if key):
        for link in (topology.sources.get(key), topology.sinks.get(key)):
            told |= {(key, note): None for note in (link.notes if link else ())}
        if other := topology.others.get(key):
            told[
                key,
                f"{other.kind or 'a connector without a class'} is not followed: which tables it reads is not known",
            ] = None
    for line in found:
        for note in line.notes:
            told[line.sink or line.source or ConnectorKey("", ""), f"{line.topic}: {note}"] = None
    return tuple(told)


def document(topology: Topology, found: Iterable[Line]) -> Document:
    """Routes of these lines, and the connectors on them."""
    found = tuple(found)
    keys = {key for line in found for key in (line.source, line.sink) if key}
    return {
        "sources": [_source(link) for key, link in sorted(topology.sources.items()) if key in keys],
        "sinks": [_sink(link) for key, link in sorted(topology.sinks.items()) if key in keys],
        "others": [
            {**_key(key), "class": other.kind, "topics": sorted(other.topics)}
            for key, other in sorted(topology.others.items())
            if key in keys
        ],
        "routes": [_route(line) for line in found if line.topic],
    }


def _key(key: ConnectorKey) -> Document:
    return {"connect_cluster": key.cluster, "connector": key.connector}


def _source(link: SourceLink) -> Document:
    return {
        **_key(link.key),
        "kind": link.kind,
        "topic_prefix": link.prefix,
        "database": link.address,
        "schema_change_topic": link.schema_topic or None,
        "history_topic": link.history_topic or None,
        "notes": list(link.notes),
    }


def _sink(link: SinkLink) -> Document:
    settings, jdbc = link.settings, bool(link.settings.connector)
    of_tables = {
        "insert_mode": settings.insert_mode,
        "creates_tables": settings.creates_tables,
        "adds_columns": settings.adds_columns,
        "key_mode": settings.key_mode,
        "key_fields": list(settings.key_fields),
        "delete_enabled": settings.delete_enabled,
        "quote_identifiers": settings.quote_identifiers,
    }
    return {
        **_key(link.key),
        "kind": settings.connector or link.target,
        "topics": list(link.topics),
        "topics_regex": link.pattern.text if link.pattern else None,
        "target": link.address or link.target or None,
        "database": link.database or None,
        **(of_tables if jdbc else dict.fromkeys(of_tables)),
        "notes": list(link.notes),
    }


def _route(line: Line) -> Document:
    source, sink = line.source, line.sink
    return {
        "source_cluster": source.cluster if source else None,
        "source": source.connector if source else None,
        "table": str(line.table) if line.table else None,
        "table_is_certain": line.certain if line.table else None,
        "topic": line.topic,
        "sink_cluster": sink.cluster if sink else None,
        "sink": sink.connector if sink else None,
        "target_table": str(line.target) if line.target else None,
        "target": line.place or None,
        "added_columns": list(line.added),
        "notes": list(line.notes),
    }
