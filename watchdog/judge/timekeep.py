"""Open incidents → how long what their connectors still need will be there."""

from __future__ import annotations

from dataclasses import replace

from watchdog.clocks import clocks
from watchdog.judge.ledger import Ledger
from watchdog.model import Clock, Code, Incident

STEP_SECONDS = 60.0
"""A clock is told in such steps: each is a write into the journal."""
_STANDING = (Code.CONNECTOR_FAILED, Code.TASK_FAILED, Code.STALLED, Code.RETENTION_SHORT)


def tell_time(ledger: Ledger, incident: Incident) -> None:
    progress = ledger.seen.progress.get(incident.key)
    # What cannot be read now stands as it was told last.
    if incident.code not in _STANDING or progress is None or not progress.known:
        return
    told = tuple(_in_steps(clock) for clock in clocks(incident.key, ledger.seen))
    if told != incident.clocks:
        ledger.keep(replace(incident, clocks=told))


def _in_steps(clock: Clock) -> Clock:
    left = clock.left_seconds
    return clock if left is None else replace(clock, left_seconds=left // STEP_SECONDS * STEP_SECONDS)
