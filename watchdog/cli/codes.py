"""Exceptions → exit codes and messages: the one place where both are decided."""

from __future__ import annotations

from watchdog.errors import PortTimeout, PortUnauthorized, PortUnreachable, SettingsError, WatchdogError

OK = 0
ERROR = 1
USAGE = 2
UNHEALTHY = 3
UNAUTHORIZED = 4
UNREACHABLE = 5
INTERRUPTED = 130

# The first that fits: what is special comes before what it is a case of.
_CODES: tuple[tuple[type[WatchdogError], int], ...] = (
    (SettingsError, USAGE),
    (PortUnauthorized, UNAUTHORIZED),
    (PortUnreachable, UNREACHABLE),
    (PortTimeout, UNREACHABLE),
    (WatchdogError, ERROR),
)


def exit_code(error: WatchdogError) -> int:
    return next(code for kind, code in _CODES if isinstance(error, kind))


def messages(error: WatchdogError) -> tuple[str, ...]:
    """One line for each thing that is wrong."""
    return error.problems if isinstance(error, SettingsError) else (str(error),)
