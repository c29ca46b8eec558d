"""Records that a sink cannot take, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from watchdog.model.connect import ConnectorKey
from watchdog.model.probes import RecordShape
from watchdog.model.tables import TopicPartition


class RecordId(NamedTuple):
    """Where a record is, or was: evidence of which one is meant, not why it was chosen."""

    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> TopicPartition:
        return f"{self.topic}-{self.partition}"

    def __str__(self) -> str:
        return f"{self.place}@{self.offset}"


@dataclass(frozen=True, slots=True)
class WaitingRecord:
    """One record that a sink has not taken. `shape` tells of its fields what a table has to hold; None: a delete.

    `key_fields` are the fields of its key, where that is a row's; empty where it is not, or cannot be read.
    """

    id: RecordId
    key: str
    """For a person to see; empty: it has none."""
    shape: RecordShape | None
    enveloped: bool = True
    """The row is in Debezium's envelope, not unwrapped."""
    key_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfit:
    """A record that the target does not take, and why: in words that hold none of its values."""

    id: RecordId
    reason: str
    key: str = ""
    at: datetime | None = None
    """Kafka's time of it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What waits for a sink, looked at one by one.

    `first_fit`: of each partition the first record that waits and fits; none where all that was read does not.
    `read_to`: of each partition the offset after the last that was read, `end` the partition's own. `capped` says that
    there was more than was read.
    """

    unfit: tuple[Unfit, ...] = ()
    first_fit: Mapping[TopicPartition, int] = field(default_factory=dict)
    read_to: Mapping[TopicPartition, int] = field(default_factory=dict)
    end: Mapping[TopicPartition, int] = field(default_factory=dict)
    looked_at: int = 0
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A record in quarantine: which one it was, why it is there, and where it is kept."""

    id: RecordId
    reason: str
    key: str
    has_key: bool
    place: str
    """topic-partition@offset of the copy."""
    at: datetime | None = None
    """The record's own time, as it had in its topic."""
    waiting: WaitingRecord | None = None
    """What it holds, to be compared with the target; None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Since:
    """What has become of a quarantined record's key in its own topic since.

    `original` is False when the topic no longer has the record at its offset: then it does not have all that came later
    either. `later`: the newest record with that key, and whether it deletes the row; `replayed`: where this very one
    was written back before.
    """

    original: bool
    later: RecordId | None = None
    later_deletes: bool = False
    replayed: RecordId | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Which quarantined records may be written back to their topic, and why the others may not."""

    chosen: tuple[Kept, ...] = ()
    left: tuple[tuple[Kept, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordsPlan:
    """What `quarantine` or, with `replay`, `quarantine --replay` would do. Nothing was changed for it."""

    key: ConnectorKey
    topic: str = ""
    """The sink's quarantine."""
    refusal: str = ""
    """Why it would do nothing."""
    under_way: str = ""
    """The same, begun before and not ended yet, in words: it goes on."""
    selection: Selection = Selection()
    replay: Replay | None = None
    warnings: tuple[str, ...] = ()

    @property
    def nothing_to_do(self) -> bool:
        return not (self.replay.chosen if self.replay else self.selection.unfit)
