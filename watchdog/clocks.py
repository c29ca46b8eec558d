"""PURE: how long what a connector still needs will be there, should it go on standing where it is.

A lower bound each: a server removes whole files, and never the one that it writes to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from watchdog.model import (
    Binlog,
    Clock,
    ConnectorConfig,
    ConnectorKey,
    Observation,
    Progress,
    SourceOffset,
    TopicPartition,
    TopicsView,
    split_partition,
)
from watchdog.positions import is_subset

BINLOG, TOPIC, GROUP = "binlog", "topic", "group-offsets"
NEAR_SECONDS = 24 * 3600.0
"""A day: enough for a person to come to work."""
OVERDUE_SECONDS = 60.0
"""What is left, at most, of what may be removed at any moment and is still there."""


def clocks(key: ConnectorKey, seen: Observation) -> tuple[Clock, ...]:
    """Those that can be read now. The group's runs only while the group has no members: its tasks failed, or it is
    stopped; a paused sink stays a member."""
    progress = seen.progress.get(key)
    if progress is None or not progress.known:
        return ()
    if progress.source is not None:
        columns = seen.databases.get(progress.address)
        binlog = columns.binlog if columns and not columns.error else None
        if binlog is None:
            return ()
        return (_binlog(progress.source, progress.address, wanted_of(binlog, seen.config(key))),)
    topics = seen.topics.get(key.cluster)
    return tuple(_of_sink(progress, topics, seen.now)) if topics else ()


def wanted_of(binlog: Binlog, config: ConnectorConfig | None) -> Binlog:
    """Of filtered gtids the purged ones were never wanted."""
    if config and any(config.get(f"gtid.source.{kind}") for kind in ("includes", "excludes")):
        return replace(binlog, purged_gtids="")
    return binlog


def near(clock: Clock, whole_seconds: float | None = None) -> bool:
    """Less than a day is left; where no more than that is ever kept, less than half of it."""
    limit = NEAR_SECONDS if whole_seconds is None else min(NEAR_SECONDS, whole_seconds / 2)
    return clock.left_seconds is not None and clock.left_seconds < limit


def whole_seconds(clock: Clock, key: ConnectorKey, seen: Observation) -> float | None:
    """How long what the clock is about is kept at all; None: for ever, or not known."""
    progress, topics = seen.progress.get(key), seen.topics.get(key.cluster)
    if clock.name == BINLOG:
        columns = seen.databases.get(progress.address) if progress else None
        return columns.binlog.keep_seconds if columns and columns.binlog else None
    if topics is None:
        return None
    if clock.name == GROUP:
        return topics.offsets_retention_seconds
    facts = topics.topics.get(split_partition(clock.where)[0])
    return facts.retention_seconds if facts else None


def _binlog(offset: SourceOffset, address: str, binlog: Binlog) -> Clock:
    if why := purged(offset, binlog):
        return Clock(BINLOG, address, 0.0, why)
    keep = binlog.keep_seconds
    if keep is None:
        return Clock(BINLOG, address, None, "the server keeps its binlog until a person removes it")
    if binlog.files and offset.position.file == binlog.files[-1]:
        return Clock(BINLOG, address, keep, "its place is in the file that the server writes to; counted from now")
    if offset.at is None or binlog.now is None:
        return Clock(BINLOG, address, None, f"kept for {keep:.0f} s; the offset does not tell how old its place is")
    left = (offset.at - binlog.now).total_seconds() + keep
    place = f"its place, {offset.position.file or offset.position}, is of {offset.at:%Y-%m-%d %H:%M:%S} UTC"
    return Clock(BINLOG, address, max(left, OVERDUE_SECONDS), f"{place}; kept for {keep:.0f} s")


def purged(offset: SourceOffset, binlog: Binlog) -> str:
    """Why the source cannot go on from its offset; empty when it can, or that cannot be told."""
    position = offset.position
    # File names mislead after a failover: they count only where there are no gtids.
    if position.gtid:
        lost = bool(binlog.purged_gtids) and is_subset(binlog.purged_gtids, position.gtid) is False
        return f"the server has purged transactions that it has not read (purged: {short(binlog.purged_gtids)})" * lost
    if position.file and binlog.files and position.file not in binlog.files:
        return f"the server no longer has {position.file}, its oldest file is {binlog.files[0]}"
    return ""


def _of_sink(progress: Progress, topics: TopicsView, now: datetime) -> Iterator[Clock]:
    found = [clock for partition in progress.end if (clock := _topic(partition, progress, topics, now))]
    # One is told: the partition that runs out first.
    if found:
        yield min(found, key=lambda clock: math.inf if clock.left_seconds is None else clock.left_seconds)
    keep, since = topics.offsets_retention_seconds, progress.empty_since
    if progress.members == 0 and progress.committed and keep is not None and since is not None:
        left = keep - (now - since).total_seconds()
        seen_since = f"no members seen since {since:%Y-%m-%d %H:%M:%S} UTC, it may be longer"
        yield Clock(GROUP, progress.group, max(left, OVERDUE_SECONDS), f"{seen_since}; kept for {keep:.0f} s")


def _topic(partition: TopicPartition, progress: Progress, topics: TopicsView, now: datetime) -> Clock | None:
    if lost := records_lost(partition, progress):
        return Clock(TOPIC, partition, 0.0, f"{lost:,} records were removed before the sink read them")
    facts = topics.topics.get(split_partition(partition)[0])
    first_at = progress.waiting_at.get(partition)
    if facts is None or first_at is None or facts.retention_seconds is None:
        return None
    limited = " and by size" if (facts.retention_bytes or math.inf) < math.inf else ""
    if facts.retention_seconds == math.inf or "delete" not in (facts.cleanup_policy or "delete"):
        return Clock(TOPIC, partition, None, f"kept without a limit of time{limited and ', but limited by size'}")
    left = facts.retention_seconds - (now - first_at).total_seconds()
    kept = f"the first record that waits is of {first_at:%Y-%m-%d %H:%M:%S} UTC; kept for"
    return Clock(TOPIC, partition, max(left, OVERDUE_SECONDS), f"{kept} {facts.retention_seconds:.0f} s{limited}")


def records_lost(partition: TopicPartition, progress: Progress) -> int:
    """Records that were removed after the sink's committed offset."""
    committed = progress.committed.get(partition)
    return 0 if committed is None else max(0, progress.earliest.get(partition, 0) - committed)


def short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
