"""Shell: threads that wait on slow systems, so that the loop never does.

Each has its own pace, can be rung to go at once, backs off while its system cannot be reached, and puts what it gets
into the one inbox. Nothing here knows what it carries.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from watchdog.errors import PortError, PortNonsense

log = structlog.get_logger("watchdog")

Inbox = queue.Queue[Any]
Clock = Callable[[], datetime]


class Worker:
    """Calls `work` each `interval_seconds()`, or when rung; hands what it returns (unless None) to the inbox.

    `work` may raise: `failed` makes a message of it, and the next call comes after a back-off that doubles from one
    second up to 30 s and ends with the first success.
    """

    BACKOFF_SECONDS_MIN = 1.0
    BACKOFF_SECONDS_MAX = 30.0

    def __init__(
        self,
        name: str,
        work: Callable[[], Any],
        failed: Callable[[PortError], Any],
        inbox: Inbox,
        interval_seconds: Callable[[], float],
    ) -> None:
        self._work = work
        self._failed = failed
        self._inbox = inbox
        self._interval_seconds = interval_seconds
        self._bell = threading.Event()
        self._stopping = False
        self._backoff_seconds = 0.0
        # A daemon: a call that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """Go now, without waiting for the interval; while the system is unreachable the back-off stands."""
        self._bell.set()

    def stop(self) -> None:
        self._stopping = True
        self._bell.set()

    def join(self, timeout_seconds: float) -> None:
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stopping:
            message = self._once()
            if message is not None and not self._stopping:
                self._inbox.put(message)
            self._rest()

    def _once(self) -> Any:
        try:
            message = self._work()
        except PortError as error:
            return self._failed(self._backing_off(error))
        except Exception as error:  # What an adapter stumbles over blinds one source, and not for good.
            name, stumbled = self._thread.name, f"stumbled over a {type(error).__name__}"
            log.exception("a source of observations stumbled; it is asked again", source=name)
            # The words of the error stay in the log, which is cleaned of secrets.
            return self._failed(self._backing_off(PortNonsense(name, stumbled, "the log has the rest")))
        self._backoff_seconds = 0.0
        return message

    def _backing_off(self, error: PortError) -> PortError:
        doubled = max(self.BACKOFF_SECONDS_MIN, self._backoff_seconds * 2)
        self._backoff_seconds = min(doubled, self.BACKOFF_SECONDS_MAX)
        return error

    def _rest(self) -> None:
        if self._backoff_seconds:
            deadline = time.monotonic() + self._backoff_seconds
            while not self._stopping and (left := deadline - time.monotonic()) > 0:
                self._bell.wait(min(left, 0.5))
                # A bell that rings during a back-off is heard after it.
                time.sleep(0.05 if self._bell.is_set() else 0)
        elif (interval := self._interval_seconds()) > 0:
            self._bell.wait(interval)
        self._bell.clear()
