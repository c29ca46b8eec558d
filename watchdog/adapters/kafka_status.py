"""Connect's status topic → state changes within milliseconds of Connect writing them.

The whole topic is read at the start to learn which topics each connector uses; what was written before the start is not
told as news. The poll of Connect's REST interface stays the truth.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence

from watchdog.adapters.connect_status import TOPIC, Use, pushed, use
from watchdog.adapters.kafka_client import KafkaReader, seconds_until
from watchdog.adapters.kafka_events import End, Lost, Record
from watchdog.adapters.kafka_search import find_status_topic
from watchdog.errors import PortRefused, PortTimeout
from watchdog.model import PushedStatus
from watchdog.redact import Redactor

READ_MAX = 500
"""State changes of one read; a cluster-wide rebalance of thousands of tasks comes in several."""
START_SECONDS = 30.0
"""For reading the whole topic, which is compacted: some records for each connector, task and topic."""


class StatusTopic:
    """`ports.StatusFeed` of one Connect cluster.

    `cluster`: its name, for what is told. `topic`: its `status.storage.topic`; empty: the topic that holds records such
    as only Connect writes. `settings`: librdkafka's. It connects with the first call, not before.
    """

    def __init__(
        self, cluster: str, bootstrap_servers: str, topic: str, settings: Mapping[str, str], redactor: Redactor
    ) -> None:
        self.topic = topic
        """Which topic is read; empty until it is found."""
        self.ignored = 0
        """Records that tell nothing: tombstones, and what Connect did not write."""
        self._cluster = cluster
        self._redactor = redactor
        self._reader = KafkaReader(bootstrap_servers, settings)
        self._news_from: dict[int, int] | None = None
        self._past_left: set[int] = set()
        self._uses: dict[bytes, Use] = {}
        self._topics_of: dict[str, frozenset[str]] | None = None
        self._news: deque[PushedStatus] = deque()

    def read(self, timeout_seconds: float) -> Sequence[PushedStatus]:
        deadline = time.monotonic() + timeout_seconds
        self._start()
        # Wait for the first news only: whatever is there by then comes with it.
        while len(self._news) < READ_MAX and self._take(0.0 if self._news else seconds_until(deadline)):
            pass
        return tuple(self._news.popleft() for _ in range(min(len(self._news), READ_MAX)))

    def topics_of(self) -> Mapping[str, frozenset[str]]:
        self._start()
        self._read_past()
        if self._topics_of is None:
            found: dict[str, set[str]] = {}
            for connector, topic in self._uses.values():
                found.setdefault(connector, set()).add(topic)
            self._topics_of = {connector: frozenset(topics) for connector, topics in found.items()}
        return self._topics_of

    def close(self) -> None:
        self._reader.close()

    def _start(self) -> None:
        """Find the topic, and read it from its beginning; nothing when that is done."""
        if self._news_from is not None:
            return
        if not self.topic:
            self.topic = find_status_topic(self._reader)
        ends = {each: self._reader.offsets(self.topic, each) for each in self._reader.partitions_of(self.topic)}
        self._reader.assign({(self.topic, partition): first for partition, (first, _) in ends.items()})
        self._news_from = {partition: end for partition, (_, end) in ends.items()}
        self._past_left = {partition for partition, (first, end) in ends.items() if first < end}
        self._uses.clear()
        self._topics_of = None

    def _read_past(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._past_left:
            if not (left := seconds_until(deadline)):
                raise PortTimeout(self._reader.target, f"{self.topic} could not be read within {START_SECONDS:g} s")
            self._take(left)

    def _take(self, seconds: float) -> bool:
        """Wait for one record or piece of news and note what it says; False when nothing came."""
        found = self._reader.poll(seconds)
        if isinstance(found, Record):
            self._note(found)
        elif isinstance(found, End):
            self._past_left.discard(found.partition)
        elif isinstance(found, Lost):
            # Another topic of the same name, or none: what is known of it is of no use.
            self._news_from = None
            raise PortRefused(self._reader.target, f"{self.topic} changed under us: {found.why}", "it is read anew")
        return found is not None

    def _note(self, record: Record) -> None:
        news_from = (self._news_from or {}).get(record.partition, 0)
        if record.offset >= news_from - 1:
            self._past_left.discard(record.partition)
        if record.key and record.key.startswith(TOPIC):
            self._note_use(record.key, record)
        elif record.offset >= news_from:
            self._note_news(record)

    def _note_use(self, key: bytes, record: Record) -> None:
        found = use(record)
        if found == self._uses.get(key):
            return
        self._topics_of = None
        if found is not None:
            self._uses[key] = found
        elif record.value is None:
            del self._uses[key]
        else:
            self.ignored += 1

    def _note_news(self, record: Record) -> None:
        if news := pushed(record, self._cluster, self._redactor):
            self._news.append(news)
        else:
            self.ignored += 1
