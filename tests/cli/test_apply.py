"""`watchdog apply`: the statement on stdout before anything is run, and nothing without being told."""

from __future__ import annotations

import io
import sys

import pytest

from tests.cli.fakes import Command, FakeApp
from tests.report.reports import WAY_OUT
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
