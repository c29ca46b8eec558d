"""`/health` and `/` of a Connect worker → how it is, asked so that a sick worker does not hold up the statuses.

With its broker gone a worker takes ten seconds to say so, while it answers everything else at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from watchdog.errors import PortError, PortRefused

_GOOD_FOR = timedelta(seconds=2)
_MISSING_FOR = timedelta(minutes=10)
_VERSION_GOOD_FOR = timedelta(minutes=10)
"""Workers are upgraded one after the other, under our eyes."""


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """`healthy` is None on workers before 3.9, which have no `/health`."""

    healthy: bool | None = None
    message: str = ""
    version: str = ""


@dataclass
class Health:
    get: Callable[[str, float], Any]
    timeout_seconds: float
    _last: WorkerHealth = WorkerHealth()
    _asked_at: datetime | None = None
    _version_at: datetime | None = None

    @property
    def version(self) -> str:
        """As told last; empty while it is not known."""
        return self._last.version

    def look(self, now: datetime) -> WorkerHealth:
        """Asked again after a bad answer, or when the last good one is older than two seconds."""
        if self._asked_at is None or not timedelta(0) <= now - self._asked_at < self._good_for():
            healthy, message = self._ask()
            version = self._version(now) if healthy is not False else self._last.version
            self._last = WorkerHealth(healthy, message, version)
            self._asked_at = now
        return self._last

    def forget(self) -> None:
        """Another worker is asked from now on: nothing is known of its health."""
        self._last, self._asked_at = WorkerHealth(version=self._last.version), None

    def _good_for(self) -> timedelta:
        if self._last.healthy is None:
            return _MISSING_FOR
        return _GOOD_FOR if self._last.healthy else timedelta(0)

    def _ask(self) -> tuple[bool | None, str]:
        # A worker that is known to be sick gets a third of the time: its answer is quick once it is well again.
        seconds = self.timeout_seconds / (3 if self._last.healthy is False else 1)
        try:
            document = self.get("/health", seconds)
        except PortRefused as error:
            return (None, "") if error.status in (404, 405) else (False, str(error))
        except PortError as error:
            return False, str(error)
        answer = document if isinstance(document, dict) else {}
        return answer.get("status") == "healthy", str(answer.get("message", ""))[:500]

    def _version(self, now: datetime) -> str:
        at = self._version_at
        if self._last.version and at is not None and timedelta(0) <= now - at < _VERSION_GOOD_FOR:
            return self._last.version
        self._version_at = now
        try:
            document = self.get("/", self.timeout_seconds)
        except PortError:
            return self._last.version
        return str(document.get("version", ""))[:100] if isinstance(document, dict) else ""
