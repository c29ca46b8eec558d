"""PURE: connectors' configurations → how connectors, topics, source tables and target tables hang together.

`derive` makes a `Topology` of them: a `SourceLink` for each Debezium source, a `SinkLink` for each sink, an `Outlet`
for each topic of a table, a `Route` for each topic that a sink reads. `Route.columns` tells which columns of the
source's table reach which of the target's, `SinkLink.settings` what the sink does with those that do not fit. What
cannot be told is a note, never a guess. Configurations are data: nothing in them makes it fail or hang.
"""

from watchdog.topology.addresses import address
from watchdog.topology.columns import Columns, FieldFilter
from watchdog.topology.derive import derive
from watchdog.topology.nouns import OtherLink, Outlet, Route, SinkLink, SinkSettings, SourceLink, Topology
from watchdog.topology.patterns import JavaPattern, java_pattern

__all__ = [
    "Columns",
    "FieldFilter",
    "JavaPattern",
    "OtherLink",
    "Outlet",
    "Route",
    "SinkLink",
    "SinkSettings",
    "SourceLink",
    "Topology",
    "address",
    "derive",
    "java_pattern",
]
