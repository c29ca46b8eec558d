"""PURE: what a source's binlog holds since its stored offset, against its tables as they are now → why a schema history
of now would be wrong for it; nothing when it would be right.

Rebuilding takes the shape that each table has now for all rows from the stored offset on. That is right only if no
captured table had another shape meanwhile, not even for a while. What cannot be told counts as an objection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from watchdog.model import TableId, TableSchema
from watchdog.model.binlog_events import BinlogEvent, RowColumn, RowsOf, Sealed, Statement
from watchdog.recovery.effects import WHOLE_DATABASE, tables_changed
from watchdog.recovery.rows import in_rows

OBJECTIONS_MAX = 5
_STATEMENT_SHOWN_MAX = 300
_STRING = re.compile(r"'[^']*'?|\"[^\"]*\"?")
_NEVER_CAPTURED = frozenset({"mysql", "sys", "information_schema", "performance_schema"})

Captures = Callable[[TableId], bool]
Tables = Mapping[TableId, TableSchema]


def objections(events: tuple[BinlogEvent, ...], tables: Tables, captures: Captures) -> tuple[str, ...]:
    """In the order of the binlog, `OBJECTIONS_MAX` of them at most. `tables`: as they are now, those that are visible;
    `captures`: whether the connector has a table."""
    found: list[str] = []
    for event in events:
        found.extend(_objections(event, tables, captures))
        if len(found) >= OBJECTIONS_MAX:
            break
    return tuple(found[:OBJECTIONS_MAX])


def _objections(event: BinlogEvent, tables: Tables, captures: Captures) -> Iterator[str]:
    if isinstance(event, Sealed):
        yield f"at {event.at}: {event.what}"
    elif isinstance(event, Statement):
        yield from _of_statement(event, tables, captures)
    elif _is_captured(event.table, tables, captures):
        yield from _of_rows(event, _now(event.table, tables))


def _of_statement(event: Statement, tables: Tables, captures: Captures) -> Iterator[str]:
    changed = tables_changed(event.sql, event.database)
    shown = " ".join(event.sql.split())
    if len(shown) > _STATEMENT_SHOWN_MAX:
        shown = f"{shown[:_STATEMENT_SHOWN_MAX]}…"
    if changed is None:
        # It may be any statement, such as one with a password.
        told = _STRING.sub("'…'", shown)
        yield f"at {event.at}: a statement of which it is not clear whether it changes a captured table: {told}"
    elif captured := sorted(table for table in changed if _is_captured(table, tables, captures)):
        named = ", ".join(f"all of {each.database}" if each.table == WHOLE_DATABASE else str(each) for each in captured)
        yield f"at {event.at}: {named} was changed by: {shown}"


def _is_captured(table: TableId, tables: Tables, captures: Captures) -> bool:
    if table.database.lower() in _NEVER_CAPTURED:
        return False
    if table.table == WHOLE_DATABASE:
        # A table that was in it is gone by now: any name may have been captured.
        return captures(TableId(table.database, "any")) or any(
            captures(each) for each in tables if each.database.lower() == table.database.lower()
        )
    return captures(table)


def _now(table: TableId, tables: Tables) -> TableSchema | None:
    """Servers that compare names without case may spell one in two ways."""
    if exact := tables.get(table):
        return exact
    alike = [schema for each, schema in tables.items() if str(each).lower() == str(table).lower()]
    return alike[0] if len(alike) == 1 else None


def _of_rows(rows: RowsOf, now: TableSchema | None) -> Iterator[str]:
    where = f"at {rows.at}: rows of {rows.table}"
    if now is None:
        yield f"{where}, which is captured, and not there now (or the watchdog's user may not see it: GRANT SELECT)"
    elif len(rows.columns) != len(now.columns):
        yield (
            f"{where} have {len(rows.columns)} columns, the table has {len(now.columns)} now,"
            " and the binlog does not say who changed it (sql_log_bin=0?)"
        )
    else:
        for number, (then, column) in enumerate(zip(rows.columns, now.columns, strict=True), 1):
            if difference := _difference(then, in_rows(column)):
                yield (
                    f"{where}: column {number}, {column.name}, {difference} now,"
                    " and the binlog does not say who changed it (sql_log_bin=0?)"
                )
                return


def _difference(then: RowColumn, now: RowColumn) -> str:
    """Empty when they are alike as far as both are told."""
    if then.name is not None and now.name is not None and then.name.lower() != now.name.lower():
        return f"was called {then.name!r} there, and is called {now.name!r}"
    if not then.kind or not now.kind:
        return ""
    if then.kind != now.kind:
        return f"is a {then.kind} there and a {now.kind}"
    for what, before, after in (
        ("size", then.size, now.size),
        ("UNSIGNED", then.unsigned, now.unsigned),
        ("list of values", then.values, now.values),
    ):
        if before is not None and after is not None and before != after:
            return f"({now.kind}) had another {what} there ({_told(before)}) than it has ({_told(after)})"
    return ""


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "yes" if value else "no"
