"""Tables, their columns, and the statements that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class TableId(NamedTuple):
    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is the full SQL type in lower case, such as `varchar(64)` or `decimal(10,2)`."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    generated: bool = False
    """The server fills it: AUTO_INCREMENT or GENERATED."""
    charset: str | None = None
    """Character set of a text, `utf8mb3` never as `utf8`. None: no text, or not told, which is no difference."""

    def same_as(self, other: Column) -> bool:
        """Equal, but for a character set that one of the two was not told."""
        if self.charset is None or other.charset is None:
            return replace(self, charset=None) == replace(other, charset=None)
        return self == other

    @property
    def must_be_given(self) -> bool:
        """An INSERT that leaves this column out is refused (MySQL error 1364)."""
        return not self.nullable and self.default is None and not self.generated


@dataclass(frozen=True, slots=True)
class TableSchema:
    id: TableId
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        # MySQL's column names are compared without case.
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def same_as(self, other: TableSchema) -> bool:
        """Equal, but for character sets that one of the two was not told."""
        if (self.id, self.primary_key, len(self.columns)) != (other.id, other.primary_key, len(other.columns)):
            return False
        return all(mine.same_as(theirs) for mine, theirs in zip(self.columns, other.columns, strict=True))


class Origin(StrEnum):
    """Which of Debezium's two topics told of a change."""

    TOPIC = "topic"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the source's binlog. `pos` is where the statement starts (topic) or ends (history)."""

    gtid: str | None = None
    file: str | None = None
    pos: int | None = None

    def __str__(self) -> str:
        if self.gtid:
            return self.gtid
        return f"{self.file}:{self.pos}" if self.file else "unknown position"


@dataclass(frozen=True, slots=True)
class SchemaRecord:
    """One table's part of one record of a schema change or history topic, as read.

    `prefix` is the source's `topic.prefix`; `after` is the whole table after the statement, None when it was dropped or
    Debezium did not say. A statement that touches several tables makes several records at one position; one that
    touches none (or whose table Debezium could not tell) makes one with `table` None.
    """

    prefix: str
    origin: Origin
    position: Position
    at: datetime
    """When the statement was committed, by the source database's clock (whole seconds in a history topic)."""
    ddl: str
    table: TableId | None
    kind: str
    """CREATE, ALTER, DROP, or empty."""
    after: TableSchema | None
    snapshot: bool = False
    thread: int | None = None
    """The source database's number of the connection that ran it; Debezium 3.5 does not tell it of statements."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who ran a statement, as far as its server still knew; `how` says by what, or why nobody knows.

    `user` is empty when it is not known, or when it is one of `candidates` (`user@host`) and nothing tells which.
    """

    user: str = ""
    host: str = ""
    program: str = ""
    at: datetime | None = None
    how: str = ""
    candidates: tuple[str, ...] = ()
    is_certain: bool = False
    """The session itself was still there; else it is concluded from what accounts did meanwhile."""

    @property
    def is_told(self) -> bool:
        return bool(self.user or self.candidates)

    def is_better_than(self, other: Author | None) -> bool:
        return other is None or self._worth > other._worth

    @property
    def _worth(self) -> tuple[bool, bool, bool]:
        return self.is_certain, bool(self.user), bool(self.candidates)

    def __str__(self) -> str:
        if not self.user:
            candidates = f"{' or '.join(self.candidates)}: " if self.candidates else ""
            return f"{candidates}{self.how}"
        program = f" with {self.program}" if self.program else ""
        return f"{self.user}@{self.host}{program} ({self.how})"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What one statement did to one table; or what an online schema change did, at its swap."""

    id: str
    prefix: str
    table: TableId
    position: Position
    at: datetime
    ddl: str
    kind: str
    before: TableSchema | None
    after: TableSchema | None
    keys: tuple[str, ...] = ()
    """The change's identity in each topic that told of it: a key that is here already comes again, it is not news."""
    statements: tuple[str, ...] = ()
    """What was run on the helper table that `ddl`, a RENAME, put in this one's place."""
    thread: int | None = None
    """The source database's number of the connection that ran it, where that was told."""
    author: Author | None = None
    """None until the source database was asked."""

    @property
    def told(self) -> str:
        """For a person: `ddl`, with what an online schema change ran before its swap."""
        return "; ".join((*self.statements, self.ddl))

    @property
    def added(self) -> tuple[str, ...]:
        return _names_only_in(self.after, self.before)

    @property
    def removed(self) -> tuple[str, ...]:
        return _names_only_in(self.before, self.after)

    @property
    def modified(self) -> tuple[str, ...]:
        if self.before is None or self.after is None:
            return ()
        return tuple(c.name for c in self.after.columns if (old := self.before.column(c.name)) and not old.same_as(c))

    @property
    def changed_nothing(self) -> bool:
        return self.before is not None and self.after is not None and self.before.same_as(self.after)


def _names_only_in(table: TableSchema | None, other: TableSchema | None) -> tuple[str, ...]:
    if table is None or other is None:
        return ()
    return tuple(column.name for column in table.columns if other.column(column.name) is None)


TopicPartition = str
"""`topic-partition`, as Kafka's own tools write it."""


def split_partition(partition: TopicPartition) -> tuple[str, int]:
    """`orders-eu-3` → (`orders-eu`, 3)."""
    topic, _, number = partition.rpartition("-")
    return topic, int(number)


@dataclass(frozen=True, slots=True)
class Tailed:
    """What one read of a Kafka cluster's schema topics brought.

    `positions` are the next offsets to read, to be stored in the same transaction as what is concluded from
    `records`. `unreadable` tells of records that are no schema change: (topic-partition@offset, why). `held` tells of
    those that cannot be read yet, at which their partitions wait.
    """

    kafka: str
    records: tuple[SchemaRecord, ...] = ()
    positions: Mapping[TopicPartition, int] = field(default_factory=dict)
    unreadable: tuple[tuple[str, str], ...] = ()
    held: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Authorship:
    """The answer to the question who ran a change."""

    prefix: str
    table: TableId
    change_id: str
    author: Author


@dataclass(frozen=True, slots=True)
class Binlog:
    """Where a server's binary log stood at one moment, and how far back it goes.

    `position.gtid` is the set of all gtids executed: MySQL's `uuid:1-7,…`, or MariaDB's `0-1-7,…`, which means all of
    a domain up to that number. `purged_gtids` (the same spelling) are those that no file holds any more.
    """

    position: Position
    purged_gtids: str = ""
    files: tuple[str, ...] = ()
    """Oldest first."""
    keep_seconds: float | None = None
    """After that long a file may go; None: it is kept until a person removes it."""
    now: datetime | None = None
    """The server's own clock at that moment."""


@dataclass(frozen=True, slots=True)
class DatabaseColumns:
    """One server's columns, all tables in one answer. `address` is `host:port`. A table that is absent is "not
    visible": dropped, or without a grant, which cannot be told apart."""

    address: str
    at: datetime
    tables: Mapping[TableId, TableSchema] = field(default_factory=dict)
    version: str = ""
    error: str = ""
    binlog: Binlog | None = None
    """Read after `tables`; None where the server writes none, or does not let us look."""
    binlog_error: str = ""
    """Why there is no `binlog`, and what to do about it."""
