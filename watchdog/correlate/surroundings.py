"""What a failure is looked at with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from watchdog.history import SchemaHistory
from watchdog.model import (
    Category,
    ConnectorConfig,
    DatabaseColumns,
    Probe,
    Progress,
    Proof,
    SubjectsView,
    TableSchema,
)
from watchdog.target_history import TargetHistory
from watchdog.topology import Route, Topology

DRIFT = (Category.SCHEMA_DRIFT, Category.REGISTRY_INCOMPATIBLE, Category.DDL_PARSE)
# A trace that says nothing, or only that a record is bad, may hide a drift that the records show.
MAY_BE_DRIFT = (*DRIFT, Category.DATA, Category.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a failure is looked at with."""

    topology: Topology
    history: SchemaHistory
    databases: Mapping[str, DatabaseColumns]
    probe: Probe | None
    since: datetime
    """When the failure was first seen here: what was read before that proves nothing."""
    targets: TargetHistory = TargetHistory()
    subjects: SubjectsView | None = None
    """What the registry holds for the connector's cluster; None where none is configured."""
    progress: Progress | None = None
    """The connector's stored offsets."""
    config: ConnectorConfig | None = None
    proofs: tuple[Proof, ...] = ()
    """What the probes said a tick ago."""
    useless_restarts: int = 0


def live_target(route: Route, around: Surroundings) -> TableSchema | None:
    """The target's columns, when they were read since the failure."""
    database = around.databases.get(route.target_address)
    if database is None or database.error or database.at < around.since or route.target is None:
        return None
    return database.tables.get(route.target)


def bare(name: str) -> str:
    """A name as a trace spells it, without its quotes and case."""
    return name.replace("`", "").replace('"', "").lower()
