"""`watchdog topology`: what goes to stdout, what to stderr, and how it exits."""

from __future__ import annotations

import json

import pytest

from tests.cli.fakes import Command, FakeApp
from tests.core.topologies import regex_router, sink, source, transforms
from watchdog.errors import PortUnauthorized, PortUnreachable
from watchdog.look.chart import Chart
from watchdog.topology import derive

Capture = pytest.CaptureFixture[str]
ROUTED = source({**transforms(regex_router(r"dataflow\.oltp\.(.*)", "dw_$1")), "table.include.list": "oltp.orders"})
PIPELINE = derive([ROUTED, sink({"topics": "dw_orders", "collection.name.format": "orders"})], {})


def command(chart: Chart = Chart(PIPELINE), error: BaseException | None = None) -> Command:  # noqa: B008
    return Command(FakeApp(charted=chart, error=error))


def test_the_table_reads_from_table_to_table(capsys: Capture) -> None:
    assert command().run("topology") == 0
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        ["SOURCE", "TABLE", "TOPIC", "SINK", "TARGET", "AT"],
        ["source", "oltp.orders", "dw_orders", "sink", "dw.orders", "dw1:3307"],
    ]
    assert err == ""


def test_clusters_are_named_where_there_are_several(capsys: Capture) -> None:
    both = derive([source(), sink(cluster="far")], {})
    assert command(Chart(both)).run("topology") == 0
    out = capsys.readouterr().out
    assert "main/source" in out
    assert "far/sink" in out


def test_what_is_not_known_is_said_below_the_table(capsys: Capture) -> None:
    outbox = source(
        {**transforms(("io.debezium.transforms.outbox.EventRouter", {})), "table.include.list": "oltp.outbox"}
    )
    assert command(Chart(derive([outbox], {}))).run("topology") == 0
    out = capsys.readouterr().out
    assert "no topic seen yet" in out
    assert "source  transform t0 (outbox EventRouter) routes by column aggregatetype" in out


def test_what_could_not_be_asked_goes_to_stderr_and_json_stays_json(capsys: Capture) -> None:
    assert command(Chart(PIPELINE, ("Connect cluster far: timed out",))).run("topology", "-o", "json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["routes"][0]["table"] == "oltp.orders"
    assert err == "Connect cluster far: timed out\n"


def test_mermaid_is_a_flowchart_and_nothing_else(capsys: Capture) -> None:
    assert command().run("topology", "-o", "mermaid") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "flowchart LR"
    assert '  n0 -->|"sink"| n2' in out.splitlines()
    assert err == ""


def test_a_flowchart_that_mermaid_would_not_draw_is_told(capsys: Capture) -> None:
    tables = {"dataflow": [f"t{n}" for n in range(300)]}
    found = derive([source({"table.include.list": ",".join(f"oltp.{t}" for t in tables["dataflow"])})], {})
    assert command(Chart(found)).run("topology", "-o", "mermaid") == 0
    assert "Mermaid draws 500 edges" in capsys.readouterr().err


def test_only_the_connectors_that_are_named(capsys: Capture) -> None:
    found = derive([source(), sink(), sink(name="other")], {})
    assert command(Chart(found)).run("topology", "other", "-o", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["connector"] for each in document["sinks"]] == ["other"]


def test_an_unknown_connector_is_an_error_with_a_suggestion(capsys: Capture) -> None:
    assert command().run("topology", "snik") == 1
    assert capsys.readouterr() == ("", "watchdog: no connector 'snik'; did you mean sink?\n")


def test_no_connectors_is_a_kind_sentence_and_no_table(capsys: Capture) -> None:
    assert command(Chart(derive([], {}))).run("topology") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "no connectors yet; they show up here as soon as Kafka Connect has one\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [(PortUnreachable("http://x", "no connection"), 5), (PortUnauthorized("http://x", "401"), 4)],
)
def test_it_exits_as_the_other_verbs_do(error: BaseException, code: int) -> None:
    assert command(error=error).run("topology") == code


def test_its_help_teaches_with_examples(capsys: Capture) -> None:
    assert command().run("topology", "--help") == 0
    out = capsys.readouterr().out
    assert "watchdog topology -o mermaid" in out
    assert "Nothing is changed" in out
