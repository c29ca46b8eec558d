"""One problem of one connector, from its first failure to the proof that it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watchdog.model.causes import Category, Diagnosis
from watchdog.model.connect import ConnectorKey
from watchdog.model.decisions import CallResult, Verdict
from watchdog.model.probes import Offsets
from watchdog.model.symptoms import Code, Severity


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
