"""The stack's folder: one command at a time, and nothing removed that is not the stack's."""

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stack.console import say
from stack.errors import StackError

_FILES = ("kafka.properties", "connect.properties", "database", "lock")


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Two commands at once would start everything twice."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise StackError(f"cannot write {directory}: {error.strerror}: set STACK_DIR") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("", f"waiting for another command on {directory}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wipe(directory: Path, parts: Iterable[str]) -> None:
    """Only what the stack has made: the folder may be somebody's home."""
    for name in (*parts, "logs", "tmp"):
        shutil.rmtree(directory / name, ignore_errors=True)
    for name in _FILES:
        (directory / name).unlink(missing_ok=True)
    with suppress(OSError):  # holds something else, too
        directory.rmdir()
