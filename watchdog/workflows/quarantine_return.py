"""Shell: `restore`, `settle`, `undo`: a sink gets its configuration and its state back, whatever came of the rest."""

from __future__ import annotations

from watchdog.model import State, StepResult, Workflow
from watchdog.ports import Control
from watchdog.workflows.narrowed import Narrowed
from watchdog.workflows.quarantine_data import meddled, message, number, records_of
from watchdog.workflows.results import WAIT_SECONDS, WAITS_MAX, again, finished, on


class ReturnSteps:
    def __init__(self, control: Control, narrowed: Narrowed) -> None:
        self._control, self._narrowed = control, narrowed

    def restore(self, workflow: Workflow) -> StepResult:
        if what := self._meddled(workflow):
            return again(workflow, 0.0, f"{what} meanwhile, and that stands", theirs=True)
        if not self._narrowed.is_back(workflow):
            return again(workflow, WAIT_SECONDS)
        state = "its state is theirs" if workflow.data.get("theirs") else f"it is {workflow.data['was']} again"
        return on(workflow, "settle", f"its configuration is what it was, and {state}", waits=0)

    def undo(self, workflow: Workflow) -> StepResult:
        if what := self._meddled(workflow):
            return again(workflow, 0.0, f"{what} meanwhile, and that stands", theirs=True)
        if not self._narrowed.is_back(workflow):
            return again(workflow, WAIT_SECONDS)
        passed = len(records_of(workflow, "done"))
        return StepResult(workflow.id, workflow.step, detail=f"{passed} are in quarantine")

    def settle(self, workflow: Workflow) -> StepResult:
        status, done = self._control.state(workflow.key.connector), len(records_of(workflow, "done"))
        passed = f"{number(done)} in quarantine, and the sink is past {'it' if done == 1 else 'them'}"
        if status.failed:
            return finished(workflow, f"{passed}; it failed again since: {message(status)}")
        if workflow.data.get("theirs"):
            return finished(workflow, f"{passed}; somebody made it {status.state} meanwhile, and that stands")
        if workflow.data["was"] != State.RUNNING or status.all_running:
            return finished(workflow, passed)
        if workflow.data["waits"] >= WAITS_MAX:
            return finished(workflow, f"{passed}; its tasks do not run yet")
        return again(workflow, WAIT_SECONDS, waits=workflow.data["waits"] + 1)

    def _meddled(self, workflow: Workflow) -> str:
        """Empty, too, once it is known."""
        if workflow.data.get("theirs"):
            return ""
        return meddled(workflow, self._control.state(workflow.key.connector))
