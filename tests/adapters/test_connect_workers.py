"""Several workers, old workers, and workers that do not let us in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.connect import FakeConnect
from tests.fakes.old_worker import OldWorker
from tests.hostile_server import Behaviour, HostileServer, Talk, answer, hostile_server
from watchdog.adapters.connect import ConnectLimits, ConnectRest
from watchdog.adapters.connect_restarts import restarts_tasks_one_by_one
from watchdog.adapters.doors import Doors
from watchdog.errors import PortError, PortRefused, PortUnauthorized
from watchdog.model import Action, CallResult, ConnectorKey, Outcome, State
from watchdog.redact import Redactor

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
BULK = "GET /connectors?expand=status"
RESTART = "POST /connectors/s/restart?includeTasks=true&onlyFailed=true"
LIMITS = ConnectLimits(request_timeout_seconds=2, action_timeout_seconds=2, health_timeout_seconds=2)
WELL: dict[str, Behaviour] = {
    "GET /health": answer({"status": "healthy"}),
    "GET /": answer({"version": "4.3.1"}),
    BULK: answer({}),
    RESTART: answer({"name": "s"}, 202),
}


def rest(*urls: str, limits: ConnectLimits = LIMITS) -> ConnectRest:
    return ConnectRest("main", urls, Redactor(), lambda: NOW, limits)


def restart(connect: ConnectRest, whole: bool = False) -> Outcome:
    return connect.act(Action("restart", ConnectorKey("main", "s"), whole=whole))


def hang(talk: Talk) -> None:
    talk.hang()


def broken_off(talk: Talk) -> None:
    talk.connection.close()


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def second() -> Iterator[HostileServer]:
    with hostile_server(dict(WELL)) as server:
        yield server


# Several workers.


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(None, id="down"),
        pytest.param(hang, id="not in time"),
        pytest.param(broken_off, id="broken off"),
        pytest.param(answer({"message": "IO Error trying to forward REST request"}, 500), id="500"),
        pytest.param(answer("", 503), id="503"),
    ],
)
def test_what_only_reads_is_asked_of_another_worker_and_that_one_is_kept(
    second: HostileServer, behaviour: Behaviour | None
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(hostile_server(behaviour)) if behaviour else None
        connect = rest(first.url if first else closed_port(), second.url)
        assert connect.poll().healthy is True
        asked = len(first.received) if first else 0
        assert connect.poll().complete
        assert second.lines.count(BULK) == 2
        assert (len(first.received) if first else 0) == asked


def test_the_first_worker_is_asked_again_when_the_second_fails_in_its_turn(second: HostileServer) -> None:
    with hostile_server(answer("", 503)) as first:
        connect = rest(first.url, second.url)
        connect.poll()
        first.behave, second.behave = dict(WELL), answer("", 503)
        assert connect.poll().healthy is True
    assert first.lines == [BULK, BULK]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_an_answer_that_says_no_is_no_reason_to_ask_another(second: HostileServer, status: int) -> None:
    with hostile_server(answer({"message": "no"}, status)) as first, pytest.raises(PortRefused, match=str(status)):
        rest(first.url, second.url).poll()
    assert second.lines == []


def test_a_redirect_to_another_host_is_not_followed_though_that_host_is_one_of_the_workers(
    second: HostileServer,
) -> None:
    away = answer("", 307, Location=f"{second.url}/connectors?expand=status")
    with hostile_server(away) as first, pytest.raises(PortRefused, match="redirects"):
        rest(first.url, second.url).poll()
    assert second.lines == []


def test_with_every_worker_down_the_last_ones_error_is_told() -> None:
    one, other = closed_port(), closed_port()
    with pytest.raises(PortError, match=f"{other}.*refused"):
        rest(one, other).poll()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(hang, id="no answer"),
        pytest.param(broken_off, id="broken off"),
        pytest.param(answer({"message": "IO Error trying to forward REST request"}, 500), id="not forwarded"),
    ],
)
def test_a_restart_whose_answer_is_lost_is_not_sent_to_another_worker(
    second: HostileServer, behaviour: Behaviour
) -> None:
    with hostile_server(behaviour) as first:
        outcome = restart(rest(first.url, second.url))
    assert outcome.result is CallResult.UNKNOWN
    assert (first.lines, second.lines) == ([RESTART], [])


def test_a_restart_that_cannot_have_left_is_sent_to_another_worker(second: HostileServer) -> None:
    assert restart(rest(closed_port(), second.url)).result is CallResult.ACCEPTED
    assert second.lines == [RESTART]


def test_after_a_conflict_the_next_try_goes_to_another_worker(second: HostileServer) -> None:
    """One that takes a worker for the leader that is none answers 409 for as long as it does."""
    with hostile_server(answer({"message": "stale"}, 409)) as first:
        connect = rest(first.url, second.url)
        assert [restart(connect).result for _ in range(2)] == [CallResult.CONFLICT, CallResult.ACCEPTED]
    assert (first.lines, second.lines) == ([RESTART], [RESTART])


def test_a_sick_workers_statuses_are_not_vouched_for_by_a_healthy_one(second: HostileServer) -> None:
    """They may be stale: the healthy worker is asked for its own."""
    sick = {**WELL, "GET /health": answer({"status": "unhealthy", "message": "no broker"}, 500)}
    with hostile_server(sick) as first:
        connect = rest(first.url, second.url)
        polls = [connect.poll() for _ in range(2)]
    assert [(poll.healthy, "no broker" in poll.health_message) for poll in polls] == [(False, True), (True, False)]
    assert second.lines[0] == BULK


def test_a_healthy_worker_after_a_sick_one_is_given_its_whole_time_to_say_so(second: HostileServer) -> None:
    def slow(talk: Talk) -> None:
        talk.closing.wait(0.25)
        talk.send(answer({"status": "healthy"}, Connection="close"))

    sick = {**WELL, "GET /health": answer({"status": "unhealthy"}, 500)}
    second.behave = {**WELL, "GET /health": slow}
    with hostile_server(sick) as first:
        connect = rest(first.url, second.url)
        assert [connect.poll().healthy for _ in range(2)] == [False, True]


def test_a_worker_that_is_upgraded_tells_its_new_version_within_ten_minutes() -> None:
    now = [NOW]
    with hostile_server(dict(WELL)) as server:
        connect = ConnectRest("main", server.url, Redactor(), lambda: now[0], LIMITS)
        versions = [connect.poll().version]
        server.behave = {**WELL, "GET /": answer({"version": "4.4.0"})}
        for minutes in (9, 2):
            now[0] += timedelta(minutes=minutes)
            versions.append(connect.poll().version)
    assert versions == ["4.3.1", "4.3.1", "4.4.0"]


def test_a_workers_own_login_is_sent_to_that_worker_alone(second: HostileServer) -> None:
    with hostile_server(answer("", 503)) as first:
        rest(first.url.replace("//", "//me:f1rst-s3cret@"), second.url).poll()
    assert first.received[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in second.received[0].headers


def test_row_7_a_health_that_fails_goes_before_statuses_that_are_answered_with_200() -> None:
    running = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": "boom"}]}
    stale = {**WELL, BULK: answer({"s": {"status": running}}), "GET /health": hang}
    with hostile_server(stale) as server:
        poll = rest(server.url).poll()
    assert poll.connectors["s"].failed
    assert (poll.healthy, "no whole answer within 2 s" in poll.health_message) == (False, True)


def test_row_8_a_restart_that_hangs_and_then_fails_is_unknown_in_its_own_time_and_delays_no_poll() -> None:
    """A worker without its broker holds a restart for 90 s, and then answers 500."""
    held = threading.Event()

    def hang_then_500(talk: Talk) -> None:
        held.set()
        talk.closing.wait(90)
        talk.send(answer({"message": "Request timed out"}, 500))

    with hostile_server({**WELL, RESTART: hang_then_500}) as server, ThreadPoolExecutor(1) as hands:
        connect = rest(server.url, limits=replace(LIMITS, action_timeout_seconds=3))
        outcome = hands.submit(restart, connect)
        assert held.wait(5)
        for _ in range(5):
            assert connect.poll().complete
        assert not outcome.done()
        assert outcome.result(10).result is CallResult.UNKNOWN
        assert "no whole answer within 3 s" in outcome.result().detail
        assert server.lines.count(RESTART) == 1


# Not let in.


@pytest.mark.parametrize(
    ("status", "also"), [pytest.param(401, 0, id="wrong login"), pytest.param(403, 1, id="forbidden path")]
)
def test_who_is_not_let_in_does_not_ask_again_and_again(status: int, also: int) -> None:
    """A 401 is about everything; of a 403 another path may know nothing."""
    with hostile_server(answer({"message": "no"}, status)) as server:
        connect = rest(server.url)
        for _ in range(20):
            with pytest.raises(PortUnauthorized, match=f"answered {status}: no"):
                connect.poll()
        with pytest.raises(PortUnauthorized):
            connect.offsets("s")
    assert len(server.received) == 1 + also


def test_pauses_after_refusals_grow_up_to_two_minutes_and_end_with_an_answer() -> None:
    now = 1000.0
    doors = Doors(5, clock=lambda: now)
    refused = PortUnauthorized("GET http://c/x", "answered 401: no", "check", 401)
    tried, told = [], set()
    while now < 1600:
        try:
            doors.pass_through("GET /x")
        except PortUnauthorized as error:
            told.add((error.status, str(error)))
        else:
            tried.append(now - 1000)
            doors.shut("", refused)
        now += 1
    assert told == {(401, str(refused))}
    assert tried == [0, 5, 15, 35, 75, 155, 275, 395, 515]
    doors.opened("GET /x")
    doors.pass_through("GET /x")
    doors.shut("", refused)
    now += 5
    doors.pass_through("GET /x")


def test_a_forbidden_restart_is_tried_whenever_it_is_asked_for() -> None:
    with hostile_server(answer({"message": "no"}, 403)) as server:
        connect = rest(server.url)
        assert [restart(connect).result for _ in range(2)] == [CallResult.REFUSED] * 2
    assert server.lines == [RESTART] * 2


# Workers before 3.0.


@pytest.mark.parametrize(
    ("version", "old"),
    [
        ("2.8.2", True),
        ("2.8.2-SNAPSHOT", True),
        ("3.0.0", False),
        ("4.3.1", False),
        ("10.0.0", False),
        ("6.2.15-ccs", True),
        ("6.0.1-ce", True),
        ("7.0.0-ccs", False),
        ("8.0.0-ce", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_which_workers_restart_tasks_one_by_one(version: str, old: bool) -> None:
    assert restarts_tasks_one_by_one(version) is old


class Old:
    """A 2.8 worker with a sink of four tasks, of which 1 and 3 failed."""

    def __init__(self, stack: ExitStack, *, polled: bool = True, connector_failed: bool = False) -> None:
        self.fake = FakeConnect()
        self.fake.add("s", tasks=4)
        for task in (1, 3):
            self.fake.fail("s", "boom", task, again=False)
        if connector_failed:
            self.fake.fail_connector("s", "boom")
        self.worker = OldWorker(self.fake)
        self.server = stack.enter_context(hostile_server(self.worker))
        self.connect = rest(self.server.url, limits=ConnectLimits())
        if polled:
            self.connect.poll()
            self.server.received.clear()

    def changes(self) -> list[str]:
        return [line for line in self.server.lines if not line.startswith("GET")]

    def failed(self) -> list[int]:
        return [task.id for task in self.fake.connectors["s"].failed_tasks]


TASKS = ["POST /connectors/s/tasks/1/restart", "POST /connectors/s/tasks/3/restart"]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_each_failed_task_is_restarted_and_they_are_one_outcome(stack: ExitStack) -> None:
    old = Old(stack)
    outcome = restart(old.connect)
    assert (outcome.result, outcome.detail) == (CallResult.ACCEPTED, "restarted one by one: task 1, task 3")
    assert (old.changes(), old.failed()) == (TASKS, [])


def test_a_failed_connector_is_restarted_before_its_tasks(stack: ExitStack) -> None:
    old = Old(stack, connector_failed=True)
    assert restart(old.connect).detail == "restarted one by one: the connector, task 1, task 3"
    assert old.changes() == ["POST /connectors/s/restart", *TASKS]
    assert old.fake.connectors["s"].state is State.RUNNING


def test_a_whole_restart_restarts_the_tasks_that_run_too(stack: ExitStack) -> None:
    old = Old(stack)
    assert restart(old.connect, whole=True).result is CallResult.ACCEPTED
    assert old.changes() == [
        "POST /connectors/s/restart",
        *(f"POST /connectors/s/tasks/{task}/restart" for task in range(4)),
    ]


def test_a_worker_whose_version_is_not_known_gives_itself_away_by_an_empty_answer(stack: ExitStack) -> None:
    old = Old(stack, polled=False)
    outcome = restart(old.connect)
    assert (outcome.result, outcome.detail) == (
        CallResult.ACCEPTED,
        "restarted one by one: the connector, task 1, task 3",
    )
    assert (old.changes(), old.failed()) == ([RESTART, *TASKS], [])


def test_nothing_is_sent_when_nothing_is_failed_any_more(stack: ExitStack) -> None:
    old = Old(stack)
    old.fake.set_state("s", State.RUNNING)
    outcome = restart(old.connect)
    assert (outcome.result, old.changes()) == (CallResult.ACCEPTED, [])
    assert "nothing was sent" in outcome.detail


@pytest.mark.parametrize(
    ("first", "second", "result", "told"),
    [
        pytest.param(None, 409, CallResult.UNKNOWN, ["carried out in part", "by one: task 1", "task 3: "], id="409"),
        pytest.param(None, 404, CallResult.UNKNOWN, ["carried out in part", "task 3: ", "Unknown"], id="task gone"),
        pytest.param(None, 500, CallResult.UNKNOWN, ["carried out in part", "task 3: ", "500"], id="500"),
        pytest.param(409, None, CallResult.UNKNOWN, ["carried out in part", "task 1: ", "task 3"], id="the other way"),
        pytest.param(409, 409, CallResult.CONFLICT, ["task 1: ", "task 3: "], id="both busy"),
        pytest.param(404, 409, CallResult.CONFLICT, ["task 1: ", "task 3: "], id="gone and busy"),
        pytest.param(404, 404, CallResult.REFUSED, ["task 1: ", "task 3: "], id="both gone"),
        pytest.param(409, 500, CallResult.UNKNOWN, ["task 1: ", "task 3: "], id="busy, and nobody knows"),
    ],
)
def test_what_was_carried_out_in_part_is_told_so(
    stack: ExitStack, first: int | None, second: int | None, result: CallResult, told: list[str]
) -> None:
    old = Old(stack)
    for line, status in zip(TASKS, (first, second), strict=True):
        if status:
            old.worker.troubles[line] = answer({"message": "Unknown"}, status, Connection="close")
    outcome = restart(old.connect)
    assert outcome.result is result
    assert all(part in outcome.detail for part in told), outcome.detail
    assert ("carried out in part" in outcome.detail) == ("carried out in part" in told)
    assert old.failed() == [task for task, status in ((1, first), (3, second)) if status]
    assert old.changes() == TASKS


def test_all_calls_of_one_restart_share_its_deadline(stack: ExitStack) -> None:
    old = Old(stack)
    old.connect = rest(old.server.url)
    old.connect.poll()
    old.server.received.clear()
    old.worker.troubles[TASKS[0]] = hang
    outcome = restart(old.connect)
    assert outcome.result is CallResult.UNKNOWN
    assert "task 3: not asked for within 2 s" in outcome.detail
    assert old.changes() == TASKS[:1]


def test_when_it_cannot_be_read_what_failed_nothing_is_sent(stack: ExitStack) -> None:
    old = Old(stack)
    old.worker.troubles["GET /connectors/s/status"] = answer("", 500, Connection="close")
    outcome = restart(old.connect)
    assert (outcome.result, old.changes()) == (CallResult.UNKNOWN, [])
    assert "cannot be read" in outcome.detail
