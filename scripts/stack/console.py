"""One line for each step, on stderr, with the seconds since the command began."""

import sys
import time

_STARTED = time.monotonic()


def say(part: str, text: str) -> None:
    elapsed = time.monotonic() - _STARTED
    print(f"{elapsed:6.1f} s  {part:<10} {text}", file=sys.stderr, flush=True)
