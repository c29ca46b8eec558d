"""Durations → histogram buckets: the upper bounds that the counters are kept by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

DETECTION_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""From a failure, by Connect's own clock, to its incident: a push takes milliseconds, a poll seconds."""

RECOVERY_SECONDS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 21600.0)
"""From a failure to its verified recovery: what waits for a person takes hours."""

LAST = "+Inf"


def bucket(bounds: Sequence[float], seconds: float) -> str:
    """The label `le` of the one bucket that `seconds` falls into, a bound belonging to its own bucket.

    `bucket(DETECTION_SECONDS, 0.05)` is `0.05`, 0.06 is `0.1`, 301 is `+Inf`. Not cumulative.
    """
    place = bisect_left(bounds, seconds)
    return str(bounds[place]) if place < len(bounds) else LAST


def labels(bounds: Sequence[float]) -> tuple[str, ...]:
    """Every value that `le` can take, in order."""
    return (*(str(bound) for bound in bounds), LAST)
