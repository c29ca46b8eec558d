"""PURE: one record that waits → why the table that it would be written to does not take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from watchdog.detect.targets import Misfit, MisfitKind, misfits
from watchdog.model import Column, DatabaseColumns, RecordShape, TableSchema, WaitingRecord
from watchdog.topology import Route

Judge = Callable[[WaitingRecord], str]
"""Why the record cannot be taken; empty when it can."""

Named = Callable[[str], str | None]


def judge_of(
    routes: Sequence[Route], databases: Mapping[str, DatabaseColumns], *, adds_columns: bool = False
) -> tuple[Judge, tuple[str, ...]]:
    """The judge over the records of a sink's topics, and why it cannot be one: what has to be known and is not.

    `adds_columns`: the sink alters its target when a column is missing. A record whose topic the judge does not know is
    taken for fit.
    """
    targets = {route.topic: _live(route, databases) for route in routes}
    by_topic = {route.topic: (route, target) for route in routes if (target := targets[route.topic])}

    def judge(record: WaitingRecord) -> str:
        route, target = by_topic.get(record.id.topic, (None, None))
        if route is None or target is None or record.shape is None:
            return ""
        return unfit(record, route, target, adds_columns=adds_columns)

    return judge, tuple(why for route in routes for why in _unknown(route, targets[route.topic], databases))


def unfit(record: WaitingRecord, route: Route, target: TableSchema, *, adds_columns: bool = False) -> str:
    """In words that hold none of the record's values; empty when it fits."""
    if record.shape is None:
        return ""
    given = record.key_fields if route.columns.sink.key_mode == "record_key" else ()
    shape = replace(record.shape, enveloped=record.enveloped)
    found = refused(shape, route, target, adds_columns=adds_columns, by_key=given)
    return "; ".join(_in_words(misfit, target) for misfit in found)


def refused(
    shape: RecordShape, route: Route, target: TableSchema, *, adds_columns: bool = False, by_key: Sequence[str] = ()
) -> list[Misfit]:
    """What the table does not take of what the sink would write, by the target's names. `by_key`: columns that the
    records' key gives."""
    columns = route.columns

    def named(field: str) -> str | None:
        return columns.written(field, enveloped=shape.enveloped)

    given = {each.lower() for each in (*columns.added, *by_key)}
    return [
        misfit
        for misfit in misfits(_as_written(shape, named), target)
        if not (adds_columns and misfit.kind is MisfitKind.MISSING)
        and not (misfit.kind is MisfitKind.REQUIRED and misfit.column.lower() in given)
    ]


def _as_written(shape: RecordShape, named: Named) -> RecordShape:
    """With the names that the sink gives to the fields, without those that it does not write."""
    names = {field: name for field in shape.fields if (name := named(field)) is not None}
    return replace(
        shape,
        fields=tuple(names.values()),
        lengths={names[field]: sizes for field, sizes in shape.lengths.items() if field in names},
        bits={names[field]: sizes for field, sizes in shape.bits.items() if field in names},
        nulls=frozenset(names[field] for field in shape.nulls if field in names),
        values={names[field]: values for field, values in shape.values.items() if field in names},
        first_null={names[field]: place for field, place in shape.first_null.items() if field in names},
    )


def _in_words(misfit: Misfit, target: TableSchema) -> str:
    column = target.column(misfit.column) or Column(misfit.column, "")
    match misfit.kind:
        case MisfitKind.MISSING:
            return f"{target.id} has no column {misfit.column}"
        case MisfitKind.REQUIRED:
            return f"{target.id} requires {misfit.column}, and it has none"
        case MisfitKind.NULL:
            return f"{misfit.column} is NULL, which {target.id} does not allow"
        case MisfitKind.TOO_LONG:
            return f"{misfit.column} has {misfit.needed} characters, {column.type} holds less"
        case MisfitKind.NO_CHOICE:
            return f"{misfit.column} holds none of the values of {column.type[:100]}"
        case MisfitKind.CHARSET:
            return f"{misfit.column} holds a character that {column.charset} does not have"
    if not misfit.needed:
        return f"{misfit.column} holds a value that {column.type} does not"
    return f"{misfit.column} needs {misfit.needed} bits, {column.type} holds less"


def _live(route: Route, databases: Mapping[str, DatabaseColumns]) -> TableSchema | None:
    seen = databases.get(route.target_address)
    return seen.tables.get(route.target) if seen and route.target and not seen.error else None


def _unknown(route: Route, target: TableSchema | None, databases: Mapping[str, DatabaseColumns]) -> list[str]:
    if route.target is None:
        notes = "; ".join(route.notes)
        return [f"it is not known which table the records of {route.topic} are written to{notes and f': {notes}'}"]
    if target is None:
        seen = databases.get(route.target_address)
        why = f": {seen.error}" if seen and seen.error else "" if seen else ": no such database is configured"
        return [f"the columns of {route.target} at {route.target_address} cannot be seen{why}"]
    return [
        f"what the sink makes of the fields of {route.topic} is not known: {doubt}" for doubt in route.columns.doubts
    ]
