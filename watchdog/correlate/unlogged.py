"""A source that failed on a row that is not as it believes the table to be: which columns the live table has that it
does not know, and that no statement told it of."""

from __future__ import annotations

from dataclasses import replace

from watchdog.compare import belief_differences
from watchdog.correlate.surroundings import Surroundings
from watchdog.model import Category, Diagnosis
from watchdog.topology import SourceLink


def with_unlogged_change(found: Diagnosis, source: SourceLink, around: Surroundings) -> Diagnosis:
    """As it was found, where the failure is about something else or the table cannot be seen."""
    database = around.databases.get(source.address)
    is_drift = found.cause.category is Category.SCHEMA_DRIFT
    if not is_drift or found.table is None or database is None or database.error:
        return found
    believed, live = around.history.table(source.prefix, found.table), database.tables.get(found.table)
    differences = belief_differences(believed, live) if believed and live else ()
    if not differences:
        return found
    words = "; ".join(map(str, differences))
    cause = replace(
        found.cause,
        summary=f"An unlogged change: {found.table} is not as Debezium believes it to be ({words}), and no "
        "statement in the binlog made it so (such as with sql_log_bin=0).",
    )
    return replace(
        found,
        cause=cause,
        columns=tuple(dict.fromkeys(name for each in differences for name in each.columns)),
        confidence=max(found.confidence, 0.95),
        evidence=(
            *(f"{each}, which no logged statement told of" for each in differences),
            f"Debezium knows {len(believed.columns) if believed else 0} columns of {found.table}, the live table has "
            f"{len(live.columns) if live else 0}",
            *found.evidence,
        ),
    )
