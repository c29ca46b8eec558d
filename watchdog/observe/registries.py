"""Shell: asks a schema registry for the subjects of the watched sources' topics, at its own pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from watchdog.contracts import topic_of
from watchdog.errors import PortError
from watchdog.model import Subject, SubjectsView
from watchdog.observe.workers import Clock, Inbox, Worker
from watchdog.ports import Registry
from watchdog.world import Expected, Heard, Subjects

READ_MAX = 100
"""Subjects read in one look, three calls each; of more, those read longest ago come first."""
AWAITED_SECONDS = 2.0
"""Between two looks at the subjects that an open incident waits for."""


class RegistryEyes:
    """The worker of one registry. `clusters`: the Connect clusters that write through it."""

    def __init__(
        self, registry: Registry, clusters: tuple[str, ...], pace_seconds: float, inbox: Inbox, clock: Clock
    ) -> None:
        self._registry, self._clusters, self._clock = registry, clusters, clock
        self._source = f"registry:{registry.name}"
        self._prefixes: dict[str, frozenset[str]] = {}
        self._known: dict[str, tuple[datetime, Subject | None]] = {}
        self._awaited: frozenset[str] = frozenset()
        self._pace_seconds = pace_seconds
        self._worker = Worker(self._source, self._look, self._failed, inbox, self._interval)

    def expected(self) -> Iterator[Expected]:
        yield Expected("", self._source)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def follow(self, cluster: str, topics: Mapping[str, tuple[str, bool]]) -> None:
        """The schema topics of a cluster: their sources' prefixes tell which subjects matter."""
        if cluster not in self._clusters:
            return
        prefixes = frozenset(prefix for prefix, _ in topics.values() if prefix)
        if prefixes != self._prefixes.get(cluster, frozenset()):
            self._prefixes[cluster] = prefixes
            self._worker.ring()

    def focus(self, names: frozenset[str]) -> None:
        """What is awaited; names that are no subjects of this registry's are none of its business."""
        awaited = frozenset(name for name in names if name in self._known)
        if awaited - self._awaited:
            self._worker.ring()
        self._awaited = awaited

    def _interval(self) -> float:
        return min(AWAITED_SECONDS, self._pace_seconds) if self._awaited else self._pace_seconds

    def _look(self) -> tuple[object, ...]:
        now = self._clock()
        prefixes = tuple(f"{prefix}." for each in self._prefixes.values() for prefix in each)
        names = [
            name for name in self._registry.subjects() if _is_of_values(name) and topic_of(name).startswith(prefixes)
        ]
        self._read(names, now)
        there = set(names)
        subjects = {name: subject for name, (_, subject) in self._known.items() if subject and name in there}
        missing = frozenset(name for name, (_, subject) in self._known.items() if subject is None or name not in there)
        return Subjects(self._registry.name, self._clusters, SubjectsView(now, subjects, missing)), self._heard(now)

    def _read(self, names: list[str], now: datetime) -> None:
        """What is awaited each time; of the others the first look at each before the second one at any."""
        never = datetime.min.replace(tzinfo=now.tzinfo)
        read_at = {name: self._known[name][0] if name in self._known else never for name in names}
        # A look for what is awaited comes early: what was read at the usual pace is not read again for it.
        due = [name for name in names if (now - read_at[name]).total_seconds() >= self._pace_seconds * 0.9]
        first = [name for name in names if name in self._awaited]
        rest = sorted((name for name in due if name not in self._awaited), key=lambda name: read_at[name])
        for name in [*first, *rest][:READ_MAX]:
            asked_at = self._clock()
            subject = self._registry.latest(name)
            self._known[name] = asked_at, replace(subject, at=asked_at) if subject else None

    def _failed(self, error: PortError) -> tuple[object, ...]:
        """What was known stays, with the reason why it may be old: unknown is not compatible."""
        subjects = {name: subject for name, (_, subject) in self._known.items() if subject}
        at = max((at for at, _ in self._known.values()), default=None)
        view = SubjectsView(at, subjects, error=str(error))
        return Subjects(self._registry.name, self._clusters, view), self._heard(self._clock(), str(error))

    def _heard(self, now: datetime, error: str = "") -> Heard:
        return Heard("", self._source, now, error)


def _is_of_values(subject: str) -> bool:
    return not subject.endswith(("-key", ".Key"))
