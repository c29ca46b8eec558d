"""How connectors hang together, drawn: table, JSON, Mermaid; hostile names break none of them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.topologies import UNWRAP, regex_router, sink, source, transforms
from watchdog.model import ConnectorConfig, ConnectorKey, TableId
from watchdog.report import mermaid
from watchdog.report import topology as report
from watchdog.report.documents import dump
from watchdog.topology import Topology, derive

S3 = sink({"connector.class": "io.confluent.connect.s3.S3SinkConnector", "connection.url": ""}, "s3")
ROUTED = source({**transforms(regex_router(r"dataflow\.oltp\.(.*)", "dw_$1")), "table.include.list": "oltp.orders"})
USED = {ConnectorKey("main", "source"): frozenset({"dataflow.oltp.orders", "dataflow.oltp.items"})}


def pipeline() -> Topology:
    return derive([source(), sink({"collection.name.format": "orders"}), S3], USED)


def test_every_topic_has_a_line_for_each_reader_and_one_when_nobody_reads_it() -> None:
    found = [
        (line.topic, line.sink and line.sink.connector, str(line.target or "")) for line in report.lines(pipeline())
    ]
    assert found == [
        ("dataflow.oltp.items", None, ""),
        ("dataflow.oltp.orders", "s3", ""),
        ("dataflow.oltp.orders", "sink", "dw.orders"),
    ]


def test_lines_are_chosen_by_either_end() -> None:
    assert [line.sink for line in report.lines(pipeline(), ["s3"])] == [ConnectorKey("main", "s3")]
    assert len(report.lines(pipeline(), ["source"])) == 3
    assert report.lines(pipeline(), ["nobody"]) == ()


def test_connectors_without_a_topic_are_there_too() -> None:
    pg = ConnectorConfig("main", "pg", {"connector.class": "io.example.PgConnector"})
    lonely = sink({"topics": "", "topics.regex": "nothing.*"}, "lonely")
    topology = derive([source(), lonely, pg], {})
    found = report.lines(topology)
    assert {(line.source or line.sink) for line in found} == {("main", name) for name in ("source", "lonely", "pg")}
    assert all(line.topic == "" for line in found)
    assert "io.example.PgConnector is not followed" in str(report.notes(topology, found))


def test_a_source_that_is_not_followed_is_the_writer_that_connect_saw() -> None:
    pg = ConnectorConfig("main", "pg", {"connector.class": "io.example.PgConnector"})
    topology = derive([pg, sink({"topics": "pg.t"})], {ConnectorKey("main", "pg"): frozenset({"pg.t"})})
    (line,) = report.lines(topology)
    assert (line.source, line.table, line.topic) == (("main", "pg"), None, "pg.t")


def test_json_names_source_table_topic_sink_and_target() -> None:
    topology = derive([ROUTED, sink({"topics": "dw_orders", **transforms((UNWRAP, {"add.fields": "op"}))})], {})
    document = json.loads(dump(report.document(topology, report.lines(topology))))
    assert document["routes"] == [
        {
            "source_cluster": "main",
            "source": "source",
            "table": "oltp.orders",
            "table_is_certain": True,
            "topic": "dw_orders",
            "sink_cluster": "main",
            "sink": "sink",
            "target_table": "dw.dw_orders",
            "target": "dw1:3307",
            "added_columns": ["__op"],
            "notes": [],
        }
    ]
    (shown,) = document["sources"]
    assert (shown["database"], shown["history_topic"]) == ("db1:3306", "schema-history.dataflow")
    (shown,) = document["sinks"]
    assert (shown["kind"], shown["key_mode"], shown["adds_columns"]) == ("debezium-jdbc", "record_key", False)


def test_json_of_some_connectors_holds_no_others() -> None:
    document = report.document(pipeline(), report.lines(pipeline(), ["s3"]))
    assert [each["connector"] for each in document["sinks"]] == ["s3"]  # type: ignore[attr-defined]
    (shown,) = document["sinks"]  # type: ignore[misc]
    assert (shown["kind"], shown["insert_mode"]) == ("io.confluent.connect.s3.S3SinkConnector", None)


def test_what_cannot_be_told_is_told_of_each_connector() -> None:
    outbox = transforms(("io.debezium.transforms.outbox.EventRouter", {}))
    topology = derive([source({**outbox, "table.include.list": "oltp.outbox"})], {})
    ((key, note),) = report.notes(topology, report.lines(topology))
    assert key == ("main", "source")
    assert "routes by column aggregatetype" in note
    assert "known only from Connect's own records" in note


def test_mermaid_shows_tables_topics_and_connectors() -> None:
    topology = derive([ROUTED, sink({"topics": "dw_orders"})], {})
    assert list(mermaid.flowchart(report.lines(topology), several_clusters=False)) == [
        "flowchart LR",
        '  n0(["dw_orders"])',
        '  n1[("oltp.orders")]',
        '  n2[("dw.dw_orders @ dw1:3307")]',
        '  n1 -->|"source"| n0',
        '  n0 -->|"sink"| n2',
    ]


def test_mermaid_dashes_what_is_not_known() -> None:
    topology = derive([source(), S3], {})
    lines = list(mermaid.flowchart(report.lines(topology), several_clusters=True))
    assert '  n0 -.->|"main/s3"| n2' in lines
    assert '  n2["io.confluent.connect.s3.S3SinkConnector"]' in lines


@pytest.mark.parametrize(
    "name",
    [
        'a"]; click n0 "javascript:alert(1)"',
        "a\nb --> c",
        "end",
        "#quot;",
        "<img src=x onerror=alert(1)>",
        "a|b",
        "`x`",
        "😀",
    ],
)
def test_a_hostile_name_stays_within_its_quotes(name: str) -> None:
    _is_a_flowchart(list(mermaid.flowchart(_hostile(name), several_clusters=True)))


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_name_whatever_breaks_table_json_or_flowchart(name: str) -> None:
    found = _hostile(name)
    _is_a_flowchart(list(mermaid.flowchart(found, several_clusters=True)))
    report.table(found, several_clusters=True)
    json.loads(dump([report._route(line) for line in found]))


def _hostile(name: str) -> tuple[report.Line, ...]:
    key = ConnectorKey(name, name)
    return (
        report.Line(key, TableId(name, name), True, name, key, TableId(name, name), name),
        report.Line(key, None, False, name, key, None, name),
        report.Line(None, None, False, "", key, None, ""),
    )


_NODE = re.compile(r'  n\d+(\[\(|\(\[|\[)"[\w .@/:#;-]*"(\)\]|\]\)|\])', re.ASCII)
_EDGE = re.compile(r'  n\d+ (-->|-\.->)\|"[\w .@/:#;-]*"\| n\d+', re.ASCII)
_ENTITY = re.compile(r"#\d+;")


def _is_a_flowchart(lines: list[str]) -> None:
    assert lines[0] == "flowchart LR"
    for line in lines[1:]:
        assert _NODE.fullmatch(line) or _EDGE.fullmatch(line), line
        # A number sign and a semicolon only as a character's number.
        assert not re.search("[#;]", _ENTITY.sub("", line)), line
