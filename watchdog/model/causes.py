"""Why something is wrong: what a trace says, and what all other evidence adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchdog.model.probes import Proof
from watchdog.model.tables import SchemaChange, TableId, TopicPartition


class Category(StrEnum):
    SCHEMA_DRIFT = "SCHEMA_DRIFT"
    DDL_PARSE = "DDL_PARSE"
    HISTORY_LOST = "HISTORY_LOST"
    BINLOG_GAP = "BINLOG_GAP"
    REGISTRY = "REGISTRY"
    REGISTRY_INCOMPATIBLE = "REGISTRY_INCOMPATIBLE"
    CONNECTIVITY = "CONNECTIVITY"
    AUTH = "AUTH"
    CONFIG = "CONFIG"
    RESOURCE = "RESOURCE"
    DATA = "DATA"
    UNKNOWN = "UNKNOWN"


class Advice(StrEnum):
    """Does a restart help?"""

    NO = "no"
    AFTER_FIX = "after-fix"
    ONCE = "once"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Cause:
    """What a trace says: the catalogue entry (`signature`) that knows the innermost message, or the family."""

    category: Category
    restart: Advice
    message: str
    """The innermost cause, one line, without stack frames."""
    summary: str = ""
    fix: str = ""
    signature: str = ""
    schema_drift: str = "no"
    """yes, no or maybe."""
    groups: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that is known about why, at the moment. It replaces the one before as evidence comes in."""

    cause: Cause
    table: TableId | None = None
    target: TableId | None = None
    target_address: str = ""
    columns: tuple[str, ...] = ()
    change: SchemaChange | None = None
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()
    stuck: Mapping[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    """First and last offset of the records that the sink cannot take, by topic-partition."""
    remedied: bool | None = None
    """Whether the remedy was observed to hold; None: cannot be told from here."""
    remedy: str = ""
    """What must become true, in words."""
    way_out: str = ""
    """What a person can do: for a missing column the exact ALTER for the target."""
    other_ways: tuple[str, ...] = ()
    """What else a person can do, each with what it costs."""
    proofs: tuple[Proof, ...] = ()
    """What was asked to tell whether the remedy holds, and what it said."""
    renewed: str = ""
    """What changed since the failure and is worth one try, where no probe can tell whether it helps."""
