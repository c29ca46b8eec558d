"""What the eyes of a cluster tell, with fakes in place of the systems."""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.connect import FakeConnect
from tests.fakes.kafka import FakeStatusFeed
from watchdog.errors import PortUnreachable
from watchdog.model import Poll, PushedStatus, State
from watchdog.observe import ClusterEyes, ClusterPorts, Pace
from watchdog.redact import Redactor
from watchdog.world import Heard, Pushed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CANARY = "canary-7d1f"


def awaited(inbox: queue.Queue[Any], wanted: Callable[[Any], bool]) -> Any:
    """The first message that is wanted; fails after five seconds."""
    while True:
        for message in inbox.get(timeout=5):
            if wanted(message):
                return message


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


def eyes_on(connect: FakeConnect, feed: FakeStatusFeed | None, redactor: Redactor) -> queue.Queue[Any]:
    inbox: queue.Queue[Any] = queue.Queue()
    ports = ClusterPorts(connect, feed, pace=Pace(poll_seconds=0.05), clean=redactor.clean)
    eyes = ClusterEyes(ports, {}, inbox, lambda: NOW)
    eyes.start()
    return inbox


def test_a_pushed_trace_is_told_only_after_its_connectors_secrets_are_known(redactor: Redactor) -> None:
    connect, feed = FakeConnect(redactor=redactor), FakeStatusFeed()
    connect.add("sink", config={"connection.password": CANARY})
    feed.push(PushedStatus("main", "sink", 0, State.FAILED, "w", f"Access denied with {CANARY}", NOW))
    pushed = awaited(eyes_on(connect, feed, redactor), lambda message: isinstance(message, Pushed))
    assert pushed.statuses[0].trace == "Access denied with ***"


def test_a_trace_whose_secrets_cannot_be_learnt_is_left_to_the_poll(redactor: Redactor) -> None:
    connect, feed = FakeConnect(redactor=redactor), FakeStatusFeed()
    connect.unreachable = PortUnreachable("http://c:8083", "connection refused")
    feed.push(PushedStatus("main", "sink", 0, State.FAILED, "w", f"denied with {CANARY}", NOW))
    pushed = awaited(eyes_on(connect, feed, redactor), lambda message: isinstance(message, Pushed))
    assert pushed.statuses == ()


def test_a_cluster_that_cannot_be_reached_is_a_message_with_the_reason(redactor: Redactor) -> None:
    connect = FakeConnect()
    connect.unreachable = PortUnreachable("http://c:8083", "connection refused")
    inbox = eyes_on(connect, None, redactor)
    poll = awaited(inbox, lambda message: isinstance(message, Poll))
    assert "connection refused" in poll.error
    connect.unreachable = None
    heard = awaited(inbox, lambda message: isinstance(message, Heard) and not message.error)
    assert heard.source == "connect"
