"""Debezium's schema change and history topics on one Kafka cluster → `SchemaRecord`s, with the tables as they are after
each statement.

A record that cannot be read is told of and passed by: one bad record must not hide the next change. One whose Avro
schema cannot be had now is waited at: its partition stays where it is, and the others go on. A topic that is not there
yet is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from watchdog.adapters.avro import AvroReader, NotNow
from watchdog.adapters.debezium import Unreadable, moment, records_of
from watchdog.adapters.kafka_client import BEGINNING, KafkaReader, seconds_until
from watchdog.adapters.kafka_events import Lost, Place, Record, named
from watchdog.model import Origin, SchemaRecord, Tailed, TopicPartition
from watchdog.redact import Redactor

READ_RECORDS_MAX = 500
READ_BYTES_MAX = 8 * 1024 * 1024
"""Where a read ends; what is left comes with the next one."""
MISSING_SECONDS = 2.0
"""How often a topic that is not there yet is looked for."""
LOOK_SECONDS = 5.0
"""How often the topics that are there are looked at: for partitions that were added, and whether they are there still.
The client waits without a word for a deleted topic, and goes on in the middle of the next one of that name."""
HELD_SECONDS = 1.0
"""How often a record that waits for its schema is tried again."""
UNKNOWN_SECONDS = 60.0
"""So long a schema that the registry says it does not have is waited for: one of its replicas may be behind. Then its
record is passed by, as any that cannot be read. A registry that does not answer is waited for without an end."""


@dataclass(slots=True)
class _Held:
    offset: int
    since: float
    retry_at: float
    why: NotNow


@dataclass(slots=True)
class _Batch:
    records: list[SchemaRecord] = field(default_factory=list)
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    taken: int = 0
    bytes: int = 0

    @property
    def full(self) -> bool:
        return self.taken >= READ_RECORDS_MAX or self.bytes >= READ_BYTES_MAX


class SchemaTopics:
    """`ports.SchemaFeed` of one Kafka cluster.

    `kafka`: its name, for what is told. `settings`: librdkafka's. `avro`: reads what is no JSON. It connects with the
    first read, not before.
    """

    def __init__(
        self,
        kafka: str,
        bootstrap_servers: str,
        settings: Mapping[str, str],
        redactor: Redactor | None = None,
        avro: AvroReader | None = None,
    ) -> None:
        self._kafka = kafka
        self._redactor = redactor or Redactor()
        self._avro = avro or AvroReader()
        self._held: dict[Place, _Held] = {}
        self._reader = KafkaReader(bootstrap_servers, settings)
        self._topics: dict[str, tuple[str, bool]] = {}
        self._starts: dict[TopicPartition, int] = {}
        self._reading: set[Place] = set()
        self._look_at = 0.0

    def follow(self, topics: Mapping[str, tuple[str, bool]], positions: Mapping[TopicPartition, int]) -> None:
        """What is followed already goes on where it is, whatever `positions` say."""
        self._topics = dict(topics)
        read = {named(place) for place in self._reading}
        self._starts.update((where, offset) for where, offset in positions.items() if where not in read)
        self._look_at = 0.0

    def read(self, timeout_seconds: float) -> Tailed:
        deadline = time.monotonic() + timeout_seconds
        batch = _Batch()
        if time.monotonic() >= min([self._look_at, *(held.retry_at for held in self._held.values())]):
            self._look(batch)
        while not batch.full:
            # Wait for the first record only: whatever is there by then comes with it.
            found = self._reader.poll(0.0 if batch.taken else seconds_until(deadline))
            if found is None:
                break
            if isinstance(found, Record):
                self._take(found, batch)
            elif isinstance(found, Lost):
                self._start_again(found, batch)
        held = tuple((f"{named(place)}@{held.offset}", str(held.why)) for place, held in self._held.items())
        return Tailed(self._kafka, tuple(batch.records), batch.positions, tuple(batch.unreadable), held)

    def close(self) -> None:
        self._reader.close()

    def _look(self, batch: _Batch) -> None:
        """Begin with what appeared, leave what is followed no more or is gone."""
        there = self._reader.partitions() if self._topics else {}
        self._leave([place for place in self._reading if place[0] not in self._topics])
        for topic, partition in sorted(self._reading):
            if topic not in there:
                self._start_again(Lost(topic, partition, "the topic was deleted"), batch)
        wanted = {(topic, each) for topic in self._topics for each in there.get(topic, ())}
        self._held = {place: held for place, held in self._held.items() if place in wanted}
        now = time.monotonic()
        wanted -= {place for place, held in self._held.items() if held.retry_at > now}
        new = {place: self._starts.get(named(place), BEGINNING) for place in sorted(wanted - self._reading)}
        if new:
            self._reader.add(new)
            self._reading |= new.keys()
        all_there = there.keys() >= self._topics.keys()
        self._look_at = time.monotonic() + (LOOK_SECONDS if all_there else MISSING_SECONDS)

    def _leave(self, places: Iterable[Place]) -> None:
        if leaving := list(places):
            self._reader.remove(leaving)
            self._reading -= set(leaving)

    def _take(self, record: Record, batch: _Batch) -> None:
        if record.place not in self._reading:
            return
        where = named(record.place)
        batch.taken += 1
        batch.bytes += len(record.value or b"")
        try:
            batch.records.extend(self._read_record(record))
        except NotNow as error:
            if not self._is_given_up(record, error):
                self._hold(record, error)
                return
            batch.unreadable.append((f"{where}@{record.offset}", str(error)))
        except Unreadable as error:
            batch.unreadable.append((f"{where}@{record.offset}", str(error)))
        self._held.pop(record.place, None)
        batch.positions[where] = self._starts[where] = record.offset + 1

    def _read_record(self, record: Record) -> tuple[SchemaRecord, ...]:
        prefix, is_history = self._topics[record.topic]
        origin = Origin.HISTORY if is_history else Origin.TOPIC
        document = self._avro.document(record.value, record.headers)
        return records_of(document, prefix, origin, moment(record.at_ms), self._redactor)

    def _waits_since(self, record: Record, error: NotNow) -> float:
        held = self._held.get(record.place)
        same = held is not None and held.offset == record.offset and held.why.lasting is error.lasting
        return held.since if held and same else time.monotonic()

    def _is_given_up(self, record: Record, error: NotNow) -> bool:
        return error.lasting and time.monotonic() - self._waits_since(record, error) >= UNKNOWN_SECONDS

    def _hold(self, record: Record, why: NotNow) -> None:
        """Nothing more is read of its partition until it is tried again, from this record on."""
        since = self._waits_since(record, why)
        self._held[record.place] = _Held(record.offset, since, time.monotonic() + HELD_SECONDS, why)
        self._leave([record.place])
        self._starts[named(record.place)] = record.offset

    def _start_again(self, lost: Lost, batch: _Batch) -> None:
        """The next look finds the partition from its beginning, when there is one."""
        where = named(lost.place)
        if lost.place in self._reading:
            at = self._starts.pop(where, 0)
            self._leave([lost.place])
            batch.positions[where] = 0
            batch.unreadable.append((f"{where}@{at}", f"{lost.why}: the topic is read again from its earliest record"))
            self._look_at = 0.0
