"""Open incidents → verdicts, and what follows from each: an intent, an end, or nothing but the reason."""

from __future__ import annotations

import re
from dataclasses import replace

from watchdog import lifecycle
from watchdog.buckets import RECOVERY_SECONDS
from watchdog.decide import Situation, decide
from watchdog.judge.ledger import Ledger
from watchdog.judge.workflows import under_way
from watchdog.model import Action, Incident, Resolution, Verdict

_COUNTED = re.compile(r"\bthe first [\d,]+ of [\d,]+ records")


def settle(ledger: Ledger, incident: Incident) -> None:
    """Decide on one open incident."""
    view = ledger.seen.clusters.get(incident.key.cluster)
    if view is None:
        return
    fingerprint = ledger.fingerprint(incident)
    situation = Situation(
        status=view.connectors.get(incident.key.connector),
        cluster=view,
        probe=ledger.seen.probes.get(incident.key),
        config_fingerprint=fingerprint,
        cannot_act=ledger.cannot_act,
        under_way=under_way(ledger, incident.key),
    )
    decision = decide(incident, situation, ledger.policy, ledger.now)
    if decision.verdict is not incident.verdict or _is_news(decision.verdict, decision.reason, incident.reason):
        data = {"verdict": decision.verdict.value, "remedied": incident.diagnosis.remedied}
        ledger.note_data(incident.id, "decided", f"{decision.verdict.value}: {decision.reason}", data)
    incident = replace(incident, verdict=decision.verdict, reason=decision.reason)
    if decision.verdict is Verdict.RECOVERED:
        resolve(ledger, incident, lifecycle.how_recovered(incident), decision.reason)
    elif decision.action is not None:
        intend(ledger, replace(incident, config_fingerprint=fingerprint), decision.action, "watchdog")
    else:
        ledger.keep(incident)


def _is_news(verdict: Verdict, reason: str, before: str) -> bool:
    """A verification's reason counts seconds, and is no news; nor is a scan that got further."""
    return verdict not in (Verdict.VERIFY, Verdict.WAIT) and _COUNTED.sub("", reason) != _COUNTED.sub("", before)


def intend(ledger: Ledger, incident: Incident, action: Action, by: str) -> None:
    """The intent goes into the journal with this tick; the call is made after."""
    incident = lifecycle.intending(incident, by, ledger.now)
    number = incident.attempts[-1].number
    data = {"verb": action.verb, "attempt": number, "by": by, "request": action.request_id or None}
    ledger.note_data(incident.id, "intent", f"restart {number}, failed tasks only ({by})", data)
    ledger.keep(incident)
    ledger.actions.append(action)


def resolve(ledger: Ledger, incident: Incident, resolution: Resolution, why: str) -> None:
    ledger.note(incident.id, "resolved", f"{resolution.value}: {why}")
    if resolution is not Resolution.GONE:
        took = (ledger.now - incident.opened_at).total_seconds()
        ledger.count_duration("recovery_seconds", incident.key.cluster, took, RECOVERY_SECONDS)
    ledger.keep(replace(lifecycle.resolved(incident, resolution, ledger.now), reason=why))
