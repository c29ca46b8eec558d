"""What a quarantine remembers between its steps, and how it tells it. As JSON; no key and no value of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from watchdog.diagnose import diagnose
from watchdog.model import ConnectorStatus, RecordId, State, TopicPartition, Unfit, Workflow
from watchdog.stepping import offsets_can_be_changed

LIMIT = 1000
"""Of more records than that it is the table that does not fit, not the records."""

Records = tuple[Unfit, ...]


def barred(version: str, status: ConnectorStatus) -> str:
    """Why no record of it can be stepped over, whatever these are; empty when they can."""
    if offsets_can_be_changed(version) is False:
        return f"its worker is Connect {version}; offsets can be changed through REST from 3.6 on"
    if status.state is State.FAILED:
        return "the connector itself failed, not a task: no record did that"
    return ""


def records_of(workflow: Workflow, name: str) -> Records:
    """`pending`: to be copied. `done`: copied and read back."""
    rows: Sequence[Sequence[Any]] = workflow.data[name]
    return tuple(Unfit(RecordId(topic, partition, offset), reason) for topic, partition, offset, reason in rows)


def listed(records: Iterable[Unfit]) -> list[list[Any]]:
    return [[*each.id, each.reason] for each in records]


def not_copied(workflow: Workflow, unfit: Iterable[Unfit]) -> Records:
    known = {each.id for each in records_of(workflow, "done")}
    return tuple(each for each in unfit if each.id not in known)


def limit_of(workflow: Workflow) -> int:
    return int(workflow.arguments.get("limit") or LIMIT)


def too_many(count: int, workflow: Workflow) -> str:
    return (
        f"the target does not take {number(count)}, more than the limit of {limit_of(workflow)}: that is a table that "
        "does not fit, which an ALTER of the target helps (see `watchdog incidents`); --limit raises it"
    )


def number(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"


def moves(offsets: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, int]) -> str:
    return ", ".join(f"{place} {committed.get(place, 'start')} → {offset}" for place, offset in sorted(offsets.items()))


def meddled(workflow: Workflow, status: ConnectorStatus) -> str:
    """What somebody did to its state meanwhile; empty where nothing shows it. It is PAUSED by us only where it was."""
    return "somebody paused it" if status.state is State.PAUSED and workflow.data["was"] != State.PAUSED else ""


def is_stopped(status: ConnectorStatus) -> bool:
    return status.state is State.STOPPED and not status.tasks


def message(status: ConnectorStatus) -> str:
    """Why it failed, in one line; empty where it has not."""
    traces = (status.trace, *(task.trace for task in status.failed_tasks))
    trace = next((trace for trace in traces if trace), "")
    return diagnose(trace, status.type).message if trace else ""
