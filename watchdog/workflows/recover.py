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

from watchdog.model import Position, State, StepResult, Workflow
from watchdog.model.workflows import LOOK, REFUSED, UNDO
from watchdog.recovery.plan import (
    COPY_MODE,
    MODE_KEY,
    RESET_SINCE,
    STOP_SINCE,
    NotRecoverable,
    Plan,
    numbers,
    plan,
    why_no_start,
    why_not_now,
)
from watchdog.topology import SourceLink
from watchdog.workflows.proving import Proof, Proving, tables_of
from watchdog.workflows.recover_running import Running
from watchdog.workflows.recover_step import RecoverPorts, Step, against, end_of

READING = frozenset({LOOK, "prove"})
"""The steps that change nothing at all."""


@dataclass
class Recover:
    """`workflows.Procedure`. Arguments: `check` proves and changes nothing, `snapshot` copies instead."""

    ports: RecoverPorts
    _proving: Proving = field(init=False)
    _running: Running = field(init=False)
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._proving = Proving(self.ports.databases, self.ports.binlogs)
        self._running = Running(self.ports, self._proving)

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
            "resume": self._running.resume,
            "rebuild": self._running.rebuild,
            "copy": self._running.copy,
            "restore": self._running.restore,
            "settle": self._running.settle,
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
            raise NotRecoverable(against(step, proof))
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
            return step.back(against(step, proof))
        if not proof.done:
            return step.again(proof.detail, {"recheck": proof.data})
        offset = step.offset(source.prefix)
        return step.go("configure", proof.detail, {"recheck": proof.data, "stopped_at": offset.text if offset else ""})

    def _start_again(self, step: Step, source: SourceLink) -> Position:
        """Where the first proof ended, if the tables are still those that it was made with."""
        proved = self._proving.captured(step.proof_of("prove"), source)
        now = tables_of(source, self.ports.databases[source.address].columns())
        return end_of(step, "prove") if proved is not None and proved == now else step.start(source.prefix)

    def _reset(self, step: Step) -> StepResult:
        self.ports.control.reset_offsets(step.name)
        return step.go("configure", "its stored offset is reset")

    def _configure(self, step: Step) -> StepResult:
        changes: dict[str, str | None] = {step.topic_key: step.data["new_topic"]}
        if not step.keeps_its_mode:
            changes[MODE_KEY] = step.data["mode"]
        self.ports.control.override(step.name, changes)
        return step.go("resume", ", ".join(f"{key}={value}" for key, value in changes.items()))

    # ── the way back ──

    def _undo(self, step: Step) -> StepResult:
        self.ports.control.override(step.name, step.before)
        self.ports.control.resume(step.name)
        self._proving.forget(step.workflow.id)
        why = str(step.data.get("why", ""))
        if step.copies and not self.ports.connect.offsets(step.name).source:
            return step.over("", "", {"why": f"{why} (its stored offset stays reset: it begins with a new copy)"})
        return step.over("it is as it was before", "")


__all__ = ["READING", "Recover", "RecoverPorts"]
