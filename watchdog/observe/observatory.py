"""Shell: all the eyes as one thing, for the loop to start, to direct and to hear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from watchdog.authors import Question
from watchdog.model import ConnectorKey, ProbeRequest
from watchdog.observe.clusters import ClusterEyes
from watchdog.observe.databases import DatabaseEyes
from watchdog.observe.inquiries import Inquiries
from watchdog.observe.workers import Inbox
from watchdog.progress import Asked
from watchdog.world import Expected


class Eyes(Protocol):
    """Whatever looks at one system."""

    def expected(self) -> Iterator[Expected]: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class SubjectEyes(Eyes, Protocol):
    """Those of a registry."""

    def follow(self, cluster: str, topics: Mapping[str, tuple[str, bool]]) -> None: ...
    def focus(self, names: frozenset[str]) -> None: ...


class Observatory:
    """All the eyes; the loop takes what they saw from `inbox`."""

    def __init__(
        self,
        clusters: Mapping[str, ClusterEyes],
        databases: Mapping[str, DatabaseEyes],
        inbox: Inbox,
        registries: Sequence[SubjectEyes] = (),
        inquiries: Mapping[str, Inquiries] | None = None,
    ) -> None:
        self.inbox = inbox
        self._clusters, self._databases, self._registries = clusters, databases, tuple(registries)
        self._inquiries = inquiries or {}

    @property
    def kafka_of(self) -> Mapping[str, str]:
        """Connect cluster → a name for the Kafka cluster behind it."""
        return {name: eyes.kafka for name, eyes in self._clusters.items()}

    def start(self) -> None:
        # What hangs at its first question is told from the start, too.
        self.inbox.put(tuple(expected for eyes in self._all() for expected in eyes.expected()))
        for eyes in self._all():
            eyes.start()
        for inquiries in self._inquiries.values():
            inquiries.start()

    def stop(self) -> None:
        for eyes in self._all():
            eyes.stop()
        for inquiries in self._inquiries.values():
            inquiries.stop()

    def want(self, probes: Mapping[ConnectorKey, ProbeRequest], focus: frozenset[str]) -> None:
        for name, eyes in self._clusters.items():
            eyes.want({key: request for key, request in probes.items() if key.cluster == name})
        targets = {target for request in probes.values() for target in request.targets}
        for address, database in self._databases.items():
            database.focus(address in focus, targets)
        for registry in self._registries:
            registry.focus(focus)

    def follow(self, cluster: str, topics: Mapping[str, tuple[str, bool]]) -> None:
        self._clusters[cluster].follow(topics)
        for registry in self._registries:
            registry.follow(cluster, topics)

    def ask(self, questions: Sequence[Question]) -> None:
        """Who ran what; a database that has no entry is not asked."""
        for question in questions:
            if inquiries := self._inquiries.get(question.address):
                inquiries.ask(question)

    def survey(self, cluster: str, asked: Asked) -> None:
        self._clusters[cluster].survey(asked)

    def _all(self) -> tuple[Eyes, ...]:
        return (*self._clusters.values(), *self._databases.values(), *self._registries)
