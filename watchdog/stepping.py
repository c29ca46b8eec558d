"""PURE: how a sink gets past records that it cannot take, and which of those may go back to their topic later."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from watchdog.model import Kept, RecordId, Replay, Selection, Since, TopicPartition, WaitingRecord

_VERSION = re.compile(r"(\d+)\.(\d+)")
_CONFLUENT = re.compile(r"-c(?:cs|e)\b")
OFFSETS_SINCE = (3, 6)
"""Kafka Connect's version from which on offsets can be changed through REST."""


def past(seen: Selection, known: Collection[RecordId]) -> dict[TopicPartition, int]:
    """Where to set the sink's offsets: past the records that stand first in their partitions, as long as these do not
    fit and are among `known`. A record that fits, or is not known, is never passed."""
    offsets: dict[TopicPartition, int] = {}
    barred: set[TopicPartition] = set()
    for each in seen.unfit:
        place = each.id.place
        if each.id not in known or each.id.offset > seen.first_fit.get(place, each.id.offset):
            barred.add(place)
        elif place not in barred:
            offsets[place] = each.id.offset + 1
    return offsets


def poll_size(seen: Selection, offsets: Mapping[TopicPartition, int], most: int) -> int:
    """How many records a poll may bring so that the first one of the nearest partition ends before what does not fit
    there: the smallest distance from the `offsets` (where there is none: from the first record that fits), at most
    `most`, and 1 at least. Nothing ahead that does not fit: `most`."""
    nearest: dict[TopicPartition, int] = {}
    for each in seen.unfit:
        place = each.id.place
        start = offsets.get(place, seen.first_fit.get(place, each.id.offset))
        if each.id.offset >= start:
            nearest.setdefault(place, each.id.offset - start)
    return max(1, min([*nearest.values(), most]))


def ahead(records: Iterable[RecordId], committed: Mapping[TopicPartition, int]) -> tuple[RecordId, ...]:
    """Those that the sink has not passed."""
    return tuple(record for record in records if committed.get(record.place, 0) <= record.offset)


def offsets_can_be_changed(version: str) -> bool | None:
    """By the worker's version, Kafka's (`3.6.0`) or Confluent's (`7.6.0-ccs` has 3.6 in it); None: it tells nothing."""
    if not (found := _VERSION.match(version)):
        return None
    major, minor = int(found[1]), int(found[2])
    return (major - 4 if _CONFLUENT.search(version) else major, minor) >= OFFSETS_SINCE


def replayable(kept: Sequence[Kept], since: Mapping[RecordId, Since], judge: Callable[[WaitingRecord], str]) -> Replay:
    """Only what is still the newest of its key, and fits the target now. Order per key stays what it is."""
    told = [(record, _against(record, since.get(record.id), judge)) for record in kept]
    chosen = tuple(record for record, why in told if not why)
    return Replay(chosen, tuple((record, why) for record, why in told if why))


def _against(record: Kept, since: Since | None, judge: Callable[[WaitingRecord], str]) -> str:
    """Why it is not written back; empty when it may be."""
    if not record.has_key:
        return "it has no key: nothing tells whether a later record replaces it"
    if since is not None and since.replayed:
        return f"it was written back before, as {since.replayed}"
    if since is None or not since.original:
        return "its topic no longer has it at its offset, and so may not have what came later either"
    if since.later:
        return f"its row was {'deleted' if since.later_deletes else 'written again'} later, by {since.later}"
    if record.waiting is None:
        return "it cannot be read now: whether the target takes it is not known"
    if why := judge(record.waiting):
        return f"the target still does not take it: {why}"
    return ""
