"""Some partitions, from one offset to another → every record in between, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from watchdog.adapters.kafka_client import KafkaReader, seconds_until
from watchdog.adapters.kafka_events import End, Lost, Place, Record, named
from watchdog.errors import PortNonsense, PortTimeout

READ_SECONDS = 120.0
"""At 20,000 records a second that is two million."""

SETTLE_SECONDS = 75.0
"""Longer than the brokers let a transaction of ours stay open."""
SETTLE_PAUSE_SECONDS = 0.02

Range = tuple[int, int]
"""First offset, and the one before which to end."""
Take = Callable[[Record], bool]
"""False: enough of that partition."""


def bounds_of(reader: KafkaReader, topics: Iterable[str]) -> dict[Place, Range]:
    """First offset and end offset of each partition of the topics that there are."""
    there = reader.partitions()
    places = [(topic, partition) for topic in dict.fromkeys(topics) for partition in there.get(topic, ())]
    return {place: reader.offsets(*place) for place in places}


def settled_bounds(committed: KafkaReader, uncommitted: KafkaReader, topics: Iterable[str]) -> dict[Place, Range]:
    """The same, once no transaction is open or on its way to its end: a commit is answered a moment before what it
    wrote can be read. Raises `PortTimeout` when one stays open."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (bounds := bounds_of(committed, topics)) != bounds_of(uncommitted, topics):
        if time.monotonic() > deadline:
            raise PortTimeout(committed.target, f"a transaction on {_names(bounds)} stays open")
        time.sleep(SETTLE_PAUSE_SECONDS)
    return bounds


def within(ranges: Mapping[Place, Range], bounds: Mapping[Place, Range]) -> dict[Place, Range]:
    """What there is of them."""
    there = {place: (*wanted, *bounds[place]) for place, wanted in ranges.items() if place in bounds}
    return {place: (max(start, first), min(stop, end)) for place, (start, stop, first, end) in there.items()}


def read_ranges(reader: KafkaReader, ranges: Mapping[Place, Range], take: Take) -> None:
    """Give each record of the ranges to `take`. Raises `PortTimeout` when that takes too long, and `PortNonsense` when
    a partition is made anew, or loses its records, while it is read."""
    left = {place: stop for place, (start, stop) in ranges.items() if start < stop}
    if not left:
        return
    reader.assign({place: ranges[place][0] for place in left})
    try:
        _read(reader, left, take)
    finally:
        reader.assign({})


def _read(reader: KafkaReader, left: dict[Place, int], take: Take) -> None:
    deadline = time.monotonic() + READ_SECONDS
    while left:
        event = reader.poll(seconds_until(deadline))
        if event is None:
            raise PortTimeout(reader.target, f"{_names(left)} was not read to its end within {READ_SECONDS:g} s")
        place = event.place
        if place not in left:
            continue
        if isinstance(event, Lost):
            raise PortNonsense(reader.target, f"{named(place)} changed while it was read: {event.why}")
        if isinstance(event, End) or _is_over(event, left[place], take):
            del left[place]
            reader.remove([place])


def _is_over(record: Record, stop: int, take: Take) -> bool:
    return record.offset >= stop or not take(record) or record.offset >= stop - 1


def _names(places: Iterable[Place]) -> str:
    return ", ".join(sorted(named(place) for place in places))
