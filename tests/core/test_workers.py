"""How a worker calls, backs off, hears its bell, and stops."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from watchdog.errors import PortUnreachable
from watchdog.observe.workers import Inbox, Worker

LONG = 60.0
SOON = 5.0
"""A deadline, never a pause."""


class Work:
    """Answers what it is told to, in turn, the last for ever; remembers when it was called."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.called_at: list[float] = []
        self._called = threading.Condition()

    def __call__(self) -> object:
        with self._called:
            self.called_at.append(time.monotonic())
            self._called.notify_all()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def wait_for(self, calls: int) -> None:
        with self._called:
            assert self._called.wait_for(lambda: len(self.called_at) >= calls, SOON), self.called_at


Start = Callable[..., tuple[Worker, Inbox]]
GONE = PortUnreachable("http://c", "no connection")


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Worker] = []

    def make(work: Work, interval_seconds: float = LONG, kind: type[Worker] = Worker) -> tuple[Worker, Inbox]:
        inbox: Inbox = queue.Queue()
        worker = kind("w", work, lambda error: ("failed", str(error)), inbox, lambda: interval_seconds)
        started.append(worker)
        worker.start()
        return worker, inbox

    yield make
    for worker in started:
        worker.stop()
        worker.join(SOON)


class Quick(Worker):
    BACKOFF_SECONDS_MIN = 0.02
    BACKOFF_SECONDS_MAX = 0.08


class Even(Worker):
    BACKOFF_SECONDS_MIN = BACKOFF_SECONDS_MAX = 0.3


def running() -> bool:
    return any(thread.name == "w" for thread in threading.enumerate())


def got(inbox: Inbox) -> Any:
    return inbox.get(timeout=SOON)


def test_it_works_at_once_and_hands_on_what_it_got(start: Start) -> None:
    _, inbox = start(Work("news"))
    assert got(inbox) == "news"


def test_it_works_again_after_each_interval(start: Start) -> None:
    work = Work("news")
    start(work, 0.02)
    work.wait_for(4)
    gaps = [later - earlier for earlier, later in pairwise(work.called_at)]
    assert min(gaps) >= 0.015


def test_no_news_is_not_handed_on(start: Start) -> None:
    work = Work(None, None, "news")
    _, inbox = start(work, 0.0)
    assert got(inbox) == "news"


def test_the_bell_cuts_the_interval_short(start: Start) -> None:
    work = Work("news")
    worker, inbox = start(work)
    assert got(inbox) == "news"
    worker.ring()
    work.wait_for(2)


def test_a_bell_that_rings_during_the_work_is_heard_after_it(start: Start) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        leave.wait(SOON)
        return "slow"

    work = Work(slow, "quick")
    worker, inbox = start(work)
    assert entered.wait(SOON)
    worker.ring()
    leave.set()
    assert (got(inbox), got(inbox)) == ("slow", "quick")


def test_a_system_out_of_reach_is_news_too(start: Start) -> None:
    _, inbox = start(Work(GONE))
    assert got(inbox) == ("failed", "http://c: no connection")


def test_the_pauses_double_up_to_the_longest_and_the_first_success_ends_them(start: Start) -> None:
    work = Work(*[GONE] * 7, "back", *[GONE, "back"] * 5, None)
    start(work, 0.0, Quick)
    work.wait_for(19)
    gaps = [later - earlier for earlier, later in pairwise(work.called_at)]
    assert all(gap >= floor for gap, floor in zip(gaps, (0.02, 0.04, *[0.08] * 5), strict=False)), gaps
    # On a busy machine a pause may become longer, but not each of them: without its bound the sixth is 0.64 s.
    assert min(gaps[5:7]) < 0.5, gaps
    # After a success the next pause is the shortest again.
    assert 0.02 <= min(gaps[8:18:2]) < 0.08, gaps


def test_a_bell_during_a_pause_does_not_cut_it_short(start: Start) -> None:
    work = Work(GONE, "back")
    worker, inbox = start(work, LONG, Even)
    assert got(inbox)[0] == "failed"
    worker.ring()
    assert got(inbox) == "back"
    assert work.called_at[1] - work.called_at[0] >= 0.3


@pytest.mark.parametrize("answer", [pytest.param("news", id="resting"), pytest.param(GONE, id="backing off")])
def test_it_stops_without_waiting_for_its_rest(start: Start, answer: object) -> None:
    work = Work(answer)
    worker, _ = start(work)
    work.wait_for(1)
    began = time.monotonic()
    worker.stop()
    worker.join(SOON)
    assert time.monotonic() - began < SOON
    assert not running()
    assert len(work.called_at) == 1


def test_what_comes_after_the_stop_is_not_handed_on_and_a_call_that_hangs_does_not_keep_the_process(
    start: Start,
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang() -> str:
        entered.set()
        leave.wait(SOON)
        return "too late"

    worker, inbox = start(Work(hang))
    assert entered.wait(SOON)
    worker.stop()
    worker.join(0.0)
    assert running()
    leave.set()
    worker.join(SOON)
    assert not running()
    assert inbox.empty()


def test_workers_are_daemons(start: Start) -> None:
    start(Work(None))
    assert {thread.daemon for thread in threading.enumerate() if thread.name == "w"} == {True}
