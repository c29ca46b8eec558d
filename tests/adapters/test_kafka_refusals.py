"""A reader that is not let in steps back, and goes on where it was once it is."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.contract.kafka_worlds import mock_broker
from watchdog.adapters.kafka_client import KafkaReader
from watchdog.adapters.kafka_events import Record
from watchdog.errors import PortUnauthorized

REFUSED = PortUnauthorized("kafka k", "wrong password", "check")


def next_record(reader: KafkaReader) -> Record:
    for _ in range(100):
        if isinstance(event := reader.poll(0.2), Record):
            return event
    raise AssertionError("no record came")


def test_after_a_refusal_it_does_not_connect_for_a_while_and_then_reads_on_where_it_was() -> None:
    now = 0.0
    with mock_broker() as broker, closing(KafkaReader(broker.bootstrap_servers, broker.settings)) as reader:
        reader._doors.clock = lambda: now
        for number in range(4):
            broker.write("t", b"%d" % number)
        reader.assign({("t", 0): 1})
        assert next_record(reader).value == b"1"
        reader._step_back(REFUSED)
        for _ in range(3):
            with pytest.raises(PortUnauthorized, match="wrong password"):
                reader.poll(0)
        assert reader._consumer is None
        now += 6
        assert [next_record(reader).value for _ in range(2)] == [b"2", b"3"]


def test_what_is_read_no_more_is_not_taken_up_again() -> None:
    now = 0.0
    with mock_broker() as broker, closing(KafkaReader(broker.bootstrap_servers, broker.settings)) as reader:
        reader._doors.clock = lambda: now
        for topic in ("a", "b"):
            broker.write(topic, topic.encode())
        reader.assign({("a", 0): 0})
        reader.add({("b", 0): 0})
        reader.remove([("a", 0)])
        reader._step_back(REFUSED)
        now += 6
        assert next_record(reader).value == b"b"
