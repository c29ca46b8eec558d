"""What the eyes of a cluster tell, with fakes in place of the systems."""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.connect import FakeConnect
from tests.fakes.kafka import FakeStatusFeed
from watchdog.act import Hands
from watchdog.errors import PortUnreachable
from watchdog.model import Action, CallResult, ConnectorKey, Outcome, Poll, PushedStatus, State
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


def test_the_topics_in_use_are_told_without_any_news(redactor: Redactor) -> None:
    feed = FakeStatusFeed()
    feed.use("sink", "orders")
    pushed = awaited(eyes_on(FakeConnect(), feed, redactor), lambda message: isinstance(message, Pushed))
    assert (pushed.statuses, pushed.used_topics) == ((), {"sink": frozenset({"orders"})})


def test_configurations_that_cannot_be_read_do_not_hide_the_states(redactor: Redactor) -> None:
    connect = FakeConnect()

    def refuse(names: object = None) -> object:
        raise PortUnreachable("http://c:8083", "the answer is larger than 64 MiB")

    connect.configs = refuse  # type: ignore[method-assign, assignment]
    inbox = eyes_on(connect, None, redactor)
    assert awaited(inbox, lambda message: isinstance(message, Poll)).error == ""
    assert "64 MiB" in awaited(inbox, lambda message: isinstance(message, Heard) and message.source == "configs").error


def test_whatever_an_adapter_stumbles_over_it_is_asked_again_and_its_words_stay_in_the_log(redactor: Redactor) -> None:
    connect = FakeConnect()
    poll, stumbles = connect.poll, [ValueError(CANARY)]

    def stumbling() -> Poll:
        if stumbles:
            raise stumbles.pop()
        return poll()

    connect.poll = stumbling  # type: ignore[method-assign]
    inbox = eyes_on(connect, None, redactor)
    failed = awaited(inbox, lambda message: isinstance(message, Poll))
    assert "ValueError" in failed.error
    assert CANARY not in failed.error
    assert awaited(inbox, lambda message: isinstance(message, Poll)).error == ""


def test_a_call_that_stumbles_is_unknown() -> None:
    outcomes: queue.Queue[Outcome] = queue.Queue()

    def stumble(action: Action) -> Outcome:
        raise ValueError(CANARY)

    hands = Hands("main", stumble, outcomes.put, lambda: NOW)
    hands.start()
    hands.do(Action("restart", ConnectorKey("main", "sink")))
    outcome = outcomes.get(timeout=5)
    assert outcome.result is CallResult.UNKNOWN
    assert CANARY not in outcome.detail


def test_what_waited_long_behind_a_call_that_hung_is_judged_anew_and_not_sent() -> None:
    """Whatever it was decided by may be over: somebody else may have paused the connector meanwhile."""
    now = [NOW]
    sent: list[Action] = []
    outcomes: queue.Queue[Outcome] = queue.Queue()

    def hanging(action: Action) -> Outcome:
        sent.append(action)
        now[0] += timedelta(seconds=30)
        return Outcome(action, CallResult.UNKNOWN, now[0])

    hands = Hands("main", hanging, outcomes.put, lambda: now[0])  # type: ignore[arg-type]
    first, second = (Action("restart", ConnectorKey("main", name)) for name in ("a", "b"))
    hands.do(first)
    hands.do(second)
    hands.start()
    results = [outcomes.get(timeout=5) for _ in range(2)]
    assert [outcome.result for outcome in results] == [CallResult.UNKNOWN, CallResult.CONFLICT]
    assert sent == [first]
    assert "waited 30 s" in results[1].detail


def test_row_7_stale_answers_of_a_worker_without_its_broker_are_told_with_the_first_poll() -> None:
    connect = FakeConnect(healthy=False, health_message="no broker")
    connect.add("sink")
    connect.fail("sink", "boom")
    inbox = eyes_on(connect, None, Redactor())
    heard = awaited(inbox, lambda message: isinstance(message, Heard) and message.source == "connect")
    assert "not healthy: no broker, and what it tells may be stale" in heard.error
    connect.healthy = True
    awaited(inbox, lambda message: isinstance(message, Heard) and message.source == "connect" and not message.error)


def test_a_cluster_that_cannot_be_reached_is_a_message_with_the_reason(redactor: Redactor) -> None:
    connect = FakeConnect()
    connect.unreachable = PortUnreachable("http://c:8083", "connection refused")
    inbox = eyes_on(connect, None, redactor)
    poll = awaited(inbox, lambda message: isinstance(message, Poll))
    assert "connection refused" in poll.error
    connect.unreachable = None
    awaited(inbox, lambda message: isinstance(message, Heard) and message.source == "connect" and not message.error)
