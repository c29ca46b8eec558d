"""A pipeline of three partitions with records that its sink cannot take among others that it can, and what there has to
be of them in the end."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.contract.kafka_worlds import QUIET
from tests.stack.watchdog_process import eventually

COLUMNS = "id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(64), number INT"
TOO_LONG = "a name of more than sixteen characters"
BAD_KEYS = (101, 400, 401, 700, 995)
ROWS = 1000


def spec(prefix: str) -> Spec:
    return Spec(
        prefix=prefix,
        database=prefix,
        target_database=f"{prefix}_dw",
        source=f"{prefix}-source",
        sink=f"{prefix}-sink",
        columns=COLUMNS,
        partitions=3,
    )


@dataclass
class Broken:
    """`start` writes the rows and waits until the sink stands; `write_on` goes on writing until the block ends."""

    stack: Stack
    spec: Spec
    rows: int = ROWS
    bad: set[int] = field(default_factory=lambda: set(BAD_KEYS))
    late: int = 10_005
    """The key of the one that comes while others write; 0 for none."""

    def __post_init__(self) -> None:
        self.pipeline: Pipeline = self.stack.pipeline_of(self.spec)
        self._stop = threading.Event()
        self._next = 10_000

    @property
    def quarantine(self) -> str:
        return f"watchdog.quarantine.{self.spec.sink}"

    def start(self) -> None:
        self.clear()  # whatever an earlier run left
        self.pipeline.create()
        self.pipeline.alter_target("MODIFY name VARCHAR(16)")
        numbers = f"WITH RECURSIVE n(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < {self.rows - 1})"
        name = f"IF(id IN ({', '.join(map(str, self.bad))}), '{TOO_LONG}', CONCAT('row ', id))"
        self.source(f"INSERT INTO {self.table} {numbers} SELECT id, {name}, id FROM n")
        self.stack.connect.wait_failed(self.spec.sink, 60)

    def clear(self) -> None:
        self.pipeline.delete()
        self.stack.kafka.delete_topics([self.quarantine])

    @property
    def table(self) -> str:
        return f"`{self.spec.database}`.`{self.spec.table}`"

    def source(self, statement: str) -> None:
        self.stack.source.execute(statement)

    # ── others write meanwhile ──

    def __enter__(self) -> Broken:
        self._writer = threading.Thread(target=self._write_on, daemon=True)
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._writer.join(20)

    def _write_on(self) -> None:
        """New rows all the time and changed ones, and among them one that is bad."""
        while not self._stop.wait(0.25):
            key = self._next = self._next + 1
            is_bad = key == self.late
            if is_bad:
                self.bad.add(key)
            self.source(f"INSERT INTO {self.table} VALUES ({key}, '{TOO_LONG if is_bad else 'new'}', {key})")
            self.source(f"UPDATE {self.table} SET number = number + 1 WHERE id = {key % 9}")

    # ── what there is ──

    def rows_of(self, side: str) -> dict[int, tuple[str, int]]:
        pipeline = self.pipeline
        server, table = (pipeline.source, self.table) if side == "source" else (pipeline.target, pipeline._target_table)
        return {row["id"]: (row["name"], row["number"]) for row in server.query(f"SELECT * FROM {table}")}

    def in_step(self, without: set[int], seconds: float = 60) -> None:
        """Until the target is the source without those keys."""

        def is_in_step() -> bool:
            wanted = {key: row for key, row in self.rows_of("source").items() if key not in without}
            return self.rows_of("target") == wanted

        eventually(is_in_step, seconds, f"{self.spec.sink} has all rows but those in quarantine")

    def messages(self, topic: str) -> list[Message]:
        """All that are committed, of all partitions."""
        config: dict[str, Any] = {"bootstrap.servers": self.stack.bootstrap_servers, "group.id": "t"}
        config |= {"enable.partition.eof": True, "isolation.level": "read_committed"}
        found: list[Message] = []
        with closing(Consumer(config, logger=QUIET)) as consumer:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            left = len(partitions)
            while left:
                message = consumer.poll(20)
                assert message is not None
                left -= message.error() is not None
                found += [] if message.error() else [message]
        return found

    def kept(self) -> Counter[tuple[str, int, int]]:
        """How often each record is in quarantine, by what the copies say of themselves."""
        return Counter(_origin(message) for message in self.messages(self.quarantine))

    def unfit(self) -> Counter[tuple[str, int, int]]:
        """Every record of the topic that the target did not take, once."""
        return Counter(
            (message.topic() or "", message.partition() or 0, message.offset() or 0)
            for message in self.messages(self.spec.topic)
            if f'"name":"{TOO_LONG}"'.encode() in (message.value() or b"").split(b'"after":')[-1].split(b'"source"')[0]
        )


def _origin(message: Message) -> tuple[str, int, int]:
    headers = dict(message.headers() or [])
    topic, partition, offset = (headers[f"watchdog.source.{name}"] for name in ("topic", "partition", "offset"))
    assert isinstance(topic, bytes)
    assert isinstance(partition, bytes)
    assert isinstance(offset, bytes)
    return topic.decode(), int(partition), int(offset)
