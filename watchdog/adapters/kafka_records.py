"""The records that wait for a sink → their shapes: which fields they have, how long their strings are.

A probe for a restart is made of this, so it fails closed: a record that cannot be read is an error, not a gap.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from watchdog.adapters.avro import AvroReader, NotNow
from watchdog.adapters.debezium import Unreadable
from watchdog.adapters.debezium_rows import RowReader, ShapeCount
from watchdog.adapters.debezium_tables import TablesOf
from watchdog.adapters.kafka_client import KafkaReader, seconds_until
from watchdog.adapters.kafka_events import End, Lost, Place, Record, named
from watchdog.adapters.kafka_latest import newest
from watchdog.adapters.kafka_ranges import read_ranges
from watchdog.errors import PortNonsense, PortTimeout, PortUnreachable
from watchdog.model import Column, HistoryTopic, LatestRecord, RecordShape, TopicPartition, split_partition

_NOT_RESTARTED = "as long as it is not known what waits for the sink, it is not restarted"
SCAN_SECONDS = 30.0
"""At 20,000 records a second and the usual cap of 10,000 a scan takes less than one."""

# Only what is there already is read. A fetch that waits for more would hold up the next question by that long: a broker
# answers a connection's requests one after the other.
_NO_WAIT = {"fetch.wait.max.ms": "5"}


@dataclass(slots=True)
class _Scan:
    ends: Mapping[Place, int]
    left: set[Place]
    taken: int = 0
    read_to: dict[Place, int] = field(default_factory=dict)
    counts: dict[tuple[Place, frozenset[str]], ShapeCount] = field(default_factory=dict)
    unreadable: int = 0
    first_unreadable: str = ""


class WaitingRecords:
    """`ports.Records` of one Kafka cluster.

    `kafka`: its name. `settings`: librdkafka's. `avro`: reads what is no JSON. One consumer, made with the first
    question and kept; it commits nothing and joins no group. Used by one thread at a time.
    """

    def __init__(
        self, kafka: str, bootstrap_servers: str, settings: Mapping[str, str], avro: AvroReader | None = None
    ) -> None:
        self._kafka = kafka
        self._reader = KafkaReader(bootstrap_servers, {**_NO_WAIT, **settings})
        self._rows = RowReader(avro)

    def waiting(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int], bool]:
        """Deletes need no columns: they count towards the cap and make no shape. With a cap of 0 nothing is read.

        A topic that does not exist has nothing that waits. Raises `PortNonsense` when any record cannot be read.
        """
        bounds = self._bounds(topics)
        ends = {place: end for place, (_, end) in bounds.items()}
        starts = {
            place: max(first, committed.get(named(place), first))
            for place, (first, end) in bounds.items()
            if max(first, committed.get(named(place), first)) < end
        }
        scan = _Scan(ends, set(starts))
        if starts and cap > 0:
            self._scan(scan, starts, cap)
        shapes = tuple(count.shape() for count in scan.counts.values())
        return shapes, {named(place): end for place, end in ends.items()}, bool(scan.left)

    def further(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], cap: int
    ) -> tuple[tuple[RecordShape, ...], dict[TopicPartition, int]]:
        """From where an earlier reading ended; what was removed since is left out."""
        bounds = self._bounds({split_partition(partition)[0] for partition in starts})
        until = {place: ends.get(named(place), end) for place, (_, end) in bounds.items() if named(place) in starts}
        begin = {place: max(bounds[place][0], starts[named(place)]) for place in until}
        left = {place: start for place, start in begin.items() if start < until[place]}
        scan = _Scan(until, set(left), read_to=dict(left))
        if left and cap > 0:
            self._scan(scan, left, cap)
        shapes = tuple(count.shape() for count in scan.counts.values())
        return shapes, {named(p): scan.read_to[p] if p in scan.left else end for p, end in until.items()}

    def history(self, topic: str, cap: int) -> HistoryTopic:
        """What cannot be read of it counts as a record that defines no table."""
        bounds = self._bounds([topic])
        if not bounds:
            return HistoryTopic(topic, 0)
        (first, end), tables, read = min(bounds.values()), TablesOf(), 0

        def take(record: Record) -> bool:
            nonlocal read
            read += 1
            tables.take(record.value)
            return read < cap

        read_ranges(self._reader, bounds, take)
        return HistoryTopic(topic, len(bounds), first, read, tables.there, read < cap or read >= end - first)

    def latest(self, topics: Sequence[str]) -> tuple[dict[str, LatestRecord], dict[str, str]]:
        return newest(self._reader, self._bounds(topics), self._fields)

    def _fields(self, record: Record) -> tuple[Column, ...]:
        """Of what is no JSON the names; its types are the registry's to tell."""
        row = self._rows.read(record.value, record.headers)
        return tuple(Column(name, "") for name in row.layout.fields) if row else ()

    def close(self) -> None:
        self._reader.close()

    def _bounds(self, topics: Iterable[str]) -> dict[Place, tuple[int, int]]:
        """First offset and end offset of each partition."""
        there = self._reader.partitions()
        places = [(topic, partition) for topic in dict.fromkeys(topics) for partition in there.get(topic, ())]
        return {place: self._reader.offsets(*place) for place in places}

    def _scan(self, scan: _Scan, starts: Mapping[Place, int], cap: int) -> None:
        self._reader.assign(starts)
        try:
            self._read(scan, cap)
        finally:
            self._reader.assign({})
        if scan.unreadable:
            raise PortNonsense(
                self._reader.target,
                f"{scan.unreadable} of {scan.taken} waiting records cannot be read, first {scan.first_unreadable}",
                _NOT_RESTARTED,
            )

    def _read(self, scan: _Scan, cap: int) -> None:
        deadline = time.monotonic() + SCAN_SECONDS
        while scan.left and scan.taken < cap:
            found = self._reader.poll(seconds_until(deadline))
            if found is None:
                raise PortTimeout(
                    self._reader.target, f"{scan.taken} waiting records were read within {SCAN_SECONDS:g} s, not all"
                )
            if isinstance(found, Record):
                self._take(scan, found)
            elif isinstance(found, End):
                scan.left.discard(found.place)
            elif isinstance(found, Lost):
                raise PortNonsense(self._reader.target, f"{named(found.place)} changed while it was read: {found.why}")

    def _take(self, scan: _Scan, record: Record) -> None:
        place, offset = record.place, record.offset
        if place not in scan.left:
            return
        if offset >= scan.ends[place] - 1:
            scan.left.discard(place)
        if offset >= scan.ends[place]:
            return
        scan.taken += 1
        scan.read_to[place] = offset + 1
        try:
            self._count(scan, record)
        except NotNow as error:
            what = f"the waiting record {named(place)}@{offset} cannot be read now: {error}"
            raise PortUnreachable(self._reader.target, what, _NOT_RESTARTED) from error
        except Unreadable as error:
            scan.unreadable += 1
            scan.first_unreadable = scan.first_unreadable or f"{named(place)}@{offset}: {error}"

    def _count(self, scan: _Scan, record: Record) -> None:
        row = self._rows.read(record.value, record.headers)
        if row is None:
            return
        key = (record.place, row.layout.names)
        count = scan.counts.get(key)
        if count is None:
            count = scan.counts[key] = ShapeCount.begun(named(record.place), record.offset, row)
        count.add(record.offset, row)
