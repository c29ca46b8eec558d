"""Shell: `look`, `copy`, `verify`: what a sink's target does not take is found, copied to quarantine and read back. The
sink is not touched."""

from __future__ import annotations

from dataclasses import replace

from watchdog.model import State, StepResult, Workflow
from watchdog.ports import Control, Quarantine
from watchdog.workflows.narrowed import Narrowed
from watchdog.workflows.quarantine_data import barred, limit_of, listed, number, records_of, too_many
from watchdog.workflows.results import WATCH_SECONDS, again, on, refused
from watchdog.workflows.sinks import SinkEyes


class CopySteps:
    def __init__(self, eyes: SinkEyes, control: Control, quarantine: Quarantine, narrowed: Narrowed) -> None:
        self._eyes, self._control, self._quarantine, self._narrowed = eyes, control, quarantine, narrowed

    def look(self, workflow: Workflow) -> StepResult:
        name = workflow.key.connector
        status = self._control.state(name)
        if why := barred(self._control.version(), status):
            return refused(workflow, why)
        if status.state not in (State.RUNNING, State.PAUSED, State.STOPPED):
            return again(workflow, WATCH_SECONDS, f"waiting while it is {status.state}")
        if why := self._narrowed.why_not(name):
            return refused(workflow, why)
        sight = self._eyes.sight(workflow.key)
        if sight.refusal:
            return refused(workflow, sight.refusal)
        seen, _ = self._eyes.unfit(workflow.key, sight)
        looked = f"of {seen.looked_at} waiting records{' (there are more)' if seen.capped else ''}"
        if not seen.unfit:
            return refused(workflow, f"{looked} the target takes every one: there is nothing to step over")
        if len(seen.unfit) > limit_of(workflow):
            return refused(workflow, too_many(len(seen.unfit), workflow))
        found = f"{looked} the target does not take {len(seen.unfit)}"
        before, was = self._narrowed.before(name), status.state.value
        return on(workflow, "copy", found, pending=listed(seen.unfit), done=[], was=was, before=before, then="narrow")

    def copy(self, workflow: Workflow) -> StepResult:
        pending = records_of(workflow, "pending")
        copied = self._quarantine.copy(workflow.key, pending)
        there = len(pending) - copied
        detail = f"{number(copied)} copied in one transaction{f', {there} were copied before' if there else ''}"
        return on(workflow, "verify", detail)

    def verify(self, workflow: Workflow) -> StepResult:
        pending, done = records_of(workflow, "pending"), records_of(workflow, "done")
        if differing := self._quarantine.differing(workflow.key, pending):
            return StepResult(workflow.id, workflow.step, workflow.step, error="; ".join(list(differing.values())[:3]))
        detail = f"{number(len(pending))} read back, each once and unchanged"
        result = on(workflow, workflow.data["then"], detail, pending=[], done=listed(done + pending))
        return replace(result, changes=True)
