"""Topics and groups in memory behind the `Brokers` port; passes the same contract tests as the real adapter."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watchdog.errors import PortError
from watchdog.model import Group, TopicFacts, TopicPartition

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class FakeTopic:
    partitions: int = 1
    cleanup_policy: str = "delete"
    retention_seconds: float = 7 * 86_400.0
    retention_bytes: float = math.inf


@dataclass
class FakeBrokers:
    """`written` holds the time of each record by topic-partition, `removed` how many of the first are gone. `down` is
    raised by every question."""

    there: dict[str, FakeTopic] = field(default_factory=dict)
    written: dict[TopicPartition, list[datetime]] = field(default_factory=dict)
    removed: dict[TopicPartition, int] = field(default_factory=dict)
    committed: dict[str, Group] = field(default_factory=dict)
    retention: float | None = 7 * 86_400.0
    down: PortError | None = None
    asked: list[tuple[str, object]] = field(default_factory=list)

    # What a test sets up.

    def create(self, topic: str, partitions: int = 1) -> None:
        self.there[topic] = FakeTopic(partitions)

    def write(self, topic: str, partition: int = 0, at: datetime = NOW) -> None:
        self.written.setdefault(f"{topic}-{partition}", []).append(at)

    def commit(self, group: str, offsets: Mapping[TopicPartition, int], members: int | None = 0) -> None:
        known = self.committed.get(group, Group())
        self.committed[group] = Group({**known.committed, **offsets}, members)

    # The port.

    def groups(self, names: Collection[str]) -> Mapping[str, Group]:
        self._ask("groups", sorted(names))
        return {name: self.committed.get(name, Group(members=0)) for name in names}

    def topics(self, names: Collection[str]) -> Mapping[str, TopicFacts]:
        self._ask("topics", sorted(names))
        return {name: self._facts(name) for name in names}

    def first_at(self, starts: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, datetime]:
        self._ask("first_at", dict(starts))
        found = {where: self.written.get(where, [])[offset:] for where, offset in starts.items()}
        return {where: times[0] for where, times in found.items() if times}

    def offsets_retention_seconds(self) -> float | None:
        self._ask("offsets_retention_seconds", None)
        return self.retention

    def close(self) -> None: ...

    def _facts(self, name: str) -> TopicFacts:
        topic = self.there.get(name)
        if topic is None:
            return TopicFacts(name)
        places = [f"{name}-{partition}" for partition in range(topic.partitions)]
        return TopicFacts(
            name,
            topic.partitions,
            topic.cleanup_policy,
            topic.retention_seconds,
            topic.retention_bytes,
            {where: self.removed.get(where, 0) for where in places},
            {where: len(self.written.get(where, [])) for where in places},
        )

    def _ask(self, what: str, of: object) -> None:
        self.asked.append((what, of))
        if self.down is not None:
            raise self.down
