"""The REST adapter against a server that answers as Kafka Connect was measured to, and worse."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.hostile_server import Behaviour, HostileServer, Talk, answer, hostile_server
from watchdog.adapters.connect import ConnectLimits, ConnectRest
from watchdog.errors import PortNonsense, PortRefused, PortUnauthorized
from watchdog.model import Action, CallResult, ConnectorKey, State
from watchdog.redact import Redactor

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BULK = "GET /connectors?expand=status"
INFO = "GET /connectors?expand=info"
CANARY = "c4nary-s3cret"
LIMITS = ConnectLimits(
    request_timeout_seconds=1,
    action_timeout_seconds=0.3,
    health_timeout_seconds=0.3,
    sweep_timeout_seconds=0.6,
    login_timeout_seconds=1,
    response_bytes_max=20_000,
    refused_pause_seconds=0,
)
WELL: dict[str, Behaviour] = {
    "GET /health": answer({"status": "healthy", "message": "ready"}),
    "GET /": answer({"version": "4.3.1"}),
}


def status(state: str = "RUNNING", trace: str | None = None) -> dict[str, Any]:
    task = {"id": 0, "state": state, "worker_id": "w", **({"trace": trace} if trace else {})}
    return {"connector": {"state": "RUNNING", "worker_id": "w"}, "tasks": [task], "type": "sink"}


def bulk(**statuses: dict[str, Any]) -> bytes:
    return answer({name: {"status": each} for name, each in statuses.items()})


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def rest(server: HostileServer, clock: Callable[[], datetime] = lambda: NOW) -> ConnectRest:
    return ConnectRest("main", server.url, Redactor(), clock, LIMITS)


def hang(talk: Talk) -> None:
    talk.hang()


# Polling.


def test_one_request_tells_everything_while_nothing_failed() -> None:
    with hostile_server({**WELL, BULK: bulk(a=status(), b=status())}) as server:
        poll = rest(server).poll()
    assert server.lines == [BULK, "GET /health", "GET /"]
    assert poll.connectors["a"].all_running
    assert (poll.healthy, poll.health_message, poll.version, poll.complete) == (True, "ready", "4.3.1", True)
    assert poll.started_at == NOW


@pytest.mark.parametrize(
    ("behaviour", "healthy", "message"),
    [
        pytest.param(answer({"status": "unhealthy", "message": "no broker"}, 500), False, "no broker", id="500"),
        pytest.param(answer({"status": "starting", "message": "wait"}), False, "wait", id="not yet"),
        pytest.param(hang, False, "no whole answer within 0.3 s", id="no answer"),
        pytest.param(answer("<html>", Content_Type="text/html"), False, "not JSON", id="a page"),
        pytest.param(answer({"message": "HTTP 404 Not Found"}, 404), None, "", id="an older worker"),
    ],
)
def test_the_workers_own_health_is_told_beside_the_statuses(
    behaviour: Behaviour, healthy: bool | None, message: str
) -> None:
    with hostile_server({**WELL, BULK: bulk(a=status()), "GET /health": behaviour}) as server:
        began = time.monotonic()
        poll = rest(server).poll()
        took = time.monotonic() - began
    assert poll.healthy is healthy
    assert message in poll.health_message
    assert poll.connectors["a"].all_running
    assert took < 5


def test_a_bad_health_is_asked_again_with_every_poll_and_a_good_one_is_good_for_two_seconds() -> None:
    clock = Clock()
    with hostile_server({**WELL, BULK: bulk(a=status())}) as server:
        connect = rest(server, clock)
        asked = []
        for healthy, later in ((True, 1), (True, 1), (False, 1), (False, 0), (True, 0)):
            code = 200 if healthy else 500
            server.behave = {**WELL, BULK: bulk(), "GET /health": answer({"status": "healthy"}, code)}
            before = server.lines.count("GET /health")
            connect.poll()
            asked.append(server.lines.count("GET /health") - before)
            clock.now += timedelta(seconds=later)
    assert asked == [1, 0, 1, 1, 1]


@pytest.mark.parametrize(
    "document",
    [pytest.param(b"7", id="a number"), pytest.param(b'"x"', id="a string"), pytest.param(b"", id="nothing")],
)
def test_an_answer_that_is_no_object_of_connectors_is_nonsense(document: bytes) -> None:
    with hostile_server({**WELL, BULK: answer(document)}) as server, pytest.raises(PortNonsense):
        rest(server).poll()


def test_a_wrong_password_is_told_as_such_and_asked_once() -> None:
    with hostile_server(answer({"message": "no"}, 401)) as server, pytest.raises(PortUnauthorized):
        rest(server).poll()
    assert server.lines == [BULK]


# Traces and secrets.


def failing(trace: str) -> dict[str, Behaviour]:
    return {
        **WELL,
        BULK: bulk(a=status(), b=status("FAILED", trace)),
        "GET /connectors/b/config": answer({"name": "b", "database.password": CANARY}),
    }


def trace_of(connect: ConnectRest, name: str = "b") -> str | None:
    return connect.poll().connectors[name].tasks[0].trace


def test_the_configuration_is_read_before_a_new_trace_is_told_and_once_for_each_trace() -> None:
    with hostile_server(failing(f"refused {CANARY}")) as server:
        connect = rest(server)
        first = connect.poll()
        assert first.connectors["b"].tasks[0].trace == "refused ***"
        assert first.configs["b"].get("database.password") == "***"
        second = connect.poll()
        assert second.connectors["b"].tasks[0].trace == "refused ***"
        assert second.configs == {}
        assert server.lines.count("GET /connectors/b/config") == 1
        # Another trace may come of another configuration, with another password.
        server.behave = failing("refused c4nary-2") | {
            "GET /connectors/b/config": answer({"database.password": "c4nary-2"})
        }
        assert trace_of(connect) == "refused ***"


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(answer({"message": "momentarily"}, 409), id="409"),
        pytest.param(answer({"message": "forbidden"}, 403), id="403"),
        pytest.param(answer("", 500), id="500"),
        pytest.param(answer("<html>"), id="a page"),
        pytest.param(answer({"message": "gone"}, 404), id="404"),
    ],
)
def test_a_trace_is_withheld_until_the_configuration_can_be_read(config: bytes) -> None:
    with hostile_server({**failing(f"refused {CANARY}"), "GET /connectors/b/config": config}) as server:
        connect = rest(server)
        withheld = connect.poll()
        assert withheld.connectors["b"].failed
        assert withheld.connectors["b"].tasks[0].trace == ""
        assert CANARY not in repr(withheld)
        server.behave = failing(f"refused {CANARY}")
        assert trace_of(connect) == "refused ***"


def test_several_new_traces_take_one_request_for_all_configurations() -> None:
    statuses = {name: status("FAILED", f"{name} said {CANARY}") for name in "abc"}
    info = {name: {"info": {"config": {"database.password": CANARY}}} for name in "abc"}
    with hostile_server({**WELL, BULK: bulk(**statuses), INFO: answer(info)}) as server:
        poll = rest(server).poll()
    assert server.lines[:2] == [BULK, INFO]
    assert poll.connectors["b"].tasks[0].trace == "b said ***"
    assert len(poll.configs) == 3


def test_the_trace_of_a_name_that_cannot_be_addressed_is_read_with_the_others() -> None:
    document = answer({"a/b": {"status": status("FAILED", f"said {CANARY}")}})
    info = answer({"a/b": {"info": {"config": {"database.password": CANARY}}}})
    with hostile_server({**WELL, BULK: document, INFO: info}) as server:
        assert trace_of(rest(server), "a/b") == "said ***"


def test_a_secret_learnt_later_is_taken_out_of_a_trace_that_was_told_before() -> None:
    with hostile_server(failing("refused other-s3cret")) as server:
        redactor = Redactor()
        connect = ConnectRest("main", server.url, redactor, lambda: NOW, LIMITS)
        assert trace_of(connect) == "refused other-s3cret"
        redactor.learn("other-s3cret")
        assert trace_of(connect) == "refused ***"


def test_a_connectors_own_trace_is_cleaned_like_a_tasks() -> None:
    broken = {"connector": {"state": "FAILED", "trace": f"a\x1b[31mb {CANARY}"}, "tasks": []}
    with hostile_server({**failing(""), BULK: bulk(b=broken)}) as server:
        assert rest(server).poll().connectors["b"].trace == "ab ***"


# Answers over the cap.

NAMES = ["a", "b", "c"]


def too_large(**singles: Behaviour) -> dict[str, Behaviour]:
    """A worker whose answers for all are over the cap."""
    own = {f"GET /connectors/{name}/status": each for name, each in singles.items()}
    configs = {f"GET /connectors/{name}/config": answer({"name": name}) for name in singles}
    large = answer(b" " * 30_000)
    return {**WELL, **own, **configs, BULK: large, INFO: large, "GET /connectors": answer(sorted(singles))}


def test_over_the_cap_connectors_are_asked_one_by_one() -> None:
    singles = {"a": answer(status()), "b": answer(status("FAILED", "x")), "c": answer(status())}
    with hostile_server(too_large(**singles)) as server:
        connect = rest(server)
        poll = connect.poll()
        assert list(poll.connectors) == NAMES
        assert poll.complete
        assert poll.connectors["b"].tasks[0].trace == "x"
        server.received.clear()
        connect.poll()
        # What failed goes first, and the large answer is not tried for a while.
        assert server.lines[:3] == ["GET /connectors", "GET /connectors/b/status", "GET /connectors/a/status"]
        server.received.clear()
        for _ in range(20):
            connect.poll()
        assert server.lines.count(BULK) == 1


def test_over_the_cap_connectors_take_turns_when_time_is_short() -> None:
    def slow(talk: Talk) -> None:
        talk.closing.wait(0.25)
        talk.send(answer(status()))

    with hostile_server(too_large(**{f"c{n}": slow for n in range(5)})) as server:
        connect = rest(server)
        first, second = connect.poll(), connect.poll()
    assert not first.complete
    assert 1 <= len(first.connectors) <= 3
    assert not first.connectors.keys() & second.connectors.keys()


def test_over_the_cap_one_bad_connector_does_not_hide_the_others() -> None:
    singles = {"a": answer(b"x" * 30_000), "b": answer("", 500), "c": answer(status()), "d": answer("", 404)}
    behave = {**too_large(**singles), "GET /connectors": answer([*singles, "e/f", 7])}
    with hostile_server(behave) as server:
        poll = rest(server).poll()
    states = {name: each.state for name, each in poll.connectors.items()}
    assert states == {"a": State.UNKNOWN, "b": State.UNKNOWN, "c": State.RUNNING, "e/f": State.UNKNOWN}
    assert poll.complete


def test_over_the_cap_configurations_are_read_one_by_one() -> None:
    with hostile_server(too_large(a=answer(status()), b=answer(status()))) as server:
        assert set(rest(server).configs()) == {"a", "b"}


def test_of_the_configurations_asked_for_those_that_are_gone_are_left_out() -> None:
    with hostile_server({"GET /connectors/a/config": answer({"x": "1"})}) as server:
        assert set(rest(server).configs(["a", "gone", "not/there"])) == {"a"}
    with hostile_server(answer("", 500)) as server, pytest.raises(PortRefused):
        rest(server).configs(["a"])


def test_a_worker_that_lists_names_only_is_asked_one_by_one() -> None:
    behave = {**too_large(a=answer(status())), BULK: answer(["a"])}
    with hostile_server(behave) as server:
        assert rest(server).poll().connectors["a"].all_running


# Calls.


@pytest.mark.parametrize(
    ("verb", "whole", "line"),
    [
        ("restart", False, "POST /connectors/s%3Cb%3E%20%C3%BC/restart?includeTasks=true&onlyFailed=true"),
        ("restart", True, "POST /connectors/s%3Cb%3E%20%C3%BC/restart?includeTasks=true&onlyFailed=false"),
        ("pause", False, "PUT /connectors/s%3Cb%3E%20%C3%BC/pause"),
        ("resume", False, "PUT /connectors/s%3Cb%3E%20%C3%BC/resume"),
    ],
)
def test_each_verb_makes_its_call(verb: str, whole: bool, line: str) -> None:
    action = Action(verb, ConnectorKey("main", "s<b> ü"), whole=whole)
    with hostile_server(answer({"name": "s"}, 202)) as server:
        outcome = rest(server).act(action)
    assert server.lines == [line]
    assert (outcome.action, outcome.result, outcome.at) == (action, CallResult.ACCEPTED, NOW)


def broken_off(talk: Talk) -> None:
    talk.connection.close()


@pytest.mark.parametrize(
    ("behaviour", "result", "detail"),
    [
        pytest.param(answer({"a": 1}, 202), CallResult.ACCEPTED, "POST", id="202"),
        pytest.param(answer({"message": "rebalance"}, 409), CallResult.CONFLICT, "rebalance", id="409"),
        pytest.param(answer({"message": "Unknown"}, 404), CallResult.REFUSED, "Unknown", id="404"),
        pytest.param(answer("", 401), CallResult.REFUSED, "401", id="401"),
        pytest.param(answer("", 307, Location="http://evil/"), CallResult.REFUSED, "redirects to evil", id="redirect"),
        pytest.param(answer({"message": "timed out"}, 500), CallResult.UNKNOWN, "timed out", id="500"),
        pytest.param(answer("<html>login", 200), CallResult.UNKNOWN, "not JSON", id="a page with 200"),
        pytest.param(hang, CallResult.UNKNOWN, "no whole answer within 0.3 s", id="no answer"),
        pytest.param(broken_off, CallResult.UNKNOWN, "broke off", id="broken off"),
    ],
)
def test_how_a_call_ended_is_told_and_never_raised(behaviour: Behaviour, result: CallResult, detail: str) -> None:
    with hostile_server(behaviour) as server:
        outcome = rest(server).act(Action("restart", ConnectorKey("main", "s")))
    assert outcome.result is result
    assert detail in outcome.detail
    assert len(server.received) == 1


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "a;b", "a\\b", ".", "..", ""])
def test_a_name_that_cannot_be_addressed_is_refused_without_a_call(name: str) -> None:
    with hostile_server(answer("", 202)) as server:
        outcome = rest(server).act(Action("restart", ConnectorKey("main", name)))
        with pytest.raises(PortRefused):
            rest(server).offsets(name)
    assert outcome.result is CallResult.REFUSED
    assert server.lines == []


def test_a_verb_that_is_not_known_is_refused_without_a_call() -> None:
    with hostile_server(answer("", 202)) as server:
        outcome = rest(server).act(Action("delete", ConnectorKey("main", "a")))
    assert outcome.result is CallResult.REFUSED
    assert server.lines == []


@pytest.mark.parametrize("code", [404, 405])
def test_a_worker_without_the_offsets_endpoint_knows_no_offsets(code: int) -> None:
    with hostile_server(answer("", code)) as server:
        assert not rest(server).offsets("a").known


# Logins.

MYSQL = "io.debezium.connector.mysql.MySqlConnector"
SINK = "io.debezium.connector.jdbc.JdbcSinkConnector"
DENIED = f"Unable to connect: Access denied for {CANARY}\n\n(using password: YES)"


def validation(*errors: tuple[str, str]) -> bytes:
    configs = [{"value": {"name": key, "errors": [message]}} for key, message in errors]
    return answer({"error_count": len(errors), "configs": configs})


@pytest.mark.parametrize(
    ("errors", "reachable", "message"),
    [
        pytest.param([], True, "", id="valid"),
        pytest.param(
            [("database.hostname", DENIED)],
            False,
            "database.hostname: Unable to connect: Access denied for *** (using password: YES)",
            id="locked out",
        ),
        pytest.param([("snapshot.mode", "bad")], False, "snapshot.mode: bad", id="invalid in another way"),
    ],
)
def test_a_mysql_source_is_validated_with_its_own_secrets(
    errors: list[tuple[str, str]], reachable: bool, message: str
) -> None:
    config = {"connector.class": MYSQL, "database.password": CANARY}
    line = f"PUT /connector-plugins/{MYSQL}/config/validate"
    with hostile_server({"GET /connectors/a/config": answer(config), line: validation(*errors)}) as server:
        assert rest(server).can_connect("a") == (reachable, message)
    assert f'"database.password":"{CANARY}"'.encode() in server.received[1].body


POLL_KEY = "consumer.override.max.poll.records"
NOT_ALLOWED = "The 'None' policy does not allow 'max.poll.records' to be overridden in the connector configuration."


@pytest.mark.parametrize(
    ("told", "why"),
    [
        pytest.param(validation(), "", id="allowed"),
        pytest.param(validation((POLL_KEY, NOT_ALLOWED)), f"{POLL_KEY}: {NOT_ALLOWED[:-1]}", id="as 4.3.1 answers"),
        pytest.param(
            validation(("topics", f"bad {CANARY}"), (POLL_KEY, NOT_ALLOWED)),
            f"{POLL_KEY}: {NOT_ALLOWED[:-1]}; topics: bad ***",
            id="what is changed comes first, and no secret",
        ),
        *(
            pytest.param(answer({"message": "no"}, code), "", id=f"{code}: only the change can tell")
            for code in (403, 404, 405)
        ),
    ],
)
def test_why_a_change_would_not_be_taken_is_asked_without_making_it(told: bytes, why: str) -> None:
    config = {"connector.class": SINK, "connection.password": CANARY}
    line = f"PUT /connector-plugins/{SINK}/config/validate"
    with hostile_server({"GET /connectors/a/config": answer(config), line: told}) as server:
        assert rest(server).control.why_not("a", {POLL_KEY: "1"}) == why
    assert [received.line for received in server.received] == ["GET /connectors/a/config", line]
    assert f'"{POLL_KEY}":"1"'.encode() in server.received[1].body


@pytest.mark.parametrize("code", [409, 500])
def test_a_worker_in_trouble_does_not_allow_a_change_by_not_telling(code: int) -> None:
    line = f"PUT /connector-plugins/{SINK}/config/validate"
    config = answer({"connector.class": SINK})
    with (
        hostile_server({"GET /connectors/a/config": config, line: answer({"message": "later"}, code)}) as server,
        pytest.raises(PortRefused),
    ):
        rest(server).control.why_not("a", {POLL_KEY: "1"})


@pytest.mark.parametrize(
    ("config", "why"),
    [
        pytest.param(
            {"connector.class": "x.FileStreamSource"}, "nothing can tell for a x.FileStreamSource", id="other"
        ),
        pytest.param({}, "connector without class", id="no class"),
        pytest.param(
            {"connector.class": SINK, "connection.url": "jdbc:mysql://h/d", "connection.password": "${file:/x:y}"},
            "only the worker can resolve",
            id="a reference",
        ),
        pytest.param(
            {"connector.class": SINK, "connection.url": "jdbc:oracle:thin:@h"}, "only jdbc:mysql", id="Oracle"
        ),
        pytest.param(
            {"connector.class": SINK, "connection.url": "jdbc:mysql://h1,h2/d"}, "with one host", id="several hosts"
        ),
        pytest.param(
            {"connector.class": SINK, "connection.url": "jdbc:mysql://h/d?sslMode=VERIFY_CA"}, "TLS settings", id="TLS"
        ),
        pytest.param(
            {"connector.class": SINK, "connection.url": "jdbc:mysql://no-such-host.invalid/d"},
            "not a known host here",
            id="a host that only the worker knows",
        ),
    ],
)
def test_where_nothing_can_tell_the_reason_is_said(config: dict[str, str], why: str) -> None:
    with hostile_server({"GET /connectors/a/config": answer(config)}) as server:
        reachable, message = rest(server).can_connect("a")
    assert reachable is None
    assert why in message


@pytest.mark.parametrize(
    ("greeting", "message"),
    [
        pytest.param(None, "timed out", id="silent"),
        pytest.param(b"", "Lost connection", id="closing at once"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", "127.0.0.1:", id="no MySQL"),
    ],
)
def test_a_database_that_does_not_let_a_sink_in_is_told_within_its_deadline(
    greeting: bytes | None, message: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as database:
        url = f"jdbc:mysql://127.0.0.1:{database.getsockname()[1]}/dw"
        config = {"connector.class": SINK, "connection.url": url, "connection.password": CANARY}
        if greeting is not None:
            threading.Thread(target=_greet, args=(database, greeting), daemon=True).start()
        with hostile_server({"GET /connectors/a/config": answer(config)}) as server:
            began = time.monotonic()
            reachable, told = rest(server).can_connect("a")
    assert reachable is False
    assert message in told
    assert CANARY not in told
    assert time.monotonic() - began < 8


def _greet(database: socket.socket, greeting: bytes) -> None:
    connection, _ = database.accept()
    with connection:
        connection.sendall(greeting)
