"""`watchdog apply`: the statement on stdout before anything is run, and nothing without being told."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.cli.fakes import Command, FakeApp
from tests.report.reports import WAY_OUT, incident
from watchdog.errors import WatchdogError


def test_check_shows_statement_place_and_account_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    app = FakeApp()
    assert Command(app).run("apply", "3fa", "--check") == 0
    out, err = capsys.readouterr()
    assert out.strip() == WAY_OUT
    assert "127.0.0.1:3307 as ddl@%" in err
    assert app.asked == [("apply_preview", "3fa")]


def test_without_a_terminal_it_is_run_only_with_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    app = FakeApp()
    assert Command(app).run("apply", "3fa") == 2
    assert "--yes" in capsys.readouterr().err
    assert app.asked == [("apply_preview", "3fa")]
    assert Command(app).run("apply", "3fa", "--yes") == 0
    assert app.asked[-1] == ("apply", WAY_OUT)
    assert "done in 0.1 s" in capsys.readouterr().err


def test_a_refusal_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    app = FakeApp(error=WatchdogError("no account is configured that may alter tables at 127.0.0.1:3307"))
    assert Command(app).run("apply", "3fa", "--yes") == 1
    assert "no account is configured" in capsys.readouterr().err


@pytest.mark.parametrize("format_", ["table", "json"])
def test_an_incident_is_shown_and_then_applied_the_same_way(capsys: pytest.CaptureFixture[str], format_: str) -> None:
    app = FakeApp(known=[incident()])
    assert Command(app).run("incident", incident().id, "--apply", "--yes", "-o", format_) == 0
    out, err = capsys.readouterr()
    assert app.asked[-2:] == [("apply_preview", incident().id), ("apply", WAY_OUT)]
    assert WAY_OUT in err
    if format_ == "json":
        assert json.loads(out)["id"] == incident().id


def test_an_incident_is_only_shown_without_apply(capsys: pytest.CaptureFixture[str]) -> None:
    app = FakeApp(known=[incident()])
    assert Command(app).run("incident", incident().id, "--yes") == 0
    assert not [asked for asked in app.asked if asked[0].startswith("apply")]
