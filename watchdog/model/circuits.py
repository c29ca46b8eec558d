"""Many tasks of one Connect cluster fail together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Circuit:
    """While it is open, each cause is tried at one connector first. `failing` of `tasks` failed when it opened."""

    cluster: str
    opened_at: datetime
    failing: int
    tasks: int
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.closed_at is None
