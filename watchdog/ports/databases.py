"""What is asked of a MySQL server: its tables, and its binary log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from watchdog.model import Author, DatabaseColumns, Position, SchemaChange, TableId, TableSchema
from watchdog.model.binlog_events import BinlogStretch


class Database(Protocol):
    """One MySQL server's information_schema."""

    address: str

    def columns(self) -> DatabaseColumns:
        """Every visible table's columns by one bulk query; system schemas are left out."""

    def peek(self, tables: Sequence[TableId]) -> Mapping[TableId, TableSchema]:
        """Those of these tables that are visible, by name: far cheaper than `columns` where there are many others."""

    def position(self) -> Position:
        """Where the server's binlog stands."""

    def row_counts(self) -> Mapping[TableId, int]:
        """About how many rows each visible table has: the server's own guess, without counting."""

    def author(self, change: SchemaChange) -> Author:
        """Who ran the statement, as far as the server still knows: best effort. May be called beside `columns`."""


class BinlogReader(Protocol):
    """One MySQL server's binary log, read as a replica would."""

    address: str

    def read(self, start: Position, end: Position, seconds: float, server: str = "") -> BinlogStretch:
        """What is written from `start` on: from all transactions that are not in its set of gtids, or from file and
        offset where it has none. It ends at `end` (a file and an offset of that server), where nothing more is written,
        or when the time is over; then it can be gone on with from `upto`, on the same `server` only.

        `PortUnauthorized`: the privilege is missing; `PortRefused`: that place is not in the binlog any more.
        """
