"""Which of a table's logged statements made the difference, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchdog.correlate.surroundings import Surroundings
from watchdog.model import SchemaChange
from watchdog.topology import Route

Precedes = Callable[[SchemaChange], bool | None]


@dataclass(frozen=True, slots=True)
class Blame:
    change: SchemaChange | None
    confidence: float
    evidence: tuple[str, ...]


def blame(
    route: Route,
    columns: Sequence[str],
    around: Surroundings,
    precedes: Precedes,
    missing: frozenset[str] = frozenset(),
) -> Blame:
    """`missing`: the columns that the target lacks: only a statement that added one of them is to blame."""
    if route.table is None:
        return Blame(None, 0.0, ())
    changes = [c for c in around.history.of(route.prefix, route.table) if not c.changed_nothing]
    touching = [c for c in changes if _touches(c, columns, missing)] if columns else changes
    if not touching:
        return Blame(None, 0.0, (f"no logged statement touches {', '.join(columns) or route.table}",))
    # The latest one that the first stuck record was written after; where positions do not tell, the latest.
    before = [change for change in touching if precedes(change) is not False]
    change = (before or touching)[-1]
    ordered = precedes(change) is True
    evidence = [f"{change.position}: {change.told} (on {route.table}, {change.at:%Y-%m-%d %H:%M:%S} UTC)"]
    if columns:
        evidence.append(f"that statement changed {', '.join(columns)}")
    if ordered:
        evidence.append("the first stuck record was written after it, by its position in the binlog")
    return Blame(change, 0.5 + (0.3 if columns else 0.0) + (0.18 if ordered else 0.0), tuple(evidence))


def _touches(change: SchemaChange, columns: Sequence[str], missing: frozenset[str]) -> bool:
    added = {name.lower() for name in change.added}
    if missing:
        return bool(added & missing)
    touched = added | {name.lower() for name in (*change.removed, *change.modified)}
    return any(column.lower() in touched for column in columns)
