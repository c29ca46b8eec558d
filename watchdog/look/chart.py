"""Shell: every Connect cluster, asked once → how the connectors hang together, and what could not be asked.

Databases are asked for their tables only when a source renames topics, and nothing else can tell which table is
behind one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from watchdog.errors import PortError
from watchdog.look.used_topics import used_topics
from watchdog.model import ConnectorConfig, ConnectorKey, TableId
from watchdog.ports import Connect, Database, StatusFeed
from watchdog.topology import Topology, derive


@dataclass(frozen=True, slots=True)
class Place:
    """One Connect cluster. `kafka` names the Kafka cluster behind it; empty: it is not told."""

    connect: Connect
    statuses: StatusFeed | None = None
    kafka: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    topology: Topology
    unseen: tuple[str, ...] = ()
    """What could not be asked, and why."""


def chart(
    places: Sequence[Place], databases: Sequence[Database], monotonic: Callable[[], float] = time.monotonic
) -> Chart:
    """Raises `PortError` when no cluster answers."""
    configs: list[ConnectorConfig] = []
    used: dict[ConnectorKey, frozenset[str]] = {}
    unseen: list[str] = []
    errors: list[PortError] = []
    for place in places:
        try:
            found = tuple(place.connect.configs().values())
            used |= used_topics(place.connect, place.statuses, found, unseen.append, monotonic)
            configs += found
        except PortError as error:
            errors.append(error)
            unseen.append(f"Connect cluster {place.connect.name}: {error}")
    if errors and len(errors) == len(places):
        raise errors[0]
    kafka_of = {place.connect.name: place.kafka for place in places}
    topology = derive(configs, used, kafka_of=kafka_of)
    wanted = {source.address for source in topology.sources.values() if source.renames_topics}
    tables = _tables([each for each in databases if each.address in wanted], unseen)
    if tables:
        topology = derive(configs, used, tables_at=tables, kafka_of=kafka_of)
    return Chart(topology, tuple(unseen))


def kafkas(servers_of: Mapping[str, str]) -> dict[str, str]:
    """Connect clusters with their bootstrap servers → a name for the Kafka cluster behind each. Lists that share a
    server are one Kafka; clusters without servers share the others' as long as there is only one."""
    groups: list[set[str]] = []
    for servers in servers_of.values():
        if own := _servers(servers):
            joined = [group for group in groups if group & own]
            groups = [group for group in groups if group not in joined] + [own.union(*joined)]
    only = min(groups[0]) if len(groups) == 1 else ""
    return {
        name: next((min(group) for group in groups if group & _servers(servers)), only)
        for name, servers in servers_of.items()
    }


def _servers(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(",") if part.strip()}


def _tables(databases: Iterable[Database], unseen: list[str]) -> dict[str, tuple[TableId, ...]]:
    tables: dict[str, tuple[TableId, ...]] = {}
    for database in databases:
        try:
            tables[database.address] = tuple(database.columns().tables)
        except PortError as error:
            unseen.append(f"database {database.address}: {error}")
    return tables
