"""What is asked about a failed connector, and how often."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.fakes.connect import FakeConnect
from tests.fakes.kafka import FakeRecords, FakeRow
from watchdog.errors import PortUnreachable
from watchdog.model import (
    ConnectorKey,
    FieldValues,
    HistoryTopic,
    Offsets,
    Place,
    ProbeRequest,
    RecordShape,
    ValueKind,
)
from watchdog.observe.probe import SCAN_LOOKS_MAX, Prober
from watchdog.observe.shapes import together

START = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
KEY = ConnectorKey("main", "sink")
SCAN = ProbeRequest(KEY, ("orders",), scan=True, since=START)
REACH = ProbeRequest(KEY, reachability=True, config_fingerprint="a", since=START)


class Stage:
    """A sink that has read two of three rows, and a clock to turn."""

    def __init__(self, known: bool = True, cap: int = 100) -> None:
        self.now = START
        self.connect = FakeConnect(clock=lambda: self.now)
        self.connect.add("sink")
        self.connect.offsets_by_name["sink"] = Offsets({"orders-0": 2}, known=known)
        self.records = FakeRecords()
        self.scans: list[int] = []
        waiting = self.records.waiting

        def counted(committed: object, topics: object, cap: int) -> object:
            self.scans.append(cap)
            return waiting(committed, topics, cap)  # type: ignore[arg-type]

        self.records.waiting = counted  # type: ignore[method-assign, assignment]
        self.read: list[tuple[dict[str, int], int]] = []
        further = self.records.further

        def read(starts: dict[str, int], ends: object, cap: int) -> object:
            self.read.append((dict(starts), cap))
            return further(starts, ends, cap)  # type: ignore[arg-type]

        self.records.further = read  # type: ignore[method-assign, assignment]
        for fields in (("id",), ("id",), ("id", "extra")):
            self.records.write("orders", FakeRow(dict.fromkeys(fields, 1)))
        self.prober = Prober(self.connect, self.records, cap, lambda: self.now)

    def asked(self, what: str) -> int:
        return sum(read.startswith(what) for read in self.connect.reads)


def test_the_records_from_the_committed_offset_on_are_told() -> None:
    probe = Stage().prober.probe(SCAN)
    assert [(shape.fields, shape.first_offset) for shape in probe.shapes or ()] == [(("id", "extra"), 2)]
    assert (probe.offsets.committed, probe.offsets.end) == ({"orders-0": 2}, {"orders-0": 3})


def test_what_was_read_is_read_again_only_when_the_sink_moved() -> None:
    stage = Stage()
    first = stage.prober.probe(SCAN)
    again = stage.prober.probe(SCAN)
    assert again.shapes == first.shapes
    assert stage.read == [({"orders-0": 2}, 100)]
    stage.records.write("orders", FakeRow({"id": 1, "other": 1}))
    assert len(stage.prober.probe(SCAN).shapes or ()) == 2
    assert stage.read[1:] == [({"orders-0": 3}, 100)]
    stage.connect.offsets_by_name["sink"] = Offsets({"orders-0": 4}, known=True)
    assert stage.prober.probe(SCAN).shapes == ()
    stage.connect.offsets_by_name["sink"] = Offsets({"orders-0": 1}, known=True)
    assert len(stage.prober.probe(SCAN).shapes or ()) == 3
    assert stage.read[2:] == [({"orders-0": 1}, 100)]


def test_more_than_one_look_reads_is_read_by_the_next_ones() -> None:
    stage = Stage(cap=2)
    for number in range(5):
        stage.records.write("orders", FakeRow({"id": 1, f"extra{number}": 1}))
    told = [stage.prober.probe(SCAN) for _ in range(4)]
    assert [(probe.capped, probe.scanned, len(probe.shapes or ())) for probe in told] == [
        (True, 2, 2),
        (True, 4, 4),
        (False, 6, 6),
        (False, 6, 6),
    ]
    assert not any(probe.scan_ended for probe in told)


def test_after_a_hundred_looks_no_more_is_read_and_it_is_said_so() -> None:
    stage = Stage(cap=1)
    for _ in range(150):
        stage.records.write("orders", FakeRow({"id": 1}))
    for _ in range(110):
        probe = stage.prober.probe(SCAN)
    assert (probe.capped, probe.scanned, probe.scan_ended) == (True, SCAN_LOOKS_MAX, True)
    assert len(stage.read) == SCAN_LOOKS_MAX


def test_a_topic_that_was_made_anew_is_read_from_its_beginning() -> None:
    stage = Stage()
    stage.prober.probe(SCAN)
    stage.records.partitions["orders-0"] = []
    stage.connect.offsets_by_name["sink"] = Offsets({"orders-0": 2}, known=True)
    assert stage.prober.probe(SCAN).shapes == ()


def test_a_history_is_read_at_most_each_five_seconds() -> None:
    stage, wanted = Stage(), ProbeRequest(KEY, history="history", since=START)
    told = []
    for second in range(12):
        stage.now = START + timedelta(seconds=second)
        if second == 1:
            stage.records.histories["history"] = HistoryTopic("history", 1)
        history = stage.prober.probe(wanted).history
        told.append(history.partitions if history else None)
    assert told == [0] * 5 + [1] * 7


def test_a_history_that_cannot_be_read_says_why() -> None:
    stage = Stage()
    stage.records.down = PortUnreachable("kafka", "nobody is there")
    probe = stage.prober.probe(ProbeRequest(KEY, history="history", since=START))
    assert (probe.history, "nobody is there" in probe.history_error) == (None, True)


def test_two_readings_are_one_as_if_it_had_been_read_at_once() -> None:
    def values(*numbers: int, scale: int = 0) -> FieldValues:
        low, high = min(numbers), max(numbers)
        return FieldValues(ValueKind.NUMBER, scale, ((low, Place(low)),), ((high, Place(high)),))

    one = RecordShape("t-0", ("id", "a"), 1, 2, 2, lengths={"a": ((3, Place(1)),)}, values={"id": values(1, 5)})
    other = RecordShape(
        "t-0", ("a", "id"), 3, 4, 1, lengths={"a": ((2, Place(3)),), "id": ((1, Place(3)),)}, nulls=frozenset({"a"}),
        first_null={"a": Place(4)}, values={"id": values(-20, 70, scale=1)},
    )  # fmt: skip
    elsewhere = RecordShape("t-1", ("id", "a"), 0, 0, 1)
    joined, rest = together((one,), (other, elsewhere))
    assert rest is elsewhere
    assert (joined.first_offset, joined.last_offset, joined.count) == (1, 4, 3)
    assert (joined.lengths, joined.nulls) == ({"a": ((3, Place(1)),), "id": ((1, Place(3)),)}, frozenset({"a"}))
    assert joined.first_null == {"a": Place(4)}
    assert joined.values["id"] == FieldValues(
        ValueKind.NUMBER, 1, ((10, Place(1)), (-20, Place(-20))), ((50, Place(5)), (70, Place(70)))
    )


def test_only_the_ends_are_read_where_no_scan_is_asked_for() -> None:
    stage = Stage()
    probe = stage.prober.probe(replace(SCAN, scan=False))
    assert probe.shapes is None
    assert probe.offsets.end == {"orders-0": 3}
    assert stage.scans == [0]


@pytest.mark.parametrize("scan", [True, False])
def test_whether_anything_waits_is_told_with_and_without_a_scan(scan: bool) -> None:
    stage = Stage()
    assert stage.prober.probe(replace(SCAN, scan=scan)).waits is True
    stage.connect.offsets_by_name["sink"] = Offsets({"orders-0": 3}, known=True)
    assert stage.prober.probe(replace(SCAN, scan=scan)).waits is False
    stage.connect.offsets_by_name["sink"] = Offsets(known=False)
    assert stage.prober.probe(replace(SCAN, scan=scan)).waits is None


def test_an_unknown_offset_reads_nothing_and_says_so() -> None:
    probe = Stage(known=False).prober.probe(SCAN)
    assert probe.shapes is None
    assert "before 3.5" in probe.scan_error


def test_a_record_that_cannot_be_read_fails_closed() -> None:
    stage = Stage()
    stage.records.write("orders", "not json")
    probe = stage.prober.probe(SCAN)
    assert probe.shapes is None
    assert probe.scan_error


def test_without_kafka_nothing_is_scanned() -> None:
    stage = Stage()
    probe = Prober(stage.connect, None, 100, lambda: stage.now).probe(SCAN)
    assert (probe.shapes, probe.scan_error) == (None, "no Kafka bootstrap servers are configured")


def test_a_closed_door_is_tried_at_growing_pauses() -> None:
    stage = Stage()
    stage.connect.reachability["sink"] = (False, "Access denied")
    tried_at = []
    for second in range(600):
        stage.now = START + timedelta(seconds=second)
        if stage.prober.probe(REACH).reachable_at == stage.now:
            tried_at.append(second)
    pauses = [b - a for a, b in itertools.pairwise(tried_at)]
    assert pauses[0] <= 8
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60
    assert stage.asked("can_connect") == len(tried_at)


@pytest.mark.parametrize(
    "news",
    [
        pytest.param({"config_fingerprint": "b"}, id="configuration-changed"),
        pytest.param({"since": START + timedelta(seconds=1)}, id="failed-again-since"),
    ],
)
def test_news_is_a_reason_to_try_the_door_at_once(news: dict[str, object]) -> None:
    stage = Stage()
    stage.connect.reachability["sink"] = (False, "Access denied")
    stage.prober.probe(REACH)
    stage.now += timedelta(seconds=1)
    stage.prober.probe(REACH)
    assert stage.asked("can_connect") == 1
    stage.connect.reachability["sink"] = (True, "")
    assert stage.prober.probe(replace(REACH, **news)).reachable is True  # type: ignore[arg-type]


def test_a_silent_connect_leaves_everything_unknown() -> None:
    stage = Stage()
    stage.connect.unreachable = PortUnreachable("http://c:8083", "connection refused")
    probe = stage.prober.probe(replace(SCAN, reachability=True))
    assert (probe.offsets.known, probe.shapes, probe.reachable) == (False, None, None)
