"""`journal export`: from a real file, a few lines at a time, to stdout or into a new file."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.fakes import ENVIRON, Command, FakeApp
from watchdog import app
from watchdog.adapters.sqlite import open_journal
from watchdog.adapters.sqlite_timeline import PAGE
from watchdog.cli import main
from watchdog.cli.journal import duration
from watchdog.cli.session import Session
from watchdog.errors import JournalError
from watchdog.model import ConnectorKey, TimelineEntry

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
SINK, SOURCE = ConnectorKey("main", "dw-sink"), ConnectorKey("main", "oltp-source")
Capture = pytest.CaptureFixture[str]


def entry(n: int, incident: str = "3fa9c1d2", key: ConnectorKey = SINK, **data: object) -> TimelineEntry:
    return TimelineEntry(NOW - timedelta(hours=100 - n), incident, "note", str(n), data, key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path)
    journal.state.put({"incident/3fa9c1d2": {}, "incident/3fb00000": {}})
    journal.audit.append([entry(n, *(("3fb00000", SOURCE) if n % 3 == 0 else ())) for n in range(100)])
    journal.close()
    return path


def run(path: Path, *arguments: str) -> int:
    environ = {**ENVIRON, "WATCHDOG_JOURNAL": str(path)}
    session = Session(app=lambda: app, prepare=lambda _: None, environ=environ, clock=lambda: NOW)
    return main(["journal", "export", *arguments], session)


def exported(capsys: Capture) -> list[str]:
    return [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param([], range(100), id="everything"),
        pytest.param(["--since", "10h"], range(90, 100), id="since"),
        pytest.param(["--incident", "3fb"], range(0, 100, 3), id="of one incident"),
        pytest.param(["--connector", "dw-sink", "--since", "6h"], [94, 95, 97, 98], id="of one connector"),
        pytest.param(["--connector", "nobody"], [], id="of none"),
    ],
)
def test_the_lines_that_are_asked_for_come_oldest_first(
    path: Path, capsys: Capture, options: list[str], wanted: list[int]
) -> None:
    assert run(path, *options) == 0
    assert exported(capsys) == [str(n) for n in wanted]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--incident", "3f"], "2 incidents begin with '3f': 3fa9c1d2, 3fb00000", id="several"),
        pytest.param(["--incident", "99"], "no incident '99'; `watchdog incidents --all` lists", id="none"),
    ],
)
def test_an_incident_that_is_none_is_an_error_and_no_file(
    path: Path, capsys: Capture, options: list[str], said: str
) -> None:
    to = path.with_name("out.jsonl")
    assert run(path, *options, "--to", str(to)) == 1
    assert said in capsys.readouterr().err
    assert not to.exists()


def test_a_file_is_written_whole_and_one_that_is_there_is_left_alone(path: Path, capsys: Capture) -> None:
    to = path.with_name("out.jsonl")
    assert run(path, "--to", str(to)) == 0
    assert capsys.readouterr() == ("", f"100 lines written to {to}\n")
    written = to.read_text()
    assert [json.loads(line)["text"] for line in written.splitlines()] == [str(n) for n in range(100)]
    assert run(path, "--to", str(to)) == 1
    assert "is there already" in capsys.readouterr().err
    assert to.read_text() == written


def test_nothing_was_journaled_yet(tmp_path: Path, capsys: Capture) -> None:
    assert run(tmp_path / "none.sqlite") == 0
    assert capsys.readouterr().out == ""


def test_it_reads_a_few_lines_at_a_time_beside_a_writer(path: Path) -> None:
    journal = open_journal(path)
    large = "x" * 10_000
    for _ in range(4):
        journal.audit.append([entry(n, trace=large) for n in range(PAGE)])
    tracemalloc.start()
    reading = open_journal(path, read_only=True).audit.told()
    read = 0
    for line in reading:
        read += 1
        if read == 50:  # The file is free for a writer, and what he adds comes too.
            journal.audit.append([entry(1)])
        del line
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == 100 + 4 * PAGE + 1
    assert peak < 3 * PAGE * len(large)
    journal.close()


@pytest.mark.parametrize(
    ("text", "hours"), [("30min", 0.5), ("30m", 0.5), ("24h", 24), ("7d", 168), ("1w", 168), (" 60 s", 1 / 60)]
)
def test_an_age_is_a_number_and_a_unit(text: str, hours: float) -> None:
    assert duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1.5h", "yesterday", "9" * 30 + "h"])
def test_what_is_no_age_is_a_usage_error(text: str, capsys: Capture) -> None:
    command = Command(FakeApp())
    assert command.run("journal", "export", "--since", text or "?") == 2
    assert "is no age" in capsys.readouterr().err
    assert command.app.asked == []


def test_an_error_of_the_journal_is_told(capsys: Capture) -> None:
    assert Command(FakeApp(error=JournalError("j: is damaged"))).run("journal", "export") == 1
    assert "j: is damaged" in capsys.readouterr().err
