"""A lock that is held by one process at a time, and by none that has ended."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from watchdog.errors import JournalError

_SIGNATURE_BYTES_MAX = 200


class FileLock:
    """Who acts: an advisory lock on `<path>.lock`, which the system lets go of when the process ends. The file tells
    who it was, for persons."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        if not self.stands():
            self.release()
        if self._descriptor is not None:
            return True
        try:
            self._descriptor = _locked(self._path)
            if self._descriptor is not None:
                _sign(self._descriptor)
        except OSError as error:
            self.release()
            advice = "make its directory writable by this user, on a file system with locks"
            raise JournalError(f"{self._path}: cannot be locked: {error.strerror}; {advice}") from error
        return self._descriptor is not None

    def stands(self) -> bool:
        """False when it was acquired on a file that is not at its path any more: another may hold the one that is."""
        if self._descriptor is None:
            return True
        try:
            there = self._path.stat()
        except OSError:
            return False
        held = os.fstat(self._descriptor)
        return (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino)

    def holder(self) -> str:
        """`process 123 on host`, as the last one to acquire it wrote; empty where nothing is told."""
        try:
            with self._path.open("rb") as file:
                told = file.read(_SIGNATURE_BYTES_MAX).decode(errors="replace").strip()
        except OSError:
            return ""
        return told if told.isprintable() else ""

    def release(self) -> None:
        # The file stays: removing it would let two processes hold locks on two files of one name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _sign(descriptor: int) -> None:
    # On a full disk there is a lock all the same, of nobody in particular.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock; None when another one holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor
