"""/proc → numbers: what a process has used so far, and the machine it runs on."""

import os
from dataclasses import dataclass
from pathlib import Path

# Fields of /proc/PID/stat after the program's name; see proc(5).
_USER, _SYSTEM = 11, 12


@dataclass(frozen=True)
class Usage:
    cpu_seconds: float
    """User and system, all threads, since the process began."""
    memory_bytes: int
    """Resident."""


def usage(pid: int) -> Usage:
    """Raises OSError when the process is gone."""
    process = Path("/proc") / str(pid)
    ticks = cpu_ticks((process / "stat").read_text())
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), kilobytes((process / "status").read_text(), "VmRSS") * 1024)


def cpu_ticks(stat: str) -> int:
    """User and system time in /proc/PID/stat. The program's name is in brackets and may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[_USER]) + int(fields[_SYSTEM])


def kilobytes(text: str, name: str) -> int:
    """A line such as `VmRSS:   82424 kB` of /proc/PID/status or /proc/meminfo; ValueError when there is none."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise ValueError(f"there is no line {name} in what /proc said")


def machine() -> str:
    """`2 cores, 24 GB`"""
    memory = kilobytes(Path("/proc/meminfo").read_text(), "MemTotal")
    return f"{os.cpu_count()} cores, {memory / 1024**2:.0f} GB"
