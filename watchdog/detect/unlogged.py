"""A table that is not as Debezium believes it to be, though no statement is on its way that would tell: changed with
`sql_log_bin=0`, by a statement that was skipped, or with a history that is not this table's any more.

A difference alone says nothing: a logged change needs half a second to arrive, a paused connector gets it when it is
resumed. It is unlogged once the connector has read past the place in the binlog that was taken after the columns were
read. Where that can never be seen (a source that has nothing captured to read stores no offset), time has to do, and
it is said so. What is neither is pending, and leaves what was found before as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from watchdog.compare import (
    Difference,
    Judged,
    belief_differences,
    changed_just_now,
    is_read_to,
    judged_by_debezium,
    worst,
)
from watchdog.detect.kept import KeptLast, KeptPairs
from watchdog.history import SchemaHistory
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Code,
    DatabaseColumns,
    Finding,
    Observation,
    Severity,
    TableId,
    TableSchema,
    Unseen,
)
from watchdog.positions import is_subset
from watchdog.topology import SourceLink, Topology

CONFIRM_SECONDS = 5.0
"""Once it is proven; the topic that tells of statements is read a moment after the offset."""
UNPROVEN_SECONDS = 90.0
"""Three looks at a database at their usual pace, and far longer than a statement takes to arrive."""
STILL_SECONDS = 130.0
"""A source whose offset did not move for that long (two of Connect's usual flushes) is not just catching up."""

_SKIPS = ("schema.history.internal.skip.unparseable.ddl", "database.history.skip.unparseable.ddl")
_FIX = (
    "Before more rows are written to it: `watchdog recover` with the connector's name rebuilds its schema history from "
    "the table as it is now, where no rows of the old shape are still to be read (by hand: stop the connector, give it "
    "a new history topic name and snapshot.mode=recovery, resume). Else a new snapshot of the table is needed."
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A table that Debezium believes to be another."""

    source: SourceLink
    table: TableId
    believed: TableSchema
    live: TableSchema
    differences: tuple[Difference, ...]
    judged: tuple[Judged, ...]


class UnloggedChanges:
    """The rule. It keeps what it compared."""

    def __init__(self) -> None:
        self._pairs: KeptPairs[TableSchema, TableSchema, tuple[Difference, ...]] = KeptPairs()
        self._last: KeptLast[tuple[Mismatch, ...]] = KeptLast()

    def __call__(self, seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
        for source in topology.sources.values():
            database = seen.databases.get(source.address)
            if database is not None and database.error:
                why = f"its database {source.address} cannot be read: {database.error}"
                for code in (Code.UNLOGGED_CHANGE, Code.DDL_SKIPPED):
                    yield Unseen(code, source.key, why)
        of = (topology, history.tables, *seen.databases.values())
        for mismatch in self._last.ask(of, lambda: tuple(self._mismatches(seen, topology, history))):
            yield _judged(mismatch, seen, history)

    def _mismatches(self, seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Mismatch]:
        sources = {source.prefix: source for source in topology.sources.values()}
        for (prefix, table), believed in history.tables.items():
            source = sources.get(prefix)
            database = seen.databases.get(source.address) if source else None
            # A table that cannot be seen may be dropped or without a grant: that is no difference.
            live = database.tables.get(table) if database and not database.error else None
            if source is None or believed is None or live is None:
                continue
            found = self._pairs.ask((prefix, table), believed, live, partial(belief_differences, believed, live))
            judged = tuple(judged_by_debezium(each, believed, live) for each in found)
            harm = worst(each.severity for each in judged) is not Severity.SAFE
            if harm and source.captures(table):
                yield Mismatch(source, table, believed, live, found, judged)


unlogged_changes = UnloggedChanges()


def _judged(found: Mismatch, seen: Observation, history: SchemaHistory) -> Finding | Unseen:
    source, database = found.source, seen.databases[found.source.address]
    changes = history.of(source.prefix, found.table)
    if changed_just_now(changes[-1] if changes else None, database.binlog):
        return _pending(found, "a logged statement changed it a moment ago")
    progress = seen.progress.get(source.key)
    place = database.binlog.position if database.binlog else None
    if is_read_to(progress.source if progress else None, place):
        return _finding(found, seen, f"{source.key.connector} has read past {place}, taken after the columns were read")
    if later := _later_statement(history, source.prefix, database):
        return _finding(found, seen, f"a statement after that look was told of already: {later}")
    status = seen.status(source.key)
    if status is None or not status.all_running:
        state = "not to be seen" if status is None else f"{status.state} and not all of its tasks are running"
        return _pending(found, f"{source.key.connector} is {state}: a logged statement may wait for it")
    if progress and progress.moved_at and (seen.now - progress.moved_at).total_seconds() < STILL_SECONDS:
        return _pending(found, f"{source.key.connector} is reading: a logged statement may be on its way")
    return _finding(found, seen, "")


def _later_statement(history: SchemaHistory, prefix: str, database: DatabaseColumns) -> str:
    """A logged change of any table of that source, from behind the place at which the columns were read."""
    binlog = database.binlog
    if binlog is None or binlog.now is None or not binlog.position.gtid:
        return ""
    for (other, _), changes in history.changes.items():
        last = changes[-1] if other == prefix and changes else None
        later = last is not None and last.at > binlog.now
        if last and later and is_subset(last.position.gtid or "", binlog.position.gtid) is False:
            return f"{last.ddl} at {last.position}"
    return ""


def _pending(found: Mismatch, why: str) -> Unseen:
    return Unseen(Code.UNLOGGED_CHANGE, found.source.key, f"{found.table} differs, pending: {why}")


def _finding(found: Mismatch, seen: Observation, proof: str) -> Finding:
    """Without a proof it is said so, and weighs less."""
    config = seen.config(found.source.key)
    skips = config is not None and any(config.get(key).lower() == "true" for key in _SKIPS)
    certain = bool(proof)
    how = (
        "was changed by a statement that was not logged, or that Debezium could not parse and skipped as it is told to"
        if skips
        else "was changed by a statement that never reached the binlog (such as with sql_log_bin=0), or its schema "
        "history is not this table's"
    )
    cause = Cause(
        category=Category.SCHEMA_DRIFT,
        restart=Advice.NO,
        message="; ".join(map(str, found.differences)),
        summary=f"{found.table} is not as Debezium believes: it {how}.",
        fix=_FIX,
        schema_drift="yes",
        confidence=0.95 if certain else 0.6,
    )
    unproven = f"not proven by position: it has differed for {UNPROVEN_SECONDS:g} s while the source was RUNNING"
    reasons = dict.fromkeys(f"{each}: {one.reason}" for each, one in zip(found.differences, found.judged, strict=True))
    return Finding(
        code=Code.DDL_SKIPPED if skips else Code.UNLOGGED_CHANGE,
        key=found.source.key,
        subject=str(found.table),
        cause=cause,
        severity=worst(each.severity for each in found.judged) if certain else Severity.RISKY,
        confirm_seconds=CONFIRM_SECONDS if certain else UNPROVEN_SECONDS,
        table=found.table,
        columns=tuple(dict.fromkeys(name for each in found.differences for name in each.columns)),
        evidence=(*reasons, proof or unproven),
        way_out=_FIX,
    )
