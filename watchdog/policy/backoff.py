"""PURE: how long to wait before the next try. Durations in seconds; equal arguments give an equal pause."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Pace(StrEnum):
    SQUARES = "n2+n"
    """n² + n minutes after the nth useless restart, capped at 60: 0, 2, 6, 12, 20, 30, 42, 56, 60."""
    EXPONENTIAL = "exponential"
    """`base_seconds`, doubled each time, capped at `cap_seconds`, up to `jitter` of it more or less."""
    LIST = "list"
    """`steps`, one after the other; the last one goes on."""


@dataclass(frozen=True, slots=True)
class Backoff:
    pace: Pace = Pace.SQUARES
    base_seconds: float = 30.0
    cap_seconds: float = 3600.0
    jitter: float = 0.2
    """A share of the pause, 0 to 1."""
    steps: tuple[float, ...] = ()

    def pause_seconds(self, useless: int, incident_id: str = "") -> float:
        """After so many useless restarts; 0 after none. Jitter differs from incident to incident, not from tick to
        tick."""
        if useless <= 0:
            return 0.0
        if self.pace is Pace.LIST:
            return self.steps[min(useless, len(self.steps)) - 1]
        if self.pace is Pace.SQUARES:
            return min(useless * useless + useless, 60) * 60.0
        pause = min(self.base_seconds * 2.0 ** min(useless - 1, 32), self.cap_seconds)
        return min(pause * (1 + self.jitter * _between_minus_one_and_one(f"{incident_id}/{useless}")), self.cap_seconds)

    def __str__(self) -> str:
        if self.pace is Pace.LIST:
            return f"a list of {len(self.steps)} pauses, the last one goes on"
        if self.pace is Pace.SQUARES:
            return "n2+n: n² + n minutes, capped at 60"
        jitter = f", give or take {self.jitter:.0%}" if self.jitter else ""
        return f"exponential: {self.base_seconds:g} s, doubled each time, capped at {self.cap_seconds:g} s{jitter}"


def _between_minus_one_and_one(seed: str) -> float:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**31 - 1.0


def conflict_seconds(conflicts: int) -> float:
    """2ⁿ seconds, capped at 30, after the nth 409 in a row: 2, 4, 8, 16, 30."""
    return float(min(2 ** min(conflicts, 5), 30))
