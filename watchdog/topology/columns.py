"""PURE: what becomes of a source table's columns on their way to a target's: which arrive, under which name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from watchdog.model import TableId
from watchdog.topology.filters import NameFilter

Path = tuple[str, ...]
"""Where a column's value is in a record's key or value: `("after", "id")` in Debezium's envelope, `("id",)` unwrapped,
`()` when it is the whole key or value."""

ENVELOPE = "after"


class Move(Protocol):
    """What one transform does to the fields of a key or a value."""

    def moved(self, path: Path) -> Path | None:
        """Where it is afterwards; None when it is gone."""


@dataclass(frozen=True, slots=True)
class Unwrap:
    """`ExtractNewRecordState`: the row out of Debezium's envelope. What is no envelope stays as it is."""

    def moved(self, path: Path) -> Path | None:
        return path[1:] if len(path) == 2 and path[0] == ENVELOPE else path


@dataclass(frozen=True, slots=True)
class Replace:
    """`ReplaceField`, on the uppermost level only, which is all that it does; case counts."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    renames: tuple[tuple[str, str], ...] = ()

    def moved(self, path: Path) -> Path | None:
        if not path:
            return path
        if path[0] in self.exclude or (self.include and path[0] not in self.include):
            return None
        return (dict(self.renames).get(path[0], path[0]), *path[1:])


@dataclass(frozen=True, slots=True)
class Extract:
    """`ExtractField`: one field becomes the whole."""

    field: str

    def moved(self, path: Path) -> Path | None:
        return path[1:] if path and path[0] == self.field else None


@dataclass(frozen=True, slots=True)
class Hoist:
    """`HoistField`: the whole becomes one field."""

    field: str

    def moved(self, path: Path) -> Path | None:
        return (self.field, *path)


@dataclass(frozen=True, slots=True)
class Flatten:
    """`Flatten`: fields of fields become fields."""

    delimiter: str = "."

    def moved(self, path: Path) -> Path | None:
        return (self.delimiter.join(path),) if path else path


@dataclass(frozen=True, slots=True)
class Gone:
    """What the record is made of has no place for columns, as an outbox event's payload."""

    def moved(self, path: Path) -> Path | None:
        return None


@dataclass(frozen=True, slots=True)
class Only:
    """`ValueToKey`: the key is made of these fields of the value."""

    fields: frozenset[str]

    def moved(self, path: Path) -> Path | None:
        return path if path and path[0] in self.fields else None


@dataclass(frozen=True, slots=True)
class Course:
    """What transforms make of a record: its topic (None: only the record tells), its fields, and what is unclear."""

    topic: str | None
    value: tuple[Move, ...] = ()
    key: tuple[Move, ...] = ()
    added: tuple[Path, ...] = ()
    """Fields of the value that no column of the source stands for."""
    key_added: tuple[Path, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def wrapped(self) -> bool:
        """Whether the value still is Debezium's envelope."""
        return along((ENVELOPE, ""), self.value) == (ENVELOPE, "")

    def with_value(self, move: Move) -> Course:
        # What stands beside the row goes with the envelope.
        kept = () if isinstance(move, Unwrap) and self.wrapped else self.added
        return replace(self, value=(*self.value, move), added=_all_along(kept, move))

    def with_key(self, move: Move) -> Course:
        return replace(self, key=(*self.key, move), key_added=_all_along(self.key_added, move))


@dataclass(frozen=True, slots=True)
class SinkColumns:
    """How a sink names the columns that it writes. `flat`: it takes the fields of an unwrapped row only."""

    key_mode: str = "none"
    key_fields: tuple[str, ...] = ()
    fields: FieldFilter | None = None
    flat: bool = True
    lower_case: bool = False
    topic: str = ""
    """As the sink's own transforms leave it: field filters name it."""


@dataclass(frozen=True, slots=True)
class FieldFilter:
    """A sink's list of fields: exact names, with or without a topic before them; case counts."""

    include: bool
    names: frozenset[str]
    of_topics: frozenset[tuple[str, str]] = frozenset()
    keys_too: bool = False
    """Whether a record's key is filtered as well (Debezium's sink does, while it is given no key fields)."""

    def passes(self, topic: str, name: str) -> bool:
        return (name in self.names or (topic, name) in self.of_topics) is self.include


@dataclass(frozen=True, slots=True)
class Columns:
    """The way of one table's columns through one topic to one sink. `doubts`: why the names may be others."""

    table: TableId | None = None
    captured: NameFilter | None = None
    value: tuple[Move, ...] = ()
    """What is done to a record's value until it is in the topic."""
    sink_value: tuple[Move, ...] = ()
    """The same and what the sink's transforms do then."""
    sink_key: tuple[Move, ...] = ()
    sink: SinkColumns = field(default_factory=SinkColumns)
    added: tuple[str, ...] = ()
    """Columns of the target that no column of the source stands for: what transforms and the sink add."""
    doubts: tuple[str, ...] = ()

    def reaches_topic(self, column: str) -> bool:
        """Whether the source lets it into a record's value."""
        return self.in_topic(column) is not None

    def in_topic(self, column: str) -> Path | None:
        """Where the records of the topic hold it in their value; None when they do not."""
        return along((ENVELOPE, column), self.value) if self._is_captured(column) else None

    def target(self, column: str, *, in_key: bool = False) -> str | None:
        """The target's column for a column of the source, as the sink spells it; None when it is not written.

        `in_key`: it is a column of the records' key (the primary key, or `message.key.columns`): those are in the key
        whatever the lists of captured columns say.
        """
        by_key = self._by_key(column) if in_key else None
        name = by_key if by_key is not None else self._by_value(column)
        return name.lower() if name is not None and self.sink.lower_case else name

    def written(self, field: str, *, enveloped: bool) -> str | None:
        """The target's column for a field that a record of the topic has, as the sink spells it; None when it is not
        written. `enveloped`: the record is Debezium's envelope, and the field one of the row in it."""
        start = (ENVELOPE, field) if enveloped else (field,)
        name = self._field(along(start, self.sink_value[len(self.value) :]))
        if name is None or not self._passes(name):
            return None
        return name.lower() if self.sink.lower_case else name

    def _by_value(self, column: str) -> str | None:
        path = along((ENVELOPE, column), self.sink_value) if self._is_captured(column) else None
        name = self._field(path)
        return name if name is not None and self._passes(name) else None

    def _by_key(self, column: str) -> str | None:
        if self.sink.key_mode != "record_key":
            return None
        path = along((column,), self.sink_key)
        fields = self.sink.key_fields
        if path == ():
            return fields[0] if len(fields) == 1 else None
        name = path[0] if path is not None and len(path) == 1 else None
        if name is None or (fields and name not in fields):
            return None
        filtered = self.sink.fields is not None and self.sink.fields.keys_too and not fields
        return name if not filtered or self._passes(name) else None

    def _field(self, path: Path | None) -> str | None:
        """The field of a row that the sink writes to a column of that name."""
        if path is not None and len(path) == 2 and path[0] == ENVELOPE and not self.sink.flat:
            return path[1]
        return path[0] if path is not None and len(path) == 1 else None

    def _passes(self, name: str) -> bool:
        return self.sink.fields is None or self.sink.fields.passes(self.sink.topic, name)

    def _is_captured(self, column: str) -> bool:
        return self.captured is None or self.table is None or self.captured.passes(f"{self.table}.{column}")


def along(path: Path | None, moves: tuple[Move, ...]) -> Path | None:
    for move in moves:
        if path is None:
            return None
        path = move.moved(path)
    return path


def _all_along(paths: tuple[Path, ...], move: Move) -> tuple[Path, ...]:
    return tuple(moved for path in paths if (moved := move.moved(path)) is not None)
