"""PURE: everything that is known of the connectors → how they hang together."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from watchdog.model import ConnectorConfig, ConnectorKey, TableId
from watchdog.topology.columns import Course
from watchdog.topology.nouns import OtherLink, Outlet, Route, SinkLink, SourceLink, Topology
from watchdog.topology.outlets import Way, backwards, forwards, is_of_tables
from watchdog.topology.routes import route_of
from watchdog.topology.sinks import sink_of
from watchdog.topology.sources import source_of

TRIES_MAX = 500
"""Topics whose table is looked for backwards at sources that rename: the costly part."""
TABLES_MAX = 200_000
"""Tables of databases that are sent through the transforms of sources that rename."""

Tables = Mapping[str, Iterable[TableId]]


def by_prefix(tables: Iterable[tuple[str, TableId]]) -> dict[str, list[TableId]]:
    """Keys of Debezium's history → its tables by `topic.prefix`, as `derive` takes them."""
    found: dict[str, list[TableId]] = {}
    for prefix, table in sorted(tables):
        found.setdefault(prefix, []).append(table)
    return found


def derive(
    configs: Iterable[ConnectorConfig],
    used: Mapping[ConnectorKey, frozenset[str]],
    *,
    tables_of: Tables = {},  # noqa: B006 — never changed
    tables_at: Tables = {},  # noqa: B006
    kafka_of: Mapping[str, str] = {},
) -> Topology:
    """`used`: the topics that Connect saw each connector use; they settle what configurations leave open.

    What else is known settles more: `tables_of` are tables by the `topic.prefix` of the source that knows them (from
    its history), `tables_at` those by the database's `host:port`. `kafka_of` names the Kafka cluster behind each
    Connect cluster; without it they all share one.
    """
    configs = tuple(configs)
    sources = {source.key: source for config in configs if (source := source_of(config))}
    sinks = {sink.key: sink for config in configs if (sink := sink_of(config))}
    kafkas: dict[str, _Kafka] = defaultdict(_Kafka)

    def kafka(key: ConnectorKey) -> _Kafka:
        return kafkas[kafka_of.get(key.cluster, "")]

    for key, source in sources.items():
        kafka(key).add_source(source)
    for key, topics in used.items():
        kafka(key).topics |= topics
    known = _Known(tables_of, tables_at)
    for key, source in sources.items():
        kafka(key).learn(source, used.get(key, frozenset()), known)
    by_sink = {key: tuple(kafka(key).routes(sink, used.get(key, frozenset()))) for key, sink in sinks.items()}
    return Topology(
        sources={key: kafka(key).noted(source) for key, source in sources.items()},
        sinks=sinks,
        routes=tuple(route for routes in by_sink.values() for route in routes),
        outlets=tuple(way.outlet for each in kafkas.values() for ways in each.ways.values() for way in ways),
        others=_others(configs, used, sources.keys() | sinks.keys()),
        _by_sink=by_sink,
    )


def _others(
    configs: Iterable[ConnectorConfig], used: Mapping[ConnectorKey, frozenset[str]], known: Set[ConnectorKey]
) -> dict[ConnectorKey, OtherLink]:
    found = ((ConnectorKey(config.cluster, config.name), config.get("connector.class")) for config in configs)
    return {key: OtherLink(key, kind, used.get(key, frozenset())) for key, kind in found if key not in known}


@dataclass(slots=True)
class _Known:
    tables_of: Tables
    tables_at: Tables
    left: int = TABLES_MAX

    def tables(self, source: SourceLink) -> Iterator[TableId]:
        yield from source.named_tables
        if source.prefix in self.tables_of:
            yield from self.tables_of[source.prefix]
        elif source.renames_topics:
            for table in self.tables_at.get(source.address, ()):
                if self.left > 0:
                    self.left -= 1
                    yield table


@dataclass(slots=True)
class _Kafka:
    """The sources that write to one Kafka cluster, and the ways of its topics."""

    sources: dict[ConnectorKey, SourceLink] = field(default_factory=dict)
    topics: set[str] = field(default_factory=set)
    ways: dict[str, list[Way]] = field(default_factory=lambda: defaultdict(list))
    _by_start: dict[str, SourceLink] = field(default_factory=dict)
    _notes: dict[ConnectorKey, list[str]] = field(default_factory=lambda: defaultdict(list))
    _tries: int = TRIES_MAX
    _sorted: list[str] = field(default_factory=list)

    def add_source(self, source: SourceLink) -> None:
        self.sources[source.key] = source
        if source.prefix:
            self._by_start.setdefault(source.prefix + source.delimiter, source)

    def learn(self, source: SourceLink, used: frozenset[str], known: _Known) -> None:
        """The ways of one source: those of tables that are known, then those of topics that it was seen to use."""
        own = set()
        for found in forwards(source, known.tables(source)):
            if isinstance(found, Way):
                self._add(found)
                own.add(found.outlet.topic)
            else:
                self._note(source, found)
        for topic in sorted(used - own):
            if is_of_tables(source, topic):
                self._add(self._backwards(source, topic))

    def noted(self, source: SourceLink) -> SourceLink:
        notes = self._notes.get(source.key)
        return replace(source, notes=tuple(dict.fromkeys((*source.notes, *notes)))) if notes else source

    def routes(self, sink: SinkLink, used: frozenset[str]) -> Iterator[Route]:
        for topic in sorted(self._read_by(sink, used)):
            ways = self.ways.get(topic) or self._found_late(topic)
            if not ways:
                yield route_of(topic, sink, None, None)
            for way in ways:
                yield route_of(topic, sink, self.sources[way.outlet.source], way)

    def _read_by(self, sink: SinkLink, used: frozenset[str]) -> set[str]:
        if sink.pattern is None:
            return set(sink.topics)
        if sink.pattern.unreadable:
            return {*used, *sink.topics}
        if len(self._sorted) != len(self.topics):
            self._sorted = sorted(self.topics)
        found, start = set(sink.topics), sink.pattern.prefix
        at = bisect_left(self._sorted, start)
        while at < len(self._sorted) and self._sorted[at].startswith(start):
            if sink.pattern.matches(self._sorted[at]):
                found.add(self._sorted[at])
            at += 1
        return found

    def _found_late(self, topic: str) -> list[Way]:
        """A topic that only a sink names: the source with the longest prefix that it starts with writes it, else the
        only one whose transforms can make it."""
        if source := self._writer_by_name(topic):
            ways = [self._backwards(source, topic)] if is_of_tables(source, topic) else []
        else:
            renaming = [source for source in self.sources.values() if source.renames_topics]
            tried = [self._backwards(each, topic) for each in renaming if self._tries > 0 and is_of_tables(each, topic)]
            ways = [way for way in tried if way.outlet.table]
            ways = ways if len(ways) == 1 else []
        for way in ways:
            self._add(way)
        return ways

    def _writer_by_name(self, topic: str) -> SourceLink | None:
        starts = (topic[:end] for end in range(len(topic), 0, -1))
        return next((self._by_start[start] for start in starts if start in self._by_start), None)

    def _backwards(self, source: SourceLink, topic: str) -> Way:
        if source.renames_topics:
            if self._tries <= 0:
                self._note(source, "more topics are renamed than are worked out backwards at a time")
                return Way(Outlet(source.key, topic, None, False), Course(topic))
            self._tries -= 1
        way = backwards(source, topic)
        if way.outlet.table is None:
            self._note(source, f"which table {topic} is of cannot be told from its name")
        return way

    def _note(self, source: SourceLink, note: str) -> None:
        if len(self._notes[source.key]) < 10:
            self._notes[source.key].append(note)

    def _add(self, way: Way) -> None:
        self.topics.add(way.outlet.topic)
        known = self.ways[way.outlet.topic]
        if all(other.outlet != way.outlet for other in known[:1000]):
            known.append(way)
