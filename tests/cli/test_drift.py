"""`watchdog drift`: what goes to stdout and stderr, and how it exits."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.cli.fakes import Command, FakeApp
from tests.core.scene import ORDERS, TARGET, table
from tests.core.test_drift import ID, NOTE, SIZE, look, record
from watchdog.compare import DriftReport, drift_report
from watchdog.errors import PortUnreachable
from watchdog.model import Column

Capture = pytest.CaptureFixture[str]
WEIRD = Column("we`ird \x1b[31m[/foo]", "varchar(64)")


@dataclass
class Drifting(FakeApp):
    report: DriftReport = DriftReport()

    def drift(self, settings, tables, say):  # type: ignore[no-untyped-def]
        self._called("drift", tuple(tables))
        say("asking Connect cluster main")
        return self.report


def run(report: DriftReport, *arguments: str) -> int:
    return Command(Drifting(report=report)).run("drift", *arguments)


def even(*patterns: str) -> DriftReport:
    return drift_report(look(), patterns)


def drifting(*patterns: str, column: Column = SIZE) -> DriftReport:
    """The source has a column more, which Debezium knows and the target lacks."""
    live = {ORDERS: table(ORDERS, ID, NOTE, column)}
    seen = look(live, {TARGET: table(TARGET, ID, NOTE)}, record(1, NOTE, snapshot=True), record(11, NOTE, column))
    return drift_report(seen, patterns, ("database db9:3306: connection refused",))


def test_what_agrees_is_counted_and_not_shown(capsys: Capture) -> None:
    assert run(even(), "--exit-code") == 0
    out = capsys.readouterr().out
    assert out == "1 captured table: 0 breaking, 0 risky; 1 table not shown: nothing there that matters\n"


def test_a_table_that_is_asked_for_is_shown_side_by_side(capsys: Capture) -> None:
    assert run(even("oltp.orders"), "oltp.orders") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "oltp.orders  safe  oltp-source"
    assert lines[1].split() == ["COLUMN", "SOURCE", "DEBEZIUM", "TOPIC", "dw-sink", "→", "dw.orders"]
    assert lines[3].split() == ["note", "varchar(64)", "varchar(64)", "varchar(64)", "varchar(64)"]


def test_drift_is_shown_with_what_the_consumer_makes_of_it_and_exits_3_when_asked_to(capsys: Capture) -> None:
    assert run(drifting()) == 0
    assert run(drifting(), "--exit-code") == 3
    out, err = capsys.readouterr()
    assert "breaking  sink → source: added optional: size (int NULL)" in out
    assert "sink dw-sink fails: records have size, which the target lacks, and schema.evolution=none" in out
    assert "pending   topic → debezium" in out
    assert "—" in next(line for line in out.splitlines() if line.strip().startswith("size"))
    assert "database db9:3306: connection refused" in err


def test_the_json_is_as_it_is_documented(capsys: Capture) -> None:
    assert run(drifting(), "-o", "json") == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document.keys() == {"table", "connector", "connect_cluster", "severity", "places", "differences", "notes"}
    assert [place["place"] for place in document["places"]] == ["source", "debezium", "topic", "sink"]
    assert document["places"][0]["columns"][1] == {
        "name": "note",
        "type": "varchar(64)",
        "nullable": True,
        "default": None,
        "generated": False,
        "charset": None,
    }
    difference = document["differences"][-1]
    assert (difference["between"], difference["kind"], difference["columns"]) == (
        ["sink", "source"],
        "added-optional",
        ["size"],
    )
    (consumer,) = difference["consumers"]
    assert (consumer["consumer"], consumer["effect"], consumer["severity"]) == ("sink dw-sink", "fails", "breaking")


def test_a_table_that_is_not_there_is_an_error_that_says_what_is_like_it(capsys: Capture) -> None:
    assert run(even("oltp.order"), "oltp.order") == 1
    assert "no captured table 'oltp.order'; did you mean oltp.orders?" in capsys.readouterr().err
    assert run(even("x*"), "x*") == 1
    assert "`watchdog drift` shows those that there are" in capsys.readouterr().err


def test_a_hostile_name_is_text(capsys: Capture) -> None:
    assert run(drifting(column=WEIRD), "oltp.*") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[/foo]" in out
    assert run(drifting(column=WEIRD), "-o", "json") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_with_no_source_there_is_a_word_and_no_table(capsys: Capture) -> None:
    assert run(DriftReport()) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "no captured table yet" in err


def test_a_connect_that_does_not_answer_exits_5() -> None:
    app = Drifting(error=PortUnreachable("http://connect:8083", "connection refused"))
    assert Command(app).run("drift") == 5


def test_the_help_teaches(capsys: Capture) -> None:
    assert Command(Drifting()).run("drift", "--help") == 0
    out = capsys.readouterr().out
    for word in ("unlogged", "pending", "not visible", "watchdog drift 'oltp.*' --exit-code"):
        assert word in out
