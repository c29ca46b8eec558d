"""Records that a sink cannot take, set aside in Kafka."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from watchdog.model import ConnectorKey, Kept, RecordId, Selection, Since, TopicPartition, Unfit, WaitingRecord

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

    def differing(self, sink: ConnectorKey, records: Sequence[Unfit]) -> Mapping[RecordId, str]:
        """Which of them are not in quarantine exactly once and unchanged, in words."""

    def kept(self, sink: ConnectorKey) -> Sequence[Kept]:
        """What is in the sink's quarantine, oldest first."""

    def since(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, Since]:
        """What became of those keys in their topic after the records came."""

    def replay(self, sink: ConnectorKey, records: Sequence[RecordId]) -> Mapping[RecordId, RecordId]:
        """Write those back to their topics that still have no later record, in one transaction; where each is now."""
