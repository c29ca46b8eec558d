"""Shell: one look through the ports → all that a comparison of the five places needs. Nothing is written or changed.

The order is part of it. The columns are read before the sources' offsets, and these before the history: what Debezium
believes is then at least as new as the offset, and the offset says whether it had read up to the moment of the columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from watchdog.compare import Look
from watchdog.contracts.subjects import subjects_of
from watchdog.errors import PortError
from watchdog.history import SchemaHistory, absorb
from watchdog.look.used_topics import used_topics
from watchdog.model import (
    ConnectorConfig,
    ConnectorKey,
    ConnectorStatus,
    DatabaseColumns,
    LatestRecord,
    SourceOffset,
    State,
    Subject,
    TableId,
    TopicPartition,
    split_partition,
)
from watchdog.observe import ClusterPorts
from watchdog.ports import Connect, Database, Records, Registry, SchemaFeed
from watchdog.progress import source_offset
from watchdog.topology import SourceLink, Topology, derive
from watchdog.topology.derive import by_prefix

READ_SECONDS = 0.5
HISTORY_SECONDS_MAX = 120.0
QUIET_SECONDS_MAX = 5.0
"""A history that brings nothing for so long is not read on: its last offsets may be a transaction's markers."""

Say = Callable[[str], None]


@dataclass(slots=True)
class _Seen:
    """What is gathered on the way."""

    configs: list[ConnectorConfig] = field(default_factory=list)
    statuses: dict[ConnectorKey, ConnectorStatus] = field(default_factory=dict)
    used: dict[ConnectorKey, frozenset[str]] = field(default_factory=dict)
    kafka_of: dict[str, str] = field(default_factory=dict)
    databases: dict[str, DatabaseColumns] = field(default_factory=dict)
    history: SchemaHistory = SchemaHistory()
    unread: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ports:
    """What is looked through; both mappings are by Connect cluster."""

    clusters: Mapping[str, ClusterPorts]
    databases: Sequence[Database] = ()
    registries: Mapping[str, Sequence[Registry]] = field(default_factory=dict)


def survey(ports: Ports, wanted: Callable[[TableId], bool], say: Say, now: datetime) -> tuple[Look, tuple[str, ...]]:
    """What was seen, and what could not be. `wanted`: the tables whose newest rows are looked at; `say` is told what is
    being read. Raises `PortError` when no Connect cluster answers."""
    seen, clusters = _Seen(), ports.clusters
    _ask_connect(clusters, seen, say)
    _read_columns(ports.databases, seen, say, now)
    offsets = _offsets(clusters, _derived(seen), seen, say)
    for name, each in clusters.items():
        if each.schemas and each.records:
            _read_history(name, each.schemas, each.records, _derived(seen), seen, say)
    topology = _derived(seen)
    topics = {name: _topics(topology, name, wanted) for name in clusters}
    latest = _latest(clusters, topics, seen, say)
    subjects = _subjects(ports.registries, topics, seen, say)
    idle = {key: why for key, status in seen.statuses.items() if (why := _idle(status))}
    look = Look(topology, seen.history, seen.databases, offsets, idle, latest, subjects, seen.unread)
    return look, tuple(seen.problems)


def _ask_connect(clusters: Mapping[str, ClusterPorts], seen: _Seen, say: Say) -> None:
    errors: list[PortError] = []
    for name, ports in clusters.items():
        say(f"asking Connect cluster {name}")
        try:
            seen.statuses |= {status.key: status for status in ports.connect.poll().connectors.values()}
            configs = tuple(ports.connect.configs().values())
        except PortError as error:
            errors.append(error)
            seen.problems.append(f"Connect cluster {name}: {error}")
            continue
        seen.configs += configs
        seen.used |= used_topics(ports.connect, ports.statuses, configs, seen.problems.append)
        seen.kafka_of[name] = ports.kafka
    if errors and len(errors) == len(clusters):
        raise errors[0]


def _read_columns(databases: Sequence[Database], seen: _Seen, say: Say, now: datetime) -> None:
    for database in databases:
        say(f"reading the columns of {database.address}")
        try:
            seen.databases[database.address] = database.columns()
        except PortError as error:
            seen.problems.append(f"database {database.address}: {error}")
            columns = DatabaseColumns(database.address, now, error=str(error))
            seen.databases[database.address] = columns


def _derived(seen: _Seen) -> Topology:
    tables_at = {address: columns.tables.keys() for address, columns in seen.databases.items()}
    tables_of = by_prefix(seen.history.tables)
    return derive(seen.configs, seen.used, tables_of=tables_of, tables_at=tables_at, kafka_of=seen.kafka_of)


def _offsets(
    clusters: Mapping[str, ClusterPorts], topology: Topology, seen: _Seen, say: Say
) -> dict[ConnectorKey, SourceOffset | None]:
    say("reading the sources' offsets")
    return {key: _offset(clusters[key.cluster].connect, source, seen) for key, source in topology.sources.items()}


def _offset(connect: Connect, source: SourceLink, seen: _Seen) -> SourceOffset | None:
    try:
        return source_offset(connect.offsets(source.key.connector).source, source.prefix)
    except PortError as error:
        seen.problems.append(f"the offset of {source.key.connector}: {error}")
        return None


# ── Kafka ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_history(name: str, feed: SchemaFeed, records: Records, topology: Topology, seen: _Seen, say: Say) -> None:
    """What each source believes, from the first record of its topics to the last that was there when it was asked."""
    topics = topology.schema_topics(name)
    if not topics:
        return
    say(f"reading {', '.join(sorted(topics))}")
    try:
        _, ends, _ = records.waiting({}, list(topics), 0)
        feed.follow(topics, {})
        left = _read_to(feed, {where: end for where, end in ends.items() if end}, topology, seen)
    except PortError as error:
        seen.unread |= dict.fromkeys(topics, str(error))
        seen.problems.append(f"what Debezium believes ({name}): {error}")
        return
    seen.unread |= {topic: "there is no such topic" for topic in topics if f"{topic}-0" not in ends}
    seen.unread |= {split_partition(where)[0]: "it was not read to its end in time" for where in left}


def _read_to(
    feed: SchemaFeed, ends: Mapping[TopicPartition, int], topology: Topology, seen: _Seen
) -> Iterable[TopicPartition]:
    """The partitions that were not read to their ends."""
    left, deadline, quiet_since = dict(ends), time.monotonic() + HISTORY_SECONDS_MAX, time.monotonic()
    while left and time.monotonic() < min(deadline, quiet_since + QUIET_SECONDS_MAX):
        tailed = feed.read(READ_SECONDS)
        if tailed.positions:
            quiet_since = time.monotonic()
        seen.problems += [f"{where} is no schema change and is left out: {why}" for where, why in tailed.unreadable]
        for record in tailed.records:
            seen.history, _ = absorb(seen.history, record, _captures(topology))
        left = {where: end for where, end in left.items() if tailed.positions.get(where, 0) < end}
    return left


def _captures(topology: Topology) -> Callable[[str, TableId], bool]:
    def captures(prefix: str, table: TableId) -> bool:
        source = topology.source_of_prefix(prefix)
        return source is not None and source.captures(table)

    return captures


def _topics(topology: Topology, cluster: str, wanted: Callable[[TableId], bool]) -> list[str]:
    """Of the tables that are wanted, written by that Connect cluster's sources."""
    routes = [(route.source, route.topic, route.table) for route in topology.routes]
    outlets = [(outlet.source, outlet.topic, outlet.table) for outlet in topology.outlets]
    return sorted(
        {
            topic
            for source, topic, table in (*routes, *outlets)
            if source and source.cluster == cluster and table and wanted(table)
        }
    )


def _latest(
    clusters: Mapping[str, ClusterPorts], topics_of: Mapping[str, list[str]], seen: _Seen, say: Say
) -> dict[str, LatestRecord]:
    found: dict[str, LatestRecord] = {}
    for name, ports in clusters.items():
        if not (topics := topics_of[name]):
            continue
        if ports.records is None:
            seen.unread |= dict.fromkeys(topics, "no Kafka bootstrap servers are configured")
            continue
        say(f"reading the newest rows of {len(topics)} topics")
        try:
            latest, unread = ports.records.latest(topics)
        except PortError as error:
            seen.problems.append(f"the rows in the topics of {name}: {error}")
            latest, unread = {}, dict.fromkeys(topics, f"not visible: {error}")
        found |= latest
        seen.unread |= unread
    return found


def _subjects(
    registries: Mapping[str, Sequence[Registry]], topics_of: Mapping[str, list[str]], seen: _Seen, say: Say
) -> dict[str, Subject]:
    """By topic. A registry that does not answer is asked no more."""
    found: dict[str, Subject] = {}
    for name, serving in registries.items():
        for registry in serving:
            say(f"asking the registry {registry.name}")
            try:
                there = frozenset(registry.subjects())
                for topic in topics_of[name]:
                    subject = next((each for each in subjects_of(topic) if each in there), None)
                    if subject and (latest := registry.latest(subject)):
                        found.setdefault(topic, latest)
            except PortError as error:
                seen.problems.append(f"the registry {registry.name}: {error}")
    return found


def _idle(status: ConnectorStatus) -> str:
    """Why it reads nothing now, in Connect's words; empty while it runs."""
    if status.state is not State.RUNNING:
        return status.state.value
    return next((task.state.value for task in status.tasks if task.state is not State.RUNNING), "")
