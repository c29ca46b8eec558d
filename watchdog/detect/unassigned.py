"""Connectors and tasks that no worker runs.

After a worker is lost its tasks stay UNASSIGNED for up to `scheduled.rebalance.max.delay.ms`, so that it may come back
to them: nothing is wrong yet, and no restart would help. After that somebody should have them.
"""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.history import SchemaHistory
from watchdog.model import (
    Advice,
    Category,
    Cause,
    ClusterView,
    Code,
    ConnectorStatus,
    Finding,
    Observation,
    Severity,
    State,
    Unseen,
)
from watchdog.topology import Topology

_TASKS_TOLD_MAX = 10


def unassigned_parts(status: ConnectorStatus) -> tuple[str, ...]:
    """`the connector`, `task 0` …: whatever of it is UNASSIGNED."""
    own = ("the connector",) if status.state is State.UNASSIGNED else ()
    return (*own, *(f"task {task.id}" for task in status.tasks if task.state is State.UNASSIGNED))


def unassigned(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
    for view in seen.clusters.values():
        for status in view.connectors.values():
            if status.state in (State.PAUSED, State.STOPPED) or not (parts := unassigned_parts(status)):
                continue
            # What is not seen is neither still so nor over.
            if view.error or view.healthy is False:
                yield Unseen(Code.UNASSIGNED, status.key, view.error or view.health_message)
            else:
                yield _finding(status, parts, view)


def _finding(status: ConnectorStatus, parts: tuple[str, ...], view: ClusterView) -> Finding:
    more = f" and {len(parts) - _TASKS_TOLD_MAX} more" if len(parts) > _TASKS_TOLD_MAX else ""
    told = ", ".join(parts[:_TASKS_TOLD_MAX]) + more
    cause = Cause(
        category=Category.RESOURCE,
        restart=Advice.NO,
        message=f"UNASSIGNED for longer than the rebalance delay of {view.rebalance_seconds:g} s: {told}",
        summary="No worker runs it.",
        fix="Start the worker that is missing, or see the log of those that are there for a rebalance that does not "
        "end; a restart of the connector cannot give it a worker",
        confidence=0.9,
    )
    return Finding(
        Code.UNASSIGNED, status.key, "workers", cause, Severity.BREAKING, confirm_seconds=view.rebalance_seconds
    )
