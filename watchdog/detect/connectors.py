"""Status documents → the failures in them."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.model import Code, ConnectorStatus, State, Symptom


def symptoms(connector: ConnectorStatus) -> Iterator[Symptom]:
    """One for the connector itself when it failed, else one for each of its failed tasks."""
    # PAUSED and STOPPED are a person's decision; what their tasks say meanwhile is not news.
    if connector.state in (State.PAUSED, State.STOPPED):
        return
    # A failed connector takes its tasks down with it: report the parent only.
    if connector.state is State.FAILED:
        yield Symptom(Code.CONNECTOR_FAILED, connector.key, None, connector.trace or "")
        return
    for task in connector.failed_tasks:
        yield Symptom(Code.TASK_FAILED, connector.key, task.id, task.trace or "")
