"""Waiting for a condition, with a deadline: the only place that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

from stack.errors import StackError

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T | None], seconds: float, what: str = "the condition", *, every: float = 0.1
) -> T:
    """The first truthy answer of `condition`; StackError once `seconds` have passed without one."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() >= deadline:
            raise StackError(f"gave up after {seconds:g} s waiting for {what}")
        time.sleep(every)
