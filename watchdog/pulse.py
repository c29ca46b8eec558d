"""The loop's own time: when it ticks, whether it still does, and whether the clock can be trusted."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

log = structlog.get_logger("watchdog")


class Pulse:
    """After a gap between two ticks that is negative or longer than `tilt_seconds` nothing is done for as long."""

    def __init__(self, clock: Callable[[], datetime], tilt_seconds: float = 30.0) -> None:
        self.now, self._tilt_seconds = clock, tilt_seconds
        self._last_tick_at: datetime | None = None
        self._tilted_until: datetime | None = None
        self._ticked = time.monotonic()

    def ticked(self, now: datetime) -> None:
        """A tick that began at `now` came to its end."""
        self._last_tick_at, self._ticked = now, time.monotonic()

    def seconds_since_tick(self) -> float:
        """By a clock that nobody sets."""
        return time.monotonic() - self._ticked

    def tilted(self, now: datetime) -> str:
        """Why nothing may be done in the tick that begins at `now`; else empty."""
        gap = (now - self._last_tick_at).total_seconds() if self._last_tick_at else 0.0
        if gap < 0 or gap > self._tilt_seconds:
            self._tilted_until = now + timedelta(seconds=self._tilt_seconds)
            log.warning("the clock jumped, or the machine slept: observing without acting for a while", gap_seconds=gap)
        if self._tilted_until and now < self._tilted_until:
            return f"the clock jumped or the machine slept; no action before {self._tilted_until:%H:%M:%S} UTC"
        return ""
