"""The columns of a source's table as a sink gets them, against the table that it writes to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from watchdog.compare.consumers import Effect, Judged, SinkRules, judged_by_sink
from watchdog.compare.tables import Difference, Kind, differences
from watchdog.model import Severity, TableSchema
from watchdog.topology import Route, SinkLink, SourceLink


@dataclass(frozen=True, slots=True)
class Sent:
    """What reaches a sink: the table under the target's names. `dropped`: names, in lower case, of columns that the
    source had once and has no more."""

    shape: TableSchema
    dropped: frozenset[str] = frozenset()


def sent(route: Route, source: SourceLink, table: TableSchema, dropped: Collection[str] = ()) -> Sent:
    """Column filters and transforms of source and sink applied; without those that never arrive."""
    key = {name.lower() for name in source.key_of(table.id, (c.name for c in table.columns), table.primary_key)}
    arriving = [(column, _target_name(route, column.name, column.name.lower() in key)) for column in table.columns]
    columns = tuple(
        column if name == column.name else replace(column, name=name) for column, name in arriving if name is not None
    )
    keys = tuple(name for column, name in arriving if name is not None and column.name.lower() in key)
    gone = (_target_name(route, name, False) for name in dropped)
    return Sent(TableSchema(table.id, columns, keys), frozenset(name.lower() for name in gone if name))


def target_gaps(
    route: Route, sink: SinkLink, arriving: Sent, target: TableSchema
) -> Iterator[tuple[Difference, Judged]]:
    """From the target as it is to the columns that arrive, with what the sink makes of each difference."""
    settings, consumer = sink.settings, f"sink {sink.key.connector}"
    added = {name.lower() for name in route.columns.added}
    compared = arriving.shape if settings.key_mode == "record_key" else _without_key(arriving.shape, target)
    for difference in differences(target, compared):
        # What transforms or the sink itself put there comes from no column of the source.
        if difference.kind is Kind.REMOVED and difference.column.lower() in added:
            continue
        judged = judged_by_sink(difference, SinkRules.of(settings), arriving.dropped)
        if route.columns.doubts and judged.severity is not Severity.SAFE:
            judged = Judged(Effect.UNKNOWN, f"{judged.reason}; not certain: {route.columns.doubts[0]}")
        yield difference, replace(judged, consumer=consumer)


def _target_name(route: Route, column: str, in_key: bool) -> str | None:
    return route.columns.target(column, in_key=in_key)


def _without_key(shape: TableSchema, target: TableSchema) -> TableSchema:
    return replace(shape, primary_key=target.primary_key)
