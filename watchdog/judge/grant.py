"""What persons ask for → actions. A mode or a hold does not stand in a person's way, a lost journal does."""

from __future__ import annotations

from dataclasses import replace

from watchdog.judge.ledger import Ledger
from watchdog.judge.settle import intend
from watchdog.model import Action, Phase, Request


def grant(ledger: Ledger, request: Request) -> None:
    """Carried out once; while an earlier restart of the connector is on its way, it waits."""
    if ledger.memory.requests.get(request.id, request).state != "waiting":
        return
    status = ledger.seen.status(request.key)
    if ledger.cannot_act or status is None:
        why = ledger.cannot_act or f"Connect knows no connector {request.key.connector!r}"
        ledger.memory = ledger.memory.with_request(replace(request, state="refused", detail=why))
        return
    incident = ledger.memory.incident_of(request.key)
    incident = incident if incident and incident.open else None
    if incident and incident.phase is Phase.RESTARTING:
        return
    action = Action(request.verb, request.key, incident.id if incident else "", request.id)
    ledger.note(action.incident_id, "request", f"a person asked for: {request.verb} {request.key.connector}")
    ledger.memory = ledger.memory.with_request(replace(request, state="sent"))
    if incident and request.verb == "restart":
        intend(ledger, incident, action, "request")
    else:
        ledger.actions.append(action)
