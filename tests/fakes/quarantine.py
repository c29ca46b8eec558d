"""The `Quarantine` port in memory: rows in topics, copies in quarantine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from watchdog.errors import PortError, PortNonsense
from watchdog.model import (
    ConnectorKey,
    Kept,
    Place,
    RecordId,
    RecordShape,
    Selection,
    Since,
    TopicPartition,
    Unfit,
    WaitingRecord,
    split_partition,
)
from watchdog.ports import Unfits

Fields = Mapping[str, object]


@dataclass(frozen=True)
class Written:
    """`fields` None: a delete. `replays`: which record it was before it was written back."""

    key: str
    fields: Fields | None
    replays: RecordId | None = None


@dataclass
class FakeQuarantine:
    """`before` and `after` are called around every copy and replay, to play a crash; `errors` are raised by the next
    calls, in order (None: none). None in place of a record: it is no longer there."""

    topics: dict[TopicPartition, list[Written | None]] = field(default_factory=dict)
    copies: dict[ConnectorKey, list[tuple[RecordId, str, Written]]] = field(default_factory=dict)
    errors: list[PortError | None] = field(default_factory=list)
    before: Callable[[str], None] = lambda deed: None
    after: Callable[[str], None] = lambda deed: None

    # What a test sets up.

    def write(self, topic: str, key: str, fields: Fields | None, partition: int = 0) -> RecordId:
        records = self.topics.setdefault(f"{topic}-{partition}", [])
        records.append(Written(key, fields))
        return RecordId(topic, partition, len(records) - 1)

    def expire(self, record: RecordId) -> None:
        self.topics[record.place][record.offset] = None

    def ids(self, sink: ConnectorKey) -> list[RecordId]:
        return [where for where, _, _ in self.copies.get(sink, [])]

    # The port.

    def topic_of(self, sink: ConnectorKey) -> str:
        return f"watchdog.quarantine.{sink.connector}"

    def select(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int, judge: Unfits
    ) -> Selection:
        self._call()
        there = {place: rows for place, rows in self.topics.items() if split_partition(place)[0] in topics}
        unfit, first_fit, read_to, looked_at = [], {}, {}, 0
        for place, rows in there.items():
            for offset, row in list(enumerate(rows))[committed.get(place, 0) :][: max(1, cap // len(there))]:
                read_to[place] = offset + 1
                if row is None:
                    continue
                looked_at += 1
                waiting = _waiting(RecordId(*split_partition(place), offset), row)
                if reason := judge(waiting):
                    unfit.append(Unfit(waiting.id, reason, row.key))
                else:
                    first_fit.setdefault(place, offset)
        end = {place: len(rows) for place, rows in there.items()}
        capped = any(read < end[place] for place, read in read_to.items())
        return Selection(tuple(sorted(unfit, key=lambda u: u.id)), first_fit, read_to, end, looked_at, capped)

    def copy(self, sink: ConnectorKey, records: Sequence[Unfit]) -> int:
        self._call()
        found = [(each.id, each.reason, self._there(each.id)) for each in records]
        missing = [each for each in found if (each[0], each[2]) not in self._held(sink)]
        self.before("copy")
        self.copies.setdefault(sink, []).extend(missing)
        self.after("copy")
        return len(missing)

    def differing(self, sink: ConnectorKey, records: Sequence[Unfit]) -> Mapping[RecordId, str]:
        self._call()
        held = self._held(sink)
        counts = {each.id: held.count((each.id, self._there(each.id))) for each in records}
        return {where: f"{where} is there {count} times unchanged" for where, count in counts.items() if count != 1}

    def kept(self, sink: ConnectorKey) -> Sequence[Kept]:
        self._call()
        return tuple(
            Kept(where, reason, row.key, bool(row.key), f"quarantine-0@{number}", None, _waiting(where, row))
            for number, (where, reason, row) in enumerate(self.copies.get(sink, []))
        )

    def since(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, Since]:
        self._call()
        return {where: self._since(where, row) for where, _, row in self.copies.get(sink, []) if where in records}

    def replay(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, RecordId]:
        self._call()
        self.before("replay")
        written = {}
        for where, _, row in sorted(self.copies.get(sink, []), key=lambda each: each[0]):
            since = self._since(where, row)
            if where in records and row.key and since.original and since.later is None:
                self.topics[where.place].append(Written(row.key, row.fields, where))
                written[where] = RecordId(where.topic, where.partition, len(self.topics[where.place]) - 1)
        self.after("replay")
        return written

    def _since(self, where: RecordId, row: Written) -> Since:
        rows = self.topics.get(where.place, [])
        later = [(n, r) for n, r in enumerate(rows) if n > where.offset and r and row.key and r.key == row.key]
        places = [(RecordId(where.topic, where.partition, number), record) for number, record in later]
        replayed = next((place for place, record in places if record.replays == where), None)
        newest, record = places[-1] if places else (None, None)
        original = where.offset < len(rows) and rows[where.offset] == row
        return Since(original, newest, record is not None and record.fields is None, replayed)

    def _held(self, sink: ConnectorKey) -> list[tuple[RecordId, Written]]:
        return [(where, row) for where, _, row in self.copies.get(sink, [])]

    def _there(self, where: RecordId) -> Written:
        row = self.topics[where.place][where.offset]
        if row is None:
            raise PortNonsense("fake kafka", f"1 of 1 records are no longer in their topic, first {where}")
        return row

    def _call(self) -> None:
        if self.errors and (error := self.errors.pop(0)):
            raise error


def _waiting(where: RecordId, row: Written) -> WaitingRecord:
    return WaitingRecord(where, row.key, shape_of(where, row.fields), key_fields=("id",))


def shape_of(where: RecordId, fields: Fields | None) -> RecordShape | None:
    if fields is None:
        return None
    here = Place(where.offset)
    nulls = {name: here for name, value in fields.items() if value is None}
    lengths = {name: ((len(value), here),) for name, value in fields.items() if isinstance(value, str)}
    bits = {name: ((value.bit_length(), here),) for name, value in fields.items() if isinstance(value, int)}
    return RecordShape(
        where.place,
        tuple(fields),
        where.offset,
        where.offset,
        1,
        lengths,
        frozenset(nulls),
        first_null=nulls,
        bits=bits,
    )
