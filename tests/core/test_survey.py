"""How far everyone is, asked within bounds: one that is slow or broken delays and hides nobody else."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.brokers import FakeBrokers
from tests.fakes.connect import FakeConnect
from watchdog.errors import PortTimeout, PortUnreachable
from watchdog.model import ConnectorKey, Offsets, Progress, TopicFacts, TopicsView
from watchdog.observe import ClusterEyes, ClusterPorts, Pace, survey
from watchdog.observe.survey import Slow, SourceSurvey, TopicSurvey
from watchdog.progress import Asked

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OFFSET = '[{"offset":{"pos":5},"partition":{"server":"p"}}]'


@dataclass
class SlowConnect(FakeConnect):
    """Each answer takes as long as `takes` says, by a clock of its own."""

    takes: dict[str, float] = field(default_factory=dict)
    at: float = 0.0

    def offsets(self, connector: str) -> Offsets:
        self.at += self.takes.get(connector, 0.0)
        if self.takes.get(connector, 0.0) >= 10:
            self.reads.append(f"offsets {connector}")
            raise PortTimeout(connector, "no answer")
        return super().offsets(connector)


def sources(*names: str) -> Asked:
    return Asked(sources=dict.fromkeys(names, ("p", "db:3306")))


def sinks(**topics: str) -> Asked:
    return Asked(sinks={name: (f"connect-{name}", (topic,)) for name, topic in topics.items()})


def connect_with(*names: str, **takes: float) -> SlowConnect:
    connect = SlowConnect(takes=takes)
    for name in names:
        connect.add(name, "source")
        connect.offsets_by_name[name] = Offsets(source=OFFSET, known=True)
    return connect


def source_survey(connect: SlowConnect) -> SourceSurvey:
    return SourceSurvey(connect, 300.0, lambda: NOW, lambda: connect.at)


# ── sources ──


def test_every_source_is_told_with_its_offset_and_its_database() -> None:
    progress = source_survey(connect_with("a", "b")).look(sources("a", "b"))
    assert [each.key for each in progress] == [ConnectorKey("main", "a"), ConnectorKey("main", "b")]
    assert {(each.address, each.patience_seconds, each.error) for each in progress} == {("db:3306", 300.0, "")}
    assert all(each.source and each.source.position.pos == 5 for each in progress)


def test_a_source_that_does_not_answer_hides_no_other_and_is_asked_last_from_then_on() -> None:
    connect = connect_with("a", "b", a=10.0)
    look = source_survey(connect)
    assert [each.error != "" for each in look.look(sources("a", "b"))] == [True]
    assert [each.key.connector for each in look.look(sources("a", "b"))] == ["b", "a"]


def test_what_a_look_has_no_time_for_comes_first_in_the_next() -> None:
    names = [f"s{number}" for number in range(30)]
    connect = connect_with(*names, **dict.fromkeys(names, 0.5))
    look = source_survey(connect)
    first = [each.key.connector for each in look.look(sources(*names))]
    second = [each.key.connector for each in look.look(sources(*names))]
    assert len(first) == 20
    assert set(second[:10]) == set(names) - set(first)


def test_a_worker_that_cannot_tell_offsets_is_told_as_that() -> None:
    connect = connect_with("a")
    connect.offsets_by_name["a"] = Offsets()
    (progress,) = source_survey(connect).look(sources("a"))
    assert "3.5" in progress.error


# ── sinks and topics ──


def survey_of(brokers: FakeBrokers) -> TopicSurvey:
    return TopicSurvey("main", brokers, 300.0, lambda: NOW)


def parted(told: tuple[TopicsView | Progress, ...]) -> tuple[TopicsView, dict[str, Progress]]:
    (view,) = [each for each in told if isinstance(each, TopicsView)]
    return view, {each.key.connector: each for each in told if isinstance(each, Progress)}


def brokers_with(records: int = 3, committed: int = 1) -> FakeBrokers:
    brokers = FakeBrokers()
    brokers.create("rows")
    for number in range(records):
        brokers.write("rows", at=NOW + timedelta(seconds=number))
    brokers.commit("connect-sink", {"rows-0": committed, "other-0": 9}, members=2)
    return brokers


def test_a_sink_is_told_with_its_group_and_the_bounds_of_its_topics() -> None:
    view, progress = parted(survey_of(brokers_with()).look(sinks(sink="rows")))
    sink = progress["sink"]
    assert (sink.committed, sink.earliest, sink.end) == ({"rows-0": 1}, {"rows-0": 0}, {"rows-0": 3})
    assert (sink.group, sink.members, sink.lag_records) == ("connect-sink", 2, 2)
    assert view.topics.keys() == {"rows"}
    assert view.offsets_retention_seconds == 7 * 86_400


def test_the_first_waiting_record_is_read_only_where_the_offset_stands_and_once() -> None:
    brokers = brokers_with()
    look = survey_of(brokers)

    def asked() -> list[object]:
        return [of for what, of in brokers.asked if what == "first_at" and of]

    _, progress = parted(look.look(sinks(sink="rows")))
    assert progress["sink"].waiting_at == {"rows-0": NOW + timedelta(seconds=1)}
    parted(look.look(sinks(sink="rows")))
    assert asked() == [{"rows-0": 1}]
    brokers.commit("connect-sink", {"rows-0": 2}, members=2)
    _, progress = parted(look.look(sinks(sink="rows")))
    assert (progress["sink"].waiting_at, asked()) == ({}, [{"rows-0": 1}])
    _, progress = parted(look.look(sinks(sink="rows")))
    assert progress["sink"].waiting_at == {"rows-0": NOW + timedelta(seconds=2)}


def test_many_places_where_nothing_can_be_read_keep_no_other_from_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "FIRST_RECORDS_MAX", 2)
    brokers = FakeBrokers()
    names = [f"t{number}" for number in range(5)]
    for name in names:
        brokers.create(name)
        brokers.write(name)
    unreadable = {f"{name}-0": brokers.written.pop(f"{name}-0") for name in names[:4]}
    # A transaction's marker: an offset is taken, and no record is there.
    facts = brokers._facts

    def with_markers(name: str) -> TopicFacts:
        told = facts(name)
        return (
            told
            if f"{name}-0" not in unreadable
            else type(told)(name, 1, earliest={f"{name}-0": 0}, end={f"{name}-0": 1})
        )

    brokers._facts = with_markers  # type: ignore[method-assign]
    look, asked = survey_of(brokers), sinks(**{f"s{name}": name for name in names})
    told: Mapping[str, Progress] = {}
    for _ in range(3):
        _, told = parted(look.look(asked))
    assert {name for name, each in told.items() if each.waiting_at} == {"st4"}


def test_two_sinks_at_two_places_of_one_partition_are_both_told_in_time() -> None:
    brokers = brokers_with()
    brokers.commit("connect-late", {"rows-0": 0}, members=1)
    look, asked = survey_of(brokers), sinks(sink="rows", late="rows")
    look.look(asked)
    _, progress = parted(look.look(asked))
    assert {name: each.waiting_at["rows-0"] for name, each in progress.items()} == {
        "sink": NOW + timedelta(seconds=1),
        "late": NOW,
    }


def test_a_sink_that_reads_elsewhere_is_not_judged_by_what_is_here() -> None:
    asked = Asked(sinks={"sink": ("connect-sink", ("rows",))}, elsewhere=frozenset({"sink"}))
    _, progress = parted(survey_of(brokers_with()).look(asked))
    assert "another Kafka cluster" in progress["sink"].error


def test_the_brokers_retention_of_offsets_is_asked_once_in_an_hour() -> None:
    brokers = brokers_with()
    look = survey_of(brokers)
    for _ in range(3):
        look.look(sinks(sink="rows"))
    assert [what for what, _ in brokers.asked].count("offsets_retention_seconds") == 1


# ── the pace ──


@pytest.mark.parametrize(
    ("took", "pause"),
    [
        pytest.param(0.01, 15.0, id="cheap"),
        pytest.param(3.0, 60.0, id="a twentieth of the time"),
        pytest.param(100.0, 600.0, id="never longer than ten minutes"),
    ],
)
def test_a_look_is_paced_by_what_it_costs(took: float, pause: float) -> None:
    clock = [0.0]

    def work(_: Asked) -> tuple[object, ...]:
        clock[0] += took
        return ()

    slow = Slow(work, 15.0, lambda: clock[0])
    assert slow.pause_seconds() == 15.0
    slow.look(Asked())
    assert slow.pause_seconds() == pytest.approx(pause)


def test_brokers_that_are_down_do_not_hide_the_sources() -> None:
    inbox: queue.Queue[Any] = queue.Queue()
    brokers = FakeBrokers(down=PortUnreachable("kafka", "nobody is there"))
    ports = ClusterPorts(connect_with("a"), brokers=brokers, pace=Pace(progress_seconds=0.05))
    eyes = ClusterEyes(ports, {}, inbox, lambda: NOW)
    eyes.survey(Asked(sources={"a": ("p", "db:3306")}, sinks={"sink": ("connect-sink", ("rows",))}))
    eyes.start()
    try:
        while not any(isinstance(message, Progress) for message in inbox.get(timeout=5)):
            pass
    finally:
        eyes.stop()
