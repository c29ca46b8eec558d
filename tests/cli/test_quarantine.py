"""`quarantine`: what it shows before it does anything, when it asks, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.cli.fakes import Command, FakeApp
from tests.report.reports import HOSTILE_NAMES
from watchdog.errors import PortUnauthorized, PortUnreachable
from watchdog.model import ConnectorKey, Kept, RecordId, RecordsPlan, Replay, Selection, Unfit

Capture = pytest.CaptureFixture[str]
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WHERE = RecordId("dataflow.oltp.orders", 2, 133)
UNFIT = Unfit(WHERE, "name has 38 characters, varchar(16) holds less", '{"id":401}', AT)
FOUND = RecordsPlan(
    ConnectorKey("main", "dw-sink"),
    "watchdog.quarantine.dw-sink",
    selection=Selection((UNFIT,), looked_at=1000, read_to={"t-0": 10}, end={"t-0": 12}),
)
KEPT = Kept(WHERE, UNFIT.reason, UNFIT.key, True, "watchdog.quarantine.dw-sink-0@4", AT)
OTHER = replace(KEPT, id=RecordId("dataflow.oltp.orders", 0, 7), key='{"id":400}')
BACK = replace(FOUND, selection=Selection(), replay=Replay((KEPT,), ((OTHER, "its row was deleted later, by x"),)))


def command(plan: RecordsPlan = FOUND, answer: str = "accepted", detail: str = "1 record in quarantine") -> Command:
    return Command(FakeApp(plan=plan, answer=answer, detail=detail))


def asked(command: Command) -> list[object]:
    return [call for call in command.app.asked if call[0] == "ask"]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    typed = io.StringIO("y\n")
    typed.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", typed)
    return typed


def test_what_was_found_is_shown_with_key_and_reason_before_anything_is_done(capsys: Capture) -> None:
    one = command()
    assert one.run("quarantine", "dw-sink", "--yes") == 0
    told = capsys.readouterr()
    record, *end = told.out.splitlines()[1:]
    assert record.split()[:2] == ["dataflow.oltp.orders-2@133", '{"id":401}']
    assert record.endswith("name has 38 characters, varchar(16) holds less")
    assert end == ["dw-sink: done: 1 record in quarantine"]
    assert "of 1000 waiting records the target does not take 1" in told.err
    assert asked(one) == [("ask", "quarantine", "dw-sink", "main", {"limit": 1000})]


def test_a_dry_run_does_nothing(capsys: Capture) -> None:
    one = command()
    assert one.run("quarantine", "dw-sink", "--dry-run") == 0
    assert asked(one) == []
    assert "dataflow.oltp.orders-2@133" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_on_a_terminal_it_asks_first(terminal: io.StringIO, capsys: Capture, typed: str, goes_on: bool) -> None:
    terminal.seek(0)
    terminal.truncate()
    terminal.write(typed)
    terminal.seek(0)
    one = command()
    assert one.run("quarantine", "dw-sink") == 0
    assert bool(asked(one)) is goes_on
    assert "Copy 1 to watchdog.quarantine.dw-sink, stop dw-sink and step over them?" in capsys.readouterr().err


def test_where_nobody_can_be_asked_it_wants_yes(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    one = command()
    assert one.run("quarantine", "dw-sink") == 2
    assert asked(one) == []
    assert "say --yes" in capsys.readouterr().err


def test_nothing_to_step_over_is_no_error(capsys: Capture) -> None:
    one = command(replace(FOUND, selection=Selection(looked_at=7)))
    assert one.run("quarantine", "dw-sink", "--yes") == 0
    assert asked(one) == []
    assert "of 7 waiting records the target does not take 0" in capsys.readouterr().err


def test_what_was_not_looked_at_is_told(capsys: Capture) -> None:
    command(replace(FOUND, selection=replace(FOUND.selection, capped=True))).run("quarantine", "dw-sink", "--dry-run")
    assert "not all that waits was read (t-0 up to 10 of 12)" in capsys.readouterr().err


def test_a_refusal_says_why_and_that_nothing_was_changed(capsys: Capture) -> None:
    one = command(replace(FOUND, selection=Selection(), refusal="it has a dead letter queue of its own, dlq"))
    assert one.run("quarantine", "dw-sink", "--yes") == 1
    assert asked(one) == []
    told = capsys.readouterr()
    assert told.out == ""
    assert "refused: it has a dead letter queue of its own, dlq; nothing was changed" in told.err


@pytest.mark.parametrize(
    ("answer", "result", "code"), [("accepted", "done", 0), ("refused", "refused", 1), ("sent", "unknown", 1)]
)
def test_the_document_tells_how_it_ended(capsys: Capture, answer: str, result: str, code: int) -> None:
    assert command(answer=answer).run("quarantine", "dw-sink", "--yes", "-o", "json") == code
    document = json.loads(capsys.readouterr().out)
    assert (document["result"], document["detail"]) == (result, "1 record in quarantine")
    assert document["records"] == [
        {
            "topic": WHERE.topic,
            "partition": 2,
            "offset": 133,
            "key": '{"id":401}',
            "written_at": "2026-03-01T12:00:00.000Z",
            "reason": UNFIT.reason,
        }
    ]
    assert (document["connector"], document["quarantine_topic"]) == ("dw-sink", "watchdog.quarantine.dw-sink")
    assert (document["looked_at"], document["capped"]) == (1000, False)


def test_what_is_under_way_is_gone_on_with_and_not_asked_for_again(capsys: Capture) -> None:
    one = command(RecordsPlan(FOUND.key, under_way="quarantine is under way, at the step move"))
    assert one.run("quarantine", "dw-sink") == 0
    assert asked(one) == [("ask", "quarantine", "dw-sink", "main", {"limit": 1000})]
    assert "at the step move: going on with it" in capsys.readouterr().err


def test_a_replay_lists_what_goes_back_and_why_the_rest_does_not(capsys: Capture) -> None:
    one = command(BACK, detail="1 written back, 1 left")
    assert one.run("quarantine", "dw-sink", "--replay", "--yes") == 0
    told = capsys.readouterr()
    lines = [line.split() for line in told.out.splitlines()]
    assert [line[4] for line in lines[1:3]] == ["yes", "no"]
    assert told.out.splitlines()[2].endswith("its row was deleted later, by x")
    assert "2 records in watchdog.quarantine.dw-sink: 1 can be written back, 1 cannot" in told.err
    assert asked(one) == [("ask", "replay", "dw-sink", "main", {})]


def test_a_replay_of_nothing_asks_for_nothing() -> None:
    one = command(replace(BACK, replay=Replay((), ((OTHER, "no"),))))
    assert one.run("quarantine", "dw-sink", "--replay", "--yes") == 0
    assert asked(one) == []


def test_the_document_of_a_replay_tells_of_each_record_whether_and_why_not(capsys: Capture) -> None:
    command(BACK).run("quarantine", "dw-sink", "--replay", "--dry-run", "-o", "json")
    document = json.loads(capsys.readouterr().out)
    told = [(record["replay"], record["why_not"], record["kept_as"]) for record in document["records"]]
    assert told == [(True, None, KEPT.place), (False, "its row was deleted later, by x", KEPT.place)]
    assert document["result"] == "dry-run"


@pytest.mark.parametrize(
    ("error", "code"), [(PortUnreachable("connect", "no connection"), 5), (PortUnauthorized("kafka", "no"), 4)]
)
def test_what_cannot_be_reached_ends_as_every_verb_does(error: Exception, code: int) -> None:
    assert Command(FakeApp(error=error)).run("quarantine", "dw-sink", "--yes") == code


@pytest.mark.parametrize("hostile", HOSTILE_NAMES)
def test_a_key_is_shown_and_not_obeyed(capsys: Capture, hostile: str) -> None:
    plan = replace(FOUND, selection=replace(FOUND.selection, unfit=(replace(UNFIT, key=hostile * 20),)))
    assert command(plan).run("quarantine", "dw-sink", "--dry-run") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert len(max(told.splitlines(), key=len)) < 220


def test_of_very_many_the_first_are_shown_and_all_are_in_the_document(capsys: Capture) -> None:
    many = tuple(replace(UNFIT, id=RecordId("t", 0, number)) for number in range(150))
    plan = replace(FOUND, selection=replace(FOUND.selection, unfit=many))
    command(plan).run("quarantine", "dw-sink", "--dry-run")
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 101
    assert "the first 100 are shown; -o json has all" in told.err
    command(plan).run("quarantine", "dw-sink", "--dry-run", "-o", "json")
    assert len(json.loads(capsys.readouterr().out)["records"]) == 150
