"""Who holds a port: found in /proc, so that no tool has to be installed."""

import socket
from pathlib import Path
from random import SystemRandom

from stack.settings import HOST

_dice = SystemRandom()
"""Nobody's seed makes two runs draw the same."""


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    """Below 32768: the system gives those above to outgoing connections, one of which would sit on it for a moment."""
    drawn = (_dice.randrange(20_000, 32_000) for _ in range(1000))
    return next(port for port in drawn if is_free(port))


def owner(port: int) -> str:
    """For a message: `pid 123 (java)`, or `another process` where /proc does not tell."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(descriptor.readlink())
        except OSError:  # gone meanwhile, or another user's
            continue
        if target in sockets:
            process = descriptor.parents[1]
            return f"pid {process.name} ({(process / 'comm').read_text().strip()})"
    return "another process"


def _inodes(port: int) -> set[str]:
    rows = [row.split() for table in ("tcp", "tcp6") for row in _lines(Path("/proc/net") / table)]
    return {row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port}


def _lines(table: Path) -> list[str]:
    return table.read_text().splitlines()[1:] if table.exists() else []
