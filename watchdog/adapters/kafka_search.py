"""Kafka's topics → the one that is a Connect cluster's status topic. REST does not name it; its keys give it away."""

from __future__ import annotations

import time
from collections.abc import Iterable

from watchdog.adapters.connect_status import is_status
from watchdog.adapters.kafka_client import KafkaReader, seconds_until
from watchdog.adapters.kafka_events import End, Record
from watchdog.errors import PortRefused

USUAL_NAMES = (
    "connect-status",
    "connect-statuses",
    "connect_status",
    "connect_statuses",
    "_connect-status",
    "_connect_status",
    "docker-connect-status",
    "_kafka-connect-status",
    "my_connect_statuses",
    "connect-cluster-status",
)
LOOK_RECORDS_MAX = 1000
LOOK_SECONDS = 3.0
"""What one topic may cost; its keys show within the first records."""
CANDIDATES_MAX = 200


def find_status_topic(reader: KafkaReader) -> str:
    """By its usual names first, else among all compacted topics. The reader's assignment is used up.

    Raises `PortRefused` when none or several qualify: then only a setting can tell.
    """
    topics = reader.partitions()
    usual = [name for name in USUAL_NAMES if name in topics]
    found = [name for name in usual if holds_status(reader, name, topics[name])]
    if not found:
        others = [name for name in topics if name not in usual and not name.startswith("__")]
        compacted = sorted(reader.compacted(others), key=_likely_first)[:CANDIDATES_MAX]
        found = [name for name in compacted if holds_status(reader, name, topics[name])]
    # A worker that has no connector yet has written nothing, to a topic that has a name all the same.
    if len(found or usual) == 1:
        return (found or usual)[0]
    problem = (
        f"several topics hold Connect's states: {', '.join(sorted(found))}"
        if found
        else "no topic holds Connect's states (yet)"
    )
    raise PortRefused(reader.target, problem, "set `status_topic` to the workers' `status.storage.topic`")


def holds_status(reader: KafkaReader, topic: str, partitions: Iterable[int]) -> bool:
    """Whether one of the first records has a key such as only Connect writes."""
    ends = {partition: reader.offsets(topic, partition) for partition in partitions}
    unread = {partition for partition, (first, end) in ends.items() if first < end}
    if not unread:
        return False
    reader.assign({(topic, partition): ends[partition][0] for partition in unread})
    deadline = time.monotonic() + LOOK_SECONDS
    for _ in range(LOOK_RECORDS_MAX):
        if not unread or (found := reader.poll(seconds_until(deadline))) is None:
            return False
        if isinstance(found, Record) and is_status(found.key):
            return True
        if isinstance(found, End):
            unread.discard(found.partition)
    return False


def _likely_first(name: str) -> tuple[bool, str]:
    return "status" not in name.lower(), name
