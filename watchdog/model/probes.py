"""What is asked about one connector only while an incident of it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watchdog.model.connect import ConnectorKey
from watchdog.model.tables import Column, Position, TableId, TopicPartition


class ProbeKind(StrEnum):
    """What can tell, without touching a connector, whether a restart would help it."""

    TARGET_FITS = "target-fits"
    """Every record that waits, against the target's live columns: by schema, and by value."""
    CAN_CONNECT = "can-connect"
    """The connector's own settings, tried: for a source by Connect's validation, for a sink from here, with the
    privileges on its target."""
    HISTORY_COMPLETE = "history-complete"
    """The schema history's topic is there from its beginning, with every captured table."""
    BINLOG_THERE = "binlog-there"
    """The server still has what follows the source's stored offset."""
    TABLE_AS_BELIEVED = "table-as-believed"
    """The live table, against what Debezium believes it to be."""
    REGISTRY_ACCEPTS = "registry-accepts"
    REGISTRY_ANSWERS = "registry-answers"
    NEW_SETTINGS = "new-settings"
    """The connector's configuration, or its plugin's version, is another than when it failed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One probe's result. `holds` None: it cannot tell. `at`: when what it says was read; None: nothing was."""

    kind: ProbeKind
    holds: bool | None
    said: str
    at: datetime | None = None
    was_missing: bool = False
    """Since the failure it was seen not to hold: that it holds now is news."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is: its offset in the partition; where and when it was written, by the source's own account."""

    offset: int
    position: Position = Position()
    at: datetime | None = None


Grown = tuple[tuple[int, Place], ...]
"""A size, and the first record that has it: for each record that has a larger one than all those before it."""


class ValueKind(StrEnum):
    """What a field holds, by its schema."""

    NUMBER = "number"
    """Whole, or a decimal in units of its last digit."""
    MOMENT = "moment"
    """Seconds since 1970, as if in UTC where the type has no zone."""
    SPAN = "span"
    """Seconds of a TIME."""
    TEXT = "text"
    BYTES = "bytes"
    CHOICE = "choice"
    """Of an ENUM."""
    CHOICES = "choices"
    """Of a SET, by comma."""


@dataclass(frozen=True, slots=True)
class FieldValues:
    """What records hold in one field, as far as a table may refuse it. `low` and `high`: each smaller, or larger, than
    all those before, in units of 10^-`scale`; `size` in bytes and `code_point` of texts that are not all ASCII."""

    kind: ValueKind
    scale: int = 0
    low: Grown = ()
    high: Grown = ()
    size: Grown = ()
    code_point: Grown = ()
    choices: tuple[tuple[str, Place], ...] = ()
    not_latin1: Place | None = None
    """The first text that MySQL's latin1 cannot hold."""


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
    values: Mapping[str, FieldValues] = field(default_factory=dict)
    enveloped: bool = True
    """The rows are in Debezium's envelope, not unwrapped."""

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
class HistoryTopic:
    """An internal schema history, read from its beginning. `partitions` 0: it is not there."""

    topic: str
    partitions: int
    first_offset: int = 0
    records: int = 0
    tables: frozenset[TableId] = frozenset()
    """Those whose definition it holds, as it left them: what was dropped again is not among them."""
    whole: bool = True
    """False: it is longer than what was read of it."""


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
    scanned: int = 0
    """Records read so far, deletes too."""
    scan_ended: bool = False
    """`capped`, and no more of them will be read."""
    reachable: bool | None = None
    reachable_message: str = ""
    reachable_at: datetime | None = None
    history: HistoryTopic | None = None
    history_error: str = ""


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
    targets: tuple[TableId, ...] = ()
    """The sink's tables: what is awaited of them, and on which the login that is tried needs its privileges."""
    history: str = ""
    """The source's history topic, where it is to be read."""
    config_fingerprint: str = ""
    """A new fingerprint asks for a new answer at once."""
    since: datetime | None = None
    """When the failure was first seen: an answer from before is no answer."""
