"""One table as the five places that must agree on it have it → what is different, and what comes of each difference.

The places are the live source table, what Debezium believes, the records of the topic, what the consumers were promised
and the live target tables. A place that cannot be seen says why; it is never taken for one where the table is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from watchdog.compare.consumers import Judged
from watchdog.compare.tables import Difference
from watchdog.model import ConnectorKey, Severity, TableId, TableSchema

_ORDER = (Severity.BREAKING, Severity.RISKY, Severity.SAFE)


class Place(StrEnum):
    SOURCE = "source"
    DEBEZIUM = "debezium"
    TOPIC = "topic"
    REGISTRY = "registry"
    SINK = "sink"


class Standing(StrEnum):
    """Whether a difference is there to stay. The values are part of what `watchdog drift -o json` prints."""

    DRIFT = "drift"
    UNLOGGED = "unlogged"
    """Debezium has read past the moment at which the table already was like this, and no statement told it."""
    PENDING = "pending"
    """What is under way will make it even, or cannot be told from what is not."""


@dataclass(frozen=True, slots=True)
class View:
    """How one place has the table; `shape` is None where it cannot be seen, and `why_not` says why."""

    place: Place
    where: str
    """Such as `127.0.0.1:3306`, a topic, or `dw-sink → dw.orders at 127.0.0.1:3307`."""
    shape: TableSchema | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference between two places."""

    between: tuple[Place, Place]
    difference: Difference
    standing: Standing
    judged: tuple[Judged, ...]
    why: str = ""
    """What the standing is concluded from."""

    @property
    def severity(self) -> Severity:
        return worst(one.severity for one in self.judged)

    @property
    def is_drift(self) -> bool:
        return self.severity is not Severity.SAFE and self.standing is not Standing.PENDING


@dataclass(frozen=True, slots=True)
class TableDrift:
    """One captured table."""

    source: ConnectorKey
    table: TableId
    views: tuple[View, ...]
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """Of what is drift; what is pending counts when it is over."""
        return worst(gap.severity for gap in self.gaps if gap.standing is not Standing.PENDING)


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Every captured table that was asked for, and what could not be looked at."""

    tables: tuple[TableDrift, ...] = ()
    problems: tuple[str, ...] = ()
    known: tuple[TableId, ...] = ()
    """Every table that a pattern could have named."""

    @property
    def drifted(self) -> bool:
        return any(gap.is_drift for table in self.tables for gap in table.gaps)

    @property
    def severities(self) -> Mapping[Severity, int]:
        return {each: sum(table.severity is each for table in self.tables) for each in _ORDER}


def is_named(table: TableId, patterns: Collection[str]) -> bool:
    """By its name or by a glob of names; by none at all every table is."""
    name = str(table)
    return not patterns or any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def worst(severities: Iterable[Severity]) -> Severity:
    return min(severities, key=_ORDER.index, default=Severity.SAFE)
