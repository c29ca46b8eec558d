"""Open incidents → verdicts, and what follows from each: an intent, an end, or nothing but the reason."""

from __future__ import annotations

import re
from dataclasses import replace

from watchdog import lifecycle
from watchdog.buckets import RECOVERY_SECONDS
from watchdog.decide import decide
from watchdog.decide.would_help import Situation
from watchdog.judge.ledger import Ledger
from watchdog.judge.others import why_held
from watchdog.judge.turns import Judged, Turns
from watchdog.judge.workflows import under_way
from watchdog.model import Action, Decision, Incident, Resolution, Verdict

_COUNTED = re.compile(r"\bthe first [\d,]+ of [\d,]+ records")


def settle_all(ledger: Ledger) -> None:
    """Decide on every open failure; the one that failed first goes first, and of those that failed together the one
    whose name is first."""
    incidents = ledger.memory.incidents.values()
    turns = {
        name: Turns(name, incidents, ledger.memory.circuits.get(name), ledger.policy, ledger.now)
        for name in ledger.seen.clusters
    }
    failures = [i for i in incidents if i.open and i.code.is_failure and i.key.cluster in turns]
    for incident in sorted(failures, key=lambda i: (i.failed_at, i.key, i.id)):
        settle(ledger, incident, turns[incident.key.cluster])


def settle(ledger: Ledger, incident: Incident, turns: Turns) -> None:
    """Decide on one open incident."""
    queued = turns.turn(incident, ledger.policy.terms(incident.key))
    situation = situation_of(ledger, incident, queued, turns.others_well(incident))
    decision = decide(incident, situation, ledger.policy, ledger.now)
    if decision.verdict is not incident.verdict or _is_news(decision.verdict, decision.reason, incident.reason):
        data = {"verdict": decision.verdict.value, "remedied": incident.diagnosis.remedied}
        ledger.note_data(incident.id, "decided", f"{decision.verdict.value}: {decision.reason}", data)
    if (incident.verdict, incident.reason) != (decision.verdict, decision.reason):
        incident = replace(incident, verdict=decision.verdict, reason=decision.reason)
    if decision.verdict is Verdict.RECOVERED:
        _recovered(ledger, incident, decision.reason)
    elif decision.action is not None:
        turns.went(incident)
        _act(ledger, incident, decision)
    else:
        ledger.keep(incident)


def situation_of(
    ledger: Ledger, incident: Incident, queued: Judged | None = None, others_well: bool = False
) -> Situation:
    view = ledger.seen.clusters[incident.key.cluster]
    return Situation(
        status=view.connectors.get(incident.key.connector),
        cluster=view,
        probe=ledger.seen.probes.get(incident.key),
        config_fingerprint=ledger.fingerprint(incident),
        cannot_act=ledger.cannot_act,
        under_way=under_way(ledger, incident.key),
        queued=queued,
        others_well=others_well,
        held=why_held(ledger, incident),
    )


def _is_news(verdict: Verdict, reason: str, before: str) -> bool:
    """A verification's reason counts seconds, and is no news; nor is a scan that got further."""
    return verdict not in (Verdict.VERIFY, Verdict.WAIT) and _COUNTED.sub("", reason) != _COUNTED.sub("", before)


def _act(ledger: Ledger, incident: Incident, decision: Decision) -> None:
    assert decision.action is not None
    if decision.verdict is Verdict.RESUME:
        ledger.note(incident.id, "intent", f"resume {incident.key.connector} (watchdog, by the policy)")
        ledger.keep(replace(incident, resume_sent_at=ledger.now))
        ledger.actions.append(decision.action)
    else:
        known = replace(incident, config_fingerprint=ledger.fingerprint(incident))
        intend(ledger, known, decision.action, "approval" if incident.approved_at else "watchdog")


def intend(ledger: Ledger, incident: Incident, action: Action, by: str) -> None:
    """The intent goes into the journal with this tick; the call is made after."""
    incident = lifecycle.intending(incident, by, ledger.now)
    number = incident.attempts[-1].number
    data = {"verb": action.verb, "attempt": number, "by": by, "request": action.request_id or None}
    ledger.note_data(incident.id, "intent", f"restart {number}, failed tasks only ({by})", data)
    ledger.keep(incident)
    ledger.actions.append(action)


def _recovered(ledger: Ledger, incident: Incident, why: str) -> None:
    """One that others merged into is told until they are well, too: it ends with the last of them."""
    left = sum(i.open and i.code.is_failure and i.merged_into == incident.id for i in ledger.memory.incidents.values())
    if not left:
        resolve(ledger, incident, lifecycle.how_recovered(incident), why)
        return
    if not incident.recovered_at:
        ledger.note(incident.id, "verified", f"recovered: {why}")
    # The reason without a count: it would be journaled with each of them.
    waits = f"{incident.key.connector} recovered; open until the others with this cause are well, too"
    ledger.keep(replace(lifecycle.well(incident, ledger.now), verdict=Verdict.VERIFY, reason=waits))


def resolve(ledger: Ledger, incident: Incident, resolution: Resolution, why: str) -> None:
    ledger.note(incident.id, "resolved", f"{resolution.value}: {why}")
    if resolution is not Resolution.GONE:
        took = ((incident.recovered_at or ledger.now) - incident.opened_at).total_seconds()
        ledger.count_duration("recovery_seconds", incident.key.cluster, took, RECOVERY_SECONDS)
    ledger.keep(replace(lifecycle.resolved(incident, resolution, ledger.now), reason=why))
