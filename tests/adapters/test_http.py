"""What a server can do to a client, and what the client says of it."""

import gzip
import itertools
import socket
import ssl
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from tests.hostile_server import Behaviour, HostileServer, Talk, answer, hostile_server
from tests.tls import DAY, Authority
from watchdog.adapters.http import ANYONE, Access, HttpClient
from watchdog.errors import (
    PortError,
    PortNonsense,
    PortRefused,
    PortTimeout,
    PortUnauthorized,
    PortUnreachable,
    SettingsError,
)
from watchdog.redact import Redactor

CAP = 100_000
SECONDS = 0.4
CANARY = "c4nary-s3cret"


def client_of(server: HostileServer, access: Access = ANYONE) -> HttpClient:
    return HttpClient(server.url, Redactor(), access, bytes_max=CAP)


def failure_of(client: HttpClient, path: str = "/connectors") -> PortError:
    began = time.monotonic()
    with pytest.raises(PortError) as caught:
        client.request("GET", path, seconds=SECONDS)
    assert time.monotonic() - began < SECONDS + 5
    return caught.value


def endless_body(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n")
    for _ in range(5_000_000_000 // 65536):
        talk.send(b" " * 65536)


def endless_chunks(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in itertools.count():
        talk.send(b"1000\r\n" + b" " * 4096 + b"\r\n")


def endless_empty_gzip(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5000000000\r\n\r\n")
    talk.send(gzip.compress(b"")[:10])
    for _ in itertools.count():
        talk.send(b"\x00\x00\x00\xff\xff" * 1000)  # stored blocks of no length


def endless_headers(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        talk.send(b"X-%d: y\r\n" % number)


def endless_continue(talk: Talk) -> None:
    for _ in itertools.count():
        talk.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def dripping_headers(talk: Talk) -> None:
    talk.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 1000, 0.02)


def dripping_body(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    talk.drip(b" " * 1000, 0.02)


def closed_midway(talk: Talk) -> None:
    talk.send(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a":')
    talk.connection.shutdown(socket.SHUT_RDWR)


def closed_at_once(talk: Talk) -> None:
    talk.connection.shutdown(socket.SHUT_RDWR)


def gzipped(body: bytes) -> bytes:
    return answer(gzip.compress(body), Content_Encoding="gzip")


HOSTILE: list[tuple[str, Behaviour, type[PortError], str]] = [
    ("a body of 5 GB", endless_body, PortNonsense, "larger than the cap of 100,000 bytes"),
    ("endless chunks", endless_chunks, PortNonsense, "larger than the cap"),
    ("a gzip bomb", gzipped(bytes(200_000_000)), PortNonsense, "larger than the cap"),
    ("gzip of nothing, for ever", endless_empty_gzip, PortNonsense, "larger than the cap"),
    ("broken gzip", answer(b"no gzip", Content_Encoding="gzip"), PortNonsense, "no valid gzip"),
    ("gzip cut short", answer(gzip.compress(b"{}")[:-4], Content_Encoding="gzip"), PortNonsense, "ends too early"),
    ("gzip in gzip", answer(b"x", Content_Encoding="gzip, gzip"), PortNonsense, "not asked for"),
    ("endless headers", endless_headers, PortUnreachable, "got more than 100 headers"),
    ("endless 100 Continue", endless_continue, PortTimeout, "no whole answer within 0.4 s"),
    ("headers byte by byte", dripping_headers, PortTimeout, "no whole answer within 0.4 s"),
    ("a body byte by byte", dripping_body, PortTimeout, "no whole answer within 0.4 s"),
    ("nothing at all", Talk.hang, PortTimeout, "no whole answer within 0.4 s"),
    ("a connection closed midway", closed_midway, PortUnreachable, "broke off"),
    ("a connection closed at once", closed_at_once, PortUnreachable, "broke off"),
    ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", PortUnreachable, "broke off"),
    ("invalid UTF-8", answer(b'{"a":"\xff\xfe"}'), PortNonsense, "not valid UTF-8"),
    ("NaN", answer(b'{"a":NaN}'), PortNonsense, "no valid JSON"),
    ("a key twice", answer(b'{"a":1,"a":2}'), PortNonsense, "a key twice"),
    ("a key twice, deep and spaced", answer(b'{"x" : [{"a" : 1, "a" : 2}]}'), PortNonsense, "a key twice"),
    ("100,000 levels", answer(b"[" * 49_000 + b"]" * 49_000), PortNonsense, "depth limit"),
    ("300 levels", answer(b"[" * 300 + b"]" * 300), PortNonsense, "nested too deep"),
    ("a page with 200", answer("<!DOCTYPE html><html>", Content_Type="text/html"), PortNonsense, "is a page (HTML"),
    ("a redirect away", answer("", 302, Location="http://u:p@evil.example/x"), PortRefused, "to evil.example"),
    ("wrong credentials", answer({"message": "who?"}, 401), PortUnauthorized, "answered 401: who?"),
    ("a missing permission", answer("", 403), PortUnauthorized, "lacks the permission"),
    ("an error page", answer("<title>Error 400 Ambiguous</title>", 400), PortRefused, "answered 400: Error 400 Amb"),
    ("an error's message", answer({"message": "no \x1b[31mleader"}, 500), PortRefused, "answered 500: no leader"),
    ("an error without object", answer([1], 409), PortRefused, "answered 409: [1]"),
    ("an error of 70 kB", answer("x" * 70_000, 500), PortRefused, "a page of 70,000 bytes"),
]


@pytest.mark.parametrize(("behave", "error", "problem"), [pytest.param(*case, id=name) for name, *case in HOSTILE])
def test_a_hostile_answer_becomes_one_clear_error_within_the_deadline(
    behave: Behaviour, error: type[PortError], problem: str
) -> None:
    with hostile_server(behave) as server:
        failure = failure_of(client_of(server))
    assert type(failure) is error
    assert problem in str(failure)
    assert failure.target == f"GET {server.url}/connectors"
    assert failure.__cause__ is not None or isinstance(failure, PortRefused)


@pytest.mark.parametrize(
    ("behave", "document"),
    [
        pytest.param(answer({"a": [1, None, "ü"]}), {"a": [1, None, "ü"]}, id="JSON"),
        pytest.param(gzipped(b'{"a" : 1}'), {"a": 1}, id="gzip, and spaced"),
        pytest.param(answer(b'{"a":"\\":"}'), {"a": '":'}, id="a string that looks like a key"),
        pytest.param(answer("", 204), None, id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n", [], id="chunks"),
    ],
)
def test_an_answer_within_bounds_is_read_whole(behave: bytes, document: object) -> None:
    with hostile_server(behave) as server:
        client = client_of(server)
        assert client.request("GET", "/x", seconds=5) == document
        assert client.request("GET", "/x", seconds=5) == document


def test_a_body_is_sent_as_json_and_the_path_as_it_is() -> None:
    with hostile_server(answer({})) as server:
        HttpClient(server.url + "/prefix/", Redactor()).request("PUT", "/a%3Cb", {"k": "ü"})
    assert server.lines == ["PUT /prefix/a%3Cb"]
    assert server.received[0].body == '{"k":"ü"}'.encode()
    assert server.received[0].headers["content-type"] == "application/json"


def test_a_redirect_is_not_followed_even_to_the_same_host() -> None:
    with hostile_server({"GET /a": answer("", 307, Location="/b"), "GET /b": answer({})}) as server:
        failure = failure_of(client_of(server), "/a")
    assert isinstance(failure, PortRefused)
    assert failure.status == 307
    assert server.lines == ["GET /a"]


@pytest.mark.parametrize(
    ("userinfo", "access"),
    [
        pytest.param("us%40er:p%C3%A4ss%3Aword@", ANYONE, id="from the URL"),
        pytest.param("", Access("us@er", "päss:word"), id="from settings"),
        pytest.param("other:one@", Access("us@er", "päss:word"), id="settings go before the URL"),
    ],
)
def test_credentials_are_sent_and_never_shown(userinfo: str, access: Access) -> None:
    with hostile_server(answer({"message": "päss:word is wrong"}, 401)) as server:
        url = server.url.replace("//", f"//{userinfo}")
        failure = failure_of(HttpClient(url, Redactor(), access))
    assert server.received[0].headers["authorization"] == "Basic dXNAZXI6cMOkc3M6d29yZA=="
    assert "answered 401: *** is wrong" in str(failure)
    assert "us%40er" not in str(failure)
    assert "päss:word" not in repr(access)


def test_neither_a_proxy_nor_a_password_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with hostile_server(answer({})) as server:
        assert client_of(server).request("GET", "/") == {}
    assert "authorization" not in server.received[0].headers


def test_a_configured_proxy_is_used_and_kept_to_the_deadline() -> None:
    with hostile_server(
        {"GET http://connect.example:8083/": answer({}), "GET http://connect.example:8083/slow": dripping_headers}
    ) as proxy:
        client = HttpClient("http://connect.example:8083", Redactor(), Access(proxy=proxy.url))
        assert client.request("GET", "/") == {}
        assert isinstance(failure_of(client, "/slow"), PortTimeout)


def test_cookies_are_not_kept() -> None:
    with hostile_server(answer({}, Set_Cookie="a=b; Path=/")) as server:
        client = client_of(server)
        client.request("GET", "/")
        client.request("GET", "/")
    assert "cookie" not in server.received[1].headers


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failure = failure_of(HttpClient(f"http://u:{CANARY}@127.0.0.1:{port}", Redactor()))
    assert type(failure) is PortUnreachable
    assert "no connection: [Errno 111] Connection refused" in str(failure)
    assert CANARY not in str(failure)


def test_a_connection_that_is_not_accepted_ends_at_the_deadline() -> None:
    # A full backlog leaves further connections without an answer.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            failure = failure_of(HttpClient(f"http://127.0.0.1:{address[1]}", Redactor()))
    assert "within 0.4 s" in str(failure)


def test_a_bomb_takes_no_more_memory_than_the_cap() -> None:
    with hostile_server(gzipped(bytes(200_000_000))) as server:
        tracemalloc.start()
        try:
            failure_of(client_of(server))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


def test_a_connection_that_is_closed_as_it_is_used_again_is_replaced() -> None:
    with hostile_server(answer({"n": 1})) as server:

        def close_this_one(talk: Talk) -> None:
            server.behave = answer({"n": 2})
            closed_at_once(talk)

        client = client_of(server)
        assert client.request("GET", "/") == {"n": 1}
        server.behave = close_this_one
        assert client.request("GET", "/") == {"n": 2}
    assert len(server.received) == 3


def test_a_call_that_changes_something_is_sent_once_whatever_happens() -> None:
    with hostile_server(closed_at_once) as server, pytest.raises(PortUnreachable):
        client_of(server).request("POST", "/restart")
    assert server.lines == ["POST /restart"]


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8083",
        "ftp://host",
        "http://",
        "http://host:port",
        f"http://u:{CANARY}@host:99999",
    ],
)
def test_a_url_that_cannot_be_used_is_a_settings_error_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="expected http://host:port") as caught:
        HttpClient(url, Redactor())
    assert CANARY not in str(caught.value)


def certificate(folder: Path, host: str, valid: timedelta) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context and the file of the authority that signed for it."""
    authority = Authority(folder)
    return authority.server(host, valid), authority.file


def test_a_trusted_certificate_is_accepted_and_tls_keeps_the_deadline(tmp_path: Path) -> None:
    context, path = certificate(tmp_path, "127.0.0.1", DAY)
    with hostile_server({"GET /": answer({"a": 1}), "GET /slow": dripping_headers}, tls=context) as server:
        client = client_of(server, Access(ca_file=str(path)))
        assert client.request("GET", "/") == {"a": 1}
        assert isinstance(failure_of(client, "/slow"), PortTimeout)


@pytest.mark.parametrize(
    ("host", "valid", "trusted", "problem"),
    [
        pytest.param("127.0.0.1", DAY, False, "unable to get local issuer", id="unknown authority"),
        pytest.param("127.0.0.1", -DAY, True, "expired", id="expired"),
        pytest.param("127.0.0.2", DAY, True, "IP address mismatch", id="another host's"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_an_authentication_failure_and_nothing_is_sent(
    tmp_path: Path, host: str, valid: timedelta, trusted: bool, problem: str
) -> None:
    context, path = certificate(tmp_path, host, valid)
    with hostile_server(answer({}), tls=context) as server:
        failure = failure_of(client_of(server, Access("u", CANARY, str(path) if trusted else "")))
    assert type(failure) is PortUnauthorized
    assert problem in str(failure)
    assert server.received == []


def test_a_handshake_that_never_ends_is_unreachable_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        failure = failure_of(HttpClient(f"https://127.0.0.1:{listener.getsockname()[1]}", Redactor()))
    assert type(failure) is PortUnreachable
    assert "within 0.4 s" in str(failure)


def test_plain_http_on_a_tls_address_is_unreachable() -> None:
    with hostile_server(answer({})) as server:
        failure = failure_of(HttpClient(server.url.replace("http:", "https:"), Redactor()))
    assert type(failure) is PortUnreachable


def test_the_message_of_a_server_is_cleaned_of_secrets() -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    with hostile_server(answer({"message": f"login with {CANARY} failed, password=other1"}, 500)) as server:
        failure = failure_of(HttpClient(server.url, redactor))
    assert "login with *** failed, password=***" in str(failure)
