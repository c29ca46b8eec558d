"""Workflows in two reports in a row → what there is to say about their steps. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.model import Report, Workflow
from watchdog.report.text import plain


def steps(previous: Report | None, current: Report) -> Iterator[tuple[str, Workflow, str]]:
    """Level, workflow and text; of one that was over before we looked, nothing."""
    known = {each.id: each for each in previous.workflows} if previous else {}
    for workflow in current.workflows:
        before = known.get(workflow.id)
        if before is None and not workflow.open:
            continue
        if before is None or _told(before) != _told(workflow):
            yield _level(workflow), workflow, _text(workflow)


def _told(workflow: Workflow) -> tuple[object, ...]:
    return workflow.step, workflow.detail, workflow.open


def _level(workflow: Workflow) -> str:
    return "warning" if workflow.undoing or workflow.tried or workflow.result not in ("", "done") else "info"


def _text(workflow: Workflow) -> str:
    now = workflow.step if workflow.open else workflow.result
    detail = f": {plain(workflow.detail)}" if workflow.detail else ""
    return f"{plain(workflow.key.connector)} {workflow.kind}, {now}{detail}"
