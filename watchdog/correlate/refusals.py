"""A source that the schema registry refuses: which subject, under which level, and which statement made the shape that
it does not take.

The statement is in the schema topic before its first row is refused. What no level refuses is not to blame, however
late it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchdog.contracts import Ruling, refusable, ruling, topic_of
from watchdog.correlate.registry_calls import calls
from watchdog.correlate.surroundings import Surroundings
from watchdog.model import Cause, ConnectorKey, Diagnosis, SchemaChange, Subject, TableId
from watchdog.topology import SourceLink


@dataclass(frozen=True, slots=True)
class _Guilty:
    change: SchemaChange | None
    columns: tuple[str, ...]
    confidence: float
    evidence: tuple[str, ...]


def refused(source: SourceLink, table: TableId | None, cause: Cause, around: Surroundings) -> Diagnosis:
    name = cause.groups.get("subject", "")
    table = _table_of(name, source) or table
    subject = _subject(source.key, name, around)
    changes = [c for c in around.history.of(source.prefix, table) if not c.changed_nothing] if table else []
    guilty = _guilty(changes, subject, cause)
    level = subject.compatibility if subject else ""
    told = f"subject {name}" + (f", version {subject.version}" if subject else "")
    evidence = (f"{told}: compatibility level {level}" if level else f"{told}: its level is not known",) if name else ()
    return Diagnosis(
        cause=cause,
        table=table,
        target_address=source.address,
        columns=guilty.columns,
        change=guilty.change,
        confidence=guilty.confidence or cause.confidence,
        evidence=(*evidence, *guilty.evidence),
        remedy=f"the registry takes the new schema of {name}" if name else "the registry takes the new schema",
        way_out=_way_out(name, subject, table, guilty.columns) if name else cause.fix,
    )


def _table_of(subject: str, source: SourceLink) -> TableId | None:
    """By the topic that the subject is named after, however it is; None where that was renamed on its way."""
    topic = topic_of(subject)
    database, dot, name = topic.removeprefix(source.prefix + ".").partition(".")
    return TableId(database, name) if dot and topic.startswith(source.prefix + ".") else None


def _subject(key: ConnectorKey, name: str, around: Surroundings) -> Subject | None:
    view = around.subjects
    return view.subjects.get(name) if view else None


def _guilty(changes: Sequence[SchemaChange], subject: Subject | None, cause: Cause) -> _Guilty:
    """By the column that the trace names, by what the registered schema says, by what could be refused at all: the
    latest statement of that kind."""
    message = cause.message.lower()
    for change in reversed(changes):
        if said := tuple(column for column in refusable(change) if f"'{column.lower()}'" in message):
            return _Guilty(change, said, 0.95, (_statement(change), f"the trace names {', '.join(said)}"))
    for change in reversed(changes):
        ruled = _ruled(subject, change)
        # The new shape may be refused for what an earlier statement did.
        if ruled.accepts is False and set(ruled.columns) & {*change.added, *change.removed, *change.modified}:
            return _Guilty(change, ruled.columns, 0.95, (_statement(change), *ruled.reasons))
    for change in reversed(changes):
        if columns := refusable(change):
            return _Guilty(change, columns, 0.8, (_statement(change), f"it changed {', '.join(columns)}"))
        if change.before is None:
            return _Guilty(change, (), 0.5, (_statement(change), "the table's shape before it is not known"))
    return _Guilty(None, (), 0.0, ("no logged statement changed the table in a way that a registry refuses",))


def _ruled(subject: Subject | None, change: SchemaChange) -> Ruling:
    if subject is None or change.after is None:
        return Ruling(None)
    return ruling(subject, change.before, change.after)


def _statement(change: SchemaChange) -> str:
    return f"{change.position}: {change.ddl} (on {change.table}, {change.at:%Y-%m-%d %H:%M:%S} UTC)"


def _way_out(name: str, subject: Subject | None, table: TableId | None, columns: Sequence[str]) -> str:
    level = subject.compatibility if subject and subject.compatibility else "the level that it has"
    what = f"{', '.join(columns)} of {table}" if columns and table else "the change"
    let_pass, back = calls(name, subject)
    return (
        f"either make {what} compatible under {level} (NULL or a DEFAULT; a new column beside the old one): that helps "
        "the rows written from then on, while the row that is refused keeps its shape; or let the registry take it: "
        f"{let_pass} , wait until the source has passed, and put {level} back: {back}"
    )
