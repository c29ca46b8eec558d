"""What is read from Kafka: the feeds that tell of changes, the records that wait, what brokers know."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from watchdog.model import (
    Group,
    HistoryTopic,
    LatestRecord,
    PushedStatus,
    RecordShape,
    Tailed,
    TopicFacts,
    TopicPartition,
)


class StatusFeed(Protocol):
    """Connect's status topic of one cluster."""

    def read(self, timeout_seconds: float) -> Sequence[PushedStatus]:
        """State changes since the last read, waiting at most that long. The past is read but not told."""

    def topics_of(self) -> Mapping[str, frozenset[str]]:
        """Topics that each connector is known to use, from the `status-topic-` records."""

    def close(self) -> None: ...


class SchemaFeed(Protocol):
    """Debezium's schema change and history topics on one Kafka cluster."""

    def follow(self, topics: Mapping[str, tuple[str, bool]], positions: Mapping[TopicPartition, int]) -> None:
        """Read these topics from these positions on (from the start where there is none).

        `topics`: topic name → (the source's `topic.prefix`, whether it is an internal history topic).
        """

    def read(self, timeout_seconds: float) -> Tailed:
        """What came since the last read, waiting at most that long; bounded in number."""

    def close(self) -> None: ...


class Records(Protocol):
    """The records that wait for a sink."""

    def waiting(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int], bool]:
        """Shapes of the records from the committed offset (or the start) on, the end offsets, and whether the cap
        was reached."""

    def further(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int]]:
        """Shapes of the records from these offsets on, up to the ends and at most `cap` of them; and the offsets up to
        which they were read."""

    def history(self, topic: str, cap: int) -> HistoryTopic:
        """An internal schema history, read from its beginning, at most `cap` records of it."""

    def latest(self, topics: Sequence[str]) -> tuple[Mapping[str, LatestRecord], Mapping[str, str]]:
        """The fields of each topic's newest row, and why they cannot be told; nothing of a topic without rows."""


class Brokers(Protocol):
    """What one Kafka cluster's brokers tell of its consumer groups and topics."""

    def groups(self, names: Collection[str]) -> Mapping[str, Group]:
        """Every group asked for; one that is not there has committed nothing and has no members."""

    def topics(self, names: Collection[str]) -> Mapping[str, TopicFacts]:
        """Every topic asked for; one that is not there has no partitions."""

    def first_at(self, starts: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, datetime]:
        """Kafka's time stamp of the first record at or after each of these offsets; none where there is no record,
        or none that was found in time."""

    def offsets_retention_seconds(self) -> float | None:
        """How long a group without members keeps its offsets; None where we may not ask."""

    def close(self) -> None: ...
