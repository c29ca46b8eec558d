"""A lock that is held by one process at a time, and by none that has ended."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from watchdog.errors import JournalError


class FileLock:
    """Who acts: an advisory lock on `<path>.lock`, which the system lets go of when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        if self._descriptor is not None:
            return True
        try:
            self._descriptor = _locked(self._path)
        except OSError as error:
            advice = "make its directory writable by this user, on a file system with locks"
            raise JournalError(f"{self._path}: cannot be locked: {error.strerror}; {advice}") from error
        return self._descriptor is not None

    def release(self) -> None:
        # The file stays: removing it would let two processes hold locks on two files of one name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


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
