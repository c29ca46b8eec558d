"""What a person says of an incident → a restart that is let go, attempts that begin again, a silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from watchdog.decide import decide, exhausted
from watchdog.judge.ledger import Ledger
from watchdog.judge.settle import intend, situation_of
from watchdog.model import Action, Incident, Phase, Request, Verdict
from watchdog.remedies.table import remedy_of

PROBE_SECONDS_MAX = 15.0
"""How long an approval waits for the look that may show that a restart would be in vain."""


def approve(ledger: Ledger, request: Request, incident: Incident) -> None:
    """Let go, once, what is proposed; begin again where it was given up; give what cannot be told one try."""
    if incident.phase is Phase.VERIFYING:
        _answer(ledger, request, "refused", f"it runs already: {incident.reason}")
        return
    if _is_still_looked_at(ledger, request, incident):
        return
    armed = _armed(ledger, incident)
    # What a run without the right to act holds for its mode alone is what is approved here.
    decision = decide(armed, situation_of(ledger, incident), replace(ledger.policy, dry_run=False), ledger.now)
    if decision.verdict is Verdict.RESTART:
        _let_go(ledger, request, armed)
    elif exhausted(incident, ledger.policy):
        ledger.note(incident.id, "request", "a person let it begin again")
        ledger.keep(replace(armed, verdict=decision.verdict, reason=decision.reason))
        _arm_members(ledger, incident)
        _answer(ledger, request, "accepted", f"its attempts begin again; {decision.reason}")
    else:
        _answer(ledger, request, "refused", f"{decision.verdict.value}: {decision.reason}")


def _is_still_looked_at(ledger: Ledger, request: Request, incident: Incident) -> bool:
    status = ledger.seen.status(incident.key)
    asked_for = remedy_of(incident.diagnosis.cause, status.type if status else "").told_by
    fresh = (ledger.now - request.at).total_seconds() < PROBE_SECONDS_MAX
    return bool(asked_for) and incident.key not in ledger.seen.probes and fresh and not request.conflicts


def _armed(ledger: Ledger, incident: Incident) -> Incident:
    again = exhausted(incident, ledger.policy) or incident.verdict is Verdict.EXHAUSTED
    counted_from = len(incident.attempts) if again else incident.counted_from
    return replace(incident, approved_at=ledger.now, counted_from=counted_from)


def _let_go(ledger: Ledger, request: Request, incident: Incident) -> None:
    if not request.conflicts:
        ledger.note(incident.id, "request", f"a person approved: restart {incident.key.connector}")
        _arm_members(ledger, incident)
    ledger.memory = ledger.memory.with_request(replace(request, state="sent"))
    action = Action("restart", incident.key, incident.id, request.id)
    intend(ledger, replace(incident, config_fingerprint=ledger.fingerprint(incident)), action, "approval")


def _arm_members(ledger: Ledger, leader: Incident) -> None:
    """Who approves the incident that others merged into approves them all; they go in their turn."""
    for member in list(_members(ledger, leader)):
        if member.verdict in (Verdict.PROPOSE, Verdict.EXHAUSTED):
            ledger.note(member.id, "request", f"a person approved {leader.id}, which it is part of")
            ledger.keep(_armed(ledger, member))


def _members(ledger: Ledger, leader: Incident) -> Iterator[Incident]:
    return (i for i in ledger.memory.incidents.values() if i.open and i.merged_into == leader.id)


def silence(ledger: Ledger, request: Request, incident: Incident) -> None:
    """Until then nobody is called for it; `until` missing: the silence is over."""
    until = _until(request)
    holds = bool(request.arguments.get("no_action"))
    if until is None:
        ledger.note(incident.id, "request", "a person ended the silence")
        ledger.keep(replace(incident, silenced_until=None, silence_holds=False))
        _answer(ledger, request, "accepted", "nobody is kept from being called any more")
        return
    until = min(until, ledger.now + timedelta(days=366))
    what = f"{'nobody is called and nothing is done' if holds else 'nobody is called'} until {until:%Y-%m-%d %H:%M} UTC"
    ledger.note(incident.id, "request", f"a person silenced it: {what}")
    ledger.keep(replace(incident, silenced_until=until, silence_holds=holds))
    _answer(ledger, request, "accepted", what)


def _until(request: Request) -> datetime | None:
    text = request.arguments.get("until")
    return datetime.fromisoformat(text) if text else None


def _answer(ledger: Ledger, request: Request, state: str, detail: str) -> None:
    ledger.memory = ledger.memory.with_request(replace(request, state=state, detail=detail))
