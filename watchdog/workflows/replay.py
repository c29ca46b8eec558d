"""Shell: records in quarantine are written back to the topic that they came from, where nothing came after them.

    look      nothing is changed: what is the newest of its key still, and fits the target now
    write     those, in one transaction; what is no longer so by then is left out
    check     where each is now

The connector is not touched: it reads them like any other record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from watchdog.model import RecordId, Replay, StepResult, Workflow
from watchdog.model.workflows import DONE, LOOK, REFUSED, UNDO
from watchdog.ports import Quarantine
from watchdog.stepping import replayable
from watchdog.workflows.sinks import SinkEyes


class ReplaySteps:
    def __init__(self, eyes: SinkEyes, quarantine: Quarantine) -> None:
        self._eyes, self._quarantine = eyes, quarantine
        self._steps: Mapping[str, Callable[[Workflow], StepResult]] = {
            LOOK: self._look,
            "write": self._write,
            "check": self._check,
            UNDO: lambda workflow: StepResult(workflow.id, workflow.step),
        }

    def take(self, workflow: Workflow) -> StepResult:
        return self._steps[workflow.step](workflow)

    def _look(self, workflow: Workflow) -> StepResult:
        sight = self._eyes.sight(workflow.key)
        if sight.refusal:
            return _over(workflow, REFUSED, f"{sight.refusal}; nothing was written")
        kept = self._quarantine.kept(workflow.key)
        since = self._quarantine.since(workflow.key, [each.id for each in kept])
        found = replayable(kept, since, sight.judge)
        if not found.chosen:
            return _over(workflow, REFUSED, _none(found))
        detail = f"{len(found.chosen)} of {len(kept)} records in quarantine are the newest of their key, and fit now"
        chosen: list[list[Any]] = [list(each.id) for each in found.chosen]
        data = {"chosen": chosen, "left": len(found.left)}
        # What the transaction brings is known from the topic only: an error in it is not the same as nothing written.
        return StepResult(workflow.id, workflow.step, "write", detail, data, changes=True)

    def _write(self, workflow: Workflow) -> StepResult:
        written = self._quarantine.replay(workflow.key, _chosen(workflow))
        detail = f"{len(written)} written back in one transaction" if written else "nothing was left to be written"
        return StepResult(workflow.id, workflow.step, "check", detail)

    def _check(self, workflow: Workflow) -> StepResult:
        """By the topic itself: after a crash nobody else knows whether the transaction was committed."""
        chosen = _chosen(workflow)
        since = self._quarantine.since(workflow.key, chosen)
        written = sum(1 for each in chosen if since[each].replayed)
        left = workflow.data["left"] + len(chosen) - written
        detail = f"{written} written back, {left} left in quarantine (`quarantine --replay --dry-run` says why)"
        return _over(workflow, DONE, detail)


def _chosen(workflow: Workflow) -> list[RecordId]:
    return [RecordId(topic, partition, offset) for topic, partition, offset in workflow.data["chosen"]]


def _none(found: Replay) -> str:
    if not found.left:
        return "there is nothing in quarantine"
    record, why = found.left[0]
    more = f", and {len(found.left) - 1} more" if len(found.left) > 1 else ""
    return f"none can be written back: {record.id}: {why}{more}; nothing was written"


def _over(workflow: Workflow, result: str, detail: str) -> StepResult:
    return StepResult(workflow.id, workflow.step, detail=detail, result=result)
