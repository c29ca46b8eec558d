"""Source and target differ in a way that will break the sink or lose data, and nothing has failed yet.

What is compared is the table as Debezium has it, which is what the next record will be like, with the target as it is.
It has to be so for `CONFIRM_SECONDS`: a change of both ends is made one after the other, a table is swapped by RENAME.
"""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.compare import Difference, Effect, Judged, Sent, dropped_columns, sent, target_gaps, worst
from watchdog.detect.kept import KeptLast, KeptPairs
from watchdog.history import SchemaHistory
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Code,
    Finding,
    Observation,
    SchemaChange,
    Severity,
    TableSchema,
    Unseen,
)
from watchdog.remedies.alter import alter_for
from watchdog.topology import Route, SinkLink, Topology

CONFIRM_SECONDS = 30.0
"""At least two looks at a database at their usual pace."""

CODES = (Code.TABLES_DIFFER, Code.NULLS_WRITTEN)

Gaps = tuple[tuple[Difference, Judged], ...]


class TablesDiffer:
    """The rule. It keeps what it compared."""

    def __init__(self) -> None:
        self._topology: Topology | None = None
        self._sent: KeptPairs[TableSchema, tuple[SchemaChange, ...], Sent] = KeptPairs()
        self._gaps: KeptPairs[Sent, TableSchema, Gaps] = KeptPairs()
        self._last: KeptLast[tuple[tuple[Route, Finding], ...]] = KeptLast()

    def __call__(self, seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
        yield from _unseen(seen, topology)
        of = (topology, history.tables, history.changes, *seen.databases.values())
        for route, finding in self._last.ask(of, lambda: tuple(self._findings(seen, topology, history))):
            if failed := _failed(route, seen):
                yield Unseen(finding.code, finding.key, f"{failed} is FAILED, which is an incident of its own")
            else:
                yield finding

    def _findings(
        self, seen: Observation, topology: Topology, history: SchemaHistory
    ) -> Iterator[tuple[Route, Finding]]:
        if topology is not self._topology:
            self._topology = topology
            self._sent.forget()
            self._gaps.forget()
        for route in topology.routes:
            if found := self._of(route, seen, topology, history):
                sink, gaps = topology.sinks[route.sink], found
                yield from ((route, finding) for finding in _made(route, sink, gaps, seen, history))

    def _of(self, route: Route, seen: Observation, topology: Topology, history: SchemaHistory) -> Gaps:
        source = topology.sources.get(route.source) if route.source else None
        database = seen.databases.get(route.target_address)
        if source is None or route.table is None or route.target is None or database is None or database.error:
            return ()
        shape = history.table(route.prefix, route.table) or _live(seen, source.address, route)
        target = database.tables.get(route.target)
        if shape is None or target is None:
            return ()
        changes = history.of(route.prefix, route.table)
        key, sink = (route.sink, route.topic), topology.sinks[route.sink]
        arriving = self._sent.ask(
            key,
            shape,
            changes,
            lambda: sent(route, source, shape, dropped_columns(history, route.prefix, route.table, shape)),
        )
        return self._gaps.ask(key, arriving, target, lambda: tuple(_harmful(route, sink, arriving, target)))


tables_differ = TablesDiffer()


def _live(seen: Observation, address: str, route: Route) -> TableSchema | None:
    database = seen.databases.get(address)
    return database.tables.get(route.table) if database and not database.error and route.table else None


def _harmful(route: Route, sink: SinkLink, arriving: Sent, target: TableSchema) -> Iterator[tuple[Difference, Judged]]:
    # Names that cannot be told make no alarm; `watchdog drift` shows them with their doubts.
    if route.columns.doubts:
        return
    for difference, judged in target_gaps(route, sink, arriving, target):
        if judged.severity is not Severity.SAFE and judged.effect is not Effect.UNKNOWN:
            yield difference, judged


def _unseen(seen: Observation, topology: Topology) -> Iterator[Unseen]:
    for sink in topology.sinks.values():
        database = seen.databases.get(sink.address)
        if database is not None and database.error:
            for code in CODES:
                yield Unseen(code, sink.key, f"its database {sink.address} cannot be read: {database.error}")


def _failed(route: Route, seen: Observation) -> str:
    for key in filter(None, (route.sink, route.source)):
        status = seen.status(key)
        if status is not None and status.failed:
            return key.connector
    return ""


def _made(route: Route, sink: SinkLink, gaps: Gaps, seen: Observation, history: SchemaHistory) -> Iterator[Finding]:
    silent = tuple(gap for gap in gaps if gap[1].effect is Effect.NULLS)
    loud = tuple(gap for gap in gaps if gap[1].effect is not Effect.NULLS)
    target = seen.databases[route.target_address].tables[route.target] if route.target else None
    if loud:
        what = "the next record fails" if _breaks(loud) else "values may be lost or refused"
        yield _finding(
            Code.TABLES_DIFFER, route, loud, what, history, alter_for(target, [difference for difference, _ in loud])
        )
    if silent:
        what = f"{sink.key.connector} writes NULL, or a default, without a word"
        yield _finding(Code.NULLS_WRITTEN, route, silent, what, history, "")


def _breaks(gaps: Gaps) -> bool:
    return any(judged.severity is Severity.BREAKING for _, judged in gaps)


def _finding(code: Code, route: Route, gaps: Gaps, what: str, history: SchemaHistory, way_out: str) -> Finding:
    columns = tuple(dict.fromkeys(name for difference, _ in gaps for name in difference.columns))
    change = _last_change(route, columns, history)
    summary = f"{route.target} is not as {route.table} is ({', '.join(columns) or 'key'}): {what}."
    cause = Cause(
        category=Category.SCHEMA_DRIFT,
        restart=Advice.NO,
        message="; ".join(str(difference) for difference, _ in gaps),
        summary=summary,
        fix=_FIXES[code],
        schema_drift="yes",
        confidence=0.9,
    )
    logged = (f"{change.position}: {change.ddl}",) if change else ()
    return Finding(
        code=code,
        key=route.sink,
        subject=f"{route.target}",
        cause=cause,
        severity=worst(judged.severity for _, judged in gaps),
        confirm_seconds=CONFIRM_SECONDS,
        table=route.table,
        target=route.target,
        columns=columns,
        change=change,
        evidence=(*dict.fromkeys(judged.reason for _, judged in gaps), *logged),
        way_out=way_out or _FIXES[code],
    )


_FIXES = {
    Code.TABLES_DIFFER: "Alter the target so that it takes what the source sends, before the next record comes.",
    Code.NULLS_WRITTEN: (
        "If the column is gone for good, drop it at the target too, or tell its readers; if it was renamed, rename it "
        "at the target; rows that were written meanwhile hold NULL there and have to be filled again."
    ),
}


def _last_change(route: Route, columns: tuple[str, ...], history: SchemaHistory) -> SchemaChange | None:
    """The latest logged statement that touched one of the columns, under the names that the target has for them."""
    if route.table is None:
        return None
    wanted = {name.lower() for name in columns}
    for change in reversed(history.of(route.prefix, route.table)):
        touched = (*change.added, *change.removed, *change.modified)
        names = {(route.columns.target(name) or name).lower() for name in touched}
        if names & wanted:
            return change
    return None
