"""A statement that Debezium could not parse is in no topic, only in the trace: it is told with the incident all the
same, and whether a captured table has any part in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from watchdog.correlate.surroundings import Surroundings
from watchdog.model import Diagnosis, Position, SchemaChange, TableId
from watchdog.topology import SourceLink

_STATEMENT_MAX = 64 * 1024
_CHANGES_A_TABLE = re.compile(
    r"\s*(?:/\*.*?\*/\s*)*(?:alter|create|drop|truncate|rename)\s+"
    r"(?:online\s+|offline\s+|ignore\s+|temporary\s+|or\s+replace\s+|unique\s+|fulltext\s+|spatial\s+){0,3}"
    r"(?:table|tables|index)\b",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(r"`((?:[^`]|``){1,64})`|\"([^\"]{1,64})\"|([\w$]{1,64})")


def with_statement(found: Diagnosis, source: SourceLink, around: Surroundings) -> Diagnosis:
    """As it was found, where the trace quotes no statement."""
    ddl = found.cause.groups.get("ddl", "")[:_STATEMENT_MAX].strip()
    if not ddl:
        return found
    tables = _captured_tables_in(ddl, source, around)
    changes = bool(tables) and bool(_CHANGES_A_TABLE.match(ddl))
    table = tables[0] if tables else found.table
    change = SchemaChange(
        id=hashlib.sha256(f"{source.prefix}|trace|{ddl}".encode()).hexdigest()[:16],
        prefix=source.prefix,
        table=table or TableId("", ""),
        position=Position(),
        at=around.since,
        ddl=ddl,
        kind="",
        before=None,
        after=None,
    )
    return replace(
        found,
        cause=replace(found.cause, schema_drift="yes" if changes else "no"),
        table=table,
        change=change,
        evidence=("the statement is from the trace: the schema change topic never saw it", _part(tables, changes)),
    )


def _captured_tables_in(ddl: str, source: SourceLink, around: Surroundings) -> list[TableId]:
    """Those that the source knows and whose name stands in the statement, in the order of the statement."""
    names = [(a.replace("``", "`") or b or c).lower() for a, b, c in _NAME.findall(ddl)]
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    known = [table for prefix, table in around.history.tables if prefix == source.prefix]
    found = [table for table in known if table.table.lower() in first]
    return sorted(found, key=lambda table: first[table.table.lower()])


def _part(tables: list[TableId], changes: bool) -> str:
    named = ", ".join(map(str, tables))
    if changes:
        return (
            f"it changes captured tables or may do so ({named}): skipping it would leave Debezium with a wrong schema"
        )
    if tables:
        return f"it names {named}, and is no statement that changes a table: it can be skipped"
    return "it names no captured table: it can be skipped"
