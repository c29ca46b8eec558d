"""Shell: `narrow`, then round by round `stop` … `watch`: a sink that is moved past what stands first and does not fit.

A record is passed only while the sink is stopped and the record's copy was read back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchdog.model import RecordId, Selection, State, StepResult, TopicPartition, Unfit, Workflow
from watchdog.model.workflows import REFUSED
from watchdog.ports import Control, Quarantine
from watchdog.stepping import ahead, past, poll_size
from watchdog.workflows.narrowed import POLL_KEY, Narrowed
from watchdog.workflows.quarantine_data import (
    is_stopped,
    limit_of,
    listed,
    meddled,
    message,
    moves,
    not_copied,
    number,
    records_of,
    too_many,
)
from watchdog.workflows.results import WAITS_MAX, WATCH_SECONDS, again, given_up, hands_off, on, wait
from watchdog.workflows.sinks import SinkEyes

IDLE_MAX = 2
"""Rounds in which the sink failed and got nowhere, before it is said that it fails on something else."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`stall`: how long a sink that is RUNNING may not move."""

    clock: Callable[[], datetime]
    stall: timedelta


class RoundSteps:
    def __init__(
        self, eyes: SinkEyes, control: Control, quarantine: Quarantine, narrowed: Narrowed, patience: Patience
    ) -> None:
        self._eyes, self._control, self._quarantine, self._narrowed = eyes, control, quarantine, narrowed
        self._clock, self._stall = patience.clock, patience.stall

    def narrow(self, workflow: Workflow) -> StepResult:
        status, was = self._control.state(workflow.key.connector), State(workflow.data["was"])
        # It is as it was for as long as we have not stopped it.
        if status.state is not was and status.state in (State.RUNNING, State.PAUSED, State.STOPPED):
            return hands_off(workflow, f"somebody made it {status.state}")
        if why := self._narrowed.narrow(workflow.key.connector):
            copies = f"{number(len(records_of(workflow, 'done')))} in quarantine"
            return StepResult(
                workflow.id, workflow.step, detail=f"{why}; the sink is as it was, {copies}", result=REFUSED
            )
        return on(workflow, "stop", f"{POLL_KEY}=1 for now")

    def stop(self, workflow: Workflow) -> StepResult:
        if what := meddled(workflow, self._control.state(workflow.key.connector)):
            return hands_off(workflow, what)
        self._control.stop(workflow.key.connector)
        return on(workflow, "stopped", waits=0)

    def stopped(self, workflow: Workflow) -> StepResult:
        status = self._control.state(workflow.key.connector)
        if is_stopped(status):
            return on(workflow, "find")
        if what := meddled(workflow, status):
            return hands_off(workflow, what)
        return wait(workflow, "STOPPED", status)

    def find(self, workflow: Workflow) -> StepResult:
        sight = self._eyes.sight(workflow.key)
        if sight.refusal:
            return given_up(workflow, sight.refusal)
        seen, committed = self._eyes.unfit(workflow.key, sight)
        if new := not_copied(workflow, seen.unfit):
            return _copy_first(workflow, new, "find")
        done = records_of(workflow, "done")
        offsets = past(seen, {each.id for each in done})
        if lost := self._lost(workflow, ahead([each.id for each in done], committed), offsets):
            return _copy_first(workflow, lost, "find", [each for each in done if each not in lost])
        most = 1 if sight.one_by_one else self._narrowed.most(workflow)
        size = poll_size(seen, {**committed, **offsets}, most)
        if offsets:
            detail, told = moves(offsets, committed), {"to": offsets, "at": dict(committed), "size": size, "idle": 0}
            return on(workflow, "move", detail, **told)
        return self._without_move(workflow, seen, committed, size)

    def _lost(
        self, workflow: Workflow, ahead: Collection[RecordId], offsets: Mapping[TopicPartition, int]
    ) -> Sequence[Unfit]:
        """Of those that would be passed: what quarantine no longer has as it is in the topic. Since they were read back
        the quarantine may have been emptied, or the topic made anew."""
        passed = [
            each
            for each in records_of(workflow, "done")
            if each.id in ahead and each.id.offset < offsets.get(each.id.place, 0)
        ]
        differing = self._quarantine.differing(workflow.key, passed) if passed else {}
        return [each for each in passed if each.id in differing]

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

    def move(self, workflow: Workflow) -> StepResult:
        status = self._control.state(workflow.key.connector)
        if not is_stopped(status):
            return hands_off(workflow, meddled(workflow, status) or "somebody started it")
        offsets: dict[TopicPartition, int] = workflow.data["to"]
        at, committed = workflow.data["at"], self._eyes.committed(workflow.key)
        if any(committed.get(place) not in (at.get(place), offset) for place, offset in offsets.items()):
            return on(workflow, "find", "its offsets are others by now")
        self._control.set_offsets(workflow.key.connector, offsets)
        return on(workflow, "size")

    def size(self, workflow: Workflow) -> StepResult:
        size = workflow.data["size"]
        if why := self._narrowed.narrow(workflow.key.connector, size):
            return given_up(workflow, why)
        return on(workflow, "resume", f"{number(size)} in each poll")

    def resume(self, workflow: Workflow) -> StepResult:
        if what := meddled(workflow, self._control.state(workflow.key.connector)):
            return hands_off(workflow, what)
        self._control.resume(workflow.key.connector)
        return on(workflow, "watch", waits=0, moved_at=self._clock().isoformat())

    def watch(self, workflow: Workflow) -> StepResult:
        status = self._control.state(workflow.key.connector)
        if status.state is State.PAUSED:
            return hands_off(workflow, "somebody paused it")
        if status.state is State.STOPPED:
            patient = workflow.data["waits"] < WAITS_MAX
            return wait(workflow, "RUNNING", status) if patient else hands_off(workflow, "somebody stopped it")
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


def _copy_first(workflow: Workflow, new: Sequence[Unfit], then: str, done: Sequence[Unfit] | None = None) -> StepResult:
    """`done`: those that are in quarantine still, where that are not all."""
    kept = records_of(workflow, "done") if done is None else done
    total = len(new) + len(kept)
    if total > limit_of(workflow):
        return given_up(workflow, too_many(total, workflow))
    return on(
        workflow,
        "copy",
        f"{number(len(new))} more that it cannot take",
        pending=listed(new),
        done=listed(kept),
        then=then,
    )
