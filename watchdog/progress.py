"""PURE: what is asked of each connector's progress, and what watching it tells: since when it has not moved, since when
records wait, since when its database has moved on without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from watchdog.model import (
    Binlog,
    ConnectorConfig,
    DatabaseColumns,
    Position,
    Progress,
    SourceOffset,
    TopicFacts,
    TopicPartition,
    TopicsView,
)
from watchdog.topology import Topology


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be found out of one Connect cluster, by connectors' names."""

    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The source's `topic.prefix`, and its database's `host:port`."""
    sinks: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """The sink's consumer group and the topics that it reads."""
    elsewhere: frozenset[str] = frozenset()
    """Sinks that read another Kafka cluster than Connect's own."""
    histories: frozenset[str] = frozenset()


def asked(cluster: str, configs: Mapping[str, ConnectorConfig], topology: Topology) -> Asked:
    sources = {key.connector: source for key, source in topology.sources.items() if key.cluster == cluster}
    sinks = {key.connector: key for key in topology.sinks if key.cluster == cluster and key.connector in configs}
    return Asked(
        sources={name: (source.prefix, source.address) for name, source in sources.items()},
        sinks={
            name: (
                configs[name].get("consumer.override.group.id") or f"connect-{name}",
                tuple(dict.fromkeys(route.topic for route in topology.routes_of(key))),
            )
            for name, key in sinks.items()
        },
        elsewhere=frozenset(name for name in sinks if configs[name].get("consumer.override.bootstrap.servers")),
        histories=frozenset(source.history_topic for source in sources.values()) - {""},
    )


def source_offset(text: str, prefix: str) -> SourceOffset | None:
    """`GET /connectors/{name}/offsets` as canonical JSON → where the source is; None where nothing is stored."""
    entries = [entry for entry in _list(text) if isinstance(entry, dict)]
    own = [entry for entry in entries if _dict(entry.get("partition")).get("server") == prefix] or entries
    offset = _dict(own[0].get("offset")) if own else {}
    if not offset:
        return None
    snapshot = offset.get("snapshot")
    return SourceOffset(
        position=Position(_text(offset.get("gtids")), _text(offset.get("file")), _count(offset.get("pos"))),
        at=_moment(offset.get("ts_sec")),
        snapshot="" if not snapshot or str(snapshot).lower() == "false" else str(snapshot)[:40],
        snapshot_completed=offset.get("snapshot_completed") is True,
        text=text,
    )


def advanced(before: Progress | None, now: Progress) -> Progress:
    """`now` with what watching told until now. A question without an answer leaves what is known as it was."""
    if now.error:
        return replace(before, error=now.error) if before else now
    if before is None or before.watched_since is None:
        before = replace(now, watched_since=now.at, moved_at=now.at)
    moved = _moved(before, now)
    streams = now.source is not None and not now.source.snapshot
    return replace(
        now,
        watched_since=before.watched_since,
        moved_at=now.at if moved else before.moved_at,
        waits_since=_waits_since(before, now),
        server_then=None if moved else before.server_then,
        server_moved_since=None if moved else before.server_moved_since,
        empty_since=(before.empty_since or now.at) if now.members == 0 else None,
        streamed_at=now.at if streams else before.streamed_at,
    )


def beside(progress: Progress, columns: DatabaseColumns) -> Progress:
    """What a look at its database tells of a source: whether that went on since the source's offset moved."""
    binlog: Binlog | None = columns.binlog
    moved_at, stands = progress.moved_at, progress.server_then
    # What was read before the offset moved may be what the source has read since.
    if columns.error or binlog is None or moved_at is None or columns.at < moved_at:
        return progress
    if stands is None:
        return replace(progress, server_then=binlog.position)
    if progress.server_moved_since is None and binlog.position != stands:
        return replace(progress, server_moved_since=columns.at)
    return progress


def still_there(before: TopicsView | None, now: TopicsView) -> TopicsView:
    """`now`, with the topics marked that were there before. A failed look leaves what is known as it was."""
    if before is None:
        return now
    if now.error:
        return replace(before, error=now.error)
    gone = {
        name: replace(facts, gone_since=known.gone_since or now.at)
        for name, facts in now.topics.items()
        if not facts.partitions and (known := before.topics.get(name)) and _was_there(known)
    }
    return replace(now, topics={**now.topics, **gone})


def _was_there(facts: TopicFacts) -> bool:
    return facts.partitions > 0 or facts.gone_since is not None


def _moved(before: Progress, now: Progress) -> bool:
    if now.source or before.source:
        return (now.source.text if now.source else "") != (before.source.text if before.source else "")
    return dict(now.committed) != dict(before.committed)


def _waits_since(before: Progress, now: Progress) -> dict[TopicPartition, datetime]:
    def since(partition: TopicPartition) -> datetime:
        same = before.committed.get(partition) == now.committed.get(partition)
        return before.waits_since.get(partition, now.at) if same else now.at

    return {partition: since(partition) for partition in now.end if now.lag(partition)}


def _list(text: str) -> list[Any]:
    try:
        document = json.loads(text) if text else []
    except ValueError:
        return []
    return document if isinstance(document, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(seconds: Any) -> datetime | None:
    """`ts_sec`; 0 is what a snapshot writes."""
    count = _count(seconds)
    return datetime.fromtimestamp(count, UTC) if count and 0 < count < 32_503_680_000 else None
