"""The seventh set, sources: what is done to them, how often, and what is true then.

Not in the list, because earlier sets have seen that no task fails of it: a broker that restarts, gh-ost's and pt-osc's
swap of tables, RENAME TABLE, `min.insync.replicas`, PARTIAL_JSON. Not in it either, because it cannot be done here: a
full disk, a worker out of memory, a server upgraded over two major versions.
"""

from failures import (
    eighth_source_ways,
    seventh_source_ways,
    seventh_source_ways_access,
    seventh_sources_access,
    seventh_sources_logs,
    seventh_sources_records,
    seventh_sources_settings,
)
from failures.case import SOURCE, Case
from failures.seventh_draw import Axes, Drawn, Event, Way, cases_of, draw

AXES: Axes = {
    "converter": ("json", "json", "bare json", "avro"),
    "unwrap": ("none", "none", "source"),
    "table": (
        "orders",
        "customer_accounts",
        "Invoices",
        "order-lines",
        "payments_2024",
        "stock",
        "Ereignisse",
        "t_user",
    ),
    "column": ("email", "total_amount", "createdAt", "is_active", "note", "sku", "straße", "ext_ref"),
    "type": ("VARCHAR(40)", "INT", "DECIMAL(12,4)", "DATETIME(3)", "JSON", "TEXT", "BIGINT UNSIGNED", "ENUM('a','b')"),
    "snapshot.mode": ("initial", "initial", "no_data", "when_needed"),
    "decimal.handling.mode": ("precise", "string", "double"),
    "time.precision.mode": ("adaptive_time_microseconds", "connect"),
    "snapshot.locking.mode": ("minimal", "none"),
}

EVENTS: tuple[Event, ...] = (
    *seventh_sources_access.EVENTS,
    *seventh_sources_logs.EVENTS,
    *seventh_sources_records.EVENTS,
    *seventh_sources_settings.EVENTS,
)
WAYS: dict[str, Way] = {
    event.name: way
    for event in EVENTS
    for module in (seventh_source_ways_access, seventh_source_ways, eighth_source_ways)
    if (way := getattr(module, event.name.replace("-", "_"), None))
}
"""By name: only what was drawn has one."""


def drawn(after: int = 0) -> tuple[Drawn, ...]:
    return draw(SOURCE, EVENTS, AXES, after=after)


def drawn_cases(after: int = 0) -> tuple[Case, ...]:
    """Those of a set: 40, the first of them the one after the `after`th draw."""
    return cases_of(drawn(after), WAYS)
