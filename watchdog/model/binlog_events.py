"""What a stretch of a source's binary log holds, as far as tables' shapes are concerned."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.tables import Position, TableId


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column as the rows in a binlog tell of it; what they do not tell is None.

    `kind` is the SQL type's bare word, the first of those that the binlog does not tell apart (`blob` for any text or
    blob, `char` for binary, `varchar` for varbinary), or `""`. `size`: characters as bytes (`varchar`, `char`),
    precision and scale (`decimal`), digits of seconds, bits (`bit`), bytes of the length (`blob`), of the value
    (`enum`, `set`).
    """

    kind: str
    size: tuple[int, ...] | None = None
    unsigned: bool | None = None
    name: str | None = None
    values: tuple[str, ...] | None = None
    """Of an enum or a set."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that is not about rows. `database`: the session's own."""

    at: Position
    database: str
    sql: str


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Rows of a table, and its columns as they were when the rows were written."""

    at: Position
    table: TableId
    columns: tuple[RowColumn, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something that the reader cannot look into; `what` and what to do about it, in words."""

    at: Position
    what: str


BinlogEvent = Statement | RowsOf | Sealed


@dataclass(frozen=True, slots=True)
class BinlogStretch:
    """`events` up to `upto` (a file and an offset); rows of one table with one shape are told once.

    `whole`: the end that was asked for is reached. `server`: who it was read from; a file's offset means nothing to
    another one.
    """

    events: tuple[BinlogEvent, ...]
    upto: Position
    whole: bool
    server: str = ""
    bytes_read: int = 0
