"""What a step brought, in short forms."""

from __future__ import annotations

from typing import Any

from watchdog.model import StepResult, Workflow
from watchdog.model.workflows import DONE, REFUSED


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
