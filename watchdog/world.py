"""PURE: messages from the workers → the `Observation`: the last thing heard from each source, and how old it is.

The poll is the truth. What Connect pushes through its status topic is laid over it only while it is newer than the
poll, so that a record that is lost changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from watchdog.model import (
    ClusterView,
    ConnectorConfig,
    ConnectorKey,
    ConnectorStatus,
    DatabaseColumns,
    Observation,
    Poll,
    Probe,
    Progress,
    PushedStatus,
    SourceHealth,
    State,
    SubjectsView,
    TaskStatus,
    TopicsView,
)
from watchdog.progress import advanced, beside, still_there

M = TypeVar("M", bound=Mapping[str, object])

REST_BEHIND = timedelta(seconds=1)
"""A worker answers from its own copy of the status topic, which may be a moment behind ours: an answer that was asked
for sooner after a push than this does not undo it."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """State changes and when they arrived here."""

    cluster: str
    statuses: tuple[PushedStatus, ...]
    used_topics: Mapping[str, frozenset[str]]
    at: datetime


@dataclass(frozen=True, slots=True)
class Configs:
    cluster: str
    configs: Mapping[str, ConnectorConfig]
    whole: bool
    """Whether these are all there are."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a registry told of the subjects of these Connect clusters' topics."""

    registry: str
    clusters: tuple[str, ...]
    view: SubjectsView


@dataclass(frozen=True, slots=True)
class Heard:
    """A source answered, or did not (`error`)."""

    cluster: str
    source: str
    at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """A source that will be heard of: until then it is known to be unseen."""

    cluster: str
    source: str


@dataclass(frozen=True, slots=True)
class World:
    """What is believed. `late` holds what was pushed since each cluster's last poll was started."""

    polls: Mapping[str, ClusterView] = field(default_factory=dict)
    late: Mapping[str, tuple[tuple[datetime, PushedStatus], ...]] = field(default_factory=dict)
    databases: Mapping[str, DatabaseColumns] = field(default_factory=dict)
    probes: Mapping[ConnectorKey, Probe] = field(default_factory=dict)
    sources: Mapping[tuple[str, str], SourceHealth] = field(default_factory=dict)
    progress: Mapping[ConnectorKey, Progress] = field(default_factory=dict)
    topics: Mapping[str, TopicsView] = field(default_factory=dict)
    subjects: Mapping[str, Subjects] = field(default_factory=dict)
    """By registry."""

    def observation(self, now: datetime) -> Observation:
        clusters = {name: _overlaid(view, self.late.get(name, ())) for name, view in self.polls.items()}
        return Observation(
            now,
            clusters,
            self.databases,
            self.probes,
            tuple(self.sources.values()),
            self.progress,
            self.topics,
            self._subjects(),
        )

    def after(self, message: object) -> World:
        """The world with one message in it; a message of an unknown kind changes nothing."""
        match message:
            case Poll():
                return self._after_poll(message)
            case Pushed():
                return self._after_push(message)
            case Configs():
                return self._after_configs(message)
            case DatabaseColumns():
                return self._after_columns(message)
            case Probe():
                return replace(self, probes={**self.probes, message.key: message})
            case Progress():
                advance = advanced(self.progress.get(message.key), message)
                return replace(self, progress={**self.progress, message.key: advance})
            case TopicsView():
                return replace(
                    self,
                    topics={**self.topics, message.cluster: still_there(self.topics.get(message.cluster), message)},
                )
            case Subjects():
                return replace(self, subjects={**self.subjects, message.registry: message})
            case Heard():
                return self._after_hearing(message)
            case Expected(cluster, source) if (cluster, source) not in self.sources:
                health = SourceHealth(cluster, source, None)
                return replace(self, sources={**self.sources, (cluster, source): health})
        return self

    def _subjects(self) -> dict[str, SubjectsView]:
        found: dict[str, SubjectsView] = {}
        for told in self.subjects.values():
            for cluster in told.clusters:
                found[cluster] = _together(found[cluster], told.view) if cluster in found else told.view
        return found

    def _after_poll(self, poll: Poll) -> World:
        view = self.polls.get(poll.cluster, ClusterView(poll.cluster))
        if poll.error:
            view = replace(view, error=poll.error, healthy=poll.healthy, health_message=poll.health_message)
            return replace(self, polls={**self.polls, poll.cluster: view})
        # A part of an answer adds to what is known; a whole one replaces it, and what is not in it is gone.
        connectors = poll.connectors if poll.complete else {**view.connectors, **poll.connectors}
        known = view.configs if not poll.complete else {n: c for n, c in view.configs.items() if n in connectors}
        view = replace(
            view,
            polled_at=poll.started_at,
            connectors=connectors,
            configs=_same(view.configs, {**known, **poll.configs}),
            healthy=poll.healthy,
            health_message=poll.health_message,
            version=poll.version or view.version,
            complete=poll.complete,
            error="",
            rebalance_seconds=poll.rebalance_seconds,
        )
        there = self.progress
        if poll.complete:
            there = {
                key: each for key, each in there.items() if key.cluster != poll.cluster or key.connector in connectors
            }
        newer_than = poll.started_at - REST_BEHIND
        late = tuple(entry for entry in self.late.get(poll.cluster, ()) if entry[0] > newer_than)
        return replace(
            self, polls={**self.polls, poll.cluster: view}, late={**self.late, poll.cluster: late}, progress=there
        )

    def _after_push(self, pushed: Pushed) -> World:
        view = self.polls.get(pushed.cluster, ClusterView(pushed.cluster))
        failed_at = {**view.failed_at}
        for status in pushed.statuses:
            if status.state is State.FAILED:
                failed_at[status.connector, status.task] = status.at
        view = replace(view, failed_at=failed_at, used_topics=_same(view.used_topics, pushed.used_topics))
        late = (*self.late.get(pushed.cluster, ()), *((pushed.at, status) for status in pushed.statuses))
        return replace(
            self, polls={**self.polls, pushed.cluster: view}, late={**self.late, pushed.cluster: late[-10_000:]}
        )

    def _after_configs(self, message: Configs) -> World:
        view = self.polls.get(message.cluster, ClusterView(message.cluster))
        configs = _same(view.configs, message.configs if message.whole else {**view.configs, **message.configs})
        return replace(self, polls={**self.polls, message.cluster: replace(view, configs=configs)})

    def _after_columns(self, columns: DatabaseColumns) -> World:
        if columns.error and (before := self.databases.get(columns.address)):
            columns = replace(before, error=columns.error)
        of_it = {key: beside(each, columns) for key, each in self.progress.items() if each.address == columns.address}
        databases = {**self.databases, columns.address: columns}
        return replace(self, databases=databases, progress={**self.progress, **of_it} if of_it else self.progress)

    def _after_hearing(self, heard: Heard) -> World:
        before = self.sources.get((heard.cluster, heard.source))
        last_success = heard.at if not heard.error else before.last_success if before else None
        health = SourceHealth(heard.cluster, heard.source, last_success, heard.error)
        return replace(self, sources={**self.sources, (heard.cluster, heard.source): health})


def _together(one: SubjectsView, other: SubjectsView) -> SubjectsView:
    """Of two registries that serve one cluster: a subject is missing where neither has it."""
    ats = [view.at for view in (one, other) if view.at is not None]
    return SubjectsView(
        at=min(ats) if len(ats) == 2 else None,
        subjects={**other.subjects, **one.subjects},
        missing=one.missing & other.missing,
        error=one.error or other.error,
    )


def _same(before: M, now: M) -> M:
    """What was believed before, when nothing is different: all that is derived from it stands."""
    return before if before == now else now


def _overlaid(view: ClusterView, late: tuple[tuple[datetime, PushedStatus], ...]) -> ClusterView:
    connectors = dict(view.connectors)
    for _, pushed in late:
        known = connectors.get(pushed.connector)
        # Before the configuration was read its secrets are not known, and the trace may hold one: wait for the poll.
        if known is not None and pushed.connector in view.configs:
            connectors[pushed.connector] = _with(known, pushed)
    return replace(view, connectors=connectors) if late else view


def _with(status: ConnectorStatus, pushed: PushedStatus) -> ConnectorStatus:
    if pushed.task is None:
        return replace(status, state=pushed.state, worker=pushed.worker, trace=pushed.trace)
    task = TaskStatus(pushed.task, pushed.state, pushed.worker, pushed.trace)
    others = tuple(known for known in status.tasks if known.id != pushed.task)
    return replace(status, tasks=tuple(sorted((*others, task), key=lambda each: each.id)))
