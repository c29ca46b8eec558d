"""Shell: a sink that takes few records in each poll for a while, and the way back to what it was."""

from __future__ import annotations

from watchdog.errors import PortRefused
from watchdog.model import State, Workflow
from watchdog.ports import Control
from watchdog.workflows.quarantine_data import is_stopped

POLL_KEY = "consumer.override.max.poll.records"
POLL_DEFAULT = 500
"""Kafka's own."""


class Narrowed:
    def __init__(self, control: Control) -> None:
        self._control = control

    def before(self, connector: str) -> str | None:
        return self._control.values(connector, [POLL_KEY])[POLL_KEY]

    def why_not(self, connector: str) -> str:
        """Why the worker would not allow it, as far as it tells; nothing is changed."""
        why = self._control.why_not(connector, {POLL_KEY: "1"})
        if not why or POLL_KEY in why:
            return why and _not_allowed(1, why.removeprefix(f"{POLL_KEY}: "))
        return f"Connect would not take its configuration, in which {POLL_KEY} has to be set for a while: {why}"

    def narrow(self, connector: str, size: int = 1) -> str:
        """Why the worker does not allow it; empty when it was done. Raises `PortError` where that is not known."""
        try:
            self._control.override(connector, {POLL_KEY: str(size)})
        except PortRefused as error:
            if error.status != 400:
                raise
            return _not_allowed(size, error.problem)
        return ""

    def most(self, workflow: Workflow) -> int:
        """What it takes in a poll when it is left alone, as far as its own configuration tells."""
        before = workflow.data["before"] or ""
        return int(before) if before.isdecimal() and int(before) else POLL_DEFAULT

    def is_back(self, workflow: Workflow) -> bool:
        """One deed towards what it was, if it is not; by what it is now, so that a crash in between does no harm.

        `theirs` in the workflow's data: its state is a person's by now, and only the configuration is brought back.
        """
        name, before, theirs = workflow.key.connector, workflow.data["before"], bool(workflow.data.get("theirs"))
        status = self._control.state(name)
        is_narrow = self.before(name) != before
        if is_narrow and not theirs and not is_stopped(status):
            # Older workers give a changed override only to tasks that start.
            self._control.stop(name)
        elif is_narrow:
            self._control.override(name, {POLL_KEY: before})
        elif not theirs and status.state is not State(workflow.data["was"]):
            self._take_state(name, State(workflow.data["was"]))
        else:
            return True
        return False

    def _take_state(self, name: str, was: State) -> None:
        calls = {State.RUNNING: self._control.resume, State.PAUSED: self._control.pause}
        calls.get(was, self._control.stop)(name)


def _not_allowed(size: int, why: str) -> str:
    policy = "see the worker's connector.client.config.override.policy"
    return f"{POLL_KEY}={size} is not allowed ({policy}), and a batch hides which record it fails on: {why}"
