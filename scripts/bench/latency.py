"""From Connect's own record of a failure to the incident in /metrics, each failure seen by all at the same time."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack import Stack
from stack.console import say

from bench import watchdogs
from bench.failures import Failures
from bench.spread import Spread
from bench.tail import Tail
from bench.watchdogs import Watchdog


@dataclass(frozen=True)
class Latency:
    """Seconds after Connect's time stamp."""

    bare: Spread
    pushed: Spread
    polled: Spread
    pushed_own_mean: float | None
    """As the watchdog's own histogram has it: to its incident, without the answer of /metrics."""
    answer_seconds: float
    """One answer of /metrics, which the watchdogs' figures contain and the bare tail's do not."""


def measure(stack: Stack, folder: Path, count: int) -> Latency:
    with (
        Tail(stack.bootstrap_servers) as tail,
        watchdogs.complete(stack, folder) as complete,
        watchdogs.poll_only(stack, folder) as poll_only,
    ):
        failures = Failures(stack, tail)
        rows = [_one(failures, number, complete, poll_only) for number in range(1, count + 1)]
        own_mean = watchdogs.mean_detection_seconds(complete.metrics())
        answer = statistics.median(_timed(complete.metrics) for _ in range(20))
    bare, pushed, polled = (Spread.of(column) for column in zip(*rows, strict=True))
    return Latency(bare, pushed, polled, own_mean, answer)


def _one(failures: Failures, number: int, complete: Watchdog, poll_only: Watchdog) -> tuple[float, float, float]:
    with failures.one(number) as failed:
        # One after the other: the poll is seconds behind, so asking it second hides nothing.
        seen = failed.seen_at, complete.seen_at(), poll_only.seen_at()
    complete.wait_quiet()
    poll_only.wait_quiet()
    bare, pushed, polled = (at - failed.written_at for at in seen)
    told = f"bare {bare * 1000:.0f} ms, status topic {pushed * 1000:.0f} ms, poll {polled * 1000:.0f} ms"
    say("latency", f"failure {number}: {told}")
    return bare, pushed, polled


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
