"""Which of a table's logged statements made the difference, how sure that is, and why.

Each column that is in the way has its own statement: the latest that can have made it so, of those made before the
first record that does not fit. Of several columns the one that a record failed on first decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchdog.correlate.effects import explains
from watchdog.correlate.order import made_before, may_be_before_failure
from watchdog.correlate.surroundings import Surroundings
from watchdog.detect import MisfitKind
from watchdog.model import Column, Place, SchemaChange
from watchdog.target_history import TargetChange
from watchdog.topology import Route

OLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A column that is in the way. `place`: the first record that does not fit; None where that is not known."""

    kind: MisfitKind | None
    column: str
    place: Place | None = None
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Blame:
    """`definitions`: each column (in lower case) as its statement left it at the source."""

    change: SchemaChange | None = None
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()
    definitions: Mapping[str, Column] = field(default_factory=dict)
    target_change: TargetChange | None = None


@dataclass(frozen=True, slots=True)
class _Verdict:
    trouble: Trouble
    change: SchemaChange | None
    tied: str
    """What tells that the statement came before the record; empty where nothing does."""
    target_change: TargetChange | None = None


def blame(route: Route, troubles: Sequence[Trouble], around: Surroundings) -> Blame:
    """For these columns of the route's table; without any, the latest statement that changed the table."""
    if route.table is None:
        return Blame()
    changes = around.history.of(route.prefix, route.table)
    verdicts = [_verdict(trouble, changes, route, around) for trouble in troubles]
    if not troubles and (latest := _latest(changes, None, around.since)):
        verdicts = [_Verdict(Trouble(None, ""), latest, "")]
    # What is wrong with the records behind the first stuck one, the sink has not even seen.
    failed_at = min((_when(verdict.trouble.place) for verdict in verdicts), default=None)
    decided = [v for v in verdicts if v.change and _when(v.trouble.place) == failed_at]
    lost = next((verdict.target_change for verdict in verdicts if verdict.target_change), None)
    definitions = _definitions(route, around, verdicts)
    if not decided:
        return Blame(None, 0.0, _nobody(route, troubles, around, lost), definitions, lost)
    first = min(decided, key=lambda verdict: _number(changes, verdict.change))
    assert first.change is not None
    same = [v.trouble.column for v in verdicts if v.change is first.change and v.trouble.column]
    return Blame(
        change=first.change,
        confidence=_confidence(first, first.change, around),
        evidence=(*_evidence(route, first.change, same, first.tied), *_others(first.change, verdicts)),
        definitions=definitions,
    )


def _verdict(trouble: Trouble, changes: Sequence[SchemaChange], route: Route, around: Surroundings) -> _Verdict:
    guilty = [change for change in changes if explains(change, trouble.kind, trouble.column, trouble.needed)]
    change, tied = _before(guilty, trouble.place, around.since)
    lost = around.targets.lost(route.target_address, route.target, trouble.kind, trouble.column, trouble.needed)
    # The target had taken such records: only a statement that came after it changed can be to blame.
    if lost and (change is None or _number(changes, change) <= _number_of_id(changes, lost.last_statement)):
        return _Verdict(trouble, None, "", lost)
    return _Verdict(trouble, change, tied)


def _before(
    guilty: Sequence[SchemaChange], place: Place | None, failed_at: datetime
) -> tuple[SchemaChange | None, str]:
    """The latest that was made before the record; where nothing tells, the latest that may have been."""
    for change in reversed(guilty):
        before, tied = made_before(change, place) if place else (None, "")
        if before:
            return change, tied
        if before is None and may_be_before_failure(change, failed_at):
            return change, ""
    return None, ""


def _latest(changes: Sequence[SchemaChange], place: Place | None, failed_at: datetime) -> SchemaChange | None:
    return _before([change for change in changes if not change.changed_nothing], place, failed_at)[0]


def _when(place: Place | None) -> tuple[float, int]:
    """Records of several partitions are in the order of the source's clock, those of one also by offset."""
    if place is None:
        return float("inf"), 0
    return place.at.timestamp() if place.at else 0.0, place.offset


def _number(changes: Sequence[SchemaChange], change: SchemaChange | None) -> int:
    return next((number for number, each in enumerate(changes) if each is change), -1)


def _number_of_id(changes: Sequence[SchemaChange], id_: str) -> int:
    return next((number for number, each in enumerate(changes) if each.id == id_), -1)


def _definitions(route: Route, around: Surroundings, verdicts: Iterable[_Verdict]) -> dict[str, Column]:
    """As the guilty statement left the column, else as Debezium believes it to be."""
    believed = around.history.table(route.prefix, route.table) if route.table else None
    found: dict[str, Column] = {}
    for verdict in verdicts:
        name = verdict.trouble.column
        for table in (verdict.change.after if verdict.change else None, believed):
            if table and (column := table.column(name)):
                found.setdefault(name.lower(), column)
    return found


def _confidence(first: _Verdict, change: SchemaChange, around: Surroundings) -> float:
    """A column ties the statement to the failure, a position proves the order; age tells only where neither does."""
    if first.trouble.column:
        return 0.98 if first.tied else 0.8
    return 0.3 if around.since - change.at > OLD else 0.5


def _evidence(route: Route, change: SchemaChange, columns: Sequence[str], tied: str) -> list[str]:
    told = [f"{change.position}: {change.told} (on {route.table}, {change.at:%Y-%m-%d %H:%M:%S} UTC)"]
    if columns:
        told.append(f"that statement changed {', '.join(columns)}")
    if tied:
        told.append(f"the first stuck record was written after it, {tied}")
    return told


def _others(guilty: SchemaChange, verdicts: Sequence[_Verdict]) -> Iterable[str]:
    others: dict[str, list[_Verdict]] = {}
    for verdict in verdicts:
        if verdict.change and verdict.change is not guilty:
            others.setdefault(verdict.change.id, []).append(verdict)
    for each in others.values():
        change, columns = each[0].change, ", ".join(verdict.trouble.column for verdict in each)
        assert change is not None
        yield f"{columns} came by another statement, {change.position}: {change.told}"


def _nobody(
    route: Route, troubles: Sequence[Trouble], around: Surroundings, lost: TargetChange | None
) -> tuple[str, ...]:
    assert route.table is not None
    if not around.history.of(route.prefix, route.table) and not around.history.table(route.prefix, route.table):
        return (f"nothing has been read yet of {route.table} at the source, or of the statements that changed it",)
    columns = ", ".join(dict.fromkeys(trouble.column for trouble in troubles)) or str(route.table)
    nobody = f"no logged statement at the source made this ({columns}): "
    if lost:
        return (f"{nobody}the target's own table changed", lost.told)
    return (f"{nobody}the target's own table was changed, or was made without it",)
