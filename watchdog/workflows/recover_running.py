"""Shell: the steps of `recover` after the source was started with its new history topic."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.compare.belief import is_read_to
from watchdog.errors import PortError
from watchdog.look.history_topic import believed
from watchdog.model import StepResult
from watchdog.recovery.plan import MODE_KEY, lacking, unlike
from watchdog.topology import SourceLink
from watchdog.workflows.proving import Proving
from watchdog.workflows.recover_step import PAUSE_SECONDS, RecoverPorts, Step, against, end_of, trace_of

RUNNING_LOOKS = 5
"""On end: a task is RUNNING for a moment before it fails on the same record again."""
MOVING_LOOKS_MAX = 150
"""An offset is shown late: two flushes of a minute each, and some."""


@dataclass
class Running:
    ports: RecoverPorts
    proving: Proving

    def resume(self, step: Step) -> StepResult:
        self.ports.control.resume(step.name)
        return step.go("copy" if step.copies else "rebuild", "it is started", {"looks": 0})

    def rebuild(self, step: Step) -> StepResult:
        status, source = step.state(), step.source()
        if status.failed:
            return step.back(f"it failed while it rebuilt its history: {trace_of(status)}")
        captured = self.proving.captured(step.proof_of("recheck"), source)
        if captured is None:
            return self._prove_after_a_crash(step, source)
        found = believed(self.ports.brokers, self.ports.history, source, step.data["new_topic"])
        tables, count = (found.tables, found.records) if found else ({}, 0)
        lack = lacking(tables, captured)
        # Twice the same: it is still being written otherwise.
        if lack or not status.all_running or count != step.data.get("seen"):
            return step.wait(f"{len(captured) - len(lack)} of {len(captured)} tables are in the new history", count)
        if others := unlike(tables, captured):
            return step.back(f"altered while the history was rebuilt: {others[0]}; ask again")
        if step.offset(source.prefix) is None:
            return step.back("its stored offset was lost meanwhile")
        return step.go("restore", f"{step.data['new_topic']} holds all {len(captured)} captured tables")

    def _prove_after_a_crash(self, step: Step, source: SourceLink) -> StepResult:
        """The columns that were proved to be right are gone: those of now are, if nothing was altered since."""
        of, start = step.proof_of("recheck"), end_of(step, "recheck")
        proof = self.proving.go_on(of, source, start, step.data.get("later"), step.data["recheck"]["server"])
        if proof.objections:
            return step.back(against(step, proof))
        return step.again(proof.detail, {"later": proof.data})

    def copy(self, step: Step) -> StepResult:
        status = step.state()
        if status.failed:
            return step.back(f"it failed while it copied: {trace_of(status)}")
        if step.keeps_its_mode:
            return step.go("settle", "the copy is made by its own snapshot.mode")
        offset = step.offset(step.source().prefix)
        if offset is None or (offset.snapshot and not offset.snapshot_completed):
            return step.again("the copy is being made", pause=PAUSE_SECONDS)
        return step.go("restore", "the copy is complete")

    def restore(self, step: Step) -> StepResult:
        mode = step.before[MODE_KEY]
        self.ports.control.override(step.name, {MODE_KEY: mode})
        return step.go("settle", f"{MODE_KEY} is {mode or 'not set'} again", {"looks": 0})

    def settle(self, step: Step) -> StepResult:
        status = step.state()
        if status.failed:
            return step.back(f"it failed with its new history: {trace_of(status)}")
        looks = int(step.data.get("looks", 0)) + 1 if status.all_running else 0
        if looks < RUNNING_LOOKS:
            return step.again("waiting whether it keeps running", {"looks": looks}, PAUSE_SECONDS)
        told = "and copies" if step.copies else self._progress(step)
        if not told and looks < MOVING_LOOKS_MAX:
            return step.again("waiting until its stored offset moves", {"looks": looks}, PAUSE_SECONDS)
        self.proving.forget(step.workflow.id)
        return step.over(
            f"it is RUNNING {told or '(its stored offset has not moved yet: is there anything to read?)'}; its schema"
            f" history is in {step.data['new_topic']} now, which stays in its configuration (and belongs where that is"
            f" kept), and {step.before[step.topic_key]} is kept as it was"
        )

    def _progress(self, step: Step) -> str:
        """Empty where there is none to be seen."""
        source = step.source()
        offset = step.offset(source.prefix)
        if offset is not None and offset.text != step.data["stopped_at"]:
            return f"and reads on (at {offset.position})"
        try:
            place = self.ports.databases[source.address].position()
        except PortError:
            return ""
        return "and has nothing to read" if is_read_to(offset, place) else ""
