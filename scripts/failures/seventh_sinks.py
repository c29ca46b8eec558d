"""The seventh set, sinks: what is done to them, how often, and what is true then."""

from failures import (
    seventh_sinks_access,
    seventh_sinks_busy,
    seventh_sinks_configs,
    seventh_sinks_doors,
    seventh_sinks_forms,
    seventh_sinks_rows,
    seventh_sinks_settings,
    seventh_sinks_tables,
    seventh_sinks_targets,
    seventh_sinks_ways,
)
from failures.case import SINK, Case
from failures.seventh_draw import Axes, Event, Way, cases_of, draw

AXES: Axes = {
    "table": ("customers", "invoices", "payments", "products", "shipments", "order_items", "accounts", "tickets"),
    "column": ("email", "country", "reference", "balance", "remark", "valid_from", "channel", "tax_code"),
    "kind": ("text", "code", "number", "small", "amount", "day", "moment", "document", "flag", "choice"),
    "format": ("json", "json", "avro", "avro with headers"),
    "unwrap": ("none", "source", "sink"),
    "insert": ("upsert", "upsert", "insert"),
    "key": ("record_key", "record_key", "record_value"),
    "evolution": ("none", "none", "basic"),
    "decimals": ("precise", "precise", "double", "string"),
    "times": ("adaptive_time_microseconds", "adaptive_time_microseconds", "connect"),
    "retries": ("5", "5", "1"),
}
"""Listed as often as they are met. `kind` is of the column, `format` of the topic, `retries` flush.max.retries."""

EVENTS: tuple[Event, ...] = (
    *seventh_sinks_tables.EVENTS,
    *seventh_sinks_targets.EVENTS,
    *seventh_sinks_rows.EVENTS,
    *seventh_sinks_forms.EVENTS,
    *seventh_sinks_access.EVENTS,
    *seventh_sinks_busy.EVENTS,
    *seventh_sinks_settings.EVENTS,
)
WAYS: dict[str, Way] = {
    event.name: way
    for event in EVENTS
    for module in (seventh_sinks_ways, seventh_sinks_doors, seventh_sinks_configs)
    if (way := getattr(module, event.name.replace("-", "_"), None))
}
"""By name: only what was drawn has one."""


def drawn_cases(after: int = 0) -> tuple[Case, ...]:
    """Those of a set: 40, the first of them the one after the `after`th draw."""
    return cases_of(draw(SINK, EVENTS, AXES, after=after), WAYS)
