"""The seams: what the core asks of the world. Adapters implement these; fakes pass the same contract tests.

Every method may raise `PortError` (and nothing else) when the other side cannot be reached, refuses or answers
nonsense; each has a deadline of its own and returns within it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from watchdog.model import (
    Action,
    Author,
    ConnectorConfig,
    ConnectorKey,
    ConnectorStatus,
    DatabaseColumns,
    Group,
    HistoryTopic,
    Kept,
    LatestRecord,
    Offsets,
    Outcome,
    Poll,
    Position,
    PushedStatus,
    RecordId,
    RecordShape,
    SchemaChange,
    SchemaRef,
    Selection,
    Since,
    Subject,
    TableId,
    TableSchema,
    Tailed,
    TimelineEntry,
    TopicFacts,
    TopicPartition,
    Unfit,
    WaitingRecord,
)
from watchdog.model.binlog_events import BinlogStretch


class Connect(Protocol):
    """One Kafka Connect cluster's REST API."""

    name: str

    def poll(self) -> Poll:
        """Every connector's status by one `expand=status` request, and `/health`."""

    def configs(self, names: Iterable[str] | None = None) -> Mapping[str, ConnectorConfig]:
        """Configurations, all by one request or those of `names`; secrets replaced before they leave the adapter."""

    def offsets(self, connector: str) -> Offsets:
        """`GET /connectors/{name}/offsets`; `known` is False on workers before 3.5."""

    def topics(self, connector: str) -> frozenset[str] | None:
        """`GET /connectors/{name}/topics`: those that it was seen to use since it was made, or they were reset; None
        where the worker does not keep them (before 2.5, `topic.tracking.enable=false`), or has no such connector."""

    def can_connect(self, connector: str, targets: Sequence[TableId] = ()) -> tuple[bool | None, str]:
        """Whether the connector's own settings reach and enter its database now, and may do there what it does: a sink
        at its targets, a source with the binlog. None where nothing can tell."""

    def act(self, action: Action) -> Outcome:
        """Make the call. 409 is CONFLICT, no answer is UNKNOWN, both without raising."""


class Control(Protocol):
    """What workflows do at one Kafka Connect cluster. Each may be done twice: what is so already is left so."""

    def version(self) -> str:
        """The worker's, such as `4.3.1`."""

    def plugin_version(self, connector: str) -> str:
        """Of the connector's own class, such as `3.5.0.Final`; empty where the worker does not tell."""

    def state(self, connector: str) -> ConnectorStatus:
        """Now, by a request of its own."""

    def stop(self, connector: str) -> None:
        """Connect ≥ 3.5; the tasks are gone a moment after the answer."""

    def pause(self, connector: str) -> None: ...

    def resume(self, connector: str) -> None: ...

    def set_offsets(self, connector: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Of a sink that is STOPPED and has no tasks left; other partitions keep theirs. Connect ≥ 3.6."""

    def reset_offsets(self, connector: str) -> None:
        """All of them, of a connector that is STOPPED and has no tasks left. Connect ≥ 3.6."""

    def values(self, connector: str, keys: Collection[str]) -> Mapping[str, str | None]:
        """Of these keys of its configuration; None: not there. Raises `ValueError` for a key that holds a secret."""

    def override(self, connector: str, changes: Mapping[str, str | None]) -> None:
        """Set these keys of its configuration, None takes one out. The rest of it never leaves the adapter. Raises
        `ValueError` for a key that holds a secret; `PortRefused` where the worker does not allow the change."""


class StatusFeed(Protocol):
    """Connect's status topic of one cluster."""

    def read(self, timeout_seconds: float) -> Sequence[PushedStatus]:
        """State changes since the last read, waiting at most that long. The past is read but not told."""

    def topics_of(self) -> Mapping[str, frozenset[str]]:
        """Topics that each connector is known to use, from the `status-topic-` records."""

    def close(self) -> None: ...


class SchemaFeed(Protocol):
    """Debezium's schema change and history topics on one Kafka cluster."""

    def follow(self, topics: Mapping[str, tuple[str, bool]], positions: Mapping[TopicPartition, int]) -> None:
        """Read these topics from these positions on (from the start where there is none).

        `topics`: topic name → (the source's `topic.prefix`, whether it is an internal history topic).
        """

    def read(self, timeout_seconds: float) -> Tailed:
        """What came since the last read, waiting at most that long; bounded in number."""

    def close(self) -> None: ...


class Records(Protocol):
    """The records that wait for a sink."""

    def waiting(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int], bool]:
        """Shapes of the records from the committed offset (or the start) on, the end offsets, and whether the cap
        was reached."""

    def further(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], cap: int
    ) -> tuple[tuple[RecordShape, ...], Mapping[TopicPartition, int]]:
        """Shapes of the records from these offsets on, up to the ends and at most `cap` of them; and the offsets up to
        which they were read."""

    def history(self, topic: str, cap: int) -> HistoryTopic:
        """An internal schema history, read from its beginning, at most `cap` records of it."""

    def latest(self, topics: Sequence[str]) -> tuple[Mapping[str, LatestRecord], Mapping[str, str]]:
        """The fields of each topic's newest row, and why they cannot be told; nothing of a topic without rows."""


Unfits = Callable[[WaitingRecord], str]
"""Why a record cannot be taken; empty when it can."""


class Quarantine(Protocol):
    """Records that a sink cannot take, on one Kafka cluster. Topics are read as committed."""

    def topic_of(self, sink: ConnectorKey) -> str:
        """The name of the sink's quarantine, whether it is there or not."""

    def select(
        self, committed: Mapping[TopicPartition, int], topics: Sequence[str], cap: int, judge: Unfits
    ) -> Selection:
        """Those of the waiting records, from the committed offset (or the start) on, that `judge` gives a reason for;
        of each partition as many are read as its share of `cap`. Raises `PortNonsense` when one cannot be read."""

    def copy(self, sink: ConnectorKey, records: Sequence[Unfit]) -> int:
        """Copy those to the sink's quarantine that are not there yet, in one transaction; how many these were. Whoever
        copies for the same sink later fences the one before, who gets `PortRefused`."""

    def differing(self, sink: ConnectorKey, records: Sequence[Unfit]) -> tuple[str, ...]:
        """Which of them are not in quarantine exactly once and unchanged, in words."""

    def kept(self, sink: ConnectorKey) -> Sequence[Kept]:
        """What is in the sink's quarantine, oldest first."""

    def since(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, Since]:
        """What became of those keys in their topic after the records came."""

    def replay(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, RecordId]:
        """Write those back to their topics that still have no later record, in one transaction; where each is now."""


class Brokers(Protocol):
    """What one Kafka cluster's brokers tell of its consumer groups and topics."""

    def groups(self, names: Collection[str]) -> Mapping[str, Group]:
        """Every group asked for; one that is not there has committed nothing and has no members."""

    def topics(self, names: Collection[str]) -> Mapping[str, TopicFacts]:
        """Every topic asked for; one that is not there has no partitions."""

    def first_at(self, starts: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, datetime]:
        """Kafka's time stamp of the first record at or after each of these offsets; none where there is no record,
        or none that was found in time."""

    def offsets_retention_seconds(self) -> float | None:
        """How long a group without members keeps its offsets; None where we may not ask."""

    def close(self) -> None: ...


class Registry(Protocol):
    """One schema registry."""

    name: str
    url: str

    def schema(self, ref: SchemaRef) -> str:
        """The Avro schema of that id, as JSON. `PortRefused` with status 404: there is none; `PortNonsense`: by that id
        there is something else, now and for ever."""

    def subjects(self) -> Sequence[str]:
        """The names of all subjects."""

    def latest(self, subject: str) -> Subject | None:
        """Its latest version with the compatibility level in force; None where there is no such subject."""

    def accepts(self, subject: str, schema: str) -> tuple[bool | None, Sequence[str]]:
        """Whether the registry would take that Avro schema as the subject's next version, and its reasons; nothing is
        registered. None where it does not tell."""


class Database(Protocol):
    """One MySQL server's information_schema."""

    address: str

    def columns(self) -> DatabaseColumns:
        """Every visible table's columns by one bulk query; system schemas are left out."""

    def peek(self, tables: Sequence[TableId]) -> Mapping[TableId, TableSchema]:
        """Those of these tables that are visible, by name: far cheaper than `columns` where there are many others."""

    def position(self) -> Position:
        """Where the server's binlog stands."""

    def row_counts(self) -> Mapping[TableId, int]:
        """About how many rows each visible table has: the server's own guess, without counting."""

    def author(self, change: SchemaChange) -> Author:
        """Who ran the statement, as far as the server still knows: best effort. May be called beside `columns`."""


class BinlogReader(Protocol):
    """One MySQL server's binary log, read as a replica would."""

    address: str

    def read(self, start: Position, end: Position, seconds: float, server: str = "") -> BinlogStretch:
        """What is written from `start` on: from all transactions that are not in its set of gtids, or from file and
        offset where it has none. It ends at `end` (a file and an offset of that server), where nothing more is written,
        or when the time is over; then it can be gone on with from `upto`, on the same `server` only.

        `PortUnauthorized`: the privilege is missing; `PortRefused`: that place is not in the binlog any more.
        """


class Store(Protocol):
    """Keyed JSON documents (`State` in the design): incidents, attempts, requests, positions. Can be compacted."""

    def load(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """Every document whose key starts with `prefix`."""

    def put(self, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Write these documents, delete those that are None."""


class Audit(Protocol):
    """The append-only timeline."""

    def append(self, entries: Sequence[TimelineEntry]) -> None: ...

    def timeline(self, incident_id: str | None = None, limit: int = 1000) -> list[TimelineEntry]:
        """Oldest first; the newest `limit` of them."""

    def told(
        self, incident_id: str | None = None, since: datetime | None = None, connector: str | None = None
    ) -> Iterator[TimelineEntry]:
        """All of these entries, oldest first, read a few at a time."""

    def prune(self, before: datetime, lines_max: int | None = None) -> int:
        """Forget the entries that are older than that, and all but the newest `lines_max`; how many there were."""


class Journal(Protocol):
    """Both stores behind one transaction: what is put and appended inside it is there whole or not at all."""

    @property
    def state(self) -> Store: ...

    @property
    def audit(self) -> Audit: ...

    def transaction(self) -> AbstractContextManager[None]: ...

    def acquire(self) -> bool:
        """Become the one writer; False when another process is. Held until `close`, or until a `JournalLost`."""

    def holder(self) -> str:
        """Who acquired it last, in words; empty where that is not told."""

    def close(self) -> None: ...


__all__ = [
    "Audit",
    "BinlogReader",
    "Brokers",
    "Connect",
    "Control",
    "Database",
    "Journal",
    "Quarantine",
    "Records",
    "Registry",
    "SchemaFeed",
    "StatusFeed",
    "Store",
    "Unfits",
]
