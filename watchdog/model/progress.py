"""How far each connector is, since when it has not moved, and the settings of the topics that it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watchdog.model.connect import ConnectorKey
from watchdog.model.tables import Position, TopicPartition


@dataclass(frozen=True, slots=True)
class SourceOffset:
    """A Debezium source's stored offset. `position.gtid` is the whole set of gtids that it has read."""

    position: Position
    at: datetime | None = None
    """When the event was written that it stands at, by the database's clock (`ts_sec`)."""
    snapshot: str = ""
    """Empty while it streams; else Debezium's word for the copy that it makes, such as `INITIAL`."""
    snapshot_completed: bool = False
    text: str = ""
    """The whole document as canonical JSON: what has to differ for it to have moved."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One connector's offsets as they are stored, and what watching them told.

    For a sink `committed`, `earliest` and `end` are by topic-partition; `committed` lacks a partition that nothing was
    committed of. For a source `source` is what is stored (None: nothing yet). What cannot be told is `error`.
    """

    key: ConnectorKey
    at: datetime
    """When it was asked for."""
    patience_seconds: float = 300.0
    """Standing still for longer than that is a stall: by the settings, and never less than some flush intervals."""
    error: str = ""
    source: SourceOffset | None = None
    address: str = ""
    """`host:port` of the source's database."""
    group: str = ""
    members: int | None = None
    """How many tasks of the sink are in its group now; None where that is not known."""
    committed: Mapping[TopicPartition, int] = field(default_factory=dict)
    earliest: Mapping[TopicPartition, int] = field(default_factory=dict)
    end: Mapping[TopicPartition, int] = field(default_factory=dict)
    waiting_at: Mapping[TopicPartition, datetime] = field(default_factory=dict)
    """Kafka's time stamp of the first record that waits, for the partitions that do not move. A partition that has
    nothing but a transaction's end marker behind its committed offset is not among them."""

    # What watching told; by our clock, and only since this process began to watch.
    watched_since: datetime | None = None
    moved_at: datetime | None = None
    """When it was last seen to move; the first look counts."""
    waits_since: Mapping[TopicPartition, datetime] = field(default_factory=dict)
    """Since when records have waited in a partition whose committed offset did not move meanwhile."""
    ahead_since: datetime | None = None
    """Since when the database's binlog has been past the source's offset, which did not move meanwhile."""
    empty_since: datetime | None = None
    """Since when the sink's group has had no members."""
    streamed_at: datetime | None = None
    """When the source was last seen to stream rather than to copy."""

    @property
    def known(self) -> bool:
        return not self.error

    def lag(self, partition: TopicPartition) -> int:
        """Records that the sink has not taken, where nothing was committed: all that there are."""
        end, earliest = self.end.get(partition, 0), self.earliest.get(partition, 0)
        return max(0, end - max(self.committed.get(partition, earliest), earliest))

    @property
    def lag_records(self) -> int | None:
        """Of all partitions; None where it is not known."""
        return sum(map(self.lag, self.end)) if self.known and self.end else None


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One topic. `partitions` is 0 when it is not there; a setting that we may not read is None."""

    name: str
    partitions: int = 0
    cleanup_policy: str | None = None
    retention_seconds: float | None = None
    """`inf`: for ever."""
    retention_bytes: float | None = None
    """Of each partition; `inf`: no limit."""
    earliest: Mapping[TopicPartition, int] = field(default_factory=dict)
    end: Mapping[TopicPartition, int] = field(default_factory=dict)

    @property
    def truncated(self) -> bool:
        """Its first records are gone."""
        return any(offset > 0 for offset in self.earliest.values())

    @property
    def empty(self) -> bool:
        return all(self.earliest.get(partition, 0) >= end for partition, end in self.end.items())


@dataclass(frozen=True, slots=True)
class TopicsView:
    """The topics that matter on the Kafka cluster behind a Connect cluster: histories, and what sinks read."""

    cluster: str
    at: datetime
    topics: Mapping[str, TopicFacts] = field(default_factory=dict)
    offsets_retention_seconds: float | None = None
    """The broker's `offsets.retention.minutes`; None where we may not read it."""
    error: str = ""
