"""Traces as they came → traces that may be shown.

Remembers what it cleaned: hundreds of failed tasks bring the same traces with every poll.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from watchdog.model import ConnectorStatus
from watchdog.redact import Redactor, clean_text

_Key = tuple[str, int, int]


@dataclass
class Traces:
    redactor: Redactor
    _cleaned: dict[_Key, tuple[int, str]] = field(default_factory=dict)
    _used: set[_Key] = field(default_factory=set)

    def unseen(self, status: ConnectorStatus) -> bool:
        """Whether a trace is new: the configuration may have changed with it, and have brought a new secret."""
        return any(_key(status.name, trace) not in self._cleaned for trace in _traces(status))

    def cleaned(self, status: ConnectorStatus, config_read: bool) -> ConnectorStatus:
        """With traces that may be shown; a new one is withheld (empty) when the configuration could not be read."""
        if not any(_traces(status)):
            return status
        tasks = tuple(replace(task, trace=self._clean(status.name, task.trace, config_read)) for task in status.tasks)
        return replace(status, trace=self._clean(status.name, status.trace, config_read), tasks=tasks)

    def forget_old(self) -> None:
        """Drop what no status held since the last time."""
        self._cleaned = {key: self._cleaned[key] for key in self._used}
        self._used.clear()

    def _clean(self, name: str, trace: str | None, config_read: bool) -> str | None:
        if not trace:
            return trace
        key = _key(name, trace)
        learnt, text = self._cleaned.get(key, (-1, ""))
        if learnt < 0 and not config_read:
            return ""
        # A secret learnt meanwhile, of whichever connector, may be in it too.
        if learnt != self.redactor.learnt:
            learnt, text = self.redactor.learnt, clean_text(trace, redactor=self.redactor)
            self._cleaned[key] = (learnt, text)
        self._used.add(key)
        return text


def _traces(status: ConnectorStatus) -> list[str]:
    return [trace for trace in (status.trace, *(task.trace for task in status.tasks)) if trace]


def _key(name: str, trace: str) -> _Key:
    return name, len(trace), hash(trace)
