"""A sink's failure: do the records that wait fit the target, and if not, which statement made them so?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from watchdog.correlate.blame import blame
from watchdog.correlate.surroundings import DRIFT, Surroundings, bare
from watchdog.detect import Misfit, MisfitKind, misfits
from watchdog.diagnose.subjects import columns_of, table_of
from watchdog.model import Advice, Category, Cause, ConnectorKey, Diagnosis, TableSchema
from watchdog.positions import is_before
from watchdog.remedies import alter_target, revert_is_no_remedy
from watchdog.topology import Route


def sink_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    routes = _narrowed(around.topology.routes_of(key), cause)
    found = [(route, misfit) for route in routes for misfit in _misfits_on(route, around)]
    if found:
        return _explained_by_records(found, _as_drift(cause, found), around)
    if cause.category not in DRIFT:
        return Diagnosis(cause=cause, confidence=cause.confidence, way_out=cause.fix)
    return _explained_by_name(routes, cause, around)


def _narrowed(routes: Sequence[Route], cause: Cause) -> tuple[Route, ...]:
    """Those to the table that the trace names; all of them where it names none that we know."""
    name = bare(table_of(cause.groups) or "")
    named = tuple(
        route for route in routes if route.target and name in (route.target.table.lower(), str(route.target).lower())
    )
    return named or tuple(routes)


def _misfits_on(route: Route, around: Surroundings) -> list[Misfit]:
    target = _live_target(route, around)
    if target is None or around.probe is None or around.probe.shapes is None:
        return []
    return [
        misfit
        for shape in around.probe.shapes
        if shape.partition.rpartition("-")[0] == route.topic
        for misfit in misfits(shape, target)
    ]


def _live_target(route: Route, around: Surroundings) -> TableSchema | None:
    """The target's columns, when they were read since the failure."""
    database = around.databases.get(route.target_address)
    if database is None or database.error or database.at < around.since or route.target is None:
        return None
    return database.tables.get(route.target)


def _as_drift(cause: Cause, found: Sequence[tuple[Route, Misfit]]) -> Cause:
    if cause.category in DRIFT:
        return cause
    return replace(
        cause,
        category=Category.SCHEMA_DRIFT,
        restart=Advice.AFTER_FIX,
        schema_drift="yes",
        summary=f"The waiting records do not fit the target table (column {found[0][1].column}).",
    )


def _explained_by_records(found: list[tuple[Route, Misfit]], cause: Cause, around: Surroundings) -> Diagnosis:
    """The records that wait do not fit the target as it is now: the strongest evidence there is."""
    route = found[0][0]
    on_table = [misfit for other, misfit in found if other.target == route.target]
    columns = tuple(dict.fromkeys(misfit.column for misfit in on_table))
    first = min((misfit.shape for misfit in on_table), key=lambda shape: shape.first_offset)
    missing = frozenset(misfit.column.lower() for misfit in on_table if misfit.kind is MisfitKind.MISSING)
    guilty = blame(route, columns, around, lambda change: is_before(change.position, first.first_position), missing)
    evidence = [_in_words(on_table, route), *guilty.evidence]
    if revert := revert_is_no_remedy(route, columns, around.history, on_table):
        evidence.append(revert)
    target = _live_target(route, around)
    return Diagnosis(
        cause=cause,
        table=route.table,
        target=route.target,
        target_address=route.target_address,
        columns=columns,
        change=guilty.change,
        confidence=max(guilty.confidence, 0.8),
        evidence=tuple(evidence),
        stuck=_stuck(on_table),
        remedied=False,
        remedy=f"`{route.target}` at {route.target_address} takes every record that waits ({', '.join(columns)})",
        way_out=alter_target(route, on_table, target, guilty.change),
    )


def _in_words(found: Sequence[Misfit], route: Route) -> str:
    kinds = {
        MisfitKind.MISSING: "with a column that the target lacks",
        MisfitKind.REQUIRED: "without a column that the target requires",
        MisfitKind.NULL: "with NULL in a column that does not allow it at the target",
        MisfitKind.TOO_LONG: "with a text longer than the target's column",
    }
    waiting = {(misfit.shape.partition, misfit.shape.first_offset): misfit.shape for misfit in found}
    count = sum(shape.count for shape in waiting.values())
    places = ", ".join(f"{s.partition}@{s.first_offset}" for s in waiting.values())
    words = "; ".join(dict.fromkeys(f"{kinds[misfit.kind]}: {misfit.column}" for misfit in found))
    return f"{count} waiting record{'s' if count != 1 else ''} of {route.topic} (from {places}), {words}"


def _stuck(found: Sequence[Misfit]) -> dict[str, tuple[int, int]]:
    stuck: dict[str, tuple[int, int]] = {}
    for misfit in found:
        first, last = misfit.shape.first_offset, misfit.shape.last_offset
        before = stuck.get(misfit.shape.partition, (first, last))
        stuck[misfit.shape.partition] = (min(first, before[0]), max(last, before[1]))
    return stuck


def _explained_by_name(routes: Sequence[Route], cause: Cause, around: Surroundings) -> Diagnosis:
    """No waiting record is known not to fit: either all fit by now, or the records or the target cannot be seen."""
    if not routes:
        return Diagnosis(cause=cause, confidence=cause.confidence, way_out=cause.fix)
    route = routes[0]
    columns = columns_of(cause.groups)
    guilty = blame(route, columns, around, lambda change: True)
    return Diagnosis(
        cause=cause,
        table=route.table,
        target=route.target,
        target_address=route.target_address,
        columns=columns or (guilty.change.added or guilty.change.modified if guilty.change else ()),
        change=guilty.change,
        confidence=min(guilty.confidence, 0.6) or cause.confidence,
        evidence=(*guilty.evidence, *_unseen(routes, around)),
        remedied=_all_fit(routes, around),
        remedy=f"`{route.target}` at {route.target_address} takes every record that waits" if route.target else "",
        way_out=alter_target(route, (), None, guilty.change) or cause.fix,
    )


def _all_fit(routes: Sequence[Route], around: Surroundings) -> bool | None:
    """True only when the waiting records and the targets were both read whole since the failure."""
    if _unseen(routes, around):
        return None
    probe = around.probe
    return None if probe is None or probe.capped else True


def _unseen(routes: Sequence[Route], around: Surroundings) -> list[str]:
    """What keeps us from telling whether the records fit; empty when nothing does."""
    unseen = []
    for route in {route.target_address: route for route in routes}.values():
        database = around.databases.get(route.target_address)
        if database is None:
            unseen.append(
                f"the target database {route.target_address or '(unknown)'} is not visible from here (DATABASE_URL)"
            )
        elif database.error:
            unseen.append(f"the target database cannot be read: {database.error}")
        elif database.at < around.since:
            unseen.append("the target's columns have not been read since the failure")
    unseen += [
        f"target table {route.target} is not visible: dropped, never made, or without a grant"
        for route in routes
        if (database := around.databases.get(route.target_address)) and route.target not in database.tables
    ]
    probe = around.probe
    if probe is None or probe.at < around.since:
        unseen.append("the waiting records have not been read since the failure")
    elif probe.shapes is None:
        unseen.append(f"the waiting records cannot be read: {probe.scan_error or 'no access to Kafka'}")
    return unseen
