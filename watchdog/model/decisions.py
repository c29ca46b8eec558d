"""What is done about it and by whom it was asked for: verdicts, calls and how they ended, the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from watchdog.model.connect import ConnectorKey


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


@dataclass(frozen=True, slots=True)
class Decision:
    """Always with a reason, also when nothing is done. `action` is None unless the verdict acts."""

    incident_id: str
    verdict: Verdict
    reason: str
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A call to be made: `restart` (failed tasks only unless `whole`), `resume` or `pause`."""

    verb: str
    key: ConnectorKey
    incident_id: str = ""
    request_id: str = ""
    whole: bool = False


class CallResult(StrEnum):
    """How a call to Connect ended. UNKNOWN: no answer; it may or may not have been carried out."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CONFLICT = "conflict"
    REFUSED = "refused"
    UNKNOWN = "unknown"


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
