"""What is behind the port `Quarantine` does all this: the fake in memory, and the real adapter on a real broker."""

from __future__ import annotations

from itertools import count
from typing import Protocol

import pytest

from watchdog.errors import PortNonsense
from watchdog.model import ConnectorKey, RecordId, Unfit, WaitingRecord
from watchdog.ports import Quarantine

_numbers = count(1)
KEY = '{"id":1}'


class World(Protocol):
    quarantine: Quarantine
    topic: str
    """With two partitions, empty."""

    def write(self, key: str, fields: dict[str, object] | None, partition: int = 0) -> RecordId: ...

    def expire(self, record: RecordId) -> None:
        """With all that came before it in its partition."""


def too_long(record: WaitingRecord) -> str:
    """The judge: a name of more than three characters."""
    longest = record.shape.longest.get("name", 0) if record.shape else 0
    return f"name has {longest} characters" if longest > 3 else ""


class QuarantineContract:
    """Subclasses give the fixture `world`."""

    @pytest.fixture
    def sink(self) -> ConnectorKey:
        return ConnectorKey("main", f"sink-{next(_numbers)}")

    def unfit(self, world: World, cap: int = 100) -> tuple[Unfit, ...]:
        return world.quarantine.select({}, [world.topic], cap, too_long).unfit

    def test_what_does_not_fit_is_chosen_with_its_key_and_the_reason(self, world: World) -> None:
        world.write('{"id":1}', {"id": 1, "name": "An"})
        bad = world.write('{"id":2}', {"id": 2, "name": "Binh"})
        world.write('{"id":3}', None)
        other = world.write('{"id":4}', {"id": 4, "name": "Chi"}, partition=1)
        seen = world.quarantine.select({}, [world.topic], 100, too_long)
        (one,) = seen.unfit
        assert (one.id, one.reason, one.key) == (bad, "name has 4 characters", '{"id":2}')
        assert (seen.looked_at, seen.capped) == (4, False)
        assert seen.first_fit == {f"{world.topic}-0": 0, other.place: 0}
        assert seen.end == seen.read_to == {f"{world.topic}-0": 3, f"{world.topic}-1": 1}

    def test_the_look_begins_at_the_committed_offsets_and_ends_at_its_cap_in_each_partition(self, world: World) -> None:
        for number in range(6):
            world.write(KEY, {"id": number, "name": "Dung"})
            world.write(KEY, {"id": number, "name": "Dung"}, partition=1)
        seen = world.quarantine.select({f"{world.topic}-0": 1}, [world.topic], 4, too_long)
        assert [(each.id.partition, each.id.offset) for each in seen.unfit] == [(0, 1), (0, 2), (1, 0), (1, 1)]
        assert (seen.capped, seen.first_fit) == (True, {})
        assert seen.read_to == {f"{world.topic}-0": 3, f"{world.topic}-1": 2}
        assert not world.quarantine.select({}, [world.topic], 12, too_long).capped

    def test_a_topic_that_is_not_there_has_nothing_that_waits(self, world: World) -> None:
        assert world.quarantine.select({}, [f"{world.topic}-not-there"], 100, too_long).unfit == ()

    def test_a_record_is_copied_once_however_often_it_is_asked_for(self, world: World, sink: ConnectorKey) -> None:
        world.write(KEY, {"id": 1, "name": "Binh"})
        world.write(KEY, {"id": 2, "name": "Dung"}, partition=1)
        first = self.unfit(world)
        assert world.quarantine.copy(sink, first) == 2
        assert world.quarantine.copy(sink, first) == 0
        world.write(KEY, {"id": 3, "name": "Giang"})
        assert world.quarantine.copy(sink, self.unfit(world)) == 1
        assert sorted(each.id for each in world.quarantine.kept(sink)) == [each.id for each in self.unfit(world)]
        assert world.quarantine.differing(sink, self.unfit(world)) == {}

    def test_what_is_not_there_is_told(self, world: World, sink: ConnectorKey) -> None:
        world.write(KEY, {"id": 1, "name": "Binh"})
        (one,) = self.unfit(world)
        assert str(one.id) in world.quarantine.differing(sink, [one])[one.id]

    def test_another_sinks_copies_are_not_ours(self, world: World, sink: ConnectorKey) -> None:
        other = ConnectorKey("another", sink.connector)
        world.write(KEY, {"id": 1, "name": "Binh"})
        assert world.quarantine.copy(other, self.unfit(world)) == 1
        assert world.quarantine.kept(sink) == ()
        assert world.quarantine.copy(sink, self.unfit(world)) == 1

    def test_what_is_no_longer_in_its_topic_cannot_be_copied(self, world: World, sink: ConnectorKey) -> None:
        world.write(KEY, {"id": 1, "name": "Binh"})
        world.write(KEY, {"id": 1, "name": "An"})
        (one,) = self.unfit(world)
        world.expire(one.id)
        with pytest.raises(PortNonsense, match="no longer"):
            world.quarantine.copy(sink, [one])
        assert world.quarantine.kept(sink) == ()

    def test_what_is_kept_tells_why_and_what_it_holds(self, world: World, sink: ConnectorKey) -> None:
        bad = world.write('{"id":2}', {"id": 2, "name": "Binh"})
        world.quarantine.copy(sink, self.unfit(world))
        (kept,) = world.quarantine.kept(sink)
        assert (kept.id, kept.reason, kept.key, kept.has_key) == (bad, "name has 4 characters", '{"id":2}', True)
        assert kept.waiting is not None
        assert too_long(kept.waiting) == kept.reason

    def test_what_became_of_a_key_is_told(self, world: World, sink: ConnectorKey) -> None:
        free = world.write('{"id":1}', {"id": 1, "name": "Binh"})
        updated = world.write('{"id":2}', {"id": 2, "name": "Dung"})
        deleted = world.write('{"id":3}', {"id": 3, "name": "Giang"})
        world.quarantine.copy(sink, self.unfit(world))
        update = world.write('{"id":2}', {"id": 2, "name": "An"})
        delete = world.write('{"id":3}', None)
        world.write('{"id":1}', {"id": 1, "name": "An"}, partition=1)
        since = world.quarantine.since(sink, [free, updated, deleted])
        assert (since[free].original, since[free].later) == (True, None)
        assert (since[updated].later, since[updated].later_deletes) == (update, False)
        assert (since[deleted].later, since[deleted].later_deletes) == (delete, True)

    def test_a_record_is_written_back_once_and_says_so(self, world: World, sink: ConnectorKey) -> None:
        free = world.write('{"id":1}', {"id": 1, "name": "Binh"})
        updated = world.write('{"id":2}', {"id": 2, "name": "Dung"})
        world.quarantine.copy(sink, self.unfit(world))
        world.write('{"id":2}', {"id": 2, "name": "An"})
        written = world.quarantine.replay(sink, [free, updated])
        assert list(written) == [free]
        assert world.quarantine.replay(sink, [free, updated]) == {}
        since = world.quarantine.since(sink, [free])[free]
        assert (since.replayed, since.later) == (written[free], written[free])
        (again,) = [each for each in self.unfit(world) if each.id == written[free]]
        assert again.key == '{"id":1}'

    def test_of_one_key_only_the_last_is_free(self, world: World, sink: ConnectorKey) -> None:
        first = world.write(KEY, {"id": 1, "name": "Binh"})
        second = world.write(KEY, {"id": 1, "name": "Dung"})
        world.quarantine.copy(sink, self.unfit(world))
        assert list(world.quarantine.replay(sink, [first, second])) == [second]

    def test_a_record_that_its_topic_no_longer_has_is_not_written_back(self, world: World, sink: ConnectorKey) -> None:
        bad = world.write('{"id":1}', {"id": 1, "name": "Binh"})
        world.quarantine.copy(sink, self.unfit(world))
        world.write('{"id":2}', {"id": 2, "name": "An"})
        world.expire(bad)
        assert not world.quarantine.since(sink, [bad])[bad].original
        assert world.quarantine.replay(sink, [bad]) == {}
