"""PURE: how patient and how bold the watchdog is. Durations in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watchdog.model import CallResult, ConnectorKey, Incident


class Mode(StrEnum):
    OBSERVE = "observe"
    """Never act."""
    AUTO = "auto"
    """Act when the remedy was observed."""


def _auto(_: ConnectorKey) -> Mode:
    return Mode.AUTO


def _default_flush(_: str) -> float:
    return 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    mode_for: Callable[[ConnectorKey], Mode] = _auto
    stability_window_seconds: float = 30.0
    """How long everything has to be RUNNING before it counts as health."""
    transient_delay_seconds: float = 10.0
    """Before the one try that a transient failure gets."""
    attempts_max: int = 8
    flush_interval_seconds: Callable[[str], float] = _default_flush
    """`offset.flush.interval.ms` of a Connect cluster's workers: offsets are shown that much later."""
    settle_seconds: float = 5.0
    """After an accepted restart: how long a FAILED may still be the old one."""
    unknown_settle_seconds: float = 10.0
    """The same after a call that got no answer."""
    stale_after_seconds: float = 30.0
    """A cluster that was not seen for longer is not acted upon."""
    resolved_kept_seconds: float = 24 * 3600.0
    """How long a resolved incident stays in memory; the journal keeps it longer."""


def backoff_seconds(useless: int) -> float:
    """n² + n minutes, capped at 60, after the nth useless restart: 0, 2, 6, 12, 20, 30, 42, 56, 60."""
    return min(useless * useless + useless, 60) * 60.0


def conflict_seconds(conflicts: int) -> float:
    """2ⁿ seconds, capped at 30, after the nth 409 in a row: 2, 4, 8, 16, 30."""
    return float(min(2 ** min(conflicts, 5), 30))


def next_try_at(incident: Incident) -> datetime | None:
    """When the next restart may be sent; None: at once."""
    if not incident.attempts:
        return None
    # One call without an answer is retried as soon as its fate is clear; more of them count like useless ones.
    unanswered = sum(a.helped is None and a.result is CallResult.UNKNOWN for a in incident.attempts)
    wait = backoff_seconds(incident.useless_restarts + max(0, unanswered - 1))
    return incident.attempts[-1].intent_at + timedelta(seconds=wait) if wait else None
