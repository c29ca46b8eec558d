"""PURE: a Debezium source, and how its schema history is rebuilt: into which topic, by which mode; or why it cannot be.

Debezium rebuilds a history by `snapshot.mode=recovery`: it takes the shape that each table has now, writes it to the
history topic, and goes on from its stored offset. The old topic is kept; the new one stays in the configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from watchdog.model import ConnectorConfig, ConnectorStatus, SourceOffset, State, TableId, TableSchema
from watchdog.recovery.rows import in_rows
from watchdog.topology import SourceLink
from watchdog.topology.sources import source_of

MODE_KEY = "snapshot.mode"
TOPIC_KEYS = ("schema.history.internal.kafka.topic", "database.history.kafka.topic")
"""Since Debezium 2.0, and before."""
COPY_MODE = "initial"
COPYING_MODES = frozenset({"", "initial", "when_needed"})
"""A source without an offset makes a full copy in these; Debezium's default is `initial`."""
RENAMED_SINCE = (2, 6)
"""`recovery` is called `schema_only_recovery` before."""
STOP_SINCE, RESET_SINCE = (3, 5), (3, 6)
"""Connect's, for STOPPED and for resetting offsets."""
TOPIC_LENGTH_MAX = 249

# With one, Debezium reads again what comes from servers that it leaves out.
_GTID_FILTERS = ("gtid.source.includes", "gtid.source.excludes")
_UNKNOWN_ROWS = "inconsistent.schema.handling.mode"
_VERSION = re.compile(r"(\d+)\.(\d+)")
_EARLIER = re.compile(r"\.rebuilt-\d{8}T\d{6}$")


class NotRecoverable(Exception):
    """Why, and what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    source: SourceLink
    topic_key: str
    topic: str
    new_topic: str
    mode: str


def plan(config: ConnectorConfig, version: str, at: datetime) -> Plan:
    """`version`: of the connector's plugin, empty where it is not told; `at`: what the new topic is named by. Raises
    `NotRecoverable`."""
    source = source_of(config)
    if source is None:
        raise NotRecoverable("it is no Debezium MySQL or MariaDB source, which alone have a schema history to rebuild")
    topic_key = next((key for key in TOPIC_KEYS if config.get(key)), "")
    if not topic_key or not source.history_topic:
        raise NotRecoverable("its schema history is not kept in a Kafka topic: rebuild it as its store wants it")
    if "${" in config.get(topic_key):
        raise NotRecoverable(f"its {topic_key} is a reference that only the worker can resolve")
    if filters := [key for key in _GTID_FILTERS if config.get(key)]:
        raise NotRecoverable(
            f"{' and '.join(filters)} in its configuration: from where it reads the binlog then cannot be told here"
        )
    if (passes_over := config.get(_UNKNOWN_ROWS, "fail").lower()) != "fail":
        raise NotRecoverable(
            f"{_UNKNOWN_ROWS}={passes_over} lets it pass over rows of tables that its history lacks, silently:"
            " set it to fail first"
        )
    mode = "recovery" if (numbers(version) or RENAMED_SINCE) >= RENAMED_SINCE else "schema_only_recovery"
    return Plan(source, topic_key, source.history_topic, _named_by(source.history_topic, at), mode)


def why_not_now(status: ConnectorStatus) -> str:
    """Empty where its state does not stand in the way."""
    if status.state in (State.PAUSED, State.STOPPED):
        return (
            f"it is {status.state}, by a person's decision, and has to run to rebuild its history: resume it first"
            " (where it fails again, that harms nothing)"
        )
    if status.state in (State.UNASSIGNED, State.RESTARTING, State.UNKNOWN):
        return f"it is {status.state}: wait until Connect has settled, and ask again"
    return ""


def why_no_start(offset: SourceOffset | None) -> str:
    """Empty where the stored offset is one that a rebuilt history can be gone on with from."""
    if offset is None:
        return "no offset of it is stored: there is nothing to go on from, its next start makes a first copy"
    if offset.snapshot and not offset.snapshot_completed:
        return f"its copy ({offset.snapshot}) was not complete when it stopped: let it copy again (--snapshot)"
    if not offset.position.gtid and not (offset.position.file and offset.position.pos is not None):
        return "its stored offset names no place in a binlog"
    return ""


def lacking(believed: Mapping[TableId, TableSchema], captured: Mapping[TableId, TableSchema]) -> list[TableId]:
    """Captured tables that the new history does not have yet."""
    return sorted(table for table in captured if table not in believed)


def unlike(believed: Mapping[TableId, TableSchema], captured: Mapping[TableId, TableSchema]) -> list[str]:
    """How tables of the new history are other than they were when that was proved to be right, in words."""
    return [
        f"{table} has {_names(believed[table])} in the new history, and had {_names(schema)}"
        for table, schema in sorted(captured.items())
        if table in believed and _shape(believed[table]) != _shape(schema)
    ]


def numbers(version: str) -> tuple[int, int] | None:
    """`3.5.0.Final` → (3, 5)."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None


def _named_by(topic: str, at: datetime) -> str:
    ending = f".rebuilt-{at:%Y%m%dT%H%M%S}"
    return _EARLIER.sub("", topic)[: TOPIC_LENGTH_MAX - len(ending)] + ending


def _shape(table: TableSchema) -> list[tuple[str, str]]:
    """What both Debezium and information_schema tell alike. MariaDB's JSON is a text to one of them."""
    found = ((column.name.lower(), in_rows(column).kind) for column in table.columns)
    return [(name, "blob" if kind == "json" else kind) for name, kind in found]


def _names(table: TableSchema) -> str:
    return "(" + ", ".join(f"{column.name} {column.type}" for column in table.columns) + ")"
