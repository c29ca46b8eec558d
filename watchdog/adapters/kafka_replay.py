"""Records in quarantine → back to the topic that they came from, where nothing came after them.

What came after is told by the topic itself: the record must still be at its offset, or the topic does not have all that
came later either, and no later record of its partition may have its key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from watchdog.adapters.kafka_client import KafkaReader
from watchdog.adapters.kafka_events import Place, Record
from watchdog.adapters.kafka_ranges import SETTLE_PAUSE_SECONDS, SETTLE_SECONDS, Range, bounds_of, read_ranges, within
from watchdog.adapters.kafka_transactions import Transactions
from watchdog.adapters.quarantine_records import (
    REPLAYED,
    Copy,
    Held,
    Pairs,
    digest_of,
    id_of,
    pairs_of,
    replayed_from,
)
from watchdog.errors import PortTimeout
from watchdog.model import RecordId, Since

Copies = Mapping[RecordId, tuple[Record, Held]]
Line = tuple[Place, bytes | None]
"""A partition and a key: what has an order."""
ROUNDS_MAX = 20
"""How often somebody may write a key in the moment in which it is written back."""


@dataclass(slots=True)
class _Seen:
    original: bool = False
    later: Record | None = None
    replayed: RecordId | None = None


@dataclass(slots=True)
class _Line:
    """Of one key: the newest record of somebody else's, and what we wrote behind it last."""

    newest: Record | None = None
    ours: Record | None = None

    def take(self, record: Record, is_ours: bool) -> None:
        if is_ours:
            self.ours = record
        else:
            self.newest, self.ours = record, None

    @property
    def is_overtaken(self) -> bool:
        return self.ours is not None and self.newest is not None and replayed_from(self.ours) != str(id_of(self.newest))


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
        return self._look(copies)

    def write(self, writer: Transactions, copies: Copies) -> dict[RecordId, RecordId]:
        """Those without a later record, in one transaction; each with where it is now.

        A record may come for one of their keys between the look and the writing, and would then be older than what is
        written. It is written once more behind, so that it is the newest again.
        """
        found = self._look(copies)
        chosen = [where for where in sorted(copies) if _is_free(found[where]) and copies[where][0].key is not None]
        content = [_marked(copies[where][0], copies[where][1].headers, where) for where in chosen]
        offsets = self._append(writer, [(_place(where), copy) for where, copy in zip(chosen, content, strict=True)])
        # Also when nothing was chosen: whoever wrote them may have been killed before this.
        self._newest_last(writer, copies)
        return {where: where._replace(offset=offset) for where, offset in zip(chosen, offsets, strict=True)}

    def _newest_last(self, writer: Transactions, copies: Copies) -> None:
        for _ in range(ROUNDS_MAX):
            overtaken = self._overtaken(copies)
            if not overtaken:
                return
            again = [(record.place, _marked(record, pairs_of(record), id_of(record))) for record in overtaken]
            self._append(writer, again)
        raise PortTimeout(
            self._reader.target, "others write the same keys again and again, just as they are written back"
        )

    def _append(self, writer: Transactions, records: Sequence[tuple[Place, Copy]]) -> list[int]:
        """In a transaction of their own; until they can be read."""
        if not records:
            return []
        with writer.transaction():
            offsets = writer.append(records)
        last = {place: offset for (place, _), offset in zip(records, offsets, strict=True)}
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(self._reader.offsets(*place)[1] <= offset for place, offset in last.items()):
            if time.monotonic() > deadline:
                raise PortTimeout(
                    self._reader.target, "what was written back cannot be read yet: a transaction stays open"
                )
            time.sleep(SETTLE_PAUSE_SECONDS)
        return offsets

    def _overtaken(self, copies: Copies) -> list[Record]:
        """The records of others that something of ours came behind that is older."""
        lines: dict[Line, _Line] = {
            (_place(where), copy.key): _Line() for where, (copy, _) in copies.items() if copy.key is not None
        }

        def take(record: Record) -> bool:
            if line := lines.get((record.place, record.key)):
                line.take(record, is_ours=id_of(record) not in copies and replayed_from(record) is not None)
            return True

        bounds = bounds_of(self._reader, {where.topic for where in copies})
        read_ranges(self._reader, _from_the_oldest(copies, bounds), take)
        return [line.newest for line in lines.values() if line.newest and line.is_overtaken]

    def _look(self, copies: Copies) -> dict[RecordId, Since]:
        sight = _Sight(copies)
        bounds = bounds_of(self._reader, {where.topic for where in copies})
        read_ranges(self._reader, _from_the_oldest(copies, bounds), sight.take)
        return {where: self._since(seen) for where, seen in sight.seen.items()}

    def _since(self, seen: _Seen) -> Since:
        later = seen.later
        deletes = later is not None and self._deletes(later)
        return Since(seen.original, id_of(later) if later else None, deletes, seen.replayed)


def _is_free(since: Since) -> bool:
    return since.original and since.later is None


def _marked(record: Record, headers: Pairs, where: RecordId) -> Copy:
    """`where`: which record it was before."""
    others = [(name, value) for name, value in headers if name != REPLAYED]
    return Copy(record.key, record.value, [*others, (REPLAYED, str(where).encode())], 0)


def _from_the_oldest(records: Iterable[RecordId], bounds: Mapping[Place, Range]) -> dict[Place, Range]:
    oldest: dict[Place, int] = {}
    for where in records:
        oldest[_place(where)] = min(where.offset, oldest.get(_place(where), where.offset))
    return within({place: (offset, bounds[place][1]) for place, offset in oldest.items() if place in bounds}, bounds)


def _place(where: RecordId) -> Place:
    return where.topic, where.partition
