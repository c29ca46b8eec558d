"""A sink's failure: do the records that wait fit the target, and if not, which statement made them so?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from watchdog.correlate.blame import Trouble, blame
from watchdog.correlate.names import explained_by_name, kind_of
from watchdog.correlate.surroundings import DRIFT, Surroundings, bare, live_target
from watchdog.correlate.waiting import no_misfit, read_at
from watchdog.detect import Misfit, MisfitKind, misfits
from watchdog.detect.unfit import refused
from watchdog.diagnose.subjects import table_of
from watchdog.model import Advice, Category, Cause, ConnectorKey, Diagnosis, ProbeKind, Proof, RecordShape
from watchdog.remedies.alter import alter_target, revert_is_no_remedy
from watchdog.topology import Route

_KINDS = {
    MisfitKind.MISSING: "with a column that the target lacks",
    MisfitKind.REQUIRED: "without a column that the target requires",
    MisfitKind.NULL: "with NULL in a column that does not allow it at the target",
    MisfitKind.TOO_LONG: "with a text longer than the target's column",
    MisfitKind.OUT_OF_RANGE: "with a number or a time that the target's column does not hold",
    MisfitKind.NO_CHOICE: "with a value that is none of the target's ENUM or SET",
    MisfitKind.CHARSET: "with a character that the target's character set does not have",
}


def sink_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    routes = _narrowed(around.topology.routes_of(key), cause)
    found = [(route, misfit) for route in routes for misfit in _misfits_on(route, around, cause)]
    if found:
        return _explained_by_records(found, _as_drift(cause, found), around)
    if cause.category not in DRIFT:
        return Diagnosis(
            cause=cause, confidence=cause.confidence, way_out=cause.fix, proofs=(no_misfit(routes, around),)
        )
    return explained_by_name(routes, cause, around)


def _narrowed(routes: Sequence[Route], cause: Cause) -> tuple[Route, ...]:
    """Those to the table that the trace names; all of them where it names none that we know."""
    name = bare(table_of(cause.groups) or "")
    named = tuple(
        route for route in routes if route.target and name in (route.target.table.lower(), str(route.target).lower())
    )
    return named or tuple(routes)


def _misfits_on(route: Route, around: Surroundings, cause: Cause) -> list[Misfit]:
    target = live_target(route, around)
    if target is None or around.probe is None or around.probe.shapes is None:
        return []
    shapes = [shape for shape in around.probe.shapes if shape.partition.rpartition("-")[0] == route.topic]
    # What its transforms do is not known: the records' own names have to do.
    if route.columns.doubts:
        return [misfit for shape in shapes for misfit in misfits(shape, target)]
    sink = around.topology.sinks.get(route.sink)
    # One that may add columns fails for a missing one only where it could not.
    adds = sink is not None and sink.settings.adds_columns and kind_of(cause) is not MisfitKind.MISSING
    keyed = target.primary_key if route.columns.sink.key_mode == "record_key" else ()
    return [misfit for shape in shapes for misfit in refused(shape, route, target, adds_columns=adds, by_key=keyed)]


def _source_names(route: Route, shapes: Iterable[RecordShape]) -> dict[str, str]:
    """The records' own names, by those that the sink gives them."""
    if route.columns.doubts:
        return {}
    names = (
        (route.columns.written(field, enveloped=shape.enveloped), field) for shape in shapes for field in shape.fields
    )
    return {name: field for name, field in names if name is not None and name.lower() != field.lower()}


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
    names = _source_names(route, (around.probe.shapes if around.probe else None) or ())
    troubles = [Trouble(m.kind, names.get(m.column, m.column), m.place, m.needed) for m in on_table]
    guilty = blame(route, troubles, around)
    definitions = dict(guilty.definitions)
    definitions |= {
        written.lower(): definitions[field.lower()] for written, field in names.items() if field.lower() in definitions
    }
    said = _in_words(on_table, route)
    evidence = [said, *guilty.evidence]
    if revert := revert_is_no_remedy(route, columns, around.history, on_table):
        evidence.append(revert)
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
        proofs=(Proof(ProbeKind.TARGET_FITS, False, said, read_at([route], around)),),
        remedy=f"`{route.target}` at {route.target_address} takes every record that waits ({', '.join(columns)})",
        way_out=alter_target(route, on_table, live_target(route, around), definitions),
    )


def _in_words(found: Sequence[Misfit], route: Route) -> str:
    waiting = {(misfit.shape.partition, misfit.shape.first_offset): misfit.shape for misfit in found}
    count = sum(shape.count for shape in waiting.values())
    places = ", ".join(f"{s.partition}@{s.first_offset}" for s in waiting.values())
    words = "; ".join(dict.fromkeys(f"{_KINDS[misfit.kind]}: {misfit.column}" for misfit in found))
    return f"{count} waiting record{'s' if count != 1 else ''} of {route.topic} (from {places}), {words}"


def _stuck(found: Sequence[Misfit]) -> dict[str, tuple[int, int]]:
    stuck: dict[str, tuple[int, int]] = {}
    for misfit in found:
        first, last = misfit.place.offset, misfit.shape.last_offset
        before = stuck.get(misfit.shape.partition, (first, last))
        stuck[misfit.shape.partition] = (min(first, before[0]), max(last, before[1]))
    return stuck
