"""Records in quarantine → back to the topic that they came from, where nothing came after them.

What came after is told by the topic itself: the record must still be at its offset, or the topic does not have all that
came later either, and no later record of its partition may have its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from watchdog.adapters.kafka_client import KafkaReader
from watchdog.adapters.kafka_events import Place, Record
from watchdog.adapters.kafka_ranges import Range, bounds_of, read_ranges, within
from watchdog.adapters.kafka_transactions import Transactions
from watchdog.adapters.quarantine_records import (
    REPLAYED,
    Copy,
    Held,
    digest_of,
    id_of,
    pairs_of,
    replayed_from,
)
from watchdog.model import RecordId, Since

Copies = Mapping[RecordId, tuple[Record, Held]]
Line = tuple[Place, bytes | None]
"""A partition and a key: what has an order."""


@dataclass(slots=True)
class _Seen:
    original: bool = False
    later: Record | None = None
    replayed: RecordId | None = None


@dataclass(slots=True)
class _Sight:
    """What is found of the records on the way from the oldest of them to the end."""

    copies: Copies
    seen: dict[RecordId, _Seen] = field(default_factory=dict)
    by_line: dict[Line, list[RecordId]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for where, (copy, _) in self.copies.items():
            self.seen[where] = _Seen()
            if copy.key is not None:
                self.by_line.setdefault((_place(where), copy.key), []).append(where)

    def take(self, record: Record) -> bool:
        here = id_of(record)
        if here in self.copies:
            self.seen[here].original = digest_of(record) == self.copies[here][1].digest
        for where in self.by_line.get((record.place, record.key), ()):
            if record.offset > where.offset:
                self.seen[where].later = record
                if replayed_from(record) == str(where):
                    self.seen[where].replayed = here
        return True


class Replays:
    """`deletes`: whether a record deletes its row."""

    def __init__(self, reader: KafkaReader, deletes: Callable[[Record], bool]) -> None:
        self._reader, self._deletes = reader, deletes

    def since(self, copies: Copies) -> dict[RecordId, Since]:
        found, _ = self._look(copies)
        return found

    def write(self, writer: Transactions, copies: Copies) -> dict[RecordId, RecordId]:
        """Those without a later record, in one transaction; each with where it is now.

        A record may come for one of their keys between the look and the writing, and would then be older than what is
        written. It is written once more behind, so that it is the newest again.
        """
        found, ends = self._look(copies)
        chosen = [where for where in sorted(copies) if _is_free(found[where]) and copies[where][0].key is not None]
        if not chosen:
            return {}
        lines: list[Line] = [(_place(where), copies[where][0].key) for where in chosen]
        with writer.transaction():
            content = [_marked(copies[where][0], copies[where][1].headers, str(where)) for where in chosen]
            offsets = writer.append([(line[0], copy) for line, copy in zip(lines, content, strict=True)])
            behind = self._between(ends, dict(zip(lines, offsets, strict=True)))
            writer.append([(record.place, Copy(record.key, record.value, pairs_of(record), 0)) for record in behind])
        return {
            where: RecordId(where.topic, where.partition, offset) for where, offset in zip(chosen, offsets, strict=True)
        }

    def _look(self, copies: Copies) -> tuple[dict[RecordId, Since], dict[Place, int]]:
        """What became of them, and up to where each partition was read for it."""
        sight = _Sight(copies)
        bounds = bounds_of(self._reader, {where.topic for where in copies})
        read_ranges(self._reader, _from_the_oldest(copies, bounds), sight.take)
        found = {where: self._since(seen) for where, seen in sight.seen.items()}
        return found, {place: end for place, (_, end) in bounds.items()}

    def _since(self, seen: _Seen) -> Since:
        later = seen.later
        deletes = later is not None and self._deletes(later)
        return Since(seen.original, id_of(later) if later else None, deletes, seen.replayed)

    def _between(self, ends: Mapping[Place, int], written: Mapping[Line, int]) -> list[Record]:
        """Of each line the newest record that came after the look, and before what was written."""
        newest: dict[Line, Record] = {}

        def take(record: Record) -> bool:
            line = (record.place, record.key)
            if record.offset < written.get(line, 0):
                newest[line] = record
            return True

        first: dict[Place, int] = {}
        for (place, _), offset in written.items():
            first[place] = min(offset, first.get(place, offset))
        # Up to the first of ours: what is behind that waits for our own transaction to end.
        read_ranges(self._reader, {place: (ends[place], stop) for place, stop in first.items()}, take)
        return [newest[line] for line in newest]


def _is_free(since: Since) -> bool:
    return since.original and since.later is None


def _marked(record: Record, headers: list[tuple[str, bytes | None]], where: str) -> Copy:
    others = [(name, value) for name, value in headers if name != REPLAYED]
    return Copy(record.key, record.value, [*others, (REPLAYED, where.encode())], 0)


def _from_the_oldest(records: Iterable[RecordId], bounds: Mapping[Place, Range]) -> dict[Place, Range]:
    oldest: dict[Place, int] = {}
    for where in records:
        oldest[_place(where)] = min(where.offset, oldest.get(_place(where), where.offset))
    return within({place: (offset, bounds[place][1]) for place, offset in oldest.items() if place in bounds}, bounds)


def _place(where: RecordId) -> Place:
    return where.topic, where.partition
