"""Where the bench's stack lives, and how much is measured."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from stack import Settings as StackSettings
from stack.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "measurements.md"
POLL_SECONDS = 3.0
"""The watchdog's own pace, so that every poller here has the same."""

_STACK = {
    "STACK_DIR": str(REPOSITORY / ".stack-bench"),
    "STACK_KAFKA_PORT": "26092",
    "STACK_CONNECT_PORT": "26083",
    "STACK_SOURCE_PORT": "26306",
    "STACK_TARGET_PORT": "26307",
}


@dataclass(frozen=True)
class Amount:
    failures: int
    """That are made and waited for; 0 leaves the latency out."""
    idle_seconds: float
    """For each group of processes; 0 leaves the idle cost out."""


def stack_settings(environ: Mapping[str, str] = os.environ) -> StackSettings:
    """A stack beside all others; `BENCH_STACK_DIR`, `BENCH_STACK_KAFKA_PORT` and so on move it."""
    moved = {name: environ.get(f"BENCH_{name}", value) for name, value in _STACK.items()}
    return StackSettings.from_env({**environ, **moved})
