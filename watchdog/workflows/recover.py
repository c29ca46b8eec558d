"""Shell: rebuilds a Debezium source's schema history, or copies all of it again when a person says so.

    look → prove → stop → recheck → configure → resume → rebuild → restore → settle
    look → stop → reset → configure → resume → copy → restore → settle          (with `snapshot`)

The binlog is read twice: before anything is touched, and once more when the source stands still, up to then. `rebuild`
compares the new history with the columns of that second proof: what was altered after it would be read with the wrong
shape. `undo` brings back topic and mode, and starts the connector, which ran before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchdog.compare.belief import is_read_to
from watchdog.errors import PortError
from watchdog.look.history_topic import believed
from watchdog.model import Position, State, StepResult, Workflow
from watchdog.model.workflows import LOOK, REFUSED, UNDO
from watchdog.recovery import (
    COPY_MODE,
    MODE_KEY,
    RESET_SINCE,
    STOP_SINCE,
    NotRecoverable,
    Plan,
    lacking,
    numbers,
    plan,
    unlike,
    why_no_start,
    why_not_now,
)
from watchdog.topology import SourceLink
from watchdog.workflows.proving import Proof, Proving, tables_of
from watchdog.workflows.recover_step import PAUSE_SECONDS, RecoverPorts, Step, trace_of

RUNNING_LOOKS = 5
"""On end: a task is RUNNING for a moment before it fails on the same record again."""
MOVING_LOOKS_MAX = 150
"""An offset is shown late: two flushes of a minute each, and some."""
READING = frozenset({LOOK, "prove"})
"""The steps that change nothing at all."""


@dataclass
class Recover:
    """`workflows.Procedure`. Arguments: `check` proves and changes nothing, `snapshot` copies instead."""

    ports: RecoverPorts
    _proving: Proving = field(init=False)
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._proving = Proving(self.ports.databases, self.ports.binlogs)

    def take(self, workflow: Workflow) -> StepResult:
        step = Step(workflow, self.ports)
        try:
            # The ports are for one thread at a time; no step takes long.
            with self._alone:
                return self._steps[workflow.step](step)
        except NotRecoverable as error:
            return step.back(str(error)) if workflow.changed else step.over(str(error), REFUSED)

    @property
    def _steps(self) -> Mapping[str, Callable[[Step], StepResult]]:
        return {
            LOOK: self._look,
            "prove": self._prove,
            "stop": self._stop,
            "recheck": self._recheck,
            "reset": self._reset,
            "configure": self._configure,
            "resume": self._resume,
            "rebuild": self._rebuild,
            "copy": self._copy,
            "restore": self._restore,
            "settle": self._settle,
            UNDO: self._undo,
        }

    # ── nothing is changed yet ──

    def _look(self, step: Step) -> StepResult:
        how = plan(step.config(), self.ports.control.plugin_version(step.name), step.workflow.started_at)
        since = RESET_SINCE if step.copies else STOP_SINCE
        if (numbers(self.ports.control.version()) or since) < since:
            what = "offsets can be reset" if step.copies else "a connector can be stopped"
            raise NotRecoverable(
                f"{what} since Connect {since[0]}.{since[1]}: make a connector of another name instead"
            )
        if why := why_not_now(step.state()):
            raise NotRecoverable(why)
        offset = step.offset(how.source.prefix)
        data = {
            "before": dict(self.ports.control.values(step.name, [MODE_KEY, how.topic_key])),
            "new_topic": how.new_topic,
            "mode": COPY_MODE if step.copies else how.mode,
            "offset": offset.text if offset else "",
        }
        if step.copies:
            return step.go("stop", self._costs(how), data, changes=True)
        if why := why_no_start(offset) or self._proving.why_not(how.source):
            raise NotRecoverable(why)
        return step.go("prove", f"from {how.topic} into {how.new_topic} by {MODE_KEY}={how.mode}", data)

    def _costs(self, how: Plan) -> str:
        database = self.ports.databases.get(how.source.address)
        if database is None:
            about = f"all rows of tables that cannot be seen here (no entry in `databases:` for {how.source.address})"
        else:
            tables, rows = tables_of(how.source, database.columns()), database.row_counts()
            about = f"about {sum(rows.get(table, 0) for table in tables):,} rows of {len(tables)} tables"
        return (
            f"a full copy: {about} come again, as reads (op=r); of what changed since its stored offset only the result"
            " comes, and what was deleted since then stays in the targets"
        )

    def _prove(self, step: Step) -> StepResult:
        source = step.source()
        proof = self._proof(step, source, step.start(source.prefix))
        if proof.objections:
            raise NotRecoverable(_against(step, proof))
        if not proof.done:
            return step.again(proof.detail, {"prove": proof.data})
        if step.only_checks:
            return step.over(f"safe to rebuild: {proof.detail}")
        return step.go("stop", proof.detail, {"prove": proof.data}, changes=True)

    def _proof(self, step: Step, source: SourceLink, start: Position) -> Proof:
        name = step.workflow.step
        server = step.data.get("prove", {}).get("server", "") if name == "recheck" else ""
        return self._proving.go_on(step.proof_of(name), source, start, step.data.get(name), server)

    # ── it stands still ──

    def _stop(self, step: Step) -> StepResult:
        status = step.state()
        if status.state is State.STOPPED and not status.tasks:
            return step.go("reset" if step.copies else "recheck", "it is STOPPED")
        if status.state is not State.STOPPED:
            self.ports.control.stop(step.name)
        return step.wait("waiting until it is STOPPED", status.state.value)

    def _recheck(self, step: Step) -> StepResult:
        source = step.source()
        start = step.start(source.prefix) if "recheck" in step.data else self._start_again(step, source)
        proof = self._proof(step, source, start)
        if proof.objections:
            return step.back(_against(step, proof))
        if not proof.done:
            return step.again(proof.detail, {"recheck": proof.data})
        offset = step.offset(source.prefix)
        return step.go("configure", proof.detail, {"recheck": proof.data, "stopped_at": offset.text if offset else ""})

    def _start_again(self, step: Step, source: SourceLink) -> Position:
        """Where the first proof ended, if the tables are still those that it was made with."""
        proved = self._proving.captured(step.proof_of("prove"), source)
        now = tables_of(source, self.ports.databases[source.address].columns())
        return _end_of(step, "prove") if proved is not None and proved == now else step.start(source.prefix)

    def _reset(self, step: Step) -> StepResult:
        self.ports.control.reset_offsets(step.name)
        return step.go("configure", "its stored offset is reset")

    def _configure(self, step: Step) -> StepResult:
        changes: dict[str, str | None] = {step.topic_key: step.data["new_topic"]}
        if not step.keeps_its_mode:
            changes[MODE_KEY] = step.data["mode"]
        self.ports.control.override(step.name, changes)
        return step.go("resume", ", ".join(f"{key}={value}" for key, value in changes.items()))

    # ── it runs ──

    def _resume(self, step: Step) -> StepResult:
        self.ports.control.resume(step.name)
        return step.go("copy" if step.copies else "rebuild", "it is started", {"looks": 0})

    def _rebuild(self, step: Step) -> StepResult:
        status, source = step.state(), step.source()
        if status.failed:
            return step.back(f"it failed while it rebuilt its history: {trace_of(status)}")
        captured = self._proving.captured(step.proof_of("recheck"), source)
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
        of, start = step.proof_of("recheck"), _end_of(step, "recheck")
        proof = self._proving.go_on(of, source, start, step.data.get("later"), step.data["recheck"]["server"])
        if proof.objections:
            return step.back(_against(step, proof))
        return step.again(proof.detail, {"later": proof.data})

    def _copy(self, step: Step) -> StepResult:
        status = step.state()
        if status.failed:
            return step.back(f"it failed while it copied: {trace_of(status)}")
        if step.keeps_its_mode:
            return step.go("settle", "the copy is made by its own snapshot.mode")
        offset = step.offset(step.source().prefix)
        if offset is None or (offset.snapshot and not offset.snapshot_completed):
            return step.again("the copy is being made", pause=PAUSE_SECONDS)
        return step.go("restore", "the copy is complete")

    def _restore(self, step: Step) -> StepResult:
        mode = step.before[MODE_KEY]
        self.ports.control.override(step.name, {MODE_KEY: mode})
        return step.go("settle", f"{MODE_KEY} is {mode or 'not set'} again", {"looks": 0})

    def _settle(self, step: Step) -> StepResult:
        status = step.state()
        if status.failed:
            return step.back(f"it failed with its new history: {trace_of(status)}")
        looks = int(step.data.get("looks", 0)) + 1 if status.all_running else 0
        if looks < RUNNING_LOOKS:
            return step.again("waiting whether it keeps running", {"looks": looks}, PAUSE_SECONDS)
        told = "and copies" if step.copies else self._progress(step)
        if not told and looks < MOVING_LOOKS_MAX:
            return step.again("waiting until its stored offset moves", {"looks": looks}, PAUSE_SECONDS)
        self._proving.forget(step.workflow.id)
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

    # ── the way back ──

    def _undo(self, step: Step) -> StepResult:
        self.ports.control.override(step.name, step.before)
        self.ports.control.resume(step.name)
        self._proving.forget(step.workflow.id)
        why = str(step.data.get("why", ""))
        if step.copies and not self.ports.connect.offsets(step.name).source:
            return step.over("", "", {"why": f"{why} (its stored offset stays reset: it begins with a new copy)"})
        return step.over("it is as it was before", "")


def _end_of(step: Step, proof: str) -> Position:
    end = step.data[proof]["end"]
    return Position(None, end["file"], end["pos"])


def _against(step: Step, proof: Proof) -> str:
    return (
        f"a history of now would be wrong for what is still to be read: {'; '.join(proof.objections)}."
        f" What helps is a new copy: `watchdog recover {step.name} --snapshot` says what it costs"
    )


__all__ = ["READING", "Recover", "RecoverPorts"]
