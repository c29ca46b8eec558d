"""What is behind the `Brokers` port does all this: the fake in memory, the real adapter on a real broker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import pytest

from watchdog.model import Group, TopicPartition
from watchdog.ports import Brokers

DAY = 86_400.0


class World(Protocol):
    """A broker with a topic of two partitions, kept for a day and not compacted."""

    brokers: Brokers
    topic: str

    def write(self, partition: int, count: int = 1) -> tuple[datetime, datetime]:
        """Not before, and not after."""

    def remove(self, partition: int, before: int) -> None:
        """The records before that offset are gone."""

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """By a group that has no members."""

    def settings(self, cleanup_policy: str, retention_ms: int, retention_bytes: int) -> None: ...


class BrokersContract:
    """Subclasses give the fixture `world`."""

    def test_a_group_is_told_with_what_it_committed(self, world: World) -> None:
        world.write(0, 3)
        group = f"{world.topic}-group"
        world.commit(group, {f"{world.topic}-0": 2})
        assert world.brokers.groups([group]) == {group: Group({f"{world.topic}-0": 2}, members=0)}

    def test_a_group_that_is_not_there_has_committed_nothing(self, world: World) -> None:
        names = [f"{world.topic}-no-{number}" for number in range(300)]
        assert world.brokers.groups(names) == dict.fromkeys(names, Group(members=0))

    def test_a_topic_is_told_with_its_bounds_and_how_long_it_is_kept(self, world: World) -> None:
        world.write(0, 3)
        world.write(1, 1)
        world.remove(0, 2)
        (facts,) = world.brokers.topics([world.topic]).values()
        assert (facts.name, facts.partitions, facts.cleanup_policy) == (world.topic, 2, "delete")
        assert (facts.retention_seconds, facts.retention_bytes) == (DAY, math.inf)
        assert facts.earliest == {f"{world.topic}-0": 2, f"{world.topic}-1": 0}
        assert facts.end == {f"{world.topic}-0": 3, f"{world.topic}-1": 1}
        assert facts.truncated

    def test_a_topic_that_is_not_there_has_no_partitions(self, world: World) -> None:
        found = world.brokers.topics(["no-such-topic", world.topic])
        assert [found[name].partitions for name in ("no-such-topic", world.topic)] == [0, 2]
        assert found["no-such-topic"].cleanup_policy is None

    @pytest.mark.parametrize("forever_ms", [-1, 2**63 - 1], ids=["-1", "as Debezium makes its histories"])
    def test_what_is_kept_for_ever_has_no_limit(self, world: World, forever_ms: int) -> None:
        world.settings("compact,delete", forever_ms, 5_000_000)
        (facts,) = world.brokers.topics([world.topic]).values()
        assert (facts.cleanup_policy, facts.retention_seconds, facts.retention_bytes) == (
            "compact,delete",
            math.inf,
            5_000_000,
        )

    def test_the_first_record_that_waits_has_a_time_and_behind_the_last_there_is_none(self, world: World) -> None:
        zero, one = f"{world.topic}-0", f"{world.topic}-1"
        world.write(0, 2)
        after, before = world.write(0, 1)
        world.write(1, 1)
        found = world.brokers.first_at({zero: 2, one: 1})
        assert found.keys() == {zero}
        assert after <= found[zero] <= before
        assert world.brokers.first_at({zero: 2, one: 0}).keys() == {zero, one}
        assert world.brokers.first_at({}) == {}

    def test_an_empty_group_keeps_its_offsets_for_a_while(self, world: World) -> None:
        assert world.brokers.offsets_retention_seconds() == 7 * DAY
