"""PURE: what a person can do, as text to copy. Nothing here is ever run."""

from __future__ import annotations

from collections.abc import Sequence

from watchdog.detect import Misfit, MisfitKind
from watchdog.history import SchemaHistory
from watchdog.model import Column, SchemaChange, TableId, TableSchema
from watchdog.topology import Route


def quoted(name: str) -> str:
    """A MySQL identifier in backticks, with those inside doubled."""
    return "`" + name.replace("`", "``") + "`"


def quoted_table(table: TableId) -> str:
    return f"{quoted(table.database)}.{quoted(table.table)}"


def alter_target(route: Route, found: Sequence[Misfit], target: TableSchema | None, change: SchemaChange | None) -> str:
    """The ALTER that lets the target take what waits; empty when nothing tells what it should be.

    Without waiting records to go by it repeats at the target what the statement added at the source.
    """
    if route.target is None:
        return ""
    clauses = [_clause(misfit, target, change) for misfit in _once_each(found)]
    if not found and change and change.after:
        clauses = [f"ADD COLUMN {_definition(c, c.name)}" for c in change.after.columns if c.name in change.added]
    return f"ALTER TABLE {quoted_table(route.target)} {', '.join(clauses)};" if clauses else ""


def _once_each(found: Sequence[Misfit]) -> list[Misfit]:
    return list({(misfit.kind, misfit.column.lower()): misfit for misfit in found}.values())


def _clause(misfit: Misfit, target: TableSchema | None, change: SchemaChange | None) -> str:
    source = change.after.column(misfit.column) if change and change.after else None
    if misfit.kind is MisfitKind.MISSING:
        return f"ADD COLUMN {_definition(source, misfit.column)}"
    if misfit.kind is MisfitKind.TOO_LONG:
        wide = source.type if source else f"varchar({max(misfit.needed_length, 255)})"
        return f"MODIFY COLUMN {quoted(misfit.column)} {wide}"
    column = target.column(misfit.column) if target else None
    return f"MODIFY COLUMN {quoted(misfit.column)} {column.type if column else 'text'} NULL"


def _definition(source: Column | None, name: str) -> str:
    # NULL, whatever the source says: rows that are at the target already have no value for it.
    return f"{quoted(name)} {source.type if source else 'text'} NULL"


def revert_is_no_remedy(route: Route, columns: Sequence[str], history: SchemaHistory, found: Sequence[Misfit]) -> str:
    """Why dropping the column at the source again does not help; empty when that was not done."""
    missing = [misfit for misfit in found if misfit.kind is MisfitKind.MISSING]
    if route.table is None or not missing:
        return ""
    reverts = [c for c in history.of(route.prefix, route.table) if set(c.removed) & set(columns)]
    believed = history.table(route.prefix, route.table)
    if not reverts or believed is None or set(columns) <= believed.names:
        return ""
    shape = missing[0].shape
    return (
        f"the source dropped {', '.join(columns)} again at {reverts[-1].position}, which does not help: the records "
        f"written in between ({shape.partition} offsets {shape.first_offset} to {shape.last_offset}) are still in the "
        f"topic with the column, and the sink must pass them first"
    )
