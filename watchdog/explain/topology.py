"""The configurations that were saved with the states → which tables a connector is about."""

from __future__ import annotations

from collections.abc import Mapping

from watchdog.explain.failure import side_of
from watchdog.model import ConnectorConfig, ConnectorKey
from watchdog.topology import Topology, derive


class Surroundings:
    """Knows nothing where no configuration was saved (`expand=info`)."""

    def __init__(self, configs: Mapping[str, ConnectorConfig]) -> None:
        self._configs = configs
        self._topology = derive(configs.values(), {}) if configs else Topology()

    def side(self, connector: str | None) -> str:
        config = self._configs.get(connector or "")
        return side_of(None, config.values) if config else "unknown"

    def tables(self, connector: str | None, named: str | None) -> tuple[str | None, str | None]:
        """Source and target table of the one route that the trace can mean; None where several could be meant."""
        routes = self._topology.routes_of(ConnectorKey("", connector or ""))
        if named:
            last = named.rpartition(".")[2].lower()
            routes = tuple(
                route
                for route in routes
                if last in {table.table.lower() for table in (route.table, route.target) if table}
            )
        if len(routes) != 1:
            return None, None
        route = routes[0]
        return str(route.table) if route.table else None, str(route.target) if route.target else None
