"""Records of an internal schema history → the tables whose definition it holds at its end."""

from __future__ import annotations

from typing import Any

from watchdog.adapters.debezium import Unreadable, parse, table_id
from watchdog.model import TableId


class TablesOf:
    """`there`, after each record was taken in its order."""

    def __init__(self) -> None:
        self._there: set[TableId] = set()

    @property
    def there(self) -> frozenset[TableId]:
        return frozenset(self._there)

    def take(self, value: bytes | None) -> None:
        try:
            document = parse(value)
        except Unreadable:
            return
        changes = document.get("tableChanges")
        for change in changes if isinstance(changes, list) else ():
            if isinstance(change, dict):
                self._take(change, str(document.get("databaseName") or ""))

    def _take(self, change: dict[str, Any], database: str) -> None:
        try:
            table = table_id(str(change.get("id") or ""), database)
        except Unreadable:
            return
        if change.get("type") == "DROP":
            self._there.discard(table)
        elif isinstance(change.get("table"), dict):
            self._there.add(table)
