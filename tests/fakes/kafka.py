"""Feeds and records in memory that keep the contracts of the ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watchdog.errors import PortError, PortNonsense
from watchdog.model import (
    Column,
    HistoryTopic,
    LatestRecord,
    Place,
    Position,
    PushedStatus,
    RecordShape,
    SchemaRecord,
    Tailed,
    TopicPartition,
    split_partition,
)

UNREADABLE = "unreadable"
"""In place of a record: one that is not what it should be."""


class FakeStatusFeed:
    """Tells what is pushed after it was made. `down`: what every question raises meanwhile."""

    def __init__(self, cluster: str = "main") -> None:
        self.cluster = cluster
        self.down: PortError | None = None
        self.closed = False
        self._news: list[PushedStatus] = []
        self._uses: dict[str, set[str]] = {}

    def push(self, *statuses: PushedStatus) -> None:
        self._news.extend(statuses)

    def use(self, connector: str, topic: str) -> None:
        self._uses.setdefault(connector, set()).add(topic)

    def forget_use(self, connector: str, topic: str) -> None:
        self._uses[connector].discard(topic)

    def read(self, timeout_seconds: float) -> Sequence[PushedStatus]:
        self._must_be_up()
        news, self._news = tuple(self._news), []
        return news

    def topics_of(self) -> Mapping[str, frozenset[str]]:
        self._must_be_up()
        return {connector: frozenset(topics) for connector, topics in self._uses.items() if topics}

    def close(self) -> None:
        self.closed = True

    def _must_be_up(self) -> None:
        if self.down:
            raise self.down


@dataclass
class FakeTopics:
    """What Kafka keeps: give one to two feeds to play a watchdog before and after its restart."""

    partitions: dict[TopicPartition, list[SchemaRecord | str]] = field(default_factory=dict)

    def write(self, topic: str, record: SchemaRecord | str, partition: int = 0) -> None:
        self.partitions.setdefault(f"{topic}-{partition}", []).append(record)


class FakeSchemaFeed:
    """Reads `FakeTopics`. `down`: what every read raises meanwhile; `batch`: records of one read at most."""

    def __init__(self, kafka: str = "main", topics: FakeTopics | None = None, batch: int = 500) -> None:
        self.kafka = kafka
        self.topics = topics if topics is not None else FakeTopics()
        self.batch = batch
        self.down: PortError | None = None
        self.followed: dict[str, tuple[str, bool]] = {}
        self.closed = False
        self._next: dict[TopicPartition, int] = {}

    def follow(self, topics: Mapping[str, tuple[str, bool]], positions: Mapping[TopicPartition, int]) -> None:
        going_on = {where: at for where, at in self._next.items() if split_partition(where)[0] in self.followed}
        self.followed = dict(topics)
        self._next = {**self._next, **positions, **going_on}

    def read(self, timeout_seconds: float) -> Tailed:
        if self.down:
            raise self.down
        records: list[SchemaRecord] = []
        unreadable: list[tuple[str, str]] = []
        positions: dict[TopicPartition, int] = {}
        for where, written in self.topics.partitions.items():
            if split_partition(where)[0] not in self.followed:
                continue
            start = self._next.get(where, 0)
            for offset, record in list(enumerate(written))[start : start + self.batch - len(records)]:
                if isinstance(record, SchemaRecord):
                    records.append(record)
                else:
                    unreadable.append((f"{where}@{offset}", record))
                positions[where] = self._next[where] = offset + 1
        return Tailed(self.kafka, tuple(records), positions, tuple(unreadable))

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class FakeRow:
    """A waiting record: its fields, None for a delete."""

    fields: Mapping[str, object] | None
    position: Position = Position()


class FakeRecords:
    """Keeps rows by topic-partition; a str in place of a row cannot be read."""

    def __init__(self) -> None:
        self.partitions: dict[TopicPartition, list[FakeRow | str]] = {}
        self.histories: dict[str, HistoryTopic] = {}
        self.down: PortError | None = None

    def write(self, topic: str, row: FakeRow | str, partition: int = 0) -> None:
        self.partitions.setdefault(f"{topic}-{partition}", []).append(row)

    def waiting(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int], bool]:
        if self.down:
            raise self.down
        there = {where: rows for where, rows in self.partitions.items() if split_partition(where)[0] in topics}
        waiting = [
            (where, offset, row)
            for where, rows in there.items()
            for offset, row in enumerate(rows)
            if offset >= committed.get(where, 0)
        ]
        shapes: dict[tuple[TopicPartition, frozenset[str]], RecordShape] = {}
        for where, offset, row in waiting[:cap]:
            if isinstance(row, str):
                raise PortNonsense("kafka", f"waiting records cannot be read, first {where}@{offset}: {row}")
            if row.fields is not None:
                key = (where, frozenset(row.fields))
                shapes[key] = _wider(shapes.get(key), where, offset, row)
        return tuple(shapes.values()), {where: len(rows) for where, rows in there.items()}, len(waiting) > cap

    def further(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int]]:
        shapes: list[RecordShape] = []
        read_to = dict(starts)
        for where, start in starts.items():
            last = min(ends[where], start + cap)
            cap -= last - start
            rows = {**self.partitions, where: self.partitions[where][:last]}
            read = FakeRecords()
            read.partitions, read.down = rows, self.down
            found, _, _ = read.waiting({where: start}, [split_partition(where)[0]], last - start)
            shapes += [shape for shape in found if shape.partition == where]
            read_to[where] = last
        return tuple(shapes), read_to

    def history(self, topic: str, cap: int) -> HistoryTopic:
        if self.down:
            raise self.down
        return self.histories.get(topic, HistoryTopic(topic, 0))

    def latest(self, topics: Sequence[str]) -> tuple[Mapping[str, LatestRecord], Mapping[str, str]]:
        if self.down:
            raise self.down
        found: dict[str, LatestRecord] = {}
        unread: dict[str, str] = {}
        for where, rows in self.partitions.items():
            topic = split_partition(where)[0]
            for offset, row in enumerate(rows if topic in topics else ()):
                if isinstance(row, str):
                    unread[topic] = f"{where}@{offset}: {row}"
                elif row.fields:
                    columns = tuple(Column(name, _connect_type(value)) for name, value in row.fields.items())
                    found[topic] = LatestRecord(topic, f"{where}@{offset}", datetime.now(UTC), columns)
        return found, {topic: why for topic, why in unread.items() if topic not in found}


def _connect_type(value: object) -> str:
    return "string" if isinstance(value, str) or value is None else "int64"


def _wider(shape: RecordShape | None, where: TopicPartition, offset: int, row: FakeRow) -> RecordShape:
    fields = row.fields or {}
    here = Place(offset, row.position)
    lengths, first_null = dict(shape.lengths if shape else {}), dict(shape.first_null if shape else {})
    for name, value in fields.items():
        if value is None:
            first_null.setdefault(name, here)
        if isinstance(value, str) and len(value) > max((size for size, _ in lengths.get(name, ())), default=-1):
            lengths[name] = (*lengths.get(name, ()), (len(value), here))
    return RecordShape(
        partition=where,
        fields=shape.fields if shape else tuple(fields),
        first_offset=shape.first_offset if shape else offset,
        last_offset=offset,
        count=shape.count + 1 if shape else 1,
        lengths=lengths,
        nulls=frozenset(first_null),
        first_null=first_null,
        first_position=shape.first_position if shape else row.position,
    )
