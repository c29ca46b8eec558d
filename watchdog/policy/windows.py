"""PURE: spans of time in which something else holds: each week, or once; in a time zone of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Weekly:
    """From `start` to `end` by the wall clock of `zone`, on each of `days` (0 is Monday). An `end` that is not after
    `start` is on the next day."""

    days: frozenset[int]
    start: time
    end: time
    zone: tzinfo = UTC
    text: str = ""
    """As it was written."""

    def ends(self, now: datetime) -> datetime | None:
        """When the window that `now` is in ends; None outside of it."""
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            last = day + timedelta(days=self.end <= self.start)
            # In UTC: two times of one zone are compared by their wall clocks, which a change of the hour tricks.
            starts = datetime.combine(day, self.start, self.zone).astimezone(UTC)
            ends = datetime.combine(last, self.end, self.zone).astimezone(UTC)
            if day.weekday() in self.days and starts <= now < ends:
                return ends
        return None


@dataclass(frozen=True, slots=True)
class Once:
    """From one moment to another."""

    start: datetime
    end: datetime
    text: str = ""

    def ends(self, now: datetime) -> datetime | None:
        return self.end.astimezone(UTC) if self.start <= now < self.end else None


Window = Weekly | Once


def open_until(windows: Iterable[Window], now: datetime) -> datetime | None:
    """The latest end of those that `now` is in; None when it is in none."""
    return max((end for window in windows if (end := window.ends(now))), default=None)
