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
from datetime import datetime, timedelta

from watchdog.model import StepResult, Workflow
from watchdog.model.workflows import LOOK, UNDO
from watchdog.ports import Control, Quarantine
from watchdog.workflows.narrowed import Narrowed
from watchdog.workflows.quarantine_copy import CopySteps
from watchdog.workflows.quarantine_return import ReturnSteps
from watchdog.workflows.quarantine_rounds import Patience, RoundSteps
from watchdog.workflows.sinks import SinkEyes

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
        narrowed = Narrowed(control)
        stall = timedelta(seconds=max(STALL_SECONDS_MIN, 3 * flush_seconds))
        copying = CopySteps(eyes, control, quarantine, narrowed)
        rounds = RoundSteps(eyes, control, quarantine, narrowed, Patience(clock, stall))
        back = ReturnSteps(control, narrowed)
        self._steps: Mapping[str, Callable[[Workflow], StepResult]] = {
            LOOK: copying.look,
            "copy": copying.copy,
            "verify": copying.verify,
            "narrow": rounds.narrow,
            "stop": rounds.stop,
            "stopped": rounds.stopped,
            "find": rounds.find,
            "move": rounds.move,
            "size": rounds.size,
            "resume": rounds.resume,
            "watch": rounds.watch,
            "restore": back.restore,
            "settle": back.settle,
            UNDO: back.undo,
        }

    def take(self, workflow: Workflow) -> StepResult:
        return self._steps[workflow.step](workflow)
