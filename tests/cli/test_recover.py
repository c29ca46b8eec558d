"""`watchdog recover`: tells before it asks, asks before it acts, and is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.fakes import Command, FakeApp

Capture = pytest.CaptureFixture[str]
REFUSED = "a history of now would be wrong: oltp.orders was changed by: ALTER TABLE orders ADD c INT"


def _asked(command: Command) -> list[tuple[Any, ...]]:
    return [call for call in command.app.asked if call[0] in ("preview", "ask")]


def test_a_check_only_looks_and_says_what_it_found(capsys: Capture) -> None:
    command = Command()
    assert command.run("recover", "oltp-source", "--check") == 0
    assert _asked(command) == [("preview", "oltp-source", None, True, False)]
    assert capsys.readouterr().out == "oltp-source: safe to rebuild\n"


def test_what_is_refused_is_told_with_the_reason_and_nothing_is_asked_for(capsys: Capture) -> None:
    command = Command(FakeApp(preview=(False, REFUSED)))
    assert command.run("recover", "oltp-source", "--yes") == 1
    assert [call[0] for call in _asked(command)] == ["preview"]
    assert f"oltp-source: recover refused: {REFUSED}; nothing was changed" in capsys.readouterr().err


@pytest.mark.parametrize("snapshot", [False, True])
def test_with_yes_it_is_done_and_each_step_is_told(snapshot: bool, capsys: Capture) -> None:
    command = Command(FakeApp(detail="it is RUNNING and reads on"))
    more = ["--snapshot"] if snapshot else []
    assert command.run("recover", "oltp-source", "--cluster", "main", "--yes", *more) == 0
    assert _asked(command) == [
        ("preview", "oltp-source", "main", False, snapshot),
        ("ask", "recover", "oltp-source", "main", {"snapshot": snapshot}),
    ]
    said = capsys.readouterr()
    assert said.out == "oltp-source: recover accepted: it is RUNNING and reads on\n"
    assert "oltp-source: safe to rebuild" in said.err
    assert "look: looking" in said.err


def test_without_a_terminal_nothing_is_done_unless_told_so(capsys: Capture) -> None:
    command = Command()
    assert command.run("recover", "oltp-source", "--snapshot") == 2
    assert [call[0] for call in _asked(command)] == ["preview"]
    assert "say --yes" in capsys.readouterr().err


def test_one_that_was_brought_back_is_an_error_with_the_reason(capsys: Capture) -> None:
    command = Command(FakeApp(answer="refused", detail="answered 400: no; the connector is as it was before"))
    assert command.run("recover", "oltp-source", "--yes") == 1
    assert "recover refused: answered 400: no; the connector is as it was before" in capsys.readouterr().err


def test_a_check_of_a_copy_makes_no_sense(capsys: Capture) -> None:
    assert Command().run("recover", "oltp-source", "--check", "--snapshot") == 2
    assert "--check is about rebuilding the history" in capsys.readouterr().err
