"""A sink's failure where no waiting record is known not to fit: either all fit by now, or the records or the target
cannot be seen. What the trace names, and what the waiting records look like among themselves, has to do.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from watchdog.correlate.blame import Blame, Trouble, blame
from watchdog.correlate.effects import explains
from watchdog.correlate.order import made_before
from watchdog.correlate.surroundings import Surroundings
from watchdog.correlate.waiting import all_fit, unseen
from watchdog.detect import MisfitKind
from watchdog.diagnose.subjects import columns_of
from watchdog.model import Cause, Diagnosis, Place, RecordShape
from watchdog.remedies.alter import add_at_target
from watchdog.topology import Route

_KINDS = (
    (MisfitKind.NULL, re.compile(r"cannot be null", re.IGNORECASE)),
    (MisfitKind.REQUIRED, re.compile(r"doesn't have a default value", re.IGNORECASE)),
    (MisfitKind.TOO_LONG, re.compile(r"too long|data truncat", re.IGNORECASE)),
    (MisfitKind.OUT_OF_RANGE, re.compile(r"out of range", re.IGNORECASE)),
    (
        MisfitKind.MISSING,
        re.compile(r"unknown column|missing fields|is not optional but|evolution is disabled", re.IGNORECASE),
    ),
)


def explained_by_name(routes: Sequence[Route], cause: Cause, around: Surroundings) -> Diagnosis:
    if not routes:
        return Diagnosis(cause=cause, confidence=cause.confidence, way_out=cause.fix)
    route = routes[0]
    kind, named = kind_of(cause), columns_of(cause.groups)
    shapes = _shapes(route, around)
    columns = named or (_newest_fields(route, shapes, around) if kind is MisfitKind.MISSING else ())
    guilty = blame(route, [Trouble(kind, column, _place(kind, column, shapes)) for column in columns], around)
    return Diagnosis(
        cause=cause,
        table=route.table,
        target=route.target,
        target_address=route.target_address,
        columns=columns or _touched(guilty),
        change=guilty.change,
        confidence=min(guilty.confidence, 0.6) or cause.confidence,
        evidence=(*guilty.evidence, *unseen(routes, around)),
        proofs=(all_fit(routes, around),),
        remedy=f"`{route.target}` at {route.target_address} takes every record that waits" if route.target else "",
        way_out=add_at_target(route, guilty.change) or cause.fix,
    )


def kind_of(cause: Cause) -> MisfitKind | None:
    return next((kind for kind, pattern in _KINDS if pattern.search(cause.message)), None)


def _touched(guilty: Blame) -> tuple[str, ...]:
    change = guilty.change
    return (change.added or change.removed or change.modified) if change else ()


def _shapes(route: Route, around: Surroundings) -> list[RecordShape]:
    """The waiting records of the route's topic, in the order in which the first of each shape was written."""
    shapes = (around.probe.shapes if around.probe else None) or ()
    ours = [shape for shape in shapes if shape.partition.rpartition("-")[0] == route.topic]
    return sorted(ours, key=lambda s: (s.first_at.timestamp() if s.first_at else 0.0, s.first_offset))


def _newest_fields(route: Route, shapes: Sequence[RecordShape], around: Surroundings) -> tuple[str, ...]:
    """The fields that the sink is likely to lack a column for: those that are new among the records that wait, else
    those that the latest statement before all of them added."""
    for earlier, later in itertools.pairwise(shapes):
        if new := tuple(name for name in later.fields if name not in earlier.fields):
            return new
    if not shapes or route.table is None:
        return ()
    fields, first = shapes[0].fields, shapes[0].first
    for change in reversed(around.history.of(route.prefix, route.table)):
        new = tuple(name for name in fields if explains(change, MisfitKind.MISSING, name))
        if new and change.kind != "CREATE" and made_before(change, first)[0] is not False:
            return new
    return ()


def _place(kind: MisfitKind | None, column: str, shapes: Sequence[RecordShape]) -> Place | None:
    """The first record that can have been refused for that; None where none of those that can be seen was."""
    name = column.lower()
    for shape in shapes:
        fields = {field.lower(): field for field in shape.fields}
        if kind is MisfitKind.REQUIRED:
            if name not in fields:
                return shape.first
        elif name in fields:
            found = _place_in(kind, fields[name], shape)
            if found is not None:
                return found
    return None


def _place_in(kind: MisfitKind | None, field: str, shape: RecordShape) -> Place | None:
    if kind is MisfitKind.NULL:
        return shape.first_null.get(field)
    # How much the target holds is not known: the largest value is the one that it does not.
    if kind is MisfitKind.TOO_LONG or kind is MisfitKind.OUT_OF_RANGE:
        grown = (shape.lengths if kind is MisfitKind.TOO_LONG else shape.bits).get(field, ())
        return grown[-1][1] if grown else None
    return shape.first
