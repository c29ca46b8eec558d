"""What is concluded from an observation, and what is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from watchdog.model.connect import ConnectorKey
from watchdog.model.probes import Offsets, Proof
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


class Phase(StrEnum):
    """Where an incident's workflow stands; each step is journaled."""

    OPEN = "open"
    RESTARTING = "restarting"
    VERIFYING = "verifying"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    RECOVERED = "recovered"
    """By us: a restart of ours, verified."""
    RECOVERED_NOT_BY_US = "recovered-not-by-us"
    GONE = "gone"
    """The connector was deleted."""


class Verdict(StrEnum):
    RESTART = "restart"
    RESUME = "resume"
    HOLD = "hold"
    BACK_OFF = "back-off"
    PROPOSE = "propose"
    """It would be done, once a person approves."""
    VERIFY = "verify"
    WAIT = "wait"
    EXHAUSTED = "exhausted"
    LEAVE_ALONE = "leave-alone"
    RECOVERED = "recovered"


class CallResult(StrEnum):
    """How a call to Connect ended. UNKNOWN: no answer; it may or may not have been carried out."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CONFLICT = "conflict"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One restart: the intent, the answer and whether it helped. `helped` is None until that is known."""

    number: int
    intent_at: datetime
    by: str
    """`watchdog`, or `request` when a person asked for it."""
    result: CallResult = CallResult.PENDING
    answered_at: datetime | None = None
    detail: str = ""
    helped: bool | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """How long what a stuck connector still needs will be there."""

    name: str
    """`binlog`, `topic` or `group-offsets`."""
    where: str
    """The database's `host:port`, the topic-partition, or the consumer group."""
    left_seconds: float | None
    """None: no limit is set. Zero or less: it is gone."""
    detail: str = ""


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


@dataclass(frozen=True, slots=True)
class Incident:
    id: str
    key: ConnectorKey
    opened_at: datetime
    failed_at: datetime
    """When the failure that is looked at now was first seen, by our clock; what was read before proves nothing."""
    diagnosis: Diagnosis
    trace: str = ""
    connect_failed_at: datetime | None = None
    """Connect's own time of it, where its status topic told."""
    phase: Phase = Phase.OPEN
    tasks: tuple[int, ...] = ()
    """Failed tasks; empty when the connector itself failed."""
    baseline: Offsets = Offsets()
    """The offsets when the failure was first looked at: recovery has to move past them."""
    attempts: tuple[Attempt, ...] = ()
    verifying_since: datetime | None = None
    running_since: datetime | None = None
    not_failed_seen: bool = False
    """Since the last restart call some state other than FAILED was seen."""
    verdict: Verdict = Verdict.HOLD
    reason: str = ""
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    reopened: int = 0
    merged_into: str | None = None
    config_fingerprint: str = ""
    """Of the configuration that failed."""
    counted_as_drift: bool = False
    conflicts: int = 0
    """409 answers in a row."""
    not_before: datetime | None = None
    """Connect was rebalancing: no call before this."""
    code: Code = Code.TASK_FAILED
    subject: str = ""
    """What a finding is about within its connector; empty for a failure."""
    severity: Severity = Severity.BREAKING
    touched_at: datetime | None = None
    """When somebody else last did something to the connector that may help: a restart, an edit, …"""
    touched: str = ""
    clocks: tuple[Clock, ...] = ()
    workflow: str = ""
    """The kind of the workflow of ours that was done for it, such as `quarantine`."""
    counted_from: int = 0
    """Attempts before this one do not count any more: a person let it begin again."""
    approved_at: datetime | None = None
    """A person let the restart go that was proposed; used up by it."""
    recovered_at: datetime | None = None
    """It is well itself, and stays open until its members are."""
    resume_sent_at: datetime | None = None
    silenced_until: datetime | None = None
    """Nobody is called before, because a person said so."""
    silence_holds: bool = False
    """Nothing is done meanwhile either."""
    muted: str = ""
    """Why nobody is called now; empty when somebody may be."""

    @property
    def open(self) -> bool:
        return self.phase is not Phase.RESOLVED

    @property
    def schema_drift(self) -> bool:
        return self.diagnosis.cause.category in (Category.SCHEMA_DRIFT, Category.REGISTRY_INCOMPATIBLE)

    @property
    def counted(self) -> tuple[Attempt, ...]:
        """The attempts that count towards giving up."""
        return self.attempts[self.counted_from :]

    @property
    def useless_restarts(self) -> int:
        return sum(attempt.helped is False for attempt in self.counted)


@dataclass(frozen=True, slots=True)
class Action:
    """A call to be made: `restart` (failed tasks only unless `whole`), `resume` or `pause`."""

    verb: str
    key: ConnectorKey
    incident_id: str = ""
    request_id: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Always with a reason, also when nothing is done. `action` is None unless the verdict acts."""

    incident_id: str
    verdict: Verdict
    reason: str
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    action: Action
    result: CallResult
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for through the CLI; the running loop carries it out. `verb`: restart, resume, pause,
    approve, silence, apply, applied."""

    id: str
    verb: str
    key: ConnectorKey
    at: datetime
    state: str = "waiting"
    """waiting, sent, accepted, refused or unknown"""
    detail: str = ""
    conflicts: int = 0
    """409 answers so far."""
    not_before: datetime | None = None
    """Connect was rebalancing: it is asked again, but not before this."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What else was given, as JSON."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the audit: append-only."""

    at: datetime
    incident_id: str
    kind: str
    """opened, diagnosed, decided, intent, answer, verified, resolved, reopened, request, step, silence, circuit,
    note"""
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """The same for machines, and what was seen when it was decided."""
    key: ConnectorKey | None = None
