"""Shell: what takes several steps at a connector. One module for each kind; a step is one call of `take`.

`judge/workflows.py` journals a step before it is taken and its result before the next, so a step may be taken twice:
it looks before it does, or is harmless twice. What the connector was before is put into the workflow's data by a step
that changes nothing, which then says `changes`. From the step `undo` on everything is brought back, and that is tried
for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from watchdog.errors import PortError, PortRefused
from watchdog.model import StepResult, Workflow

log = structlog.get_logger("watchdog")


class Procedure(Protocol):
    """One kind of workflow. The first step is `look`, the way back begins with `undo`."""

    def take(self, workflow: Workflow) -> StepResult:
        """One step; may take long. Raises `PortError`: the step is taken again, or given up for the way back."""


class OneAtATime:
    """A procedure whose ports are shared with others: a step waits until none of theirs is being taken."""

    def __init__(self, procedure: Procedure, lock: threading.Lock) -> None:
        self._procedure, self._lock = procedure, lock

    def take(self, workflow: Workflow) -> StepResult:
        with self._lock:
            return self._procedure.take(workflow)


class Steps:
    """Takes steps, each in a thread of its own, so that one that takes long delays nothing else."""

    def __init__(self, procedures: Mapping[str, Procedure], deliver: Callable[[Any], None]) -> None:
        self._procedures = procedures
        self._deliver = deliver

    def take(self, workflow: Workflow) -> None:
        name = f"{workflow.kind}:{workflow.key.connector}"
        # A daemon: a step that hangs does not keep the process from ending; the journal goes on with it.
        threading.Thread(target=lambda: self._deliver(self.result(workflow)), name=name, daemon=True).start()

    def result(self, workflow: Workflow) -> StepResult:
        """Whatever happens, there is one."""
        procedure = self._procedures.get(workflow.kind)
        if procedure is None:
            problem = (
                f"{workflow.kind} reads Kafka, and nothing says where that is: set KAFKA_BOOTSTRAP_SERVERS, or "
                f"kafka_bootstrap_servers of Connect cluster {workflow.key.cluster}"
            )
            return _failed(workflow, problem, again=False)
        try:
            return procedure.take(workflow)
        except PortError as error:
            return _failed(workflow, str(error), again=_may_pass(error))
        except Exception as error:  # Without a result the workflow would wait for ever.
            log.exception("a step stumbled", workflow=workflow.kind, step=workflow.step)
            return _failed(workflow, f"stumbled over a {type(error).__name__}; the log has the rest", again=False)


def _failed(workflow: Workflow, error: str, again: bool) -> StepResult:
    return StepResult(workflow.id, workflow.step, workflow.step, error=error, again=again)


def _may_pass(error: PortError) -> bool:
    """A refusal stands, but for a rebalance and a worker in trouble."""
    return not isinstance(error, PortRefused) or error.status == 409 or (error.status or 0) >= 500


__all__ = ["OneAtATime", "Procedure", "Steps"]
