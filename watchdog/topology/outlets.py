"""PURE: which tables a source writes to which topics: forwards from the tables that are known, backwards from topics.

Backwards only where it can be proved: a table counts when its topic, sent through the source's transforms, comes out
as the topic that was seen, and no other table is in sight that would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from watchdog.model import TableId
from watchdog.topology.columns import Course
from watchdog.topology.nouns import Outlet, SourceLink
from watchdog.topology.patterns import java_pattern
from watchdog.topology.sources import first_course
from watchdog.topology.transforms import Transform, courses

PIECES_MAX = 12
DATABASES_MAX = 4
_SEPARATOR = re.compile(r"[._-]")
_GROUP = re.compile(r"\\(.)|\$(?:\d+|\{\w+\})")


@dataclass(frozen=True, slots=True)
class Way:
    """An outlet and what the source's transforms make of the records on it."""

    outlet: Outlet
    course: Course


def forwards(source: SourceLink, tables: Iterable[TableId]) -> Iterator[Way | str]:
    """Each captured table's ways, or why its topic is not known."""
    for table in dict.fromkeys(tables):
        if source.captures(table):
            yield from _ways(source, table)


def _ways(source: SourceLink, table: TableId) -> Iterator[Way | str]:
    first = first_course(source, table)
    found = courses(source.transforms, first)
    for course in found:
        if course.topic is not None:
            yield Way(Outlet(source.key, course.topic, table, len(found) == 1), course)
        else:
            yield from course.doubts[-1:]


def backwards(source: SourceLink, topic: str) -> Way:
    """A topic that the source writes to, or seems to: the one table that it can be of, else none."""
    if not source.renames_topics:
        table = _by_name(source, topic)
        return Way(Outlet(source.key, topic, table), _course(source, topic))
    found = {way.outlet.table: way for table in _candidates(source, topic) for way in _to(source, table, topic)}
    if len(found) == 1:
        (way,) = found.values()
        return Way(replace(way.outlet, certain=False), way.course)
    return Way(Outlet(source.key, topic, None, False), Course(topic))


def is_of_tables(source: SourceLink, topic: str) -> bool:
    """Not its heartbeats, transactions or schema changes."""
    others = (source.schema_topic, source.prefix, f"{source.prefix}{source.delimiter}transaction")
    return topic not in others and not topic.startswith("__debezium-heartbeat")


def _course(source: SourceLink, topic: str) -> Course:
    found = [course for course in courses(source.transforms, Course(topic)) if course.topic == topic]
    return found[0] if found else Course(topic)


def _by_name(source: SourceLink, topic: str) -> TableId | None:
    start = source.prefix + source.delimiter
    if not source.prefix or not topic.startswith(start):
        return None
    name = topic[len(start) :]
    # A database whose name has the delimiter in it is told by the list of databases only.
    for database in source.named_databases:
        if name.startswith(database + source.delimiter) and len(name) > len(database) + len(source.delimiter):
            return TableId(database, name[len(database) + len(source.delimiter) :])
    database, delimiter, table = name.partition(source.delimiter)
    return TableId(database, table) if delimiter and database and table else None


def _to(source: SourceLink, table: TableId, topic: str) -> Iterator[Way]:
    if not source.captures(table):
        return
    for way in _ways(source, table):
        if isinstance(way, Way) and way.outlet.topic == topic:
            unmoved = first_course(replace(source, naming=None), table).topic == topic
            # The name as it was before: another table may be renamed to it.
            if not (unmoved and any(_may_make(router, topic) for router in _routers(source))):
                yield way


def _routers(source: SourceLink) -> Iterator[Transform]:
    """Those that rename, without a first one that none of the source's own topics fits."""
    found = [each for each in (source.naming, *source.transforms) if each is not None and _replacement(each)]
    start = source.prefix + source.delimiter
    fitting = java_pattern(found[0].get("topic.regex") or found[0].get("regex")).prefix if found else ""
    yield from found if start.startswith(fitting) or fitting.startswith(start) else found[1:]


def _replacement(router: Transform) -> str:
    return router.get("topic.replacement") or router.get("replacement")


def _may_make(router: Transform, topic: str) -> bool:
    """Whether a topic looks like what a router's replacement makes."""
    made = "".join(
        ".*" if _GROUP.fullmatch(piece) and piece[0] == "$" else _escaped(piece.removeprefix("\\"))
        for piece in _pieces(_replacement(router))
    )
    return java_pattern(made).matches(topic) is not False


def _pieces(replacement: str) -> Iterator[str]:
    at = 0
    for found in _GROUP.finditer(replacement):
        yield replacement[at : found.start()]
        yield found[0]
        at = found.end()
    yield replacement[at:]


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if not c.isalnum() and c.isascii() else c for c in text)


def _candidates(source: SourceLink, topic: str) -> Iterator[TableId]:
    """Tables whose names are in the topic's, in the databases that the configuration or the topic names."""
    if source.prefix and (named := _by_name(source, topic)):
        yield named
    cuts = [found.end() for found in _SEPARATOR.finditer(topic)]
    ends = [topic[cut:] for cut in cuts]
    starts = [topic[: cut - 1] for cut in cuts]
    pieces = list(dict.fromkeys(filter(None, (topic, *ends, *starts, *_SEPARATOR.split(topic)))))[:PIECES_MAX]
    databases = dict.fromkeys((*source.named_databases, *(t.database for t in source.named_tables)))
    for database in list(databases or dict.fromkeys(filter(None, _SEPARATOR.split(topic))))[:DATABASES_MAX]:
        yield from (TableId(database, piece) for piece in pieces)
