"""What watching offsets tells: since when they stand, since when records wait, since when the database went on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.core.scene import CONFIGS, SINK, SOURCE, START
from watchdog.model import (
    Binlog,
    ClusterView,
    ConnectorConfig,
    ConnectorStatus,
    DatabaseColumns,
    Poll,
    Position,
    Progress,
    SourceOffset,
    State,
    TopicFacts,
    TopicsView,
)
from watchdog.progress import Asked, advanced, asked, source_offset
from watchdog.topology import derive
from watchdog.world import World

ADDRESS = "127.0.0.1:3306"
TOPIC = "dataflow.oltp.orders"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sink(seconds: float, committed: dict[str, int], end: dict[str, int], **more: object) -> Progress:
    return Progress(SINK, at(seconds), committed=committed, end=end, members=1, **more)  # type: ignore[arg-type]


def source(seconds: float, text: str, **more: object) -> Progress:
    offset = SourceOffset(Position("u:1-5", "binlog.000001", 5), START, text=text, **more)  # type: ignore[arg-type]
    return Progress(SOURCE, at(seconds), source=offset, address=ADDRESS)


def stands(seconds: float, gtids: str, error: str = "") -> DatabaseColumns:
    binlog = Binlog(Position(gtids, "binlog.000001", 9))
    return DatabaseColumns(ADDRESS, at(seconds), binlog=binlog, error=error)


def watched(*messages: object) -> World:
    world = World()
    for message in messages:
        world = world.after(message)
    return world


def told(key: object, *messages: object) -> Progress:
    return watched(*messages).observation(START).progress[key]  # type: ignore[index]


# ── sinks ──


@pytest.mark.parametrize(
    ("looks", "waits_since"),
    [
        pytest.param([sink(0, {"t-0": 5}, {"t-0": 5})], {}, id="nothing waits"),
        pytest.param([sink(0, {"t-0": 5}, {"t-0": 9})], {"t-0": 0}, id="the first look counts"),
        pytest.param([sink(0, {"t-0": 5}, {"t-0": 9}), sink(9, {"t-0": 5}, {"t-0": 9})], {"t-0": 0}, id="it stands"),
        pytest.param([sink(0, {"t-0": 5}, {"t-0": 9}), sink(9, {"t-0": 6}, {"t-0": 9})], {"t-0": 9}, id="it moves"),
        pytest.param(
            [sink(0, {"t-0": 5}, {"t-0": 5}), sink(9, {"t-0": 5}, {"t-0": 6})], {"t-0": 9}, id="waits only since then"
        ),
        pytest.param(
            [sink(0, {"t-0": 5, "t-1": 1}, {"t-0": 9, "t-1": 2}), sink(9, {"t-0": 5, "t-1": 2}, {"t-0": 9, "t-1": 3})],
            {"t-0": 0, "t-1": 9},
            id="each partition by itself",
        ),
        pytest.param([sink(0, {}, {"t-0": 3}), sink(9, {}, {"t-0": 3})], {"t-0": 0}, id="nothing was ever committed"),
        pytest.param(
            [sink(0, {"t-0": 5}, {"t-0": 9}), sink(5, {}, {}, error="down"), sink(9, {"t-0": 5}, {"t-0": 9})],
            {"t-0": 0},
            id="a question without an answer changes nothing",
        ),
        pytest.param(
            [sink(0, {"t-0": 5}, {"t-0": 9}), sink(5, {"t-0": 9}, {"t-0": 9}), sink(9, {"t-0": 9}, {"t-0": 10})],
            {"t-0": 9},
            id="it caught up meanwhile",
        ),
    ],
)
def test_records_wait_since_the_offset_behind_which_they_wait_stands(
    looks: Sequence[Progress], waits_since: dict[str, float]
) -> None:
    assert told(SINK, *looks).waits_since == {where: at(seconds) for where, seconds in waits_since.items()}


def test_a_group_is_empty_since_it_was_seen_empty_and_no_more_once_it_has_members() -> None:
    empty = replace(sink(5, {"t-0": 5}, {}), members=0)
    assert told(SINK, sink(0, {"t-0": 5}, {}), empty, replace(empty, at=at(9))).empty_since == at(5)
    assert told(SINK, empty, sink(9, {"t-0": 5}, {})).empty_since is None


@pytest.mark.parametrize(
    ("committed", "earliest", "lag"),
    [
        pytest.param({"t-0": 7}, {"t-0": 2}, 3, id="behind the committed offset"),
        pytest.param({}, {"t-0": 2}, 8, id="all that there are, where nothing was committed"),
        pytest.param({"t-0": 1}, {"t-0": 4}, 6, id="what was removed waits no more"),
        pytest.param({"t-0": 12}, {"t-0": 2}, 0, id="never less than none"),
    ],
)
def test_the_lag_is_what_can_still_be_read(committed: dict[str, int], earliest: dict[str, int], lag: int) -> None:
    assert sink(0, committed, {"t-0": 10}, earliest=earliest).lag_records == lag


def test_the_lag_is_not_known_where_the_brokers_did_not_tell() -> None:
    assert sink(0, {}, {}).lag_records is None
    assert sink(0, {"t-0": 1}, {"t-0": 2}, error="down").lag_records is None


# ── sources ──


@pytest.mark.parametrize(
    ("messages", "since"),
    [
        pytest.param([source(0, "a"), stands(1, "u:1-5"), stands(5, "u:1-5")], None, id="the database is idle too"),
        pytest.param([source(0, "a"), stands(1, "u:1-5"), stands(5, "u:1-6")], 5, id="the database went on"),
        pytest.param(
            [source(0, "a"), stands(1, "u:1-5"), stands(5, "u:1-6"), source(6, "a"), stands(9, "u:1-7")],
            5,
            id="since it first went on",
        ),
        pytest.param(
            [source(0, "a"), stands(1, "u:1-5"), stands(5, "u:1-6"), source(6, "b"), stands(7, "u:1-6")],
            None,
            id="the source followed",
        ),
        pytest.param(
            [source(0, "a"), stands(1, "u:1-5"), source(6, "b"), stands(5, "u:1-6"), stands(7, "u:1-6")],
            None,
            id="what was read before the offset moved may be what moved it",
        ),
        pytest.param(
            [source(0, "a"), stands(1, "u:1-5"), stands(5, "u:1-6", "down")],
            None,
            id="a database out of sight is no news",
        ),
    ],
)
def test_the_database_has_gone_on_since_it_left_where_it_stood_when_the_offset_moved(
    messages: Sequence[object], since: float | None
) -> None:
    assert told(SOURCE, *messages).server_moved_since == (None if since is None else at(since))


def test_another_database_says_nothing_of_it() -> None:
    elsewhere = [replace(stands(seconds, f"u:1-{seconds}"), address="127.0.0.1:3399") for seconds in (1, 5)]
    assert told(SOURCE, source(0, "a"), *elsewhere).server_then is None


def test_a_source_that_streamed_once_is_known_to_have() -> None:
    copying = source(9, "b", snapshot="INITIAL")
    assert told(SOURCE, source(0, "a"), copying).streamed_at == START
    assert told(SOURCE, copying).streamed_at is None


def test_the_first_look_is_told_as_watched_since_then() -> None:
    progress = advanced(None, source(3, "a"))
    assert (progress.watched_since, progress.moved_at) == (at(3), at(3))
    assert advanced(progress, source(9, "a")).moved_at == at(3)
    assert advanced(progress, source(9, "b")).moved_at == at(9)


def test_the_progress_of_a_connector_that_is_gone_is_forgotten() -> None:
    there = Poll("main", at(1), {"oltp-source": ConnectorStatus("main", "oltp-source", State.RUNNING)})
    seen = watched(source(0, "a"), sink(0, {}, {}), there).observation(START)
    assert set(seen.progress) == {SOURCE}


def test_a_part_of_an_answer_forgets_nobody() -> None:
    there = Poll("main", at(1), {"oltp-source": ConnectorStatus("main", "oltp-source", State.RUNNING)})
    part = replace(there, connectors={}, complete=False)
    assert set(watched(source(0, "a"), there, part).observation(START).progress) == {SOURCE}


# ── topics ──


def test_a_topic_that_was_there_is_gone_since_it_was_missed() -> None:
    there, missing = TopicFacts("h", 1), TopicFacts("h")
    views = [TopicsView("main", at(second), {"h": facts}) for second, facts in enumerate((there, missing, missing))]
    assert watched(*views).observation(START).topics["main"].topics["h"].gone_since == at(1)
    assert watched(*views, TopicsView("main", at(9), {"h": there})).topics["main"].topics["h"].gone_since is None
    assert watched(*views[1:]).topics["main"].topics["h"].gone_since is None


# ── offsets as Connect shows them ──

STREAMING = (
    '[{"offset":{"file":"binlog.000002","gtids":"u:1-8","pos":2544,"ts_sec":1795645476},'
    '"partition":{"server":"dataflow"}}]'
)


def test_a_streaming_offset_is_read() -> None:
    offset = source_offset(STREAMING, "dataflow")
    assert offset is not None
    assert offset.position == Position("u:1-8", "binlog.000002", 2544)
    assert offset.at is not None
    assert (offset.at.timestamp(), offset.snapshot, offset.text) == (1795645476, "", STREAMING)


@pytest.mark.parametrize(
    ("offset", "snapshot"),
    [
        pytest.param('"snapshot":"INITIAL"', "INITIAL", id="a word"),
        pytest.param('"snapshot":true', "True", id="older Debezium"),
        pytest.param('"snapshot":false', "", id="false"),
        pytest.param('"snapshot":"false"', "", id="false as text"),
    ],
)
def test_a_copy_is_told_from_streaming(offset: str, snapshot: str) -> None:
    read = source_offset(f'[{{"offset":{{{offset}}},"partition":{{"server":"x"}}}}]', "x")
    assert read is not None
    assert read.snapshot == snapshot


def test_of_several_partitions_the_one_of_the_prefix_is_taken() -> None:
    text = '[{"offset":{"pos":1},"partition":{"server":"old"}},{"offset":{"pos":2},"partition":{"server":"new"}}]'
    offset = source_offset(text, "new")
    assert offset is not None
    assert offset.position.pos == 2


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '["x"]', '[{"offset":null}]', '[{"offset":[1]}]'])
def test_what_is_no_offset_is_none(text: str) -> None:
    assert source_offset(text, "dataflow") is None


@pytest.mark.parametrize("value", ['"x"', "-5", "1e99", "true", "99999999999999999999", "0", "null", "{}"])
def test_a_time_that_is_none_is_not_known(value: str) -> None:
    offset = source_offset(f'[{{"offset":{{"pos":1,"ts_sec":{value}}}}}]', "dataflow")
    assert offset is not None
    assert offset.at is None


# ── what is asked ──


def test_debezium_sources_sinks_and_histories_are_asked_for() -> None:
    other = ConnectorConfig("main", "files", {"connector.class": "org.example.FileStreamSourceConnector"})
    view = ClusterView("main", configs={**CONFIGS, "files": other})
    assert asked("main", view.configs, derive(view.configs.values(), {})) == Asked(
        sources={"oltp-source": ("dataflow", ADDRESS)},
        sinks={"dw-sink": ("connect-dw-sink", (TOPIC,))},
        histories=frozenset({"schema-history.dataflow"}),
    )


def test_a_sink_with_a_group_or_a_kafka_of_its_own_is_asked_for_there_or_not_at_all() -> None:
    more = {"consumer.override.group.id": "mine", "consumer.override.bootstrap.servers": "elsewhere:9092"}
    config = replace(CONFIGS["dw-sink"], values={**CONFIGS["dw-sink"].values, **more})
    found = asked("main", {"dw-sink": config}, derive([config], {}))
    assert found.sinks["dw-sink"][0] == "mine"
    assert found.elsewhere == {"dw-sink"}
