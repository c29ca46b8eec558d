"""Shell: actions → calls, one worker for each Connect cluster, so that a call that hangs delays no other cluster;
steps of workflows, each by itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from watchdog.model import Action, CallResult, Outcome, StepResult, Workflow
from watchdog.workflows import Procedure, Steps

NO_PROCEDURES: Mapping[str, Procedure] = {}

WAIT_SECONDS_MAX = 10.0
"""What was decided longer ago is not done any more: the connector may be another one's business by now."""

log = structlog.get_logger("watchdog")


class Hands:
    """Carries actions out in their order; each ends in an `Outcome` for the inbox, whatever happens."""

    def __init__(
        self,
        name: str,
        act: Callable[[Action], Outcome],
        deliver: Callable[[Outcome | StepResult], None],
        clock: Callable[[], datetime],
        procedures: Mapping[str, Procedure] = NO_PROCEDURES,
    ) -> None:
        self._act = act
        self._deliver = deliver
        self._clock = clock
        self._steps = Steps(procedures, deliver)
        self._todo: queue.Queue[tuple[datetime, Action] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name=f"act:{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def do(self, action: Action) -> None:
        self._todo.put((self._clock(), action))

    def take(self, workflow: Workflow) -> None:
        self._steps.take(workflow)

    def stop(self) -> None:
        self._todo.put(None)

    def _run(self) -> None:
        while (next_one := self._todo.get()) is not None:
            self._deliver(self._outcome(*next_one))

    def _outcome(self, since: datetime, action: Action) -> Outcome:
        waited = (self._clock() - since).total_seconds()
        if waited > WAIT_SECONDS_MAX:
            detail = f"not sent: it waited {waited:.0f} s behind other calls, and is judged anew"
            return Outcome(action, CallResult.CONFLICT, self._clock(), detail)
        try:
            return self._act(action)
        except Exception as error:  # Without an outcome the incident would wait for ever.
            log.exception("a call stumbled; whether it was made is unknown", action=action.verb)
            return Outcome(action, CallResult.UNKNOWN, self._clock(), f"stumbled over a {type(error).__name__}")
