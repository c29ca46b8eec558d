"""Whoever was not let in asks again later, and less and less often: a wrong password may lock an account."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from watchdog.errors import PortError

_PAUSE_SECONDS_MAX = 120.0
_DOORS_MAX = 1000
"""That are remembered: a user without rights on one connector each has as many."""


@dataclass
class Doors:
    """Where we were not let in, and until when the same is not tried again (monotonic seconds)."""

    pause_seconds: float
    """After the first refusal; the next pauses are twice as long, up to two minutes."""
    clock: Callable[[], float] = time.monotonic
    _shut: dict[str, tuple[float, float, PortError]] = field(default_factory=dict)

    def pass_through(self, *doors: str) -> None:
        """Raises the answer of the last try while it is too early for another one."""
        for door in ("", *doors):
            until, _, error = self._shut.get(door, (0.0, 0.0, None))
            if error is not None and self.clock() < until:
                raise error.with_traceback(None)

    def shut(self, door: str, error: PortError) -> None:
        _, before, _ = self._shut.get(door, (0.0, 0.0, None))
        pause = min(max(self.pause_seconds, before * 2), _PAUSE_SECONDS_MAX)
        if len(self._shut) >= _DOORS_MAX:
            self._shut.clear()
        self._shut[door] = (self.clock() + pause, pause, error)

    def opened(self, *doors: str) -> None:
        """An answer came through these."""
        for door in ("", *doors):
            self._shut.pop(door, None)
