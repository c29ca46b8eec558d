"""What is asked about one connector only while an incident of it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watchdog.model.connect import ConnectorKey
from watchdog.model.tables import Column, Position, TopicPartition


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is: its offset in the partition; where and when it was written, by the source's own account."""

    offset: int
    position: Position = Position()
    at: datetime | None = None


Grown = tuple[tuple[int, Place], ...]
"""A size, and the first record that has it: for each record that has a larger one than all those before it."""


@dataclass(frozen=True, slots=True)
class RecordShape:
    """Records waiting for a sink that have the same fields.

    `nulls` are the fields that were null in at least one record, each first in `first_null`. `lengths` tells of the
    text fields how long their strings are in characters, `bits` of the whole numbers how large, without the sign.
    `first_position` is the source position of the first of them, as evidence.
    """

    partition: TopicPartition
    fields: tuple[str, ...]
    first_offset: int
    last_offset: int
    count: int
    lengths: Mapping[str, Grown] = field(default_factory=dict)
    nulls: frozenset[str] = frozenset()
    first_position: Position = Position()
    first_at: datetime | None = None
    first_null: Mapping[str, Place] = field(default_factory=dict)
    bits: Mapping[str, Grown] = field(default_factory=dict)

    @property
    def longest(self) -> Mapping[str, int]:
        """The length of the longest string of each text field."""
        return {name: grown[-1][0] for name, grown in self.lengths.items()}

    @property
    def first(self) -> Place:
        return Place(self.first_offset, self.first_position, self.first_at)


@dataclass(frozen=True, slots=True)
class LatestRecord:
    """The fields of the newest row of a topic. Types are Connect's: `int64`, or the logical name, `Decimal(10,2)`."""

    topic: str
    place: str
    """topic-partition@offset"""
    at: datetime
    """Kafka's time of it."""
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Offsets:
    """How far a connector is. For a sink `committed` and `end` are by topic-partition; for a source `source` is the
    offset document as canonical JSON."""

    committed: Mapping[TopicPartition, int] = field(default_factory=dict)
    end: Mapping[TopicPartition, int] = field(default_factory=dict)
    source: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out about one connector, on request, without touching it.

    `shapes` is None when the waiting records could not be read (`scan_error` says why); `capped` says that the scan
    stopped at its cap. `waits` tells whether there are records that the sink has not taken; None where that is not
    known, and for a source. `reachable` is None where nothing can tell whether the connector could connect again.
    """

    key: ConnectorKey
    at: datetime
    offsets: Offsets = Offsets()
    shapes: tuple[RecordShape, ...] | None = None
    capped: bool = False
    waits: bool | None = None
    scan_error: str = ""
    reachable: bool | None = None
    reachable_message: str = ""
    reachable_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What the judges want to know about a connector; a worker asks at its own pace."""

    key: ConnectorKey
    topics: tuple[str, ...] = ()
    """Topics of a sink whose end offsets are wanted; empty for none."""
    scan: bool = False
    """Whether the records that wait in them are wanted too."""
    reachability: bool = False
    reachability_pause_seconds_max: float = 60.0
    """Tries with a wrong password may lock an account, tries at a closed port harm nobody."""
    config_fingerprint: str = ""
    """A new fingerprint asks for a new answer at once."""
    since: datetime | None = None
    """When the failure was first seen: an answer from before is no answer."""
