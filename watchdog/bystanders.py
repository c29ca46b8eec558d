"""PURE: two looks at a connector, and what its status topic told between them → what somebody other than us did to it.

Nobody tells who: an operator, a person and another tool look alike. A rebalance is nobody's doing: it gives a task to a
worker by way of UNASSIGNED or in a new generation of the group, while a restart that somebody asked for passes through
RESTARTING, or brings a FAILED task back on the same worker in the same generation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from watchdog.model import ConnectorConfig, ConnectorStatus, PushedStatus, State

MASK = "***"
_NAMES_MAX = 8
_NAME_LIMIT = 100


class Deed(StrEnum):
    """Also the kinds of what we do ourselves."""

    RESTARTED = "restarted"
    PAUSED = "paused"
    STOPPED = "stopped"
    RESUMED = "resumed"
    EDITED = "edited"
    MOVED = "moved"
    """By a rebalance, which restarts it all the same: to another worker, or anew to the same."""


@dataclass(frozen=True, slots=True)
class Act:
    deed: Deed
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Glimpse:
    """How a connector looked at one moment; None: not there, or not known."""

    status: ConnectorStatus | None
    config: ConnectorConfig | None
    generations: Mapping[int | None, int] = field(default_factory=dict)
    """Of each part, as its last pushed state told."""


def generations(before: Mapping[int | None, int], pushed: Sequence[PushedStatus]) -> Mapping[int | None, int]:
    return {**before, **{each.task: each.generation for each in pushed if each.generation >= 0}}


@dataclass(frozen=True, slots=True)
class _Moment:
    state: State
    worker: str
    at: datetime
    generation: int


def acts(
    before: Glimpse, after: Glimpse, pushed: Sequence[PushedStatus], now: datetime, ours: Collection[Deed]
) -> Iterator[Act]:
    """`pushed`: of this connector, between the two looks, in their order. `ours`: what may just as well be of our own
    making, and is therefore nobody else's."""
    found = [*_switched(before, after, now), *_restarted(before, after, pushed, now), *_edited(before, after, now)]
    yield from (act for act in found if act.deed not in ours)


def _switched(before: Glimpse, after: Glimpse, now: datetime) -> Iterator[Act]:
    if before.status is None or after.status is None or before.status.state is after.status.state:
        return
    out_of_service = {State.PAUSED: Deed.PAUSED, State.STOPPED: Deed.STOPPED}
    if deed := out_of_service.get(after.status.state):
        yield Act(deed, now, f"{deed.value} by someone else")
    elif before.status.state in out_of_service:
        yield Act(Deed.RESUMED, now, f"resumed by someone else (it was {before.status.state})")


def _restarted(before: Glimpse, after: Glimpse, pushed: Sequence[PushedStatus], now: datetime) -> Iterator[Act]:
    """One restart of several tasks is told once."""
    if before.status is None or after.status is None:
        return
    restarts: list[datetime] = []
    latest = generations(before.generations, pushed)
    for task in (None, *(task.id for task in after.status.tasks)):
        told = (each for each in pushed if each.task == task)
        moments = [
            *_now(before.status, task, now, before.generations.get(task, -1)),
            *(_Moment(each.state, each.worker, each.at, each.generation) for each in told),
            *_now(after.status, task, now, latest.get(task, -1)),
        ]
        restarts += [one.at for earlier, one in pairwise(moments) if _is_restart(earlier, one)]
        if moved := _moved(moments):
            yield Act(Deed.MOVED, now, f"{'the connector' if task is None else f'task {task}'} {moved}")
    if restarts:
        at = min(restarts)
        again = ", and it failed again" if after.status.failed else ""
        yield Act(Deed.RESTARTED, at, f"restarted by someone else at {at:%H:%M:%S} UTC{again}")


def _is_restart(earlier: _Moment, one: _Moment) -> bool:
    if one.state is State.RESTARTING:
        return earlier.state is not State.RESTARTING
    same_worker = one.worker == earlier.worker
    came_back = earlier.state is State.FAILED and one.state is State.RUNNING
    return came_back and same_worker and not _rebalanced(earlier, one)


def _rebalanced(earlier: _Moment, one: _Moment) -> bool:
    return min(earlier.generation, one.generation) >= 0 and earlier.generation != one.generation


def _moved(moments: Sequence[_Moment]) -> str:
    """How; empty when it stayed. A part that nobody runs says nothing of where it is."""
    workers = [each.worker for each in moments if each.worker and each.state is not State.UNASSIGNED]
    if workers and workers[0] != workers[-1]:
        return f"moved from worker {workers[0]} to {workers[-1]}: a worker was lost or restarted, or a rebalance"
    anew = any(
        earlier.state is State.FAILED and one.state is State.RUNNING and _rebalanced(earlier, one)
        for earlier, one in pairwise(moments)
    )
    return "was started anew by a rebalance: a worker was restarted, or a configuration changed" if anew else ""


def _now(status: ConnectorStatus, task: int | None, now: datetime, generation: int) -> Iterator[_Moment]:
    if task is None:
        yield _Moment(status.state, status.worker, now, generation)
    yield from (_Moment(each.state, each.worker, now, generation) for each in status.tasks if each.id == task)


def _edited(before: Glimpse, after: Glimpse, now: datetime) -> Iterator[Act]:
    one, other = before.config, after.config
    if one is None or other is None or "" in (one.fingerprint, other.fingerprint):
        return
    if one.fingerprint != other.fingerprint:
        yield Act(Deed.EDITED, now, f"configuration edited by someone else: {_what(one, other)}")


def _what(one: ConnectorConfig, other: ConnectorConfig) -> str:
    """Names of settings, never values. Of secrets only that one of them is another."""
    names = sorted({*one.values, *other.values})
    changed = [name for name in names if one.values.get(name) != other.values.get(name)]
    if changed:
        return _some(changed)
    hidden = [name for name in names if MASK in other.values.get(name, "")]
    return f"a secret value ({'one of ' if len(hidden) > 1 else ''}{_some(hidden)})" if hidden else "a secret value"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_MAX} more" if len(names) > _NAMES_MAX else ""
    return ", ".join(name[:_NAME_LIMIT] for name in names[:_NAMES_MAX]) + more
