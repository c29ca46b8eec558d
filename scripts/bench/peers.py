"""Two other watchers of Kafka Connect, as their packages are, in a virtual environment of their own in the cache."""

import subprocess
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack import Stack
from stack.ports import any_free
from stack.settings import HOST

from bench.settings import POLL_SECONDS

WATCHER, WATCHER_VERSION = "kafka-connect-watcher", "0.6.0"
HEALTHCHECK, HEALTHCHECK_VERSION = "kafka-connect-healthcheck", "0.3.0"

# It sleeps a second less than it is told, and has no other way to watch without acting than a rule without actions.
_WATCHER_CONFIG = """\
watch_interval: "{interval:.0f}s"
clusters:
  - name: bench
    hostname: {host}
    port: {port}
    evaluation_rules:
      - include_regex: [".*"]
"""


class PeerMissing(Exception):
    """It cannot be installed or does not run here; says why."""


@dataclass(frozen=True)
class Command:
    words: Sequence[str | Path]
    url: str | None = None
    """Which it does its work for, each time somebody asks; None: it works by itself."""


def environment(cache: Path) -> Path:
    """The folder with the peers' programs; made at the first call."""
    folder = cache / "bench-venv"
    programs = folder / "bin"
    wanted = [f"{WATCHER}=={WATCHER_VERSION}", f"{HEALTHCHECK}=={HEALTHCHECK_VERSION}"]
    if not (programs / "pip").exists():
        venv.create(folder, with_pip=True)
    install: list[str | Path] = [
        programs / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *wanted,
    ]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissing(f"cannot be installed: {_last_line(done.stderr)}")
    return programs


def watcher(programs: Path, stack: Stack, folder: Path) -> Command:
    config = folder / "kafka-connect-watcher.yaml"
    text = _WATCHER_CONFIG.format(interval=POLL_SECONDS + 1, host=HOST, port=stack.settings.connect_port)
    config.write_text(text)
    return Command([programs / WATCHER, "-c", config])


def healthcheck(programs: Path, stack: Stack) -> Command:
    port = any_free()
    program = programs / HEALTHCHECK
    return Command([program, "--port", str(port), "--connect-url", stack.connect_url], f"http://{HOST}:{port}/")


@contextmanager
def running(command: Command, log: Path, seconds: float = 5) -> Iterator[int]:
    """Its pid; PeerMissing with its last words when it ends by itself within the first seconds."""
    with log.open("wb") as output:
        process = subprocess.Popen(command.words, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        try:
            yield process.pid
        finally:
            process.terminate()
            _bury(process)
        return
    raise PeerMissing(f"ended by itself: {_last_line(log.read_text(errors='replace'))}")


def _bury(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
