"""Records that a sink cannot take: found one by one, copied whole in one transaction, and read back.

Nothing is written to any other topic, but by `replay`. A record's key and value do not leave the adapter, but for what
a person is shown of the key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from watchdog.adapters.avro import AvroReader, NotNow
from watchdog.adapters.debezium import Unreadable, moment
from watchdog.adapters.debezium_rows import RowReader, ShapeCount
from watchdog.adapters.kafka_client import KafkaReader
from watchdog.adapters.kafka_events import Headers, Place, Record, named
from watchdog.adapters.kafka_ranges import Range, bounds_of, read_ranges, settled_bounds, within
from watchdog.adapters.kafka_replay import Replays
from watchdog.adapters.kafka_transactions import Transactions, make_topic
from watchdog.adapters.quarantine_records import Held, copy_of, digest_of, held_of, id_of, quarantine_topic
from watchdog.adapters.record_keys import key_of
from watchdog.errors import PortNonsense, PortRefused, PortUnreachable
from watchdog.model import (
    ConnectorKey,
    Kept,
    RecordId,
    RecordShape,
    Selection,
    Since,
    TopicPartition,
    Unfit,
    WaitingRecord,
)
from watchdog.ports import Unfits

_SETTINGS = {"isolation.level": "read_committed", "fetch.wait.max.ms": "10"}
_NOT_MOVED = "as long as it is not known what waits for the sink, nothing is moved"


class KafkaQuarantine:
    """`ports.Quarantine` of one Kafka cluster. `settings`: librdkafka's. Used by one thread at a time."""

    def __init__(self, bootstrap_servers: str, settings: Mapping[str, str], avro: AvroReader | None = None) -> None:
        self._servers, self._settings = bootstrap_servers, settings
        self._reader = KafkaReader(bootstrap_servers, {**settings, **_SETTINGS})
        self._uncommitted = KafkaReader(bootstrap_servers, {**settings, "isolation.level": "read_uncommitted"})
        self._avro = avro or AvroReader()
        self._rows = RowReader(self._avro)
        self._replays = Replays(self._reader, self._deletes)

    def topic_of(self, sink: ConnectorKey) -> str:
        return quarantine_topic(sink.connector)

    # ── what waits ──

    def select(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int, judge: Unfits
    ) -> Selection:
        bounds = bounds_of(self._reader, topics)
        starts = {place: max(first, committed.get(named(place), first)) for place, (first, _) in bounds.items()}
        each = max(1, cap // max(1, sum(starts[place] < end for place, (_, end) in bounds.items())))
        sight = _Sight(judge, each)
        ranges = {place: (start, bounds[place][1]) for place, start in starts.items()}
        read_ranges(self._reader, ranges, lambda record: sight.take(record, self._waiting(record)))
        ends = {place: end for place, (_, end) in bounds.items()}
        return sight.selection(ends)

    def _waiting(self, record: Record) -> WaitingRecord:
        where = id_of(record)
        try:
            shape, enveloped = self._shape(record, record.headers)
        except NotNow as error:
            raise PortUnreachable(
                self._reader.target, f"the waiting record {where} cannot be read now: {error}", _NOT_MOVED
            ) from error
        except Unreadable as error:
            raise PortNonsense(
                self._reader.target, f"the waiting record {where} cannot be read: {error}", _NOT_MOVED
            ) from error
        key, fields = key_of(record.key, record.headers, self._avro)
        return WaitingRecord(where, key, shape, enveloped, fields)

    def _shape(self, record: Record, headers: Headers) -> tuple[RecordShape | None, bool]:
        row = self._rows.read(record.value, headers)
        if row is None:
            return None, True
        count = ShapeCount.begun(named(record.place), record.offset, row)
        count.add(record.offset, row)
        return count.shape(), row.layout.enveloped

    def _deletes(self, record: Record) -> bool:
        try:
            return self._rows.read(record.value, record.headers) is None
        except (NotNow, Unreadable):
            return False

    # ── the copy ──

    def copy(self, sink: ConnectorKey, records: Sequence[Unfit]) -> int:
        topic = quarantine_topic(sink.connector)
        if topic not in self._reader.partitions():
            make_topic(self._servers, self._settings, topic)
        elif self._reader.compacted([topic]):
            problem = f"{topic} is compacted: of several copies with one key it would keep the last only"
            raise PortRefused(self._reader.target, problem, "set cleanup.policy=delete on it")
        writer = Transactions(self._servers, self._settings, transactional_id(sink))
        try:
            # Only now nobody else can add to it; what is there by now is all there will be but for ours.
            held = self._digests(sink)
            found = self._originals([each.id for each in records])
            missing = [each for each in records if digest_of(found[each.id]) not in held.get(each.id, ())]
            copies = [((topic, 0), copy_of(found[each.id], each.reason, sink)) for each in missing]
            if copies:
                with writer.transaction():
                    writer.append(copies)
            return len(copies)
        finally:
            writer.close()

    def differing(self, sink: ConnectorKey, records: Sequence[Unfit]) -> Mapping[RecordId, str]:
        held, found = self._digests(sink), self._originals([each.id for each in records])
        counts = {each.id: held.get(each.id, Counter())[digest_of(found[each.id])] for each in records}
        topic = quarantine_topic(sink.connector)
        return {id_: f"{id_} is in {topic} {count} times unchanged" for id_, count in counts.items() if count != 1}

    def kept(self, sink: ConnectorKey) -> tuple[Kept, ...]:
        return tuple(self._as_kept(copy, held) for copy, held in self._copies(sink))

    # ── back to the topic ──

    def since(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, Since]:
        return self._replays.since(self._wanted_copies(sink, records))

    def replay(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, RecordId]:
        writer = Transactions(self._servers, self._settings, transactional_id(sink))
        try:
            return self._replays.write(writer, self._wanted_copies(sink, records))
        finally:
            writer.close()

    def close(self) -> None:
        self._reader.close()
        self._uncommitted.close()

    def _wanted_copies(self, sink: ConnectorKey, records: Iterable[RecordId]) -> dict[RecordId, tuple[Record, Held]]:
        """The newest copy of each: a topic that was made anew gives its offsets out again."""
        wanted = set(records)
        return {held.id: (copy, held) for copy, held in self._copies(sink) if held.id in wanted}

    def _as_kept(self, copy: Record, held: Held) -> Kept:
        own: Headers = lambda: held.headers  # noqa: E731 - as a record has them
        key, fields = key_of(copy.key, own, self._avro)
        try:
            shape, enveloped = self._shape(copy, own)
            waiting = WaitingRecord(held.id, key, shape, enveloped, fields)
        except (NotNow, Unreadable):
            waiting = None
        place, at = str(id_of(copy)), moment(copy.at_ms) if copy.at_ms else None
        return Kept(held.id, held.reason, key, copy.key is not None, place, at, waiting)

    def _copies(self, sink: ConnectorKey) -> list[tuple[Record, Held]]:
        found: list[tuple[Record, Held]] = []
        self._read_copies(sink, lambda copy, held: found.append((copy, held)))
        return found

    def _digests(self, sink: ConnectorKey) -> dict[RecordId, Counter[bytes]]:
        digests: dict[RecordId, Counter[bytes]] = {}
        self._read_copies(sink, lambda _, held: digests.setdefault(held.id, Counter()).update([held.digest]))
        return digests

    def _read_copies(self, sink: ConnectorKey, gather: Callable[[Record, Held], None]) -> None:
        def take(record: Record) -> bool:
            if held := held_of(record, sink):
                gather(record, held)
            return True

        topic = [quarantine_topic(sink.connector)]
        read_ranges(self._reader, settled_bounds(self._reader, self._uncommitted, topic), take)

    def _originals(self, records: Sequence[RecordId]) -> dict[RecordId, Record]:
        """Raises `PortNonsense` when one of them is no longer in its topic."""
        wanted, found = set(records), {}

        def take(record: Record) -> bool:
            if (where := id_of(record)) in wanted:
                found[where] = record
            return True

        there = bounds_of(self._reader, {where.topic for where in wanted})
        read_ranges(self._reader, within(_around(wanted), there), take)
        if gone := sorted(wanted - found.keys()):
            what = f"{len(gone)} of {len(wanted)} records are no longer in their topic, first {gone[0]}"
            raise PortNonsense(self._reader.target, what, "retention or compaction took them; look again")
        return found


def transactional_id(sink: ConnectorKey) -> str:
    """One for each connector: of two that copy for the same sink the later one goes on."""
    return f"watchdog.quarantine.{sink.cluster}.{sink.connector}"


class _Sight:
    """Gathers what does not fit, and the first record of each partition that does."""

    def __init__(self, judge: Unfits, each: int) -> None:
        self._judge, self._each = judge, each
        self._unfit: list[Unfit] = []
        self._first_fit: dict[TopicPartition, int] = {}
        self._read_to: dict[TopicPartition, int] = {}
        self._seen: Counter[TopicPartition] = Counter()

    def take(self, record: Record, waiting: WaitingRecord) -> bool:
        place = waiting.id.place
        if reason := self._judge(waiting):
            at = moment(record.at_ms) if record.at_ms else None
            self._unfit.append(Unfit(waiting.id, reason, waiting.key, at))
        else:
            self._first_fit.setdefault(place, record.offset)
        self._seen[place] += 1
        self._read_to[place] = record.offset + 1
        return self._seen[place] < self._each

    def selection(self, ends: Mapping[Place, int]) -> Selection:
        full = {place for place, count in self._seen.items() if count >= self._each}
        end = {named(place): offset for place, offset in ends.items()}
        return Selection(
            unfit=tuple(sorted(self._unfit, key=lambda each: each.id)),
            first_fit=self._first_fit,
            read_to=self._read_to,
            end=end,
            looked_at=self._seen.total(),
            capped=any(self._read_to[place] < end[place] for place in full),
        )


def _around(records: Iterable[RecordId]) -> dict[Place, Range]:
    ranges: dict[Place, Range] = {}
    for topic, partition, offset in records:
        first, stop = ranges.get((topic, partition), (offset, offset + 1))
        ranges[topic, partition] = (min(first, offset), max(stop, offset + 1))
    return ranges
