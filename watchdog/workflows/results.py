"""What a step brought, in short forms."""

from __future__ import annotations

from typing import Any

from watchdog.model import ConnectorStatus, State, StepResult, Workflow
from watchdog.model.workflows import DONE, REFUSED, UNDO

WAITS_MAX = 120
"""Looks at a connector that does not come to the state that it was told to take; a minute."""
WAIT_SECONDS, WATCH_SECONDS = 0.3, 0.5


def on(workflow: Workflow, step: str, detail: str = "", **data: Any) -> StepResult:
    return StepResult(workflow.id, workflow.step, step, detail, data)


def again(workflow: Workflow, pause: float, detail: str = "", **data: Any) -> StepResult:
    """The same step, after a pause of that many seconds."""
    return StepResult(workflow.id, workflow.step, workflow.step, detail, data, pause_seconds=pause)


def refused(workflow: Workflow, why: str) -> StepResult:
    return StepResult(workflow.id, workflow.step, detail=f"{why}; nothing was changed", result=REFUSED)


def finished(workflow: Workflow, detail: str) -> StepResult:
    return StepResult(workflow.id, workflow.step, detail=detail, result=DONE)


def given_up(workflow: Workflow, why: str) -> StepResult:
    """The way back is taken, where there is something to bring back."""
    return StepResult(workflow.id, workflow.step, workflow.step, error=why, again=False)


def hands_off(workflow: Workflow, what: str) -> StepResult:
    """Its state is a person's now; only the configuration is brought back."""
    return on(workflow, UNDO, what, theirs=True, why=f"{what} meanwhile, and that stands")


def wait(workflow: Workflow, wanted: str, status: ConnectorStatus) -> StepResult:
    waits = workflow.data["waits"] + 1
    if waits > WAITS_MAX:
        left = f" with {len(status.tasks)} tasks left" if status.state is State.STOPPED else ""
        return given_up(workflow, f"it does not come to be {wanted}: it is {status.state}{left}")
    return again(workflow, WAIT_SECONDS, waits=waits)
