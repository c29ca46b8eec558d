"""Who holds a port: found in /proc, so that no tool has to be installed."""

import socket
from pathlib import Path

from stack.settings import HOST


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


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
