"""Mutual TLS: the certificate that we show of ourselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile_server import answer, hostile_server
from tests.tls import Authority
from watchdog.adapters.deadline import Certificate
from watchdog.adapters.http import Access, HttpClient
from watchdog.errors import PortError
from watchdog.redact import Redactor

SECRET = "k3y-s3cret"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.parametrize("password", ["", SECRET], ids=["plain key", "encrypted key"])
@pytest.mark.parametrize("together", [False, True], ids=["two files", "one file"])
def test_who_shows_a_certificate_of_the_servers_authority_is_let_in(
    authority: Authority, password: str, together: bool
) -> None:
    own = authority.signs("127.0.0.1", password=password.encode())
    certificate = Certificate(str(own.certificate), str(own.key), password)
    if together:
        own.certificate.write_bytes(own.certificate.read_bytes() + own.key.read_bytes())
        certificate = Certificate(str(own.certificate), "", password)
    access = Access(token="t0ken", ca_file=str(authority.file), certificate=certificate)
    with hostile_server(answer({"a": 1}), tls=authority.server(ask_clients=True)) as server:
        assert HttpClient(server.url, Redactor(), access).request("GET", "/") == {"a": 1}
    assert server.received[0].headers["authorization"] == "Bearer t0ken"
    assert SECRET not in repr(access)


def test_who_shows_none_or_a_strangers_is_not_let_in(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").signs("127.0.0.1")
    for certificate in (None, Certificate(str(stranger.certificate), str(stranger.key))):
        access = Access(ca_file=str(authority.file), certificate=certificate)
        with hostile_server(answer({}), tls=authority.server(ask_clients=True)) as server:
            # A server that closes at once may take its own words back.
            with pytest.raises(PortError, match=r"our certificate is refused|the connection broke off"):
                HttpClient(server.url, Redactor(), access).request("GET", "/", seconds=5)
            assert server.received == []


def test_a_keys_password_is_a_secret_that_is_learnt(authority: Authority) -> None:
    own = authority.signs("127.0.0.1", password=SECRET.encode())
    redactor = Redactor()
    HttpClient("https://c", redactor, Access(certificate=Certificate(str(own.certificate), str(own.key), SECRET)))
    assert redactor.clean(f"said {SECRET}") == "said ***"
