"""Shell: how far every connector is, and what the topics that matter promise; a look at a time, each within bounds.

Sinks are asked for by the brokers, all at once. Sources have to be asked for one request each: those that answered
slowly come last, and what a look has no time for comes first in the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from watchdog.errors import PortError
from watchdog.model import ConnectorKey, Group, Progress, TopicFacts, TopicPartition, TopicsView, split_partition
from watchdog.observe.workers import Clock
from watchdog.ports import Brokers, Connect
from watchdog.progress import Asked, source_offset

LOOK_SECONDS = 10.0
"""What one look at the sources may take, and then the question that is under way."""
SHARE = 20.0
"""The pause is at least that many times as long as the look took: a twentieth of the time, however many there are."""
PAUSE_SECONDS_MAX = 600.0
FIRST_RECORDS_MAX = 50
"""Partitions of which the first waiting record is read in one look."""
OFFSETS_RETENTION_REFRESH_SECONDS = 3600.0

Standing = tuple[TopicPartition, int]
"""A partition, and the offset at which a sink stands in it."""


class Slow:
    """A look that is paced by what it costs."""

    def __init__(
        self,
        look: Callable[[Asked], tuple[object, ...]],
        pause_seconds_min: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look, self._pause_seconds_min, self._monotonic = look, pause_seconds_min, monotonic
        self._took_seconds = 0.0

    def look(self, asked: Asked) -> tuple[object, ...]:
        began = self._monotonic()
        try:
            return self._look(asked)
        finally:
            self._took_seconds = self._monotonic() - began

    def pause_seconds(self) -> float:
        return max(self._pause_seconds_min, min(self._took_seconds * SHARE, PAUSE_SECONDS_MAX))


class SourceSurvey:
    """Every source's stored offset, from Connect."""

    def __init__(
        self,
        connect: Connect,
        patience_seconds: float,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._patience_seconds = connect, patience_seconds
        self._clock, self._monotonic = clock, monotonic
        self._last: dict[str, tuple[int, float]] = {}
        """The number of the look in which each source was asked last, and how long its answer took."""
        self._number = 0

    def look(self, asked: Asked) -> tuple[Progress, ...]:
        self._number += 1
        self._last = {name: last for name, last in self._last.items() if name in asked.sources}
        return tuple(self._within_time(asked))

    def _within_time(self, asked: Asked) -> Iterator[Progress]:
        ends = self._monotonic() + LOOK_SECONDS
        for name in sorted(asked.sources, key=self._turn):
            began = self._monotonic()
            if began >= ends:
                return
            yield self._one(name, *asked.sources[name])
            self._last[name] = self._number, self._monotonic() - began

    def _turn(self, name: str) -> tuple[bool, int, str]:
        number, seconds = self._last.get(name, (0, 0.0))
        return seconds > LOOK_SECONDS / 10, number, name

    def _one(self, name: str, prefix: str, address: str) -> Progress:
        progress = Progress(ConnectorKey(self._connect.name, name), self._clock(), self._patience_seconds)
        try:
            offsets = self._connect.offsets(name)
        except PortError as error:
            return replace(progress, error=str(error), address=address)
        untold = "" if offsets.known else "Connect does not tell offsets (workers before 3.5)"
        return replace(progress, error=untold, address=address, source=source_offset(offsets.source, prefix))


class TopicSurvey:
    """Every sink's group against the topics that it reads, and the settings of those topics and of the histories."""

    def __init__(self, cluster: str, brokers: Brokers, patience_seconds: float, clock: Clock) -> None:
        self._cluster, self._brokers = cluster, brokers
        self._patience_seconds, self._clock = patience_seconds, clock
        self._before: Mapping[str, Progress] = {}
        self._first = FirstRecords(brokers)
        self._retention: tuple[float, float | None] | None = None

    def look(self, asked: Asked) -> tuple[TopicsView | Progress, ...]:
        at = self._clock()
        groups = self._brokers.groups({group for group, _ in asked.sinks.values()})
        names = {topic for _, topics in asked.sinks.values() for topic in topics}
        topics = self._brokers.topics(asked.histories | names)
        sinks = [self._sink(name, asked, groups, topics, at) for name in asked.sinks]
        stand = {sink.key: self._standing(sink) for sink in sinks}
        self._before = {sink.key.connector: sink for sink in sinks}
        first_at = self._first.of({place for places in stand.values() for place in places})
        view = TopicsView(self._cluster, at, topics, self._offsets_retention_seconds())
        return view, *(replace(sink, waiting_at=_found(stand[sink.key], first_at)) for sink in sinks)

    def _sink(
        self, name: str, asked: Asked, groups: Mapping[str, Group], topics: Mapping[str, TopicFacts], at: datetime
    ) -> Progress:
        group_name, wanted = asked.sinks[name]
        group = groups.get(group_name, Group(error="the brokers did not tell of its group"))
        read = [topics[topic] for topic in wanted if topic in topics]
        return Progress(
            key=ConnectorKey(self._cluster, name),
            at=at,
            patience_seconds=self._patience_seconds,
            error="it reads another Kafka cluster than Connect's own" if name in asked.elsewhere else group.error,
            group=group_name,
            members=group.members,
            # What it read once and is not configured for any more waits for nobody.
            committed={p: offset for p, offset in group.committed.items() if split_partition(p)[0] in wanted},
            earliest={partition: offset for facts in read for partition, offset in facts.earliest.items()},
            end={partition: offset for facts in read for partition, offset in facts.end.items()},
        )

    def _standing(self, sink: Progress) -> tuple[Standing, ...]:
        """Where records wait and nothing was committed since the look before; the first look counts as one."""
        before = self._before.get(sink.key.connector, sink).committed
        return tuple(
            (partition, max(sink.committed.get(partition, 0), sink.earliest.get(partition, 0)))
            for partition in sink.end
            if sink.lag(partition) and before.get(partition) == sink.committed.get(partition)
        )

    def _offsets_retention_seconds(self) -> float | None:
        now = time.monotonic()
        if self._retention is None or now - self._retention[0] > OFFSETS_RETENTION_REFRESH_SECONDS:
            self._retention = now, self._brokers.offsets_retention_seconds()
        return self._retention[1]


class FirstRecords:
    """When the first record was written that waits at each place. A record does not change: it is read once."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._known: dict[Standing, datetime] = {}
        self._asked_in: dict[Standing, int] = {}
        self._number = 0

    def of(self, places: AbstractSet[Standing]) -> Mapping[Standing, datetime]:
        """Those that are known by now: a bounded number is read each time, those that were not asked for longest."""
        self._number += 1
        self._known = {place: at for place, at in self._known.items() if place in places}
        self._asked_in = {place: number for place, number in self._asked_in.items() if place in places}
        turns = sorted(places - self._known.keys(), key=lambda place: (self._asked_in.get(place, 0), place))
        # Two sinks may stand at different places of one partition: they take turns.
        now = dict(reversed(turns[:FIRST_RECORDS_MAX]))
        self._asked_in |= dict.fromkeys(now.items(), self._number)
        self._known |= {(where, now[where]): at for where, at in self._brokers.first_at(now).items()}
        return self._known


def _found(places: tuple[Standing, ...], known: Mapping[Standing, datetime]) -> dict[TopicPartition, datetime]:
    return {place[0]: known[place] for place in places if place in known}
