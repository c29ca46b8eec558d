"""PURE but for what it keeps: the topology, derived anew only when something that it is derived from is different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watchdog.history import TableKey
from watchdog.model import ClusterView, ConnectorKey
from watchdog.topology.derive import by_prefix, derive
from watchdog.topology.nouns import Topology


class KeptTopology:
    """`topology` is the last one that was derived."""

    def __init__(self) -> None:
        self.topology = Topology()
        self._of: tuple[object, ...] = ()
        self._tables: tuple[object, frozenset[TableKey]] = (None, frozenset())

    def refresh(
        self, views: Sequence[ClusterView], tables: Mapping[TableKey, object], kafka_of: Mapping[str, str]
    ) -> bool:
        """Whether it is another one now. `tables`: those of Debezium's history. The documents are told apart by their
        identity: it is asked each tick."""
        known = self._known(tables)
        of = (known, *(part for view in views for part in (view.configs, view.used_topics)))
        if len(of) == len(self._of) and all(a is b for a, b in zip(of, self._of, strict=True)):
            return False
        configs = [config for view in views for config in view.configs.values()]
        used = {ConnectorKey(view.name, name): topics for view in views for name, topics in view.used_topics.items()}
        self.topology, self._of = derive(configs, used, tables_of=by_prefix(known), kafka_of=kafka_of), of
        return True

    def _known(self, tables: Mapping[TableKey, object]) -> frozenset[TableKey]:
        """The very same set for as long as no table comes or goes."""
        before, known = self._tables
        if tables is not before:
            now = frozenset(tables)
            known = known if now == known else now
            self._tables = (tables, known)
        return known
