"""What takes several steps: begun by a request, advanced by one journaled step at a time, undone when it fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from watchdog.judge.ledger import Ledger
from watchdog.model import ConnectorKey, Request, StepResult, Workflow
from watchdog.model.workflows import DONE, REFUSED, UNDO, UNDONE

TRIES_MAX = 8
"""Of a step that meets an error, before the way back is taken: about three minutes."""
PAUSE_SECONDS_MAX = 60.0


def under_way(ledger: Ledger, key: ConnectorKey) -> str:
    """In words; empty while there is none on the connector."""
    workflow = ledger.memory.workflow_of(key)
    if workflow is None:
        return ""
    doing = "bringing back what it was" if workflow.undoing else f"step {workflow.step}"
    return f"{workflow.kind} is under way on it ({doing}{': ' + workflow.detail if workflow.detail else ''})"


def begin(ledger: Ledger, request: Request) -> None:
    """From a request that nothing stands in the way of."""
    incident = ledger.memory.incident_of(request.key)
    incident_id = incident.id if incident and incident.open else ""
    text = f"{request.id}|{request.verb}|{request.at.isoformat()}"
    workflow = Workflow(
        id=hashlib.sha256(text.encode()).hexdigest()[:8],
        kind=request.verb,
        key=request.key,
        started_at=ledger.now,
        request_id=request.id,
        incident_id=incident_id,
        arguments=request.arguments,
    )
    text = f"a person asked for: {request.verb} {request.key.connector}"
    ledger.note_data(incident_id, "request", text, asked(request), request.key)
    ledger.memory = ledger.memory.with_workflow(workflow).with_request(replace(request, state="sent"))


def asked(request: Request) -> dict[str, Any]:
    """A person's request, for the timeline."""
    return {"request": request.id, "verb": request.verb, "asked_at": request.at.isoformat()}


def hear_steps(ledger: Ledger, results: Iterable[StepResult]) -> None:
    """What the steps brought; an answer to a step that is not being taken is none."""
    for result in results:
        workflow = ledger.memory.workflows.get(result.workflow_id)
        if workflow and workflow.open and workflow.taking and workflow.step == result.step:
            _fold(ledger, replace(workflow, taking=False), result)


def take_steps(ledger: Ledger) -> None:
    """The steps whose time has come: in the journal with this tick, taken after it."""
    if ledger.cannot_act:
        return
    for workflow in list(ledger.memory.workflows.values()):
        if workflow.open and _is_deleted(ledger, workflow.key):
            _end(ledger, workflow, UNDONE if workflow.changed else REFUSED, "the connector was deleted")
        elif workflow.open and not workflow.taking and (not workflow.not_before or workflow.not_before <= ledger.now):
            taken = replace(workflow, taking=True)
            ledger.memory = ledger.memory.with_workflow(taken)
            ledger.steps.append(taken)


def _is_deleted(ledger: Ledger, key: ConnectorKey) -> bool:
    view = ledger.seen.clusters.get(key.cluster)
    # Only a whole answer can tell that something is not there.
    whole = view is not None and view.polled_at is not None and not view.error and view.complete
    return whole and ledger.seen.status(key) is None


def _fold(ledger: Ledger, workflow: Workflow, result: StepResult) -> None:
    if result.error:
        _stumbled(ledger, workflow, result)
        return
    if result.detail and result.detail != workflow.detail:
        _note(ledger, workflow, f"{result.step}: {result.detail}")
    workflow = replace(
        workflow,
        step=result.next or workflow.step,
        data={**workflow.data, **result.data},
        changed=workflow.changed or result.changes,
        undoing=workflow.undoing or result.next == UNDO,
        tried=0,
        not_before=ledger.now + timedelta(seconds=result.pause_seconds) if result.pause_seconds else None,
        detail=result.detail or workflow.detail,
    )
    if result.next:
        ledger.memory = ledger.memory.with_workflow(workflow)
    else:
        _end(ledger, workflow, result.result or (UNDONE if workflow.undoing else DONE), workflow.detail)


def _stumbled(ledger: Ledger, workflow: Workflow, result: StepResult) -> None:
    tried = workflow.tried + 1
    again = workflow.undoing or (result.again and tried < TRIES_MAX)
    if again:
        if result.error != workflow.detail:
            _note(ledger, workflow, f"{result.step}: {result.error}; it is tried again")
        pause = timedelta(seconds=min(2.0**tried, PAUSE_SECONDS_MAX))
        again_later = replace(workflow, tried=tried, not_before=ledger.now + pause, detail=result.error)
        ledger.memory = ledger.memory.with_workflow(again_later)
    elif not workflow.changed:
        _end(ledger, workflow, REFUSED, f"{result.step}: {result.error}; nothing was changed")
    else:
        _note(ledger, workflow, f"{result.step}: {result.error}; everything is brought back to what it was")
        data = {**workflow.data, "why": result.error}
        back = replace(workflow, step=UNDO, undoing=True, tried=0, not_before=None, data=data, detail=result.error)
        ledger.memory = ledger.memory.with_workflow(back)


def _end(ledger: Ledger, workflow: Workflow, result: str, detail: str) -> None:
    why = workflow.data.get("why")
    if result == UNDONE and why:
        detail = f"{why}; the connector is as it was before"
    _note(ledger, workflow, f"{result}: {detail}")
    ended = replace(workflow, ended_at=ledger.now, result=result, detail=detail)
    ledger.memory = ledger.memory.with_workflow(ended)
    ledger.count("workflows_total", *workflow.key, workflow.kind, result)
    incident = ledger.memory.incidents.get(workflow.incident_id)
    if incident and incident.open and result == DONE:
        ledger.keep(replace(incident, workflow=workflow.kind))
    if request := ledger.memory.requests.get(workflow.request_id):
        state = "accepted" if result == DONE else "refused"
        ledger.memory = ledger.memory.with_request(replace(request, state=state, detail=detail))


def _note(ledger: Ledger, workflow: Workflow, text: str) -> None:
    data = {"workflow": workflow.id, "connector": workflow.key.connector, "step": workflow.step}
    ledger.note_data(workflow.incident_id, "step", f"{workflow.kind} {text}", data, workflow.key)
