"""One process of the stack: started with a pid file and a log, ended only when it is certainly ours.

A pid file holds the pid together with the process's start time from /proc: a pid that was given to somebody
else meanwhile has another start time, and is left alone.
"""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stack.errors import StackError
from stack.settings import Settings
from stack.waiting import wait_for

_STATE, _START_TIME = 0, 19  # fields of /proc/PID/stat after the program's name


@dataclass
class Process:
    name: str
    pid_file: Path
    log: Path
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings, name: str) -> "Process":
        return cls(name, settings.directory / f"{name}.pid", settings.logs / f"{name}.log")

    @property
    def pid(self) -> int | None:
        """None unless the process that we started is alive."""
        if self._child:
            self._child.poll()  # a dead child stays a zombie until it is asked
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _start_time(int(pid)) == started else None

    def start(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        # Whole or not at all: a reader never sees half a pid.
        draft = self.pid_file.with_suffix(".tmp")
        draft.write_text(f"{self._child.pid} {_start_time(self._child.pid)}")
        draft.replace(self.pid_file)

    def stop(self, *, kill: bool = False, patience: float = 20) -> bool:
        """Whether there was something to stop. Asks first, insists after `patience` seconds."""
        pid = self.pid
        if pid:
            _send(pid, signal.SIGKILL if kill else signal.SIGTERM)
            try:
                wait_for(lambda: self.pid is None, patience, f"{self.name} to stop", every=0.05)
            except StackError:
                _send(pid, signal.SIGKILL)
                wait_for(lambda: self.pid is None, patience, f"{self.name} to die", every=0.05)
        self.pid_file.unlink(missing_ok=True)
        return pid is not None

    def must_live(self) -> None:
        if self.pid is None:
            raise StackError(f"{self.name} died while starting, its log ends with:\n{self.last_words()}")

    def last_words(self, lines: int = 12) -> str:
        if not self.log.exists():
            return "  (no log)"
        with self.log.open(errors="replace") as log:
            return "".join(f"  {line.rstrip()[:300]}\n" for line in deque(log, lines)).rstrip("\n")


def _send(pid: int, signal_number: signal.Signals) -> None:
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return


def _start_time(pid: int) -> str | None:
    """In clock ticks since boot; None for a process that is gone or dead."""
    process = Path(f"/proc/{pid}")
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        # A killed process is a zombie while its last threads still hold its ports and files.
        is_dead = fields[_STATE] in "ZX" and len(list((process / "task").iterdir())) <= 1
    except OSError:
        return None
    return None if is_dead else fields[_START_TIME]
