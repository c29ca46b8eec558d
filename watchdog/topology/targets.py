"""PURE: a topic, as a JDBC sink's own transforms leave it → the table that the sink writes it to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from watchdog.model import TableId
from watchdog.topology.columns import Course
from watchdog.topology.nouns import SinkLink, SourceLink

_SOURCE_FIELD = re.compile(r"\$\{source\.(.*?)\}")
_PART = re.compile(r'`((?:[^`]|``)*)`|"((?:[^"]|"")*)"|([^.`"]+)')


@dataclass(frozen=True, slots=True)
class Written:
    """`why` there is no table, where there is none."""

    table: TableId | None = None
    why: str = ""


def target_of(sink: SinkLink, course: Course, table: TableId | None, source: SourceLink | None) -> Written:
    """`course`: what the records are after the sink's transforms."""
    if not sink.address:
        return Written()
    if not sink.table_naming:
        return Written(why="the sink names its tables by a strategy that is not known here")
    name = sink.table_format
    if "${topic}" in name:
        if course.topic is None:
            return Written(why="the sink's own transforms leave the topic open that its table is named after")
        dots = sink.table_naming == "debezium"
        name = name.replace("${topic}", course.topic.replace(".", "_") if dots else course.topic)
    if sink.table_naming == "debezium" and "${source." in name:
        if not course.wrapped:
            return Written(
                why=f"{sink.table_format} needs Debezium's envelope, which these records are unwrapped from: "
                "the sink leaves them out"
            )
        name = _with_source_fields(name, table, source)
    return _in_database(name, sink.database)


def _with_source_fields(name: str, table: TableId | None, source: SourceLink | None) -> str:
    """From the record's source block: the same for all rows of a table."""
    fields = {"name": source.prefix, "connector": source.kind} if source else {}
    if table:
        fields |= {"db": table.database, "table": table.table}
    return _SOURCE_FIELD.sub(lambda found: fields.get(found[1], found[0]), name)


def _in_database(name: str, database: str) -> Written:
    if found := _SOURCE_FIELD.search(name):
        return Written(why=f"{found[0]} of the records, which the sink's table is named after, is not known")
    parts = [_unquoted(match) for match in _PART.finditer(name)]
    if len(parts) == 2:
        return Written(TableId(parts[0], parts[1]))
    if len(parts) != 1:
        return Written(why=f"{name!r} has {len(parts)} parts; a table of MySQL is named by one or two")
    if not database:
        return Written(why="the sink's connection.url names no database")
    return Written(TableId(database, parts[0]))


def _unquoted(match: re.Match[str]) -> str:
    backticks, quotes, bare = match.groups()
    if backticks is not None:
        return backticks.replace("``", "`")
    return quotes.replace('""', '"') if quotes is not None else bare
