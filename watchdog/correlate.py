"""PURE: one connector's failure + everything observed around it → a `Diagnosis`: which table, which columns, which
statement, what would help and whether that is so already.

A statement is blamed only for a failure that a statement can make. It is found by table, column, position and time,
each of which adds to the confidence and is told as evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchdog.detect import Misfit, MisfitKind, misfits
from watchdog.history import SchemaHistory
from watchdog.model import (
    Advice,
    Category,
    Cause,
    ConnectorKey,
    DatabaseColumns,
    Diagnosis,
    Probe,
    SchemaChange,
    TableId,
    TableSchema,
)
from watchdog.positions import is_before
from watchdog.remedies import alter_target, revert_is_no_remedy
from watchdog.topology import Route, Topology

DRIFT = (Category.SCHEMA_DRIFT, Category.REGISTRY_INCOMPATIBLE, Category.DDL_PARSE)
# A trace that says nothing, or only that a record is bad, may hide a drift that the records show.
MAY_BE_DRIFT = (*DRIFT, Category.DATA, Category.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a failure is looked at with."""

    topology: Topology
    history: SchemaHistory
    databases: Mapping[str, DatabaseColumns]
    probe: Probe | None
    since: datetime
    """When the failure was first seen here: what was read before that proves nothing."""


def correlate(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    """All that can be said now; it is asked again at each tick, as evidence comes in."""
    if cause.category not in MAY_BE_DRIFT:
        return _not_drift(key, cause, around)
    if key in around.topology.sources:
        return _source_drift(key, cause, around)
    return _sink_drift(key, cause, around)


def with_what_was_known(previous: Diagnosis, now: Diagnosis) -> Diagnosis:
    """Once the target fits, the records no longer show what was wrong: what was found out before is kept."""
    if not previous.stuck or now.stuck or previous.cause.signature != now.cause.signature:
        return now
    return replace(previous, remedied=now.remedied)


def _not_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    probe = around.probe
    fresh = probe is not None and probe.reachable_at is not None and probe.reachable_at >= around.since
    evidence = []
    if fresh and probe is not None and probe.reachable is not None:
        evidence.append(
            "the connector's own settings connect to its database again"
            if probe.reachable
            else f"the connector's own settings do not connect to its database: {probe.reachable_message}"
        )
    return Diagnosis(
        cause=cause,
        confidence=cause.confidence,
        evidence=tuple(evidence),
        remedied=probe.reachable if fresh and probe is not None else None,
        remedy="the connector can connect to its database"
        if cause.category in (Category.CONNECTIVITY, Category.AUTH)
        else "",
        way_out=cause.fix,
        target_address=_address_of(key, around.topology),
    )


def _address_of(key: ConnectorKey, topology: Topology) -> str:
    if source := topology.sources.get(key):
        return source.address
    sink = topology.sinks.get(key)
    return sink.address if sink else ""


# ── Sinks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sink_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    routes = _narrowed(around.topology.routes_of(key), cause)
    found = [(route, misfit) for route in routes for misfit in _misfits_on(route, around)]
    if found:
        return _explained_by_records(found, _as_drift(cause, found), around)
    if cause.category not in DRIFT:
        return Diagnosis(cause=cause, confidence=cause.confidence, way_out=cause.fix)
    return _explained_by_name(routes, cause, around)


def _narrowed(routes: Sequence[Route], cause: Cause) -> tuple[Route, ...]:
    """Those to the table that the trace names; all of them where it names none that we know."""
    name = _bare(cause.groups.get("table", ""))
    named = tuple(
        route for route in routes if route.target and name in (route.target.table.lower(), str(route.target).lower())
    )
    return named or tuple(routes)


def _bare(name: str) -> str:
    return name.replace("`", "").replace('"', "").lower()


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
    blame = _blame(route, columns, around, lambda change: is_before(change.position, first.first_position), missing)
    evidence = [_in_words(on_table, route), *blame.evidence]
    if revert := revert_is_no_remedy(route, columns, around.history, on_table):
        evidence.append(revert)
    target = _live_target(route, around)
    return Diagnosis(
        cause=cause,
        table=route.table,
        target=route.target,
        target_address=route.target_address,
        columns=columns,
        change=blame.change,
        confidence=max(blame.confidence, 0.8),
        evidence=tuple(evidence),
        stuck=_stuck(on_table),
        remedied=False,
        remedy=f"`{route.target}` at {route.target_address} takes every record that waits ({', '.join(columns)})",
        way_out=alter_target(route, on_table, target, blame.change),
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
    columns = tuple(filter(None, (cause.groups.get("column"),)))
    blame = _blame(route, columns, around, lambda change: True)
    return Diagnosis(
        cause=cause,
        table=route.table,
        target=route.target,
        target_address=route.target_address,
        columns=columns or (blame.change.added or blame.change.modified if blame.change else ()),
        change=blame.change,
        confidence=min(blame.confidence, 0.6) or cause.confidence,
        evidence=(*blame.evidence, *_unseen(routes, around)),
        remedied=_all_fit(routes, around),
        remedy=f"`{route.target}` at {route.target_address} takes every record that waits" if route.target else "",
        way_out=alter_target(route, (), None, blame.change) or cause.fix,
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


# ── Sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _source_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    source = around.topology.sources[key]
    table = _table_named(cause, source.prefix, around.history)
    changes = around.history.of(source.prefix, table) if table else ()
    change = next((c for c in reversed(changes) if not c.changed_nothing), None) if cause.category in DRIFT else None
    evidence: tuple[str, ...] = ()
    if change:
        evidence = (f"the last logged change of {table} was at {change.position}: it may or may not be the cause",)
    return Diagnosis(
        cause=cause,
        table=table,
        target_address=source.address,
        change=change if cause.category is Category.REGISTRY_INCOMPATIBLE else None,
        confidence=cause.confidence,
        evidence=evidence,
        way_out=cause.fix,
    )


def _table_named(cause: Cause, prefix: str, history: SchemaHistory) -> TableId | None:
    """The table in the trace, with its database found where the trace leaves it out and only one has it."""
    name = _bare(cause.groups.get("table") or cause.groups.get("subject", "").removesuffix("-value"))
    name = name.removeprefix(prefix.lower() + ".")
    known = {table for known_prefix, table in history.tables if known_prefix == prefix}
    matches = [table for table in known if name and name in (str(table).lower(), table.table.lower())]
    if len(matches) == 1:
        return matches[0]
    database, dot, rest = name.partition(".")
    return TableId(database, rest) if dot else None


# ── Which statement ──────────────────────────────────────────────────────────────────────────────────────────────


_Precedes = Callable[[SchemaChange], bool | None]


@dataclass(frozen=True, slots=True)
class _Blame:
    change: SchemaChange | None
    confidence: float
    evidence: tuple[str, ...]


def _blame(
    route: Route,
    columns: Sequence[str],
    around: Surroundings,
    precedes: _Precedes,
    missing: frozenset[str] = frozenset(),
) -> _Blame:
    """`missing`: the columns that the target lacks: only a statement that added one of them is to blame."""
    if route.table is None:
        return _Blame(None, 0.0, ())
    changes = [c for c in around.history.of(route.prefix, route.table) if not c.changed_nothing]
    touching = [c for c in changes if _touches(c, columns, missing)] if columns else changes
    if not touching:
        return _Blame(None, 0.0, (f"no logged statement touches {', '.join(columns) or route.table}",))
    # The latest one that the first stuck record was written after; where positions do not tell, the latest.
    before = [change for change in touching if precedes(change) is not False]
    change = (before or touching)[-1]
    ordered = precedes(change) is True
    evidence = [f"{change.position}: {change.ddl} (on {route.table}, {change.at:%Y-%m-%d %H:%M:%S} UTC)"]
    if columns:
        evidence.append(f"that statement changed {', '.join(columns)}")
    if ordered:
        evidence.append("the first stuck record was written after it, by its position in the binlog")
    return _Blame(change, 0.5 + (0.3 if columns else 0.0) + (0.18 if ordered else 0.0), tuple(evidence))


def _touches(change: SchemaChange, columns: Sequence[str], missing: frozenset[str]) -> bool:
    added = {name.lower() for name in change.added}
    if missing:
        return bool(added & missing)
    touched = added | {name.lower() for name in (*change.removed, *change.modified)}
    return any(column.lower() in touched for column in columns)
