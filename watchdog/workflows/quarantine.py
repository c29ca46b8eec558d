"""Shell: records that a sink cannot take are copied to a topic of their own, and the sink steps over exactly those.

    look      nothing is changed: what does not fit, and what the connector is now
    copy      to quarantine, in one transaction          verify    read back: each once, unchanged
    narrow    one record in each poll of the sink, so that no batch hides which record it fails on
    stop      so that what it took is committed          stopped   until no task is left
    find      what stands first now, and what is new (that is copied and verified, too)
    move      the offsets past those that stand first
    size      as many in each poll as stand before the next; fewer where that was too many, in the end one
    resume    and on to the next
    watch     until it stands again (stop), or is past all of them and none is left
    restore   the configuration and the state that it had; `undo` is the same for when something stood in the way
    settle    whether it runs

A record is passed only while the sink is stopped, it stands first in its partition (all before it are committed), the
target does not take it, and its copy was read back. Who else changes the connector's state meanwhile is not fought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from watchdog.model import ConnectorStatus, Selection, State, StepResult, TopicPartition, Workflow
from watchdog.model.workflows import LOOK, UNDO
from watchdog.ports import Control, Quarantine
from watchdog.stepping import ahead, past, poll_size
from watchdog.workflows.narrowed import POLL_KEY, Narrowed
from watchdog.workflows.quarantine_data import (
    Records,
    barred,
    is_stopped,
    limit_of,
    listed,
    message,
    moves,
    not_copied,
    number,
    records_of,
    too_many,
)
from watchdog.workflows.results import again, finished, given_up, on, refused
from watchdog.workflows.sinks import SinkEyes

WAITS_MAX = 120
"""Looks at a connector that does not come to the state that it was told to take; a minute."""
IDLE_MAX = 2
"""Rounds in which the sink failed and got nowhere, before it is said that it fails on something else."""
WAIT_SECONDS, WATCH_SECONDS = 0.3, 0.5
STALL_SECONDS_MIN = 120.0


class QuarantineSteps:
    """`flush_seconds`: the worker's `offset.flush.interval.ms`: how late offsets are shown."""

    def __init__(
        self,
        eyes: SinkEyes,
        control: Control,
        quarantine: Quarantine,
        clock: Callable[[], datetime],
        flush_seconds: float = 60.0,
    ) -> None:
        self._eyes, self._control, self._quarantine, self._clock = eyes, control, quarantine, clock
        self._narrowed = Narrowed(control)
        self._stall = timedelta(seconds=max(STALL_SECONDS_MIN, 3 * flush_seconds))
        self._steps: Mapping[str, Callable[[Workflow], StepResult]] = {
            LOOK: self._look,
            "copy": self._copy,
            "verify": self._verify,
            "narrow": self._narrow,
            "stop": self._stop,
            "stopped": self._stopped,
            "find": self._find,
            "move": self._move,
            "size": self._size,
            "resume": self._resume,
            "watch": self._watch,
            "restore": self._restore,
            "settle": self._settle,
            UNDO: self._undo,
        }

    def take(self, workflow: Workflow) -> StepResult:
        return self._steps[workflow.step](workflow)

    # ── nothing is changed ──

    def _look(self, workflow: Workflow) -> StepResult:
        name = workflow.key.connector
        status = self._control.state(name)
        if why := barred(self._control.version(), status):
            return refused(workflow, why)
        if status.state not in (State.RUNNING, State.PAUSED, State.STOPPED):
            return again(workflow, WATCH_SECONDS, f"waiting while it is {status.state}")
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

    # ── the copy ──

    def _copy(self, workflow: Workflow) -> StepResult:
        pending = records_of(workflow, "pending")
        copied = self._quarantine.copy(workflow.key, pending)
        there = len(pending) - copied
        detail = f"{number(copied)} copied in one transaction{f', {there} were copied before' if there else ''}"
        return on(workflow, "verify", detail)

    def _verify(self, workflow: Workflow) -> StepResult:
        pending, done = records_of(workflow, "pending"), records_of(workflow, "done")
        if differing := self._quarantine.differing(workflow.key, pending):
            return StepResult(workflow.id, workflow.step, workflow.step, error="; ".join(differing[:3]))
        detail = f"{number(len(pending))} read back, each once and unchanged"
        result = on(workflow, workflow.data["then"], detail, pending=[], done=listed(done + pending))
        return replace(result, changes=True)

    # ── round by round ──

    def _narrow(self, workflow: Workflow) -> StepResult:
        if why := self._narrowed.narrow(workflow.key.connector):
            return refused(workflow, why)
        return on(workflow, "stop", f"{POLL_KEY}=1 for now")

    def _stop(self, workflow: Workflow) -> StepResult:
        self._control.stop(workflow.key.connector)
        return on(workflow, "stopped", waits=0)

    def _stopped(self, workflow: Workflow) -> StepResult:
        status = self._control.state(workflow.key.connector)
        if is_stopped(status):
            return on(workflow, "find")
        return _wait(workflow, "STOPPED", status)

    def _find(self, workflow: Workflow) -> StepResult:
        sight = self._eyes.sight(workflow.key)
        if sight.refusal:
            return given_up(workflow, sight.refusal)
        seen, committed = self._eyes.unfit(workflow.key, sight)
        if new := not_copied(workflow, seen.unfit):
            return _copy_first(workflow, new, "find")
        offsets = past(seen, {each.id for each in records_of(workflow, "done")})
        most = 1 if sight.one_by_one else self._narrowed.most(workflow)
        size = poll_size(seen, {**committed, **offsets}, most)
        if offsets:
            detail, told = moves(offsets, committed), {"to": offsets, "at": dict(committed), "size": size, "idle": 0}
            return on(workflow, "move", detail, **told)
        return self._without_move(workflow, seen, committed, size)

    def _without_move(
        self, workflow: Workflow, seen: Selection, committed: Mapping[TopicPartition, int], size: int
    ) -> StepResult:
        """Records that fit stand first: it failed within a batch, or has not come that far. The next is smaller."""
        before = workflow.data.get("size", 4 * size)
        is_idle = before == 1 and workflow.data.get("at") == committed
        idle = workflow.data.get("idle", 0) + 1 if is_idle else 0
        if idle >= IDLE_MAX:
            places = ", ".join(f"{place}@{offset}" for place, offset in sorted(seen.first_fit.items()))
            why = workflow.data.get("failure") or "it tells no reason"
            return given_up(workflow, f"it fails though the target takes what stands first ({places}): {why}")
        size = min(size, max(1, before // 4))
        return on(workflow, "size", "it takes what stands before the next", at=dict(committed), size=size, idle=idle)

    def _move(self, workflow: Workflow) -> StepResult:
        if not is_stopped(self._control.state(workflow.key.connector)):
            return _hands_off(workflow, "somebody started it")
        offsets: dict[TopicPartition, int] = workflow.data["to"]
        self._control.set_offsets(workflow.key.connector, offsets)
        return on(workflow, "size")

    def _size(self, workflow: Workflow) -> StepResult:
        size = workflow.data["size"]
        if why := self._narrowed.narrow(workflow.key.connector, size):
            return given_up(workflow, why)
        return on(workflow, "resume", f"{number(size)} in each poll")

    def _resume(self, workflow: Workflow) -> StepResult:
        self._control.resume(workflow.key.connector)
        return on(workflow, "watch", waits=0, moved_at=self._clock().isoformat())

    def _watch(self, workflow: Workflow) -> StepResult:
        status = self._control.state(workflow.key.connector)
        if status.state is State.PAUSED:
            return _hands_off(workflow, "somebody paused it")
        if status.state is State.STOPPED:
            patient = workflow.data["waits"] < WAITS_MAX
            return _wait(workflow, "RUNNING", status) if patient else _hands_off(workflow, "somebody stopped it")
        if status.failed:
            return on(workflow, "stop", "it stands before a record that it cannot take", failure=message(status))
        committed = self._eyes.committed(workflow.key)
        done = records_of(workflow, "done")
        if left := len(ahead([each.id for each in done], committed)):
            return self._patient(workflow, committed, f"{len(done) - left} of {len(done)} passed")
        return self._look_ahead(workflow, committed)

    def _look_ahead(self, workflow: Workflow, committed: Mapping[TopicPartition, int]) -> StepResult:
        """It is past all that is known: is there more?"""
        sight = self._eyes.sight(workflow.key)
        if sight.refusal:
            return given_up(workflow, sight.refusal)
        seen, _ = self._eyes.unfit(workflow.key, sight)
        if new := not_copied(workflow, seen.unfit):
            return _copy_first(workflow, new, "watch")
        if seen.capped:
            return self._patient(
                workflow, committed, "past all that were found; more records wait than are read at once"
            )
        return on(workflow, "restore", f"past all {len(records_of(workflow, 'done'))}, and no other waits", waits=0)

    def _patient(self, workflow: Workflow, committed: Mapping[TopicPartition, int], detail: str) -> StepResult:
        now = self._clock()
        if workflow.data.get("at") != committed:
            return again(workflow, WATCH_SECONDS, detail, at=dict(committed), moved_at=now.isoformat())
        if now - datetime.fromisoformat(workflow.data["moved_at"]) > self._stall:
            return given_up(workflow, f"it is RUNNING and has not moved for {self._stall.total_seconds():.0f} s")
        return again(workflow, WATCH_SECONDS, detail)

    # ── back to what it was ──

    def _restore(self, workflow: Workflow) -> StepResult:
        if not self._narrowed.is_back(workflow):
            return again(workflow, WAIT_SECONDS)
        wanted = workflow.data["was"]
        back = f"its configuration is what it was, and it is {wanted} again"
        return on(workflow, "settle", back, waits=0)

    def _undo(self, workflow: Workflow) -> StepResult:
        if not self._narrowed.is_back(workflow):
            return again(workflow, WAIT_SECONDS)
        passed = len(records_of(workflow, "done"))
        return StepResult(workflow.id, workflow.step, detail=f"{passed} are in quarantine")

    def _settle(self, workflow: Workflow) -> StepResult:
        status, done = self._control.state(workflow.key.connector), len(records_of(workflow, "done"))
        passed = f"{number(done)} in quarantine, and the sink is past {'it' if done == 1 else 'them'}"
        if status.failed:
            return finished(workflow, f"{passed}; it failed again since: {message(status)}")
        if workflow.data["was"] != State.RUNNING or status.all_running:
            return finished(workflow, passed)
        if workflow.data["waits"] >= WAITS_MAX:
            return finished(workflow, f"{passed}; its tasks do not run yet")
        return again(workflow, WAIT_SECONDS, waits=workflow.data["waits"] + 1)


def _hands_off(workflow: Workflow, what: str) -> StepResult:
    """Its state is a person's now; only the configuration is brought back."""
    return on(workflow, UNDO, what, theirs=True, why=f"{what} meanwhile, and that stands")


def _wait(workflow: Workflow, wanted: str, status: ConnectorStatus) -> StepResult:
    waits = workflow.data["waits"] + 1
    if waits > WAITS_MAX:
        left = f" with {len(status.tasks)} tasks left" if status.state is State.STOPPED else ""
        return given_up(workflow, f"it does not come to be {wanted}: it is {status.state}{left}")
    return again(workflow, WAIT_SECONDS, waits=waits)


def _copy_first(workflow: Workflow, new: Records, then: str) -> StepResult:
    total = len(new) + len(records_of(workflow, "done"))
    if total > limit_of(workflow):
        return given_up(workflow, too_many(total, workflow))
    return on(workflow, "copy", f"{number(len(new))} more that it cannot take", pending=listed(new), then=then)
