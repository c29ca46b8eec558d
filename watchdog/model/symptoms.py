"""What is seen to be wrong, before anything is known of why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watchdog.model.connect import ConnectorKey


class Code(StrEnum):
    """What kind of finding it is. The first two are Connect's own word; with the others nothing is FAILED."""

    CONNECTOR_FAILED = "connector-failed"
    TASK_FAILED = "task-failed"
    UNLOGGED_CHANGE = "unlogged-change"
    """A table is not as Debezium believes, and no statement in the binlog made it so."""
    DDL_SKIPPED = "ddl-skipped"
    """Debezium passed by a statement that it could not parse."""
    TABLES_DIFFER = "tables-differ"
    """Source and target differ in a way that will break the sink or lose data."""
    NULLS_WRITTEN = "nulls-written"
    """A sink fills a column with NULL that the source no longer has."""
    STALLED = "stalled"
    """RUNNING, and does not move."""
    DRIFT_HIDDEN = "drift-hidden"
    """A setting makes the connector pass over what does not fit."""
    HISTORY_TOPIC_UNSAFE = "history-topic-unsafe"
    NEW_SNAPSHOT = "new-snapshot"
    RETENTION_SHORT = "retention-short"
    """What a stuck connector still needs will soon be gone, or is."""
    UNASSIGNED = "unassigned"
    """No worker runs it, for longer than a rebalance takes."""
    CONFIG_SUSPICIOUS = "config-suspicious"
    """The configuration makes the worker run or fetch what somebody else chose."""

    @property
    def is_failure(self) -> bool:
        return self in (Code.CONNECTOR_FAILED, Code.TASK_FAILED)


class Severity(StrEnum):
    BREAKING = "breaking"
    """Something fails, or loses data."""
    RISKY = "risky"
    """Something may, depending on what comes."""
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Symptom:
    code: Code
    key: ConnectorKey
    task: int | None
    trace: str
