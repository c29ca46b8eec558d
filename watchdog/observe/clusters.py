"""Shell: one Connect cluster and the Kafka behind it, each port asked at its own pace → messages for the loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from watchdog.errors import PortError
from watchdog.model import (
    ConnectorKey,
    Poll,
    ProbeRequest,
    PushedStatus,
    Tailed,
    TopicPartition,
)
from watchdog.observe.probe import Prober
from watchdog.observe.survey import Slow, SourceSurvey, TopicSurvey
from watchdog.observe.workers import Clock, Inbox, Worker
from watchdog.ports import Brokers, Connect, Records, SchemaFeed, StatusFeed
from watchdog.progress import Asked
from watchdog.world import Configs, Expected, Heard, Pushed

CONFIGS_REFRESH_SECONDS = 60.0
"""A changed configuration shows itself by a restarted task; this is for the change that was missed."""
CONFIGS_SINGLY_MAX = 5
"""When more connectors fail at once, all configurations are read by one request."""
FLUSHES_OF_PATIENCE = 3
FEED_WAIT_SECONDS = 1.0
_FEED_INTERVAL = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks."""

    poll_seconds: float = 3.0
    probe_seconds: float = 1.0
    scan_records_max: int = 10_000
    progress_seconds: float = 15.0
    stall_seconds: float = 300.0
    flush_seconds: float = 60.0
    """The worker's `offset.flush.interval.ms`: offsets are shown that late."""

    rebalance_seconds: float = 300.0
    """The worker's `scheduled.rebalance.max.delay.ms`."""

    @property
    def patience_seconds(self) -> float:
        """An offset that stands still for longer is stuck, and not merely shown late."""
        return max(self.stall_seconds, FLUSHES_OF_PATIENCE * self.flush_seconds)


@dataclass(frozen=True, slots=True)
class ClusterPorts:
    """What a Connect cluster is seen through; without Kafka there is only the poll."""

    connect: Connect
    statuses: StatusFeed | None = None
    schemas: SchemaFeed | None = None
    records: Records | None = None
    brokers: Brokers | None = None
    pace: Pace = Pace()
    kafka: str = ""
    """A name for the Kafka cluster behind it: the same for Connect clusters that share one."""
    clean: Callable[[str], str] = str
    """Takes the secrets that are known by now out of a text."""


class ClusterEyes:
    """The workers of one Connect cluster."""

    def __init__(
        self, ports: ClusterPorts, positions: Mapping[TopicPartition, int], inbox: Inbox, clock: Clock
    ) -> None:
        self._ports = ports
        self._name = ports.connect.name
        self._clock = clock
        self._positions = dict(positions)
        self._topics: dict[str, tuple[str, bool]] = {}
        self._followed: dict[str, tuple[str, bool]] = {}
        self._used_topics: Mapping[str, frozenset[str]] = {}
        self._wanted: Mapping[ConnectorKey, ProbeRequest] = {}
        self._configs_at: datetime | None = None
        self._configs_stale = threading.Event()
        self._prober = Prober(ports.connect, ports.records, ports.pace.scan_records_max, clock)
        pace = ports.pace
        self._poll = self._worker("connect", self._look, lambda: pace.poll_seconds, inbox)
        self._probes = self._worker("probes", self._probe, lambda: pace.probe_seconds, inbox)
        self._workers = [self._poll, self._probes]
        if ports.statuses:
            self._workers.append(self._worker("status-topic", self._listen, lambda: _FEED_INTERVAL, inbox))
        if ports.schemas:
            self._workers.append(self._worker("schema-topics", self._tail, lambda: _FEED_INTERVAL, inbox))
        self._asked = Asked()
        self._surveys: list[Worker] = []
        sources = SourceSurvey(ports.connect, pace.patience_seconds, clock)
        self._workers.append(self._survey("source-offsets", sources.look, inbox))
        if ports.brokers:
            topics = TopicSurvey(self._name, ports.brokers, pace.patience_seconds, clock)
            self._workers.append(self._survey("sink-offsets", topics.look, inbox))

    @property
    def kafka(self) -> str:
        return self._ports.kafka

    def expected(self) -> Iterator[Expected]:
        yield Expected(self._name, "connect")
        if self._ports.statuses:
            yield Expected(self._name, "status-topic")
        if self._ports.schemas:
            yield Expected(self._name, "schema-topics")
        yield Expected(self._name, "source-offsets")
        if self._ports.brokers:
            yield Expected(self._name, "sink-offsets")

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()

    def want(self, wanted: Mapping[ConnectorKey, ProbeRequest]) -> None:
        """What to find out from now on; what is new is asked at once."""
        news = any(self._wanted.get(key) != request for key, request in wanted.items())
        self._wanted = wanted
        if news:
            self._probes.ring()

    def follow(self, topics: Mapping[str, tuple[str, bool]]) -> None:
        self._topics = dict(topics)

    def survey(self, asked: Asked) -> None:
        """Whose progress to look at from now on."""
        if asked != self._asked:
            self._asked = asked
            for worker in self._surveys:
                worker.ring()

    def _survey(self, source: str, look: Callable[[Asked], tuple[Any, ...]], inbox: Inbox) -> Worker:
        slow = Slow(look, self._ports.pace.progress_seconds)

        def work() -> tuple[object, ...]:
            return *slow.look(self._asked), Heard(self._name, source, self._clock())

        worker = self._worker(source, work, slow.pause_seconds, inbox)
        self._surveys.append(worker)
        return worker

    def _worker(self, source: str, work: Callable[[], Any], interval: Callable[[], float], inbox: Inbox) -> Worker:
        def failed(error: PortError) -> tuple[object, ...]:
            return self._failed(source, error)

        return Worker(f"{source}:{self._name}", work, failed, inbox, interval)

    def _failed(self, source: str, error: PortError) -> tuple[object, ...]:
        now = self._clock()
        heard = Heard(self._name, source, now, str(error))
        return (Poll(self._name, now, error=str(error)), heard) if source == "connect" else (heard,)

    def _look(self) -> tuple[object, ...]:
        poll = replace(self._ports.connect.poll(), rebalance_seconds=self._ports.pace.rebalance_seconds)
        # A worker without its broker goes on telling what it knew last.
        stale = _stale(poll.health_message) if poll.healthy is False else ""
        messages: list[object] = [poll, Heard(self._name, "connect", poll.started_at, poll.error or stale)]
        if not poll.error and self._configs_due(poll.started_at):
            messages += self._read_configs(poll.started_at)
        return tuple(messages)

    def _read_configs(self, now: datetime) -> tuple[object, ...]:
        self._configs_stale.clear()
        try:
            configs = self._ports.connect.configs()
        except PortError as error:
            # The states were read all the same; the next poll asks again.
            self._configs_stale.set()
            return (Heard(self._name, "configs", now, str(error)),)
        self._configs_at = now
        return Configs(self._name, configs, whole=True), Heard(self._name, "configs", now)

    def _configs_due(self, now: datetime) -> bool:
        at = self._configs_at
        return at is None or self._configs_stale.is_set() or (now - at).total_seconds() > CONFIGS_REFRESH_SECONDS

    def _listen(self) -> tuple[object, ...]:
        feed = self._ports.statuses
        assert feed is not None
        statuses = tuple(feed.read(FEED_WAIT_SECONDS))
        now = self._clock()
        heard = Heard(self._name, "status-topic", now)
        used_topics = feed.topics_of()
        # Also without news the topics are told once: after a restart of ours nothing may happen for long.
        if not statuses and used_topics == self._used_topics:
            return (heard,)
        self._used_topics = dict(used_topics)
        # A changed configuration restarts the connector: read the configurations again with the next poll.
        if any(status.task is None for status in statuses):
            self._configs_stale.set()
        if statuses:
            self._poll.ring()
        return Pushed(self._name, self._without_secrets(statuses), self._used_topics, now), heard

    def _without_secrets(self, statuses: tuple[PushedStatus, ...]) -> tuple[PushedStatus, ...]:
        """A trace may quote a new password: the configuration is read first, or the trace is left to the poll."""
        failed = {status.connector for status in statuses if status.trace}
        try:
            if failed:
                self._ports.connect.configs(failed if len(failed) <= CONFIGS_SINGLY_MAX else None)
        except PortError:
            return tuple(status for status in statuses if not status.trace)
        return tuple(replace(s, trace=self._ports.clean(s.trace)) if s.trace else s for s in statuses)

    def _tail(self) -> tuple[object, ...]:
        feed = self._ports.schemas
        assert feed is not None
        if self._topics != self._followed:
            topics = dict(self._topics)
            feed.follow(topics, self._positions)
            self._followed = topics
        tailed: Tailed = feed.read(FEED_WAIT_SECONDS)
        heard = Heard(self._name, "schema-topics", self._clock(), _waits(tailed))
        if not tailed.positions and not tailed.unreadable:
            return (heard,)
        return (self._name, tailed), heard

    def _probe(self) -> tuple[object, ...]:
        return tuple(self._prober.probe(request) for request in list(self._wanted.values()))


def _waits(tailed: Tailed) -> str:
    """What cannot be read yet, as the trouble of the source that it is; empty where nothing waits."""
    if not tailed.held:
        return ""
    where, why = tailed.held[0]
    others = f" and {len(tailed.held) - 1} more" if len(tailed.held) > 1 else ""
    return f"reading waits at {where}{others}: {why}"


def _stale(message: str) -> str:
    said = f": {message}" if message else ""
    advice = "see the worker's log, and whether it reaches its brokers"
    return f"GET /health: it is not healthy{said}, and what it tells may be stale ({advice})"
