"""The command as a process: pipes, signals, terminals, encodings."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.fakes import Command

ROOT = Path(__file__).resolve().parents[2]
FAKE = """
import sys, threading
from tests.cli.fakes import Command, FakeApp
from tests.report.reports import *
latest = report(SOURCE, FAILED_SINK, *(connector(f"c{n:05}") for n in range(%d)), incidents=(incident(),))
class App(FakeApp):
    def look(self, settings):
        if "slow" in sys.argv:
            print("looking", file=sys.stderr, flush=True)
            threading.Event().wait(60)
        return super().look(settings)
sys.exit(Command(App(latest)).run(*(a for a in sys.argv[1:] if a != "slow")))
"""


def _arguments(*arguments: str, connectors: int = 0) -> list[str]:
    return [sys.executable, "-c", FAKE % connectors, *arguments]


def _environment(**more: str) -> dict[str, str]:
    left_out = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **more}


def _run(*arguments: str, connectors: int = 0, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        _arguments(*arguments, connectors=connectors),
        capture_output=True, timeout=60, check=False, cwd=ROOT, env=_environment(**environment),
    )  # fmt: skip


def test_a_pipe_gets_no_colours_and_no_wrapping() -> None:
    done = _run("status")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    assert b" \n" not in done.stdout
    assert b"\nALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;\n" in done.stdout


def _on_a_terminal(*arguments: str, **environment: str) -> bytes:
    reader, writer = pty.openpty()
    process = subprocess.Popen(
        _arguments(*arguments), stdout=writer, stderr=writer, cwd=ROOT, env=_environment(**environment)
    )
    os.close(writer)
    text = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([reader], [], [], 0.1)[0]:
            try:
                text += os.read(reader, 65536)
            except OSError:  # The other end is closed.
                break
    os.close(reader)
    assert process.wait(timeout=10) == 0
    return text


def test_a_terminal_gets_colours() -> None:
    assert b"\x1b[1;31mFAILED" in _on_a_terminal("status")


def test_no_color_is_obeyed() -> None:
    text = _on_a_terminal("status", NO_COLOR="1")
    assert b"FAILED" in text
    assert b"\x1b[31m" not in text
    assert b"31m" not in text


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    process = subprocess.Popen(
        _arguments("status", "-o", "json", connectors=5000),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=_environment(),
    )  # fmt: skip
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) in (1, 141)


def test_ctrl_c_ends_quietly_with_130() -> None:
    process = subprocess.Popen(
        _arguments("status", "slow"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=_environment()
    )
    assert process.stderr
    assert process.stderr.readline() == b"looking\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_an_encoding_without_arrows_is_no_error() -> None:
    done = _run("status", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"oltp.orders ? dw.orders" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        pytest.param(["--help"], 0, "CONNECT_URL=http://localhost:8083 watchdog status", id="help"),
        pytest.param(["--version"], 0, "watchdog ", id="version"),
        pytest.param(["status", "--help"], 0, "watchdog status --exit-code", id="help of a verb"),
        pytest.param([], 2, "Usage: watchdog", id="nothing"),
        pytest.param(["statos"], 2, "Did you mean 'status'", id="a slip"),
        pytest.param(["status", "-o", "xml"], 2, "xml", id="no such format"),
        pytest.param(["restart"], 2, "Missing argument", id="a connector is missing"),
    ],
)
def test_usage(arguments: list[str], code: int, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert Command().run(*arguments) == code
    told = capsys.readouterr()
    assert expected in (told.err if code else told.out)


def test_the_module_is_the_command_and_ends_with_its_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "watchdog", "statos"],
        capture_output=True, timeout=60, check=False, cwd=ROOT, env=_environment(), text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'status'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("variable", ["CONNECT_URL", "KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL"])
def test_the_first_help_names_the_variables_that_are_enough(variable: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert Command().run("--help") == 0
    assert variable in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["run", "status", "incidents", "incident", "restart", "resume", "pause"])
def test_the_help_of_every_verb_shows_an_example(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert Command().run(verb, "--help") == 0
    assert f"\n    watchdog {verb}" in capsys.readouterr().out


def test_help_loads_no_clients() -> None:
    code = "import sys\nfrom watchdog.cli import main\nmain(['--help'])\nprint(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False, cwd=ROOT, env=_environment()
    )
    for client in (b"'confluent_kafka'", b"'requests'", b"'sqlalchemy'", b"'uvicorn'"):
        assert client not in done.stderr
