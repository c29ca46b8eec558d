"""What reading Kafka brings: records, and two kinds of news about a partition."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from watchdog.model import TopicPartition

Place = tuple[str, int]
"""Topic and partition."""


Headers = Callable[[], object]
"""A record's headers, as pairs of name and value, made only when they are asked for: few readers need them, and each
record would pay for them."""


def no_headers() -> None:
    return None


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    at_ms: int
    """When it was written, milliseconds since 1970; 0 when Kafka does not know."""
    headers: Headers = no_headers

    @property
    def place(self) -> Place:
        return self.topic, self.partition


class End(NamedTuple):
    """The partition was read to its end; there may be more later."""

    topic: str
    partition: int

    @property
    def place(self) -> Place:
        return self.topic, self.partition


class Lost(NamedTuple):
    """Where we wanted to read on is no more: the topic was deleted or made anew, or its old records expired."""

    topic: str
    partition: int
    why: str

    @property
    def place(self) -> Place:
        return self.topic, self.partition


def named(place: Place) -> TopicPartition:
    return f"{place[0]}-{place[1]}"
