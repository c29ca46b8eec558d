"""What persons ask for → actions. A mode or a hold does not stand in a person's way, a lost journal does."""

from __future__ import annotations

from dataclasses import replace

from watchdog.judge.applied import VERBS, note_statement
from watchdog.judge.approve import approve, silence
from watchdog.judge.ledger import Ledger
from watchdog.judge.settle import intend
from watchdog.judge.workflows import asked, begin, under_way
from watchdog.model import Action, Incident, Phase, Request
from watchdog.model.workflows import KINDS

REQUEST_SECONDS_MAX = 300.0
ABOUT_INCIDENTS = ("approve", "silence", *VERBS)
"""Verbs that are said of an incident; the others are of a connector."""


def grant(ledger: Ledger, request: Request) -> None:
    """Carried out once; while Connect was not seen yet, or is busy with the connector, it waits."""
    request = ledger.memory.requests.get(request.id, request)
    if request.state != "waiting" or (request.not_before and ledger.now < request.not_before):
        return
    if request.verb in ABOUT_INCIDENTS:
        _grant_about(ledger, request)
        return
    if why := _refusal(ledger, request):
        ledger.memory = ledger.memory.with_request(replace(request, state="refused", detail=why))
        return
    incident = ledger.memory.incident_of(request.key)
    incident = incident if incident and incident.open else None
    # The answer to an earlier restart is still to come.
    if ledger.seen.status(request.key) is None or (incident and incident.phase is Phase.RESTARTING):
        return
    if request.verb in KINDS:
        begin(ledger, request)
    else:
        _send(ledger, request, incident)


def _grant_about(ledger: Ledger, request: Request) -> None:
    """What is said of an incident, which is known by its id."""
    incident = ledger.memory.incidents.get(str(request.arguments.get("incident", "")))
    if incident and request.verb == "applied":
        # What was done is told, whatever became of the incident meanwhile.
        note_statement(ledger, request, incident)
        return
    why = _too_late(ledger, request) or ("" if incident and incident.open else "the incident is over")
    if not why and request.verb == "approve":
        why = _refusal(ledger, request)
    if why or incident is None:
        ledger.memory = ledger.memory.with_request(replace(request, state="refused", detail=why))
    elif request.verb == "apply":
        note_statement(ledger, request, incident)
    elif request.verb == "silence":
        silence(ledger, request, incident)
    elif not incident.code.is_failure:
        why = "nothing is FAILED, so there is nothing to restart"
        ledger.memory = ledger.memory.with_request(replace(request, state="refused", detail=why))
    elif ledger.seen.status(request.key) is not None and incident.phase is not Phase.RESTARTING:
        approve(ledger, request, incident)


def _too_late(ledger: Ledger, request: Request) -> str:
    if ledger.cannot_act:
        return ledger.cannot_act
    # Whoever asked has long gone, and may have done something else since.
    if (ledger.now - request.at).total_seconds() > REQUEST_SECONDS_MAX:
        return f"asked for at {request.at:%H:%M:%S} UTC, and not carried out within {REQUEST_SECONDS_MAX:.0f} s"
    return ""


def _refusal(ledger: Ledger, request: Request) -> str:
    """Why it will not be carried out; empty when it may be."""
    if why := _too_late(ledger, request):
        return why
    view = ledger.seen.clusters.get(request.key.cluster)
    if view is not None and view.error:
        return f"the Connect cluster cannot be seen: {view.error}"
    seen = view is not None and view.polled_at is not None and view.complete
    if seen and ledger.seen.status(request.key) is None:
        return f"Connect knows no connector {request.key.connector!r}"
    return under_way(ledger, request.key)


def _send(ledger: Ledger, request: Request, incident: Incident | None) -> None:
    action = Action(request.verb, request.key, incident.id if incident else "", request.id)
    if not request.conflicts:
        text = f"a person asked for: {request.verb} {request.key.connector}"
        ledger.note_data(action.incident_id, "request", text, asked(request), request.key)
    ledger.memory = ledger.memory.with_request(replace(request, state="sent"))
    if incident and request.verb == "restart":
        intend(ledger, incident, action, "request")
    else:
        ledger.actions.append(action)
