"""A database server in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from watchdog.errors import PortError
from watchdog.model import Author, Binlog, DatabaseColumns, Position, SchemaChange, TableId, TableSchema

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


class FakeDatabase:
    """Tables as they are set; each `put` or `drop` is a statement of its own in the binlog.

    `down`: what every question raises meanwhile. `asked` counts the questions for columns.
    `authors` by the statement's text.
    """

    def __init__(self, address: str = "127.0.0.1:3306", clock: Callable[[], datetime] = lambda: NOW) -> None:
        self.address = address
        self.down: PortError | None = None
        self.asked = 0
        self.authors: dict[str, Author] = {}
        self.rows: dict[TableId, int] = {}
        self._clock = clock
        self._tables: dict[TableId, TableSchema] = {}
        self._statements = 0

    def put(self, table: TableSchema) -> None:
        self._tables[table.id] = table
        self._statements += 1

    def drop(self, table: TableId) -> None:
        del self._tables[table]
        self._statements += 1

    def columns(self) -> DatabaseColumns:
        self._must_be_up()
        self.asked += 1
        binlog = Binlog(self.position(), files=("binlog.000001",), keep_seconds=2_592_000, now=self._clock())
        return DatabaseColumns(self.address, self._clock(), dict(self._tables), "9.7.4", binlog=binlog)

    def peek(self, tables: Sequence[TableId]) -> Mapping[TableId, TableSchema]:
        self._must_be_up()
        return {table: self._tables[table] for table in tables if table in self._tables}

    def position(self) -> Position:
        self._must_be_up()
        return Position(f"3e11fa47:1-{self._statements}", "binlog.000001", 100 * (1 + self._statements))

    def row_counts(self) -> Mapping[TableId, int]:
        self._must_be_up()
        return {table: self.rows.get(table, 0) for table in self._tables}

    def author(self, change: SchemaChange) -> Author:
        self._must_be_up()
        return self.authors.get(change.ddl, Author(how="not known: its session has ended"))

    def _must_be_up(self) -> None:
        if self.down:
            raise self.down
