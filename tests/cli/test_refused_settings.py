"""Settings that cannot be used: `run` tells all that is wrong with its place, and starts nothing."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRONG = """\
modes: auto
clusters:
  - name: main
    connect_url: http://user:${NOT_THERE}@127.0.0.1:1
  - name: main
    connect_url: http://127.0.0.1:2
log: {level: loud}
"""


def run(folder: Path, text: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "watchdog.yaml").write_text(text)
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WATCHDOG_JOURNAL": str(folder / "journal")}
    return subprocess.run(
        [sys.executable, "-m", "watchdog", "--config", str(folder / "watchdog.yaml"), "run", *arguments],
        env={**own, **environ}, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    done = run(tmp_path, WRONG)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split("watchdog.yaml:")[1].split(":")[0] for line in lines] == ["1", "4", "5", "7"]
    for word, line in zip(("modes", "NOT_THERE", "clusters[1].name", "log.level"), lines, strict=True):
        assert word in line
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [pytest.param(WRONG, ":1:", id="unknown key and more"), pytest.param("a: [1\nb: }\n", ":2:", id="bad YAML")],
)
def test_nothing_is_started(tmp_path: Path, text: str, place: str) -> None:
    # A port that is taken: listening there first would be told instead.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(tmp_path, text, WATCHDOG_HTTP__PORT=str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert f"watchdog.yaml{place}" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["watchdog.yaml"]


def test_a_secret_file_that_everybody_may_read_is_warned_of_and_read(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("c4nary-in-a-file\n")
    secret.chmod(0o644)
    text = "clusters:\n  - {connect_url: http://127.0.0.1:1, username: u, password_file: password}\n"
    done = run(tmp_path, text, "--once", "--dry-run")
    assert done.returncode != 2
    (warning,) = [line for line in done.stderr.splitlines() if "everybody may read" in line]
    assert "watchdog.yaml:2" in warning
    assert "chmod o-r" in warning
    assert "c4nary" not in done.stdout + done.stderr
