"""Open incidents → whether somebody may be called for them. Everything else about them goes on."""

from __future__ import annotations

from dataclasses import replace

from watchdog.judge.ledger import Ledger
from watchdog.model import Incident
from watchdog.policy.windows import open_until


def mute(ledger: Ledger, incident: Incident) -> None:
    """A person's silence, of the incident or of the one that it is part of; else a window of the policy."""
    leader = ledger.memory.incidents.get(incident.merged_into or "")
    muted = _silence(ledger, incident) or (_silence(ledger, leader) if leader else "") or _window(ledger, incident)
    if muted != incident.muted:
        ledger.note(incident.id, "silence", muted or "the silence is over")
        ledger.keep(replace(incident, muted=muted))


def _silence(ledger: Ledger, incident: Incident) -> str:
    until = incident.silenced_until
    if until is None or ledger.now >= until:
        return ""
    held = ", and nothing is done" if incident.silence_holds else ""
    return f"silenced by a person{held} until {until:%Y-%m-%d %H:%M} UTC"


def _window(ledger: Ledger, incident: Incident) -> str:
    until = open_until(ledger.policy.terms(incident.key).silences, ledger.now)
    return f"silenced by the policy until {until:%Y-%m-%d %H:%M} UTC" if until else ""
