"""A restart of what failed, on workers of any age → one result, and what was done in words.

From Connect 3.0 on it is one call. A worker before that takes `includeTasks` for nothing, restarts the connector's own
object alone and says so with an empty answer: there each failed task is restarted by a call of its own. What of several
calls was carried out in part is UNKNOWN, so that the states are read again before anything else is sent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from watchdog.adapters import connect_documents as documents
from watchdog.adapters.connect_paths import Get, path_of
from watchdog.errors import PortError, PortRefused
from watchdog.model import CallResult, ConnectorStatus, State

Change = Callable[[str, str, float], Any]
"""Method, path, seconds → the answer's document, None for an empty one; raises `PortError`."""

_VERSION = re.compile(r"(\d+)\.\d+.*?(-c(?:cs|e))?$")
_TOLD_MAX = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One call of several: of which part of the connector, and what came of it."""

    part: str
    result: CallResult
    said: str = ""


@dataclass(frozen=True, slots=True)
class Restarts:
    get: Get
    change: Change
    seconds: float
    """For all calls of one restart together."""

    def carry_out(self, name: str, whole: bool, version: str) -> tuple[CallResult, str]:
        """`whole`: also what did not fail. `version`: the worker's, as far as it is known."""
        until = time.monotonic() + self.seconds
        if restarts_tasks_one_by_one(version):
            return self._one_by_one(name, whole, until, ())
        try:
            path = path_of(name, f"restart?includeTasks=true&onlyFailed={str(not whole).lower()}")
            if self.change("POST", path, self.seconds) is not None:
                return CallResult.ACCEPTED, f"POST {path}"
        except PortError as error:
            if isinstance(error, PortRefused) and error.status == 405:
                return self._one_by_one(name, whole, until, ())
            return result_of(error), str(error)
        return self._one_by_one(name, whole, until, (Step("the connector", CallResult.ACCEPTED),))

    def _one_by_one(self, name: str, whole: bool, until: float, done: tuple[Step, ...]) -> tuple[CallResult, str]:
        try:
            status = documents.status("", name, self.get(path_of(name, "status"), max(until - time.monotonic(), 0.1)))
        except PortError as error:
            unread = Step("the tasks", result_of(error), f"which of them failed cannot be read: {error}")
            return together([*done, unread])
        if status.state is State.UNKNOWN:
            return together([*done, Step("the tasks", CallResult.UNKNOWN, "Connect tells no state of them")])
        todo = [(part, path) for part, path in _calls(name, status, whole) if not (done and part == done[0].part)]
        if not todo and not done:
            return CallResult.ACCEPTED, "nothing of it is FAILED any more: nothing was sent"
        return together([*done, *(self._call(part, path, until) for part, path in todo)])

    def _call(self, part: str, path: str, until: float) -> Step:
        left = until - time.monotonic()
        if left <= 0:
            return Step(part, CallResult.UNKNOWN, f"not asked for within {self.seconds:g} s")
        try:
            self.change("POST", path, left)
        except PortError as error:
            return Step(part, result_of(error), str(error))
        return Step(part, CallResult.ACCEPTED)


def restarts_tasks_one_by_one(version: str) -> bool:
    """Apache's 3.0 is Confluent's 7.0. A version that says nothing is taken for a new one."""
    found = _VERSION.match(version)
    return found is not None and int(found[1]) < (7 if found[2] else 3)


def together(steps: list[Step]) -> tuple[CallResult, str]:
    """One result for all: what all have in common; UNKNOWN where some were carried out and some were not."""
    results = {step.result for step in steps}
    told = _told(steps)
    if len(results) == 1:
        return results.pop(), told
    if CallResult.UNKNOWN in results or CallResult.ACCEPTED in results:
        return CallResult.UNKNOWN, f"carried out in part: {told}" if CallResult.ACCEPTED in results else told
    # Nothing was carried out, and of some it may be later.
    return CallResult.CONFLICT, told


def result_of(error: PortError) -> CallResult:
    """What is known of a call that ended with this: a server's failure and silence leave open whether it was made."""
    if not isinstance(error, PortRefused):
        return CallResult.UNKNOWN
    if error.status == 409:
        return CallResult.CONFLICT
    return CallResult.UNKNOWN if error.status is not None and error.status >= 500 else CallResult.REFUSED


def _calls(name: str, status: ConnectorStatus, whole: bool) -> Iterator[tuple[str, str]]:
    # The connector first: its tasks are made by it.
    if whole or status.state is State.FAILED:
        yield "the connector", path_of(name, "restart")
    for task in status.tasks if whole else status.failed_tasks:
        yield f"task {task.id}", path_of(name, f"tasks/{task.id}/restart")


def _told(steps: list[Step]) -> str:
    accepted = [step.part for step in steps if step.result is CallResult.ACCEPTED]
    others = [f"{step.part}: {step.said}" for step in steps if step.result is not CallResult.ACCEPTED]
    lines = [f"restarted one by one: {_some(accepted, ', ')}"] if accepted else []
    return "; ".join([*lines, *([_some(others, "; ")] if others else [])])


def _some(each: list[str], between: str) -> str:
    more = f" and {len(each) - _TOLD_MAX} more" if len(each) > _TOLD_MAX else ""
    return between.join(each[:_TOLD_MAX]) + more
