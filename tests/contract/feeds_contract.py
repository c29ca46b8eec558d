"""What is behind the ports `StatusFeed`, `SchemaFeed` and `Records` does all this: the fakes in memory, and the real
adapters on whatever speaks Kafka's protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

import pytest

from tests.fakes.debezium import table
from watchdog.errors import PortNonsense
from watchdog.model import Origin, Position, PushedStatus, RecordShape, SchemaRecord, State, Tailed, TopicPartition
from watchdog.ports import Records, SchemaFeed, StatusFeed

DEADLINE_SECONDS = 20.0
TRACE = "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask\nCaused by: java.sql.SQLException: no"
_numbers = count(1)


def within_deadline(condition: Callable[[], bool]) -> None:
    """`condition` waits for itself, by reading with a timeout."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"


class StatusWorld(Protocol):
    cluster: str

    def open(self) -> StatusFeed:
        """A feed that has begun: what is said from now on is news."""

    def say(self, connector: str, task: int | None, state: str, trace: str | None = None) -> None: ...

    def forget(self, connector: str, task: int | None) -> None:
        """The tombstone of a deleted connector."""

    def use(self, connector: str, topic: str) -> None: ...

    def forget_use(self, connector: str, topic: str) -> None: ...


def told(feed: StatusFeed, number: int) -> list[PushedStatus]:
    """That many state changes, or more if they came together."""
    news: list[PushedStatus] = []
    within_deadline(lambda: bool(news.extend(feed.read(0.5)) or len(news) >= number))
    return news


class StatusContract:
    """Subclasses give the fixture `world`."""

    def test_what_was_said_before_is_not_told(self, world: StatusWorld) -> None:
        world.say("dw-sink", 0, "FAILED", TRACE)
        feed = world.open()
        world.say("dw-sink", 1, "RUNNING")
        assert [status.task for status in told(feed, 1)] == [1]

    def test_a_failure_is_told_with_its_trace(self, world: StatusWorld) -> None:
        feed = world.open()
        world.say("dw-sink", 0, "FAILED", TRACE)
        (status,) = told(feed, 1)
        assert (status.cluster, status.connector, status.task) == (world.cluster, "dw-sink", 0)
        assert (status.state, status.trace) == (State.FAILED, TRACE)
        assert status.worker == "w1:8083"
        assert abs((datetime.now(UTC) - status.at).total_seconds()) < 60

    def test_what_was_told_is_not_told_again(self, world: StatusWorld) -> None:
        feed = world.open()
        world.say("dw-sink", 0, "FAILED", TRACE)
        told(feed, 1)
        world.say("dw-sink", 0, "RUNNING")
        assert [status.state for status in told(feed, 1)] == [State.RUNNING]

    @pytest.mark.parametrize(
        ("connector", "task"),
        [
            pytest.param("dw-sink-0", 12, id="a name that ends like a task"),
            pytest.param("dw-sink-0", None, id="the connector itself"),
            pytest.param("naïve ünï:code 🦆", 3, id="unicode and a colon"),
            pytest.param("-", 0, id="a dash"),
        ],
    )
    def test_names_are_read_as_they_are(self, world: StatusWorld, connector: str, task: int | None) -> None:
        feed = world.open()
        world.say(connector, task, "PAUSED")
        (status,) = told(feed, 1)
        assert (status.connector, status.task, status.state) == (connector, task, State.PAUSED)

    def test_a_state_that_we_do_not_know_is_unknown(self, world: StatusWorld) -> None:
        feed = world.open()
        world.say("dw-sink", 0, "MELTED")
        assert [status.state for status in told(feed, 1)] == [State.UNKNOWN]

    def test_a_deleted_connector_tells_nothing(self, world: StatusWorld) -> None:
        feed = world.open()
        world.forget("dw-sink", None)
        world.forget("dw-sink", 0)
        world.say("other", 0, "RUNNING")
        assert [status.connector for status in told(feed, 1)] == ["other"]

    def test_with_no_news_a_read_returns_after_its_timeout(self, world: StatusWorld) -> None:
        feed = world.open()
        started = time.monotonic()
        assert feed.read(0.3) == ()
        assert time.monotonic() - started < 8

    def test_thousands_of_changes_come_in_order_and_none_twice(self, world: StatusWorld) -> None:
        feed = world.open()
        for task in range(1200):
            world.say("dw-sink", task, "RESTARTING")
        assert [status.task for status in told(feed, 1200)] == list(range(1200))

    def test_topics_used_before_and_after_the_start_are_known(self, world: StatusWorld) -> None:
        world.use("oltp-source", "shop.orders")
        feed = world.open()
        assert feed.topics_of() == {"oltp-source": frozenset({"shop.orders"})}
        world.use("a:connector-b", "t:connector-x")
        world.use("oltp-source", "shop")
        world.say("end", 0, "RUNNING")
        told(feed, 1)
        assert feed.topics_of() == {
            "oltp-source": frozenset({"shop.orders", "shop"}),
            "a:connector-b": frozenset({"t:connector-x"}),
        }

    def test_a_use_that_is_forgotten_is_known_no_more(self, world: StatusWorld) -> None:
        world.use("dw-sink", "old")
        feed = world.open()
        assert feed.topics_of() == {"dw-sink": frozenset({"old"})}
        world.forget_use("dw-sink", "old")
        world.say("end", 0, "RUNNING")
        told(feed, 1)
        assert feed.topics_of() == {}


class SchemaWorld(Protocol):
    topic: str
    """Does not exist before the first record; has several partitions."""
    history: str

    def open(self) -> SchemaFeed: ...

    def write(self, topic: str, record: SchemaRecord | None, partition: int = 0) -> None:
        """None: a record that is no schema change."""


def change(name: str = "orders", origin: Origin = Origin.TOPIC, **changed: object) -> SchemaRecord:
    """A schema change unlike any other before, as the feed would read it."""
    number = next(_numbers)
    after = table(name, f"c{number}")
    gtid = f"3e11fa47:{number}" if origin is Origin.TOPIC else None
    record = SchemaRecord(
        prefix="shop",
        origin=origin,
        position=Position(gtid, "binlog.000002", 1000 + number),
        at=datetime(2026, 11, 23, 15, 54, 45, 0 if origin is Origin.HISTORY else 385000, UTC),
        ddl=f"ALTER TABLE {name} ADD COLUMN c{number} VARCHAR(64)",
        table=after.id,
        kind="ALTER",
        after=after,
    )
    return replace(record, **changed)  # type: ignore[arg-type]


class _Reading:
    """What a feed brought so far."""

    def __init__(self, feed: SchemaFeed) -> None:
        self.feed = feed
        self.records: list[SchemaRecord] = []
        self.unreadable: list[tuple[str, str]] = []
        self.positions: dict[TopicPartition, int] = {}
        self.most_at_once = 0

    def once(self) -> Tailed:
        tailed = self.feed.read(0.5)
        self.records.extend(tailed.records)
        self.unreadable.extend(tailed.unreadable)
        self.positions.update(tailed.positions)
        self.most_at_once = max(self.most_at_once, len(tailed.records))
        return tailed

    def until(self, number: int) -> _Reading:
        """That many records were read, or told of as unreadable."""
        within_deadline(lambda: bool(self.once()) and len(self.records) + len(self.unreadable) >= number)
        return self


class SchemaContract:
    """Subclasses give the fixture `world`."""

    def follow(self, world: SchemaWorld, positions: dict[TopicPartition, int] | None = None) -> _Reading:
        feed = world.open()
        feed.follow({world.topic: ("shop", False)}, positions or {})
        return _Reading(feed)

    def test_a_topic_is_read_from_its_start(self, world: SchemaWorld) -> None:
        written = [
            change(),
            change(kind="DROP", after=None),
            change(snapshot=True),
            change(table=None, kind="", after=None),
        ]
        for record in written:
            world.write(world.topic, record)
        reading = self.follow(world).until(4)
        assert reading.records == written
        assert reading.positions == {f"{world.topic}-0": 4}
        assert reading.unreadable == []

    def test_a_history_topic_is_read_as_one(self, world: SchemaWorld) -> None:
        written = [change(origin=Origin.HISTORY), change(origin=Origin.HISTORY, snapshot=True)]
        for record in written:
            world.write(world.history, record)
        feed = world.open()
        feed.follow({world.history: ("shop", True)}, {})
        assert _Reading(feed).until(2).records == written

    def test_reading_goes_on_at_stored_positions(self, world: SchemaWorld) -> None:
        written = [change() for _ in range(4)]
        for record in written:
            world.write(world.topic, record)
        before = self.follow(world).until(4)
        world.write(world.topic, late := change())
        after = self.follow(world, before.positions).until(1)
        assert after.records == [late]

    def test_what_comes_later_is_read_once(self, world: SchemaWorld) -> None:
        world.write(world.topic, change())
        reading = self.follow(world).until(1)
        world.write(world.topic, late := change())
        assert reading.until(2).records[1:] == [late]

    def test_following_more_topics_does_not_read_the_others_again(self, world: SchemaWorld) -> None:
        world.write(world.topic, first := change())
        reading = self.follow(world).until(1)
        world.write(world.history, second := change(origin=Origin.HISTORY))
        both = {world.topic: ("shop", False), world.history: ("shop", True)}
        # The positions that the caller stored may be older than where the feed is.
        reading.feed.follow(both, {f"{world.topic}-0": 0})
        world.write(world.topic, third := change())
        reading.until(3)
        assert sorted(reading.records, key=str) == sorted([first, second, third], key=str)

    def test_a_topic_that_is_followed_no_more_is_not_read(self, world: SchemaWorld) -> None:
        world.write(world.topic, change())
        reading = self.follow(world).until(1)
        reading.feed.follow({world.history: ("shop", True)}, {})
        world.write(world.topic, change())
        world.write(world.history, last := change(origin=Origin.HISTORY))
        assert reading.until(2).records[1:] == [last]

    def test_a_topic_that_is_followed_again_goes_on_where_it_was_left(self, world: SchemaWorld) -> None:
        world.write(world.topic, change())
        world.write(world.history, change(origin=Origin.HISTORY))
        reading = self.follow(world).until(1)
        both = {world.topic: ("shop", False), world.history: ("shop", True)}
        reading.feed.follow(both, {f"{world.topic}-0": 0})
        reading.until(2)
        reading.feed.follow({world.history: ("shop", True)}, {})
        reading.once()
        reading.feed.follow(both, {})
        world.write(world.topic, late := change())
        assert reading.until(3).records[2:] == [late]

    def test_a_topic_that_is_not_there_yet_is_read_once_it_is(self, world: SchemaWorld) -> None:
        reading = self.follow(world)
        assert reading.once().records == ()
        world.write(world.topic, record := change())
        assert reading.until(1).records == [record]

    def test_all_partitions_are_read(self, world: SchemaWorld) -> None:
        written = [change(), change(), change()]
        for partition, record in enumerate(written):
            world.write(world.topic, record, partition=partition)
        reading = self.follow(world).until(3)
        assert sorted(reading.records, key=str) == sorted(written, key=str)
        assert reading.positions == {f"{world.topic}-{partition}": 1 for partition in range(3)}

    def test_what_cannot_be_read_is_told_of_and_passed_by(self, world: SchemaWorld) -> None:
        first, last = change(), change()
        for record in (first, None, last):
            world.write(world.topic, record)
        reading = self.follow(world).until(3)
        assert reading.records == [first, last]
        ((where, why),) = reading.unreadable
        assert where == f"{world.topic}-0@1"
        assert why != ""
        assert reading.positions == {f"{world.topic}-0": 3}

    def test_many_records_come_in_several_reads(self, world: SchemaWorld) -> None:
        written = [change() for _ in range(1100)]
        for record in written:
            world.write(world.topic, record)
        reading = self.follow(world).until(1100)
        assert reading.records == written
        assert reading.most_at_once <= 500


class RecordsWorld(Protocol):
    topic: str
    """Has several partitions."""
    records: Records

    def write(self, fields: dict[str, object] | None, partition: int = 0, gtid: str | None = None) -> None:
        """A row of `topic`, at binlog.000002:1054; None for a delete."""

    def write_unreadable(self) -> None:
        """On partition 0."""


def shapes(
    world: RecordsWorld, committed: dict[TopicPartition, int] | None = None, cap: int = 1000
) -> Sequence[RecordShape]:
    return world.records.waiting(committed or {}, [world.topic], cap)[0]


class RecordsContract:
    """Subclasses give the fixture `world`."""

    def test_rows_with_the_same_fields_make_one_shape(self, world: RecordsWorld) -> None:
        world.write({"id": 1, "note": "four"}, gtid="3e11fa47:12")
        world.write({"id": 2, "note": "longest"})
        world.write({"id": 3, "note": None})
        world.write({"id": 4, "note": "", "extra": "n"})
        first, second = shapes(world)
        assert (first.fields, first.first_offset, first.last_offset, first.count) == (("id", "note"), 0, 2, 3)
        assert first.longest == {"note": 7}
        assert first.nulls == frozenset({"note"})
        assert first.first_position == Position("3e11fa47:12", "binlog.000002", 1054)
        assert (set(second.fields), second.first_offset, second.count) == ({"id", "note", "extra"}, 3, 1)
        assert second.nulls == frozenset()

    def test_a_string_is_as_long_as_it_has_characters(self, world: RecordsWorld) -> None:
        world.write({"id": 1, "note": "ünï 🦆"})
        assert shapes(world)[0].longest == {"note": 5}

    def test_only_what_the_sink_has_not_committed_waits(self, world: RecordsWorld) -> None:
        for number in range(4):
            world.write({"id": number, "note": "x" * number})
        (shape,) = shapes(world, {f"{world.topic}-0": 2})
        assert (shape.first_offset, shape.last_offset, shape.count) == (2, 3, 2)

    def test_nothing_waits_behind_the_end(self, world: RecordsWorld) -> None:
        world.write({"id": 1})
        found, ends, capped = world.records.waiting({f"{world.topic}-0": 1}, [world.topic], 1000)
        assert (found, ends[f"{world.topic}-0"], capped) == ((), 1, False)

    def test_partitions_are_told_apart(self, world: RecordsWorld) -> None:
        world.write({"id": 1}, partition=0)
        world.write({"id": 2}, partition=1)
        world.write({"id": 3}, partition=1)
        found, ends, _ = world.records.waiting({f"{world.topic}-1": 1}, [world.topic], 1000)
        counts = {shape.partition: (shape.first_offset, shape.count) for shape in found}
        assert counts == {f"{world.topic}-0": (0, 1), f"{world.topic}-1": (1, 1)}
        assert (ends[f"{world.topic}-0"], ends[f"{world.topic}-1"]) == (1, 2)

    def test_a_delete_needs_no_columns(self, world: RecordsWorld) -> None:
        world.write({"id": 1, "note": "a"})
        world.write(None)
        (shape,) = shapes(world)
        assert (shape.last_offset, shape.count) == (0, 1)

    @pytest.mark.parametrize(
        ("cap", "read", "capped"),
        [
            pytest.param(0, 0, True, id="only the ends are wanted"),
            pytest.param(2, 2, True, id="fewer than wait"),
            pytest.param(3, 3, False, id="just enough"),
        ],
    )
    def test_no_more_than_the_cap_is_read(self, world: RecordsWorld, cap: int, read: int, capped: bool) -> None:
        for number in range(3):
            world.write({"id": number})
        found, ends, was_capped = world.records.waiting({}, [world.topic], cap)
        assert sum(shape.count for shape in found) == read
        assert was_capped is capped
        assert ends[f"{world.topic}-0"] == 3

    def test_reading_goes_on_where_it_ended_and_up_to_the_ends_that_are_given(self, world: RecordsWorld) -> None:
        for number in range(5):
            world.write({"id": number, "note": "x" * number})
        where = f"{world.topic}-0"
        (shape,), read_to = world.records.further({where: 1}, {where: 4}, 2)
        assert (shape.first_offset, shape.last_offset, dict(read_to)) == (1, 2, {where: 3})
        (shape,), read_to = world.records.further(read_to, {where: 4}, 2)
        assert (shape.first_offset, shape.last_offset, dict(read_to)) == (3, 3, {where: 4})
        assert world.records.further({where: 4}, {where: 4}, 2) == ((), {where: 4})

    def test_a_history_that_is_not_there_has_no_partitions(self, world: RecordsWorld) -> None:
        told = world.records.history(f"no-such-{world.topic}", 10)
        assert (told.partitions, told.records, told.tables) == (0, 0, frozenset())

    def test_the_same_question_has_the_same_answer(self, world: RecordsWorld) -> None:
        world.write({"id": 1, "note": "a"})
        assert shapes(world) == shapes(world)

    def test_a_record_that_cannot_be_read_is_an_error(self, world: RecordsWorld) -> None:
        world.write({"id": 1})
        world.write_unreadable()
        world.write({"id": 2})
        with pytest.raises(PortNonsense, match=rf"{world.topic}-0@1"):
            shapes(world)

    def test_what_was_committed_may_be_unreadable(self, world: RecordsWorld) -> None:
        world.write_unreadable()
        world.write({"id": 2})
        assert [shape.count for shape in shapes(world, {f"{world.topic}-0": 1})] == [1]

    def test_a_topic_that_is_not_there_has_nothing_that_waits(self, world: RecordsWorld) -> None:
        world.write({"id": 1})
        found, ends, capped = world.records.waiting({}, [f"no-such-{world.topic}"], 1000)
        assert (found, dict(ends), capped) == ((), {}, False)

    def test_the_newest_row_tells_the_fields_of_a_topic(self, world: RecordsWorld) -> None:
        world.write({"id": 1, "note": "a"})
        world.write({"id": 2, "note": "a", "size": 3})
        world.write(None)
        latest, unread = world.records.latest([world.topic, f"no-such-{world.topic}"])
        assert [(column.name, column.type) for column in latest[world.topic].columns] == [
            ("id", "int64"),
            ("note", "string"),
            ("size", "int64"),
        ]
        assert latest[world.topic].place == f"{world.topic}-0@1"
        assert (latest.keys(), dict(unread)) == ({world.topic}, {})

    def test_a_topic_whose_rows_cannot_be_read_says_so(self, world: RecordsWorld) -> None:
        world.write_unreadable()
        latest, unread = world.records.latest([world.topic])
        assert (dict(latest), unread.keys()) == ({}, {world.topic})
        world.write({"id": 1})
        latest, unread = world.records.latest([world.topic])
        assert (latest.keys(), dict(unread)) == ({world.topic}, {})

    def test_a_topic_without_rows_tells_nothing(self, world: RecordsWorld) -> None:
        latest, unread = world.records.latest([world.topic])
        assert (dict(latest), dict(unread)) == ({}, {})
