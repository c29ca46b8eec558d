"""The rules for what is wrong while nothing is FAILED, and the clocks that run meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from tests.core.scene import CONFIGS, DRIFT_TRACE, ORDERS, PARTITION, SINK, SOURCE, START, Scene
from watchdog.clocks import clocks
from watchdog.detect.hidden import hiding
from watchdog.detect.rules import findings
from watchdog.history import SchemaHistory
from watchdog.model import (
    Binlog,
    Category,
    Clock,
    ClusterView,
    Code,
    ConnectorConfig,
    ConnectorKey,
    ConnectorStatus,
    DatabaseColumns,
    Finding,
    Observation,
    Position,
    Progress,
    SchemaChange,
    Severity,
    SourceOffset,
    State,
    TaskStatus,
    TopicFacts,
    TopicsView,
    Unseen,
)
from watchdog.topology import derive

ADDRESS = "127.0.0.1:3306"
HISTORY = "schema-history.dataflow"
TOPIC = "dataflow.oltp.orders"
DAY = 86_400.0
HEARTBEATS = {"heartbeat.interval.ms": "10000"}
PURGED = "u:1-9"


def ago(seconds: float) -> datetime:
    return START - timedelta(seconds=seconds)


def running(name: str, kind: str) -> ConnectorStatus:
    return ConnectorStatus("main", name, State.RUNNING, kind, tasks=(TaskStatus(0, State.RUNNING),))


def in_state(name: str, kind: str, state: State) -> ConnectorStatus:
    tasks = () if state is State.STOPPED else (TaskStatus(0, state, trace=DRIFT_TRACE),)
    return ConnectorStatus("main", name, State.RUNNING if state is State.FAILED else state, kind, tasks=tasks)


STUCK_SINK = Progress(
    SINK,
    START,
    group="connect-dw-sink",
    members=1,
    committed={PARTITION: 21},
    earliest={PARTITION: 0},
    end={PARTITION: 25},
    waiting_at={PARTITION: ago(900)},
    watched_since=ago(5000),
    moved_at=ago(900),
    waits_since={PARTITION: ago(900)},
)
OFFSET = SourceOffset(Position("u:1-5", "binlog.000002", 5), ago(900), text="a")
STUCK_SOURCE = Progress(
    SOURCE,
    START,
    source=OFFSET,
    address=ADDRESS,
    watched_since=ago(5000),
    moved_at=ago(900),
    server_then=Position("u:1-5"),
    server_moved_since=ago(800),
    streamed_at=START,
)
WELL_KEPT = TopicFacts(HISTORY, 1, "delete", math.inf, math.inf, {f"{HISTORY}-0": 0}, {f"{HISTORY}-0": 9})
ROWS = TopicFacts(TOPIC, 1, "delete", 7 * DAY, math.inf, {PARTITION: 0}, {PARTITION: 25})
BINLOG = Binlog(Position("u:1-99", "binlog.000004", 4), files=("binlog.000002", "binlog.000004"), now=START)


@dataclass
class Seen:
    """All is well, but for what a test says."""

    progress: tuple[Progress, ...] = ()
    statuses: tuple[ConnectorStatus, ...] = ()
    more: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further settings by connector."""
    topics: tuple[TopicFacts, ...] = (WELL_KEPT, ROWS)
    offsets_retention_seconds: float | None = 7 * DAY
    binlog: Binlog | None = BINLOG
    changes: tuple[SchemaChange, ...] = ()

    def observation(self) -> Observation:
        running_ones = (running("dw-sink", "sink"), running("oltp-source", "source"))
        view = ClusterView(
            "main",
            polled_at=START,
            connectors={status.name: status for status in (*running_ones, *self.statuses)},
            configs={name: replace(c, values={**c.values, **self.more.get(name, {})}) for name, c in CONFIGS.items()},
        )
        topics = TopicsView("main", START, {t.name: t for t in self.topics}, self.offsets_retention_seconds)
        return Observation(
            START,
            {"main": view},
            {ADDRESS: DatabaseColumns(ADDRESS, START, binlog=self.binlog)},
            progress={each.key: each for each in self.progress},
            topics={"main": topics},
        )

    def told(self, code: Code) -> list[Finding | Unseen]:
        seen = self.observation()
        topology = derive(seen.clusters["main"].configs.values(), {})
        history = SchemaHistory(changes={("dataflow", ORDERS): self.changes} if self.changes else {})
        return [each for each in findings(seen, topology, history) if each.code is code]

    def found(self, code: Code) -> list[Finding]:
        return [each for each in self.told(code) if isinstance(each, Finding)]


def keys(found: Iterable[Finding | Unseen]) -> list[tuple[type, ConnectorKey]]:
    return [(type(each), each.key) for each in found]


# ── stalled ──


@pytest.mark.parametrize(
    ("sink", "expected"),
    [
        pytest.param(STUCK_SINK, [Finding], id="records wait and nothing is committed"),
        pytest.param(replace(STUCK_SINK, waits_since={PARTITION: ago(299)}), [], id="not for long enough"),
        pytest.param(replace(STUCK_SINK, patience_seconds=1000), [], id="not longer than it flushes"),
        pytest.param(replace(STUCK_SINK, waits_since={}, end={PARTITION: 21}), [], id="nothing waits"),
        pytest.param(replace(STUCK_SINK, waiting_at={}), [], id="only a transaction's marker is behind it"),
        pytest.param(replace(STUCK_SINK, committed={}), [Finding], id="nothing was ever committed"),
        pytest.param(replace(STUCK_SINK, error="the brokers are down"), [Unseen], id="it cannot be asked"),
        pytest.param(
            replace(STUCK_SINK, at=ago(650)),
            [],
            id="no news is no stall",
        ),
        pytest.param(
            replace(STUCK_SINK, waits_since={PARTITION: ago(9)}, watched_since=ago(9)),
            [Unseen],
            id="not watched for long enough to say that it is over",
        ),
    ],
)
def test_a_running_sink_is_stalled_when_a_record_waits_for_longer_than_its_patience(
    sink: Progress, expected: list[type]
) -> None:
    assert keys(Seen((sink,)).told(Code.STALLED)) == [(kind, SINK) for kind in expected]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.PAUSED, []),
        (State.STOPPED, []),
        (State.FAILED, []),
        (State.UNASSIGNED, [Unseen]),
        (State.RESTARTING, [Unseen]),
    ],
)
def test_only_a_running_connector_is_stalled(state: State, expected: list[type]) -> None:
    for name, kind, progress, more in (
        ("dw-sink", "sink", STUCK_SINK, {}),
        ("oltp-source", "source", STUCK_SOURCE, {"oltp-source": HEARTBEATS}),
    ):
        told = Seen((progress,), (in_state(name, kind, state),), more).told(Code.STALLED)
        assert keys(told) == [(each, ConnectorKey("main", name)) for each in expected]


@pytest.mark.parametrize(
    ("source", "more", "expected"),
    [
        pytest.param(STUCK_SOURCE, HEARTBEATS, [Finding], id="heartbeats, and its database went on"),
        pytest.param(STUCK_SOURCE, {}, [Unseen], id="without heartbeats nothing can tell"),
        pytest.param(STUCK_SOURCE, {"heartbeat.interval.ms": "0"}, [Unseen], id="heartbeats switched off"),
        pytest.param(STUCK_SOURCE, {"heartbeat.interval.ms": "x"}, [Unseen], id="an interval that is none"),
        pytest.param(STUCK_SOURCE, {"heartbeat.interval.ms": "600000"}, [], id="the next heartbeat is not due"),
        pytest.param(replace(STUCK_SOURCE, server_moved_since=None), HEARTBEATS, [], id="its database is idle too"),
        pytest.param(replace(STUCK_SOURCE, server_moved_since=ago(299)), HEARTBEATS, [], id="not for long enough"),
        pytest.param(
            replace(STUCK_SOURCE, server_then=None, server_moved_since=None),
            HEARTBEATS,
            [Unseen],
            id="no witness",
        ),
        pytest.param(replace(STUCK_SOURCE, source=None), HEARTBEATS, [], id="it has stored nothing yet"),
        pytest.param(
            replace(STUCK_SOURCE, source=replace(OFFSET, snapshot="INITIAL")),
            HEARTBEATS,
            [],
            id="it copies",
        ),
        pytest.param(replace(STUCK_SOURCE, error="no answer"), HEARTBEATS, [Unseen], id="it cannot be asked"),
    ],
)
def test_a_running_source_is_stalled_only_when_its_offset_had_to_move(
    source: Progress, more: Mapping[str, str], expected: list[type]
) -> None:
    told = Seen((source,), more={"oltp-source": more}).told(Code.STALLED)
    assert keys(told) == [(kind, SOURCE) for kind in expected]


def test_a_stall_says_where_since_when_and_how_much_waits() -> None:
    (found,) = Seen((replace(STUCK_SINK, members=0),)).found(Code.STALLED)
    assert found.cause.message == f"records wait in {PARTITION}, and its committed offset there does not move"
    assert f"{PARTITION}: committed offset 21 since 2026-03-01 11:45:00 UTC at least, 4 records" in found.evidence[0]
    assert "no task of it is in its group connect-dw-sink" in found.evidence[1]
    assert found.severity is Severity.BREAKING


@pytest.mark.parametrize(("progress", "more"), [(STUCK_SINK, {}), (STUCK_SOURCE, {"oltp-source": HEARTBEATS})])
def test_a_stall_that_goes_on_is_said_the_same(progress: Progress, more: Mapping[str, Mapping[str, str]]) -> None:
    (before,) = Seen((progress,), more=more).found(Code.STALLED)
    (after,) = Seen((replace(progress, at=ago(-600)),), more=more).found(Code.STALLED)
    assert before == after


def test_a_sink_that_may_commit_only_full_files_is_risky_and_says_so() -> None:
    s3 = {"dw-sink": {"connector.class": "io.confluent.connect.s3.S3SinkConnector"}}
    (found,) = Seen((STUCK_SINK,), more=s3).found(Code.STALLED)
    assert found.severity is Severity.RISKY
    assert "some sinks commit only when a file is full" in found.evidence[-1]


def test_of_many_partitions_some_are_named_and_the_rest_counted() -> None:
    many = {f"{TOPIC}-{number}": number for number in range(8)}
    sink = replace(
        STUCK_SINK,
        committed=dict.fromkeys(many, 0),
        earliest={},
        end=dict.fromkeys(many, 2),
        waiting_at=dict.fromkeys(many, ago(900)),
        waits_since=dict.fromkeys(many, ago(900)),
    )
    (found,) = Seen((sink,)).found(Code.STALLED)
    assert f"records wait in {TOPIC}-0, {TOPIC}-1" in found.cause.message
    assert "and 3 more" in found.cause.message
    assert len(found.evidence) == 5


# ── histories on topics that lose them (SCENARIOS 18) ──


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"partitions": 3}, ["it has 3 partitions"], id="several partitions"),
        pytest.param({"cleanup_policy": "compact"}, ["cleanup.policy=compact"], id="compaction"),
        pytest.param({"retention_seconds": 604_800.0}, ["retention.ms=604800000"], id="finite retention by time"),
        pytest.param({"retention_bytes": 1e9}, ["retention.bytes=1000000000"], id="finite retention by size"),
        pytest.param(
            {"partitions": 2, "cleanup_policy": "compact,delete", "retention_seconds": 60.0},
            ["it has 2 partitions", "cleanup.policy=compact,delete", "retention.ms=60000"],
            id="all of it is one finding",
        ),
        pytest.param({"cleanup_policy": None, "retention_seconds": None, "retention_bytes": None}, [], id="not told"),
        pytest.param(
            {"cleanup_policy": "compact", "retention_seconds": 60.0},
            ["cleanup.policy=compact"],
            id="no retention without delete",
        ),
        pytest.param({}, [], id="as it should be"),
    ],
)
def test_a_history_topic_that_may_lose_its_history_is_a_finding(changed: dict[str, object], said: list[str]) -> None:
    found = Seen(topics=(replace(WELL_KEPT, **changed),)).found(Code.HISTORY_TOPIC_UNSAFE)  # type: ignore[arg-type]
    problems = [problem for finding in found for problem in finding.evidence]
    assert [problem for problem, begin in zip(problems, said, strict=True) if problem.startswith(begin)] == problems
    assert len(found) == bool(said)
    assert all(each.severity is Severity.RISKY and each.subject == HISTORY for each in found)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(replace(WELL_KEPT, earliest={f"{HISTORY}-0": 4}), id="truncated"),
        pytest.param(TopicFacts(HISTORY, gone_since=ago(60)), id="deleted"),
    ],
)
def test_a_history_that_has_lost_records_is_lost_before_the_restart_that_fails(facts: TopicFacts) -> None:
    (found,) = Seen(topics=(facts,)).found(Code.HISTORY_TOPIC_UNSAFE)
    assert (found.cause.category, found.severity) == (Category.HISTORY_LOST, Severity.BREAKING)
    assert found.subject != HISTORY


@pytest.mark.parametrize("topics", [(), (TopicFacts(HISTORY),)], ids=["not looked at", "perhaps on another Kafka"])
def test_a_history_topic_that_was_never_seen_is_unseen(topics: tuple[TopicFacts, ...]) -> None:
    assert keys(Seen(topics=topics).told(Code.HISTORY_TOPIC_UNSAFE)) == [(Unseen, SOURCE)]


# ── settings that hide ──


@pytest.mark.parametrize(
    ("name", "more", "hides"),
    [
        ("oltp-source", {}, []),
        ("oltp-source", {"event.converting.failure.handling.mode": "warn"}, []),
        ("oltp-source", {"event.converting.failure.handling.mode": "fail"}, []),
        ("oltp-source", {"event.converting.failure.handling.mode": "skip"}, ["event.converting.failure.handling.mode"]),
        ("oltp-source", {"inconsistent.schema.handling.mode": "warn"}, ["inconsistent.schema.handling.mode"]),
        ("oltp-source", {"inconsistent.schema.handling.mode": "SKIP"}, ["inconsistent.schema.handling.mode"]),
        ("oltp-source", {"inconsistent.schema.handling.mode": "fail"}, []),
        (
            "oltp-source",
            {"schema.history.internal.skip.unparseable.ddl": "true"},
            ["schema.history.internal.skip.unparseable.ddl"],
        ),
        ("oltp-source", {"errors.tolerance": "all"}, ["errors.tolerance"]),
        ("dw-sink", {"errors.tolerance": "all"}, ["errors.tolerance"]),
        ("dw-sink", {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dead"}, []),
        ("dw-sink", {"errors.tolerance": "none"}, []),
        ("dw-sink", {"inconsistent.schema.handling.mode": "skip"}, []),
    ],
)
def test_only_a_setting_that_somebody_chose_is_a_finding(name: str, more: dict[str, str], hides: list[str]) -> None:
    found = Seen(more={name: more}).found(Code.DRIFT_HIDDEN)
    assert [(each.key.connector, each.subject) for each in found] == [(name, setting) for setting in hides]
    assert all((each.severity, each.cause.category) == (Severity.RISKY, Category.CONFIG) for each in found)


def test_the_default_that_writes_null_is_known_all_the_same() -> None:
    (each,) = hiding(CONFIGS["oltp-source"], is_source=True)
    assert (each.setting, each.value, each.chosen) == ("event.converting.failure.handling.mode", "warn", False)


# ── a copy that nobody expected ──

COPYING = replace(STUCK_SOURCE, source=replace(OFFSET, snapshot="INITIAL"))


def change(at: datetime) -> SchemaChange:
    return SchemaChange("1", "dataflow", ORDERS, Position("u:1"), at, "ALTER TABLE orders …", "ALTER", None, None)


@pytest.mark.parametrize(
    ("source", "changes", "expected"),
    [
        pytest.param(COPYING, (), [Finding], id="its offset had been one of streaming"),
        pytest.param(replace(COPYING, streamed_at=None), (), [], id="its first copy"),
        pytest.param(
            replace(COPYING, streamed_at=None),
            (change(ago(1000)),),
            [Finding],
            id="statements from before",
        ),
        pytest.param(
            replace(COPYING, streamed_at=None), (change(ago(100)),), [], id="a statement made after the copy began"
        ),
        pytest.param(replace(COPYING, source=None), (), [Finding], id="its offset is gone"),
        pytest.param(replace(COPYING, source=None, streamed_at=None), (), [], id="it never had one"),
        pytest.param(
            replace(COPYING, source=replace(OFFSET, snapshot="INITIAL", snapshot_completed=True)),
            (),
            [],
            id="done",
        ),
        pytest.param(replace(COPYING, source=replace(OFFSET, snapshot="BLOCKING")), (), [], id="a copy on demand"),
        pytest.param(STUCK_SOURCE, (), [], id="it streams"),
        pytest.param(replace(COPYING, error="no answer"), (), [Unseen], id="it cannot be asked"),
    ],
)
def test_a_source_that_copies_anew_although_it_had_streamed_is_told(
    source: Progress, changes: tuple[SchemaChange, ...], expected: list[type]
) -> None:
    assert keys(Seen((source,), changes=changes).told(Code.NEW_SNAPSHOT)) == [(kind, SOURCE) for kind in expected]


# ── clocks ──


def clock_of(progress: Progress, name: str, **seen: object) -> Clock | None:
    told = clocks(progress.key, Seen((progress,), **seen).observation())  # type: ignore[arg-type]
    return next((clock for clock in told if clock.name == name), None)


@pytest.mark.parametrize(
    ("offset", "binlog", "left"),
    [
        pytest.param(OFFSET, replace(BINLOG, keep_seconds=DAY), DAY - 900, id="counted from the event it stands at"),
        pytest.param(
            OFFSET, replace(BINLOG, keep_seconds=DAY, now=ago(-100)), DAY - 1000, id="by the clock of the server"
        ),
        pytest.param(OFFSET, BINLOG, None, id="kept for ever"),
        pytest.param(
            OFFSET, replace(BINLOG, keep_seconds=60.0), 60.0, id="overdue and still there: it may go at any moment"
        ),
        pytest.param(
            replace(OFFSET, position=Position("u:1-5", "binlog.000004", 5)),
            replace(BINLOG, keep_seconds=60.0),
            60.0,
            id="the file that is written to stays",
        ),
        pytest.param(OFFSET, replace(BINLOG, keep_seconds=DAY, purged_gtids=PURGED), 0.0, id="purged unread"),
        pytest.param(OFFSET, replace(BINLOG, keep_seconds=DAY, purged_gtids="u:1-5"), DAY - 900, id="purged once read"),
        pytest.param(
            replace(OFFSET, position=Position(None, "binlog.000001", 5)),
            BINLOG,
            0.0,
            id="its file is gone",
        ),
        pytest.param(
            replace(OFFSET, position=Position("u:1-5", "other.000001", 5)),
            BINLOG,
            None,
            id="a file's name counts for nothing where there are gtids",
        ),
        pytest.param(replace(OFFSET, at=None), replace(BINLOG, keep_seconds=DAY), None, id="no time in the offset"),
    ],
)
def test_the_binlog_of_a_source_is_kept_for(offset: SourceOffset, binlog: Binlog, left: float | None) -> None:
    clock = clock_of(replace(STUCK_SOURCE, source=offset), "binlog", binlog=binlog)
    assert clock is not None
    assert (clock.where, clock.left_seconds) == (ADDRESS, left)


def test_purged_gtids_that_a_filter_leaves_out_were_never_wanted() -> None:
    binlog = replace(BINLOG, keep_seconds=DAY, purged_gtids=PURGED)
    more = {"oltp-source": {"gtid.source.includes": "u.*"}}
    clock = clock_of(STUCK_SOURCE, "binlog", binlog=binlog, more=more)
    assert clock is not None
    assert clock.left_seconds == DAY - 900


def test_a_binlog_out_of_sight_has_no_clock() -> None:
    assert clock_of(STUCK_SOURCE, "binlog", binlog=None) is None


@pytest.mark.parametrize(
    ("sink", "facts", "left"),
    [
        pytest.param(STUCK_SINK, ROWS, 7 * DAY - 900, id="counted from the first record that waits"),
        pytest.param(STUCK_SINK, replace(ROWS, retention_seconds=math.inf), None, id="kept for ever"),
        pytest.param(STUCK_SINK, replace(ROWS, cleanup_policy="compact"), None, id="only compacted"),
        pytest.param(STUCK_SINK, replace(ROWS, retention_seconds=60.0), 60.0, id="overdue and still there"),
        pytest.param(replace(STUCK_SINK, earliest={PARTITION: 23}), ROWS, 0.0, id="records were removed unread"),
    ],
)
def test_the_records_that_wait_are_kept_for(sink: Progress, facts: TopicFacts, left: float | None) -> None:
    clock = clock_of(sink, "topic", topics=(WELL_KEPT, facts))
    assert clock is not None
    assert (clock.where, clock.left_seconds) == (PARTITION, left)


@pytest.mark.parametrize(
    "sink",
    [
        pytest.param(replace(STUCK_SINK, waiting_at={}), id="nothing waits"),
        pytest.param(
            replace(STUCK_SINK, committed={}, earliest={PARTITION: 9}, waiting_at={}), id="a new sink lost nothing"
        ),
        pytest.param(replace(STUCK_SINK, error="down"), id="out of sight"),
    ],
)
def test_without_a_record_that_waits_the_topic_has_no_clock(sink: Progress) -> None:
    assert clock_of(sink, "topic") is None


def test_of_several_partitions_the_one_that_runs_out_first_is_told() -> None:
    other = f"{TOPIC}-1"
    sink = replace(
        STUCK_SINK,
        committed={PARTITION: 21, other: 1},
        end={PARTITION: 25, other: 2},
        waiting_at={PARTITION: ago(900), other: ago(5000)},
    )
    clock = clock_of(sink, "topic")
    assert clock is not None
    assert (clock.where, clock.left_seconds) == (other, 7 * DAY - 5000)


@pytest.mark.parametrize(
    ("sink", "keep", "left"),
    [
        pytest.param(
            replace(STUCK_SINK, members=0, empty_since=ago(600)), 7 * DAY, 7 * DAY - 600, id="since its group is empty"
        ),
        pytest.param(STUCK_SINK, 7 * DAY, None, id="not while it has members"),
        pytest.param(replace(STUCK_SINK, members=None), 7 * DAY, None, id="not when nobody knows"),
        pytest.param(replace(STUCK_SINK, members=0, empty_since=ago(600)), None, None, id="the broker is mute"),
        pytest.param(
            replace(STUCK_SINK, members=0, empty_since=ago(600), committed={}), 7 * DAY, None, id="nothing to forget"
        ),
    ],
)
def test_the_committed_offsets_of_a_group_without_members_are_kept_for(
    sink: Progress, keep: float | None, left: float | None
) -> None:
    clock = clock_of(sink, "group-offsets", offsets_retention_seconds=keep)
    assert (clock.left_seconds if clock else None) == left


@pytest.mark.parametrize(
    ("progress", "seen", "severities"),
    [
        pytest.param(STUCK_SINK, {}, [], id="a week is long"),
        pytest.param(
            STUCK_SINK,
            {"topics": (WELL_KEPT, replace(ROWS, retention_seconds=DAY + 800))},
            [],
            id="kept for a day",
        ),
        pytest.param(
            replace(STUCK_SINK, waiting_at={PARTITION: ago(6 * DAY + 1)}),
            {},
            [Severity.RISKY],
            id="under a day",
        ),
        pytest.param(
            replace(STUCK_SINK, waiting_at={PARTITION: ago(1801)}),
            {"topics": (WELL_KEPT, replace(ROWS, retention_seconds=3600.0))},
            [Severity.RISKY],
            id="less than half of an hour left",
        ),
        pytest.param(replace(STUCK_SINK, earliest={PARTITION: 23}), {}, [Severity.BREAKING], id="records are gone"),
        pytest.param(STUCK_SOURCE, {"binlog": replace(BINLOG, purged_gtids=PURGED)}, [Severity.BREAKING], id="gone"),
        pytest.param(
            replace(STUCK_SOURCE, source=replace(OFFSET, at=ago(29.5 * DAY))),
            {"binlog": replace(BINLOG, keep_seconds=30 * DAY)},
            [Severity.RISKY],
            id="the binlog of an idle source",
        ),
    ],
)
def test_what_soon_is_gone_is_told_whatever_the_connectors_state(
    progress: Progress, seen: Mapping[str, object], severities: list[Severity]
) -> None:
    kind = "source" if progress.key == SOURCE else "sink"
    for state in (State.RUNNING, State.PAUSED, State.STOPPED, State.FAILED):
        status = in_state(progress.key.connector, kind, state)
        found = Seen((progress,), (status,), **seen).found(Code.RETENTION_SHORT)  # type: ignore[arg-type]
        assert [each.severity for each in found] == severities


# ── in the judgement ──


@dataclass
class SilentScene(Scene):
    seen: Seen = field(default_factory=Seen)

    def observation(self) -> Observation:
        whole = self.seen.observation()
        return replace(super().observation(), progress=whole.progress, topics=whole.topics)


def test_a_stall_is_an_incident_with_its_clocks_that_ends_when_it_moves_and_nothing_is_restarted() -> None:
    scene = SilentScene(seen=Seen((STUCK_SINK,)))
    scene.tick()
    assert scene.incident.code is Code.STALLED
    assert [(clock.name, clock.left_seconds) for clock in scene.incident.clocks] == [("topic", 7 * DAY - 900)]
    scene.seen.progress = (replace(STUCK_SINK, error="the brokers are down"),)
    scene.tick()
    assert scene.incident.open
    assert scene.incident.clocks
    scene.seen.progress = (replace(STUCK_SINK, committed={PARTITION: 25}, waits_since={}, waiting_at={}),)
    scene.tick()
    assert not scene.incident.open
    assert scene.sent == []


def test_a_failed_sink_has_clocks_that_are_told_in_minutes() -> None:
    sink = replace(STUCK_SINK, members=0, empty_since=ago(615), waiting_at={PARTITION: ago(885)})
    scene = SilentScene(seen=Seen((sink,)))
    scene.drift()
    failed = scene.memory.incident_of(SINK)
    assert failed is not None
    assert {clock.name: clock.left_seconds for clock in failed.clocks} == {
        "topic": 7 * DAY - 900,
        "group-offsets": 7 * DAY - 660,
    }
    scene.pass_seconds(10)
    assert scene.memory.incidents[failed.id].clocks == failed.clocks


def test_a_source_that_is_down_leaves_its_sinks_at_rest() -> None:
    caught_up = replace(STUCK_SINK, committed={PARTITION: 25}, waits_since={}, waiting_at={})
    source = in_state("oltp-source", "source", State.FAILED)
    assert Seen((caught_up, STUCK_SOURCE), (source,)).found(Code.STALLED) == []


def test_a_config_that_is_not_known_is_judged_by_nobody() -> None:
    seen = Seen((STUCK_SINK,)).observation()
    view = replace(seen.clusters["main"], configs={})
    told = findings(replace(seen, clusters={"main": view}), derive([], {}), SchemaHistory())
    assert [each for each in told if isinstance(each, Finding) and each.code is Code.STALLED] == []


def test_a_source_that_is_no_debezium_is_left_alone() -> None:
    config = ConnectorConfig("main", "files", {"connector.class": "org.example.FileSource", "errors.tolerance": "all"})
    view = ClusterView("main", connectors={"files": running("files", "source")}, configs={"files": config})
    assert list(findings(Observation(START, {"main": view}), derive([config], {}), SchemaHistory())) == []
