"""A source's failure: the table that its trace names."""

from __future__ import annotations

from watchdog.correlate.refusals import refused
from watchdog.correlate.surroundings import DRIFT, Surroundings, bare
from watchdog.correlate.unlogged import with_unlogged_change
from watchdog.correlate.unparsed import with_statement
from watchdog.diagnose.subjects import table_of
from watchdog.history import SchemaHistory
from watchdog.model import Category, Cause, ConnectorKey, Diagnosis, TableId


def source_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    source = around.topology.sources[key]
    table = _table_named(cause, source.prefix, around.history)
    if cause.category is Category.REGISTRY_INCOMPATIBLE:
        return refused(source, table, cause, around)
    changes = around.history.of(source.prefix, table) if table else ()
    change = next((c for c in reversed(changes) if not c.changed_nothing), None) if cause.category in DRIFT else None
    evidence: tuple[str, ...] = ()
    if change:
        evidence = (f"the last logged change of {table} was at {change.position}: it may or may not be the cause",)
    found = Diagnosis(
        cause=cause,
        table=table,
        target_address=source.address,
        confidence=cause.confidence,
        evidence=evidence,
        way_out=cause.fix,
    )
    return with_unlogged_change(with_statement(found, source, around), source, around)


def _table_named(cause: Cause, prefix: str, history: SchemaHistory) -> TableId | None:
    """The table in the trace, with its database found where the trace leaves it out and only one has it."""
    name = bare(table_of(cause.groups) or "")
    name = name.removeprefix(prefix.lower() + ".")
    known = {table for known_prefix, table in history.tables if known_prefix == prefix}
    matches = [table for table in known if name and name in (str(table).lower(), table.table.lower())]
    if len(matches) == 1:
        return matches[0]
    database, dot, rest = name.partition(".")
    return TableId(database, rest) if dot else None
