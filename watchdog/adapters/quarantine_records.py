"""A record ↔ its copy in quarantine: the same key, value, headers and time, and headers that say where it was.

Bytes in, bytes out: no client, no clock.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from watchdog.adapters.kafka_events import Record
from watchdog.model import ConnectorKey, RecordId

Pairs = list[tuple[str, bytes | None]]

TOPIC, PARTITION, OFFSET = "watchdog.source.topic", "watchdog.source.partition", "watchdog.source.offset"
REASON, SINK = "watchdog.reason", "watchdog.connector"
REPLAYED = "watchdog.replayed"
"""Of a record that was written back to its topic: which one it was."""
_OURS = (TOPIC, PARTITION, OFFSET, REASON, SINK)
_NAME_CHARACTERS_MAX = 249
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")


class Copy(NamedTuple):
    """What is written to quarantine."""

    key: bytes | None
    value: bytes | None
    headers: Pairs
    at_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """What a copy in quarantine says of the record that it is of."""

    id: RecordId
    reason: str
    headers: Pairs
    """The record's own."""
    digest: bytes


def quarantine_topic(connector: str) -> str:
    """`watchdog.quarantine.<connector>`; what no topic may be called is replaced, and told apart by a hash."""
    wanted = f"watchdog.quarantine.{connector}"
    name = _NOT_IN_NAMES.sub("_", wanted)
    if name == wanted and len(name) <= _NAME_CHARACTERS_MAX:
        return name
    return f"{name[: _NAME_CHARACTERS_MAX - 9]}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"


def id_of(record: Record) -> RecordId:
    return RecordId(record.topic, record.partition, record.offset)


def copy_of(record: Record, reason: str, sink: ConnectorKey) -> Copy:
    where = id_of(record)
    told = (where.topic, str(where.partition), str(where.offset), reason, _name(sink))
    ours: Pairs = [(name, text.encode()) for name, text in zip(_OURS, told, strict=True)]
    return Copy(record.key, record.value, [*pairs_of(record), *ours], record.at_ms)


def held_of(copy: Record, sink: ConnectorKey) -> Held | None:
    """None for what is no copy of ours, or one that was made for another connector."""
    headers = pairs_of(copy)
    ours = headers[-len(_OURS) :]
    if tuple(name for name, _ in ours) != _OURS or any(value is None for _, value in ours):
        return None
    topic, partition, offset, reason, name = (value.decode(errors="replace") for _, value in ours if value is not None)
    if name != _name(sink) or not (partition.isdecimal() and offset.isdecimal()):
        return None
    own = headers[: -len(_OURS)]
    return Held(RecordId(topic, int(partition), int(offset)), reason, own, _digest(copy, own))


def digest_of(record: Record) -> bytes:
    """The same for two records with the same key, value, headers and time."""
    return _digest(record, pairs_of(record))


def pairs_of(record: Record) -> Pairs:
    headers = record.headers()
    return list(headers) if isinstance(headers, list) else []


def replayed_from(record: Record) -> str | None:
    """Which record this one was, before it was written back; None where it is none such."""
    found = [value for name, value in pairs_of(record) if name == REPLAYED and value]
    return found[-1].decode(errors="replace") if found else None


def _digest(record: Record, headers: Pairs) -> bytes:
    total = hashlib.sha256()
    parts = [record.key, record.value, str(record.at_ms).encode()]
    for name, value in headers:
        parts += [name.encode(), value]
    for part in parts:
        # With their lengths, so that no two lists of parts are the same bytes; None is no empty part.
        total.update(b"-" if part is None else b"%d:" % len(part))
        total.update(part or b"")
    return total.digest()


def _name(sink: ConnectorKey) -> str:
    return f"{sink.cluster}/{sink.connector}"
