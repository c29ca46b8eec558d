"""Everything that this package raises on purpose.

    WatchdogError
    ├── SettingsError          the configuration cannot be used; holds every problem found, with its place
    ├── JournalError           the journal cannot be read or written
    │   ├── JournalMissing     there is none yet
    │   ├── JournalLocked      another process writes it at this moment
    │   ├── JournalLost        its file, or its lock's, was removed or replaced while in use
    │   └── JournalUnusable    damaged, of a newer version, another program's, or on a network file system
    └── PortError              the other side of a port; holds target, what happened and what to do next
        ├── PortUnreachable    no connection, or none in time
        ├── PortTimeout        connected, but no whole answer before the deadline
        ├── PortRefused        an answer that says no (`status` holds the HTTP code where there is one)
        │   └── PortUnauthorized   wrong or missing credentials
        └── PortNonsense       an answer that is too large, or is not what was asked for

Adapters translate the clients' errors into `PortError` once, chained; above them only `PortError` is caught.
No message holds a secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class WatchdogError(Exception):
    """The root of the tree."""


class SettingsError(WatchdogError):
    """`problems` are complete lines: place, what is wrong, what would be right."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class JournalError(WatchdogError):
    """Path, what happened, what to do next."""


class JournalMissing(JournalError):
    """A reading verb was asked before any watchdog has written."""


class JournalLocked(JournalError):
    """Another process writes this journal."""


class JournalLost(JournalError):
    """What is open is not what is at the path any more: whoever acted on it has to become the writer again."""


class JournalUnusable(JournalError):
    """As long as the file stays as it is; it is never repaired or replaced by us."""


class PortError(WatchdogError):
    """`target` is what was asked (no credentials in it), `problem` what happened, `advice` the next step."""

    def __init__(self, target: str, problem: str, advice: str = "") -> None:
        super().__init__(f"{target}: {problem}" + (f" ({advice})" if advice else ""))
        self.target = target
        self.problem = problem
        self.advice = advice


class PortUnreachable(PortError):
    """`sent` is False where nothing can have reached the other side: asking elsewhere does nothing twice."""

    def __init__(self, target: str, problem: str, advice: str = "", sent: bool = True) -> None:
        super().__init__(target, problem, advice)
        self.sent = sent


class PortTimeout(PortError):
    pass


class PortRefused(PortError):
    def __init__(self, target: str, problem: str, advice: str = "", status: int | None = None) -> None:
        super().__init__(target, problem, advice)
        self.status = status


class PortUnauthorized(PortRefused):
    pass


class PortNonsense(PortError):
    pass
