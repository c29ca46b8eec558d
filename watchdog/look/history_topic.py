"""Shell: one history topic, read from its first record to its last → the tables as they are in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchdog.errors import PortTimeout
from watchdog.model import TableId, TableSchema
from watchdog.ports import Brokers, SchemaFeed
from watchdog.topology import SourceLink

READ_SECONDS = 0.5
READ_SECONDS_MAX = 120.0


@dataclass(frozen=True, slots=True)
class Believed:
    records: int
    tables: Mapping[TableId, TableSchema]
    """The captured ones."""


def believed(brokers: Brokers, feed_of: Callable[[], SchemaFeed], source: SourceLink, topic: str) -> Believed | None:
    """None where there is no such topic. `feed_of`: makes a reader, which is closed here."""
    facts = brokers.topics([topic])[topic]
    if not facts.partitions:
        return None
    left = {where: end for where, end in facts.end.items() if end > facts.earliest.get(where, 0)}
    found: dict[TableId, TableSchema] = {}
    feed, deadline = feed_of(), time.monotonic() + READ_SECONDS_MAX
    try:
        feed.follow({topic: (source.prefix, True)}, {})
        while left:
            tailed = feed.read(READ_SECONDS)
            for record in tailed.records:
                if record.table and source.captures(record.table):
                    found.pop(record.table, None)
                    found |= {record.table: record.after} if record.after else {}
            left = {where: end for where, end in left.items() if tailed.positions.get(where, 0) < end}
            if left and time.monotonic() > deadline:
                raise PortTimeout(topic, f"it was not read to its end within {READ_SECONDS_MAX:g} s")
    finally:
        feed.close()
    return Believed(sum(facts.end.values()), found)
