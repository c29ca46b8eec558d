"""PURE: what a person can do, as text to copy. Nothing here is ever run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watchdog.compare import Difference, Kind
from watchdog.detect import Misfit, MisfitKind
from watchdog.detect.targets import holds
from watchdog.history import SchemaHistory
from watchdog.model import Column, SchemaChange, TableId, TableSchema
from watchdog.topology import Route

_VARCHAR_MAX = 16_383
"""Characters of four bytes; other columns of the row take room too."""


def quoted(name: str) -> str:
    """A MySQL identifier in backticks, with those inside doubled."""
    return "`" + name.replace("`", "``") + "`"


def quoted_table(table: TableId) -> str:
    return f"{quoted(table.database)}.{quoted(table.table)}"


def alter_target(
    route: Route, found: Sequence[Misfit], target: TableSchema | None, definitions: Mapping[str, Column]
) -> str:
    """The ALTER that lets the target take what waits; empty when nothing tells what it should be.

    `definitions`: the columns as the source has them, by name in lower case.
    """
    if route.target is None:
        return ""
    clauses = [_clause(misfit, target, definitions.get(misfit.column.lower())) for misfit in _once_each(found)]
    return _alter(route.target, [clause for clause in clauses if clause])


def add_at_target(route: Route, change: SchemaChange | None) -> str:
    """Without waiting records to go by: the ALTER that repeats at the target what the statement added at the source."""
    if route.target is None or change is None or change.after is None:
        return ""
    added = [column for column in change.after.columns if column.name in change.added]
    return _alter(route.target, [f"ADD COLUMN {_definition(column, column.name)}" for column in added])


def _alter(target: TableId, clauses: Sequence[str]) -> str:
    return f"ALTER TABLE {quoted_table(target)} {', '.join(clauses)};" if clauses else ""


def _once_each(found: Sequence[Misfit]) -> list[Misfit]:
    return list({(misfit.kind, misfit.column.lower()): misfit for misfit in found}.values())


def _clause(misfit: Misfit, target: TableSchema | None, source: Column | None) -> str:
    if misfit.kind is MisfitKind.MISSING:
        return f"ADD COLUMN {_definition(source, misfit.column)}"
    column = target.column(misfit.column) if target else None
    # What the target allows of NULL stays as it is.
    null = " NOT NULL" if column and not column.nullable else ""
    if misfit.kind is MisfitKind.CHARSET:
        kind = column.type if column else "text"
        return f"MODIFY COLUMN {quoted(misfit.column)} {kind} CHARACTER SET utf8mb4{null}"
    if misfit.kind in (MisfitKind.TOO_LONG, MisfitKind.OUT_OF_RANGE, MisfitKind.NO_CHOICE):
        wide = _wide(misfit, source)
        return f"MODIFY COLUMN {quoted(misfit.column)} {wide}{null}" if wide else ""
    return f"MODIFY COLUMN {quoted(misfit.column)} {column.type if column else 'text'} NULL"


def _wide(misfit: Misfit, source: Column | None) -> str:
    if source and holds(source, misfit.kind, misfit.needed):
        return source.type
    # Without the source's own type nothing tells which one takes it.
    if not misfit.needed:
        return ""
    if misfit.kind is MisfitKind.TOO_LONG and misfit.needed > _VARCHAR_MAX:
        return "longtext"
    return "bigint" if misfit.kind is MisfitKind.OUT_OF_RANGE else f"varchar({max(misfit.needed, 255)})"


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


def alter_for(target: TableSchema | None, found: Sequence[Difference]) -> str:
    """The ALTER after which the target takes what arrives; `found` goes from the target to that. Empty when no
    statement makes it so."""
    clauses = list(filter(None, map(_change_of, found)))
    return f"ALTER TABLE {quoted_table(target.id)} {', '.join(clauses)};" if target and clauses else ""


def _change_of(difference: Difference) -> str:
    before, after = difference.before, difference.after
    match difference.kind:
        case Kind.ADDED_OPTIONAL | Kind.ADDED_REQUIRED if after:
            return f"ADD COLUMN {_definition(after, after.name)}"
        case Kind.RENAMED if before and after:
            return f"RENAME COLUMN {quoted(before.name)} TO {quoted(after.name)}"
        case Kind.REMOVED | Kind.NOW_NULLABLE if before:
            return f"MODIFY COLUMN {quoted(before.name)} {before.type} NULL"
    if before and after and before.type != after.type:
        return f"MODIFY COLUMN {quoted(before.name)} {after.type}{'' if before.nullable else ' NOT NULL'}"
    return ""
