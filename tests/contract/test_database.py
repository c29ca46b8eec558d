"""The fake database keeps the port's contract; the real adapter says what is wrong when no MySQL answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.contract.database_contract import DatabaseContract
from tests.fakes.database import FakeDatabase
from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.mysql_url import address_of
from watchdog.errors import PortError, PortNonsense, PortTimeout, PortUnreachable
from watchdog.model import TableId, TableSchema

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
CANARY = "c4nary-s3cret-pw"


@dataclass
class FakeWorld:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    schema: str = "shop"

    def put(self, table: TableSchema) -> None:
        self.database.put(table)

    def drop(self, table: TableId) -> None:
        self.database.drop(table)


class TestFakeDatabase(DatabaseContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mysql+pymysql://u:p@db1:3307/shop", "db1:3307"),
        ("mysql+pymysql://u:p@DB1.example.com/", "db1.example.com:3306"),
        ("mysql://u:p@localhost:3306", "127.0.0.1:3306"),
        ("mysql+pymysql://u:p@[::1]:3307/", "127.0.0.1:3307"),
        ("mariadb+pymysql://127.0.0.1", "127.0.0.1:3306"),
        ("mysql+pymysql:///shop", "127.0.0.1:3306"),
    ],
)
def test_an_address_is_host_and_port(url: str, address: str) -> None:
    assert address_of(url) == address
    assert MySqlColumns(url, clock=lambda: NOW).address == address


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"postgresql://u:{CANARY}@db1/", id="another kind"),
        pytest.param(f"mysql+mysqldb://u:{CANARY}@db1/", id="another driver"),
        pytest.param(f"mysql://u:{CANARY}@db1:port/", id="a port that is none"),
        pytest.param(f"{CANARY}", id="no url"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_url_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected mysql\+pymysql://") as refused:
        address_of(url)
    assert CANARY not in str(refused.value)


@contextmanager
def greeting(text: bytes, *, hang_up: bool) -> Iterator[int]:
    """A server that says this to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(text)
                connection.close() if hang_up else held.append(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("text", "hang_up", "error"),
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", True, PortNonsense, id="another protocol"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", True, PortNonsense, id="a web server"),
        pytest.param(b"\x05\x00\x00\x00\x0a1234", True, PortNonsense, id="half a greeting"),
        pytest.param(b"\x01\x00\x00\x00\xff", True, PortNonsense, id="an error without a code"),
        pytest.param(b"", True, PortUnreachable, id="hangs up"),
        pytest.param(b"", False, PortTimeout, id="says nothing"),
    ],
)
def test_what_is_no_mysql_server_is_told_as_such(text: bytes, hang_up: bool, error: type[PortError]) -> None:
    with greeting(text, hang_up=hang_up) as port:
        database = MySqlColumns(f"mysql://u:{CANARY}@127.0.0.1:{port}/", clock=lambda: NOW, read_seconds=1)
        with pytest.raises(error, match=rf"127\.0\.0\.1:{port}: ") as raised:
            database.columns()
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid:3306"])
def test_a_server_that_nobody_runs_is_unreachable(host: str) -> None:
    database = MySqlColumns(f"mysql://u:{CANARY}@{host}/", clock=lambda: NOW)
    for question in (database.columns, database.position):
        with pytest.raises(PortUnreachable, match=rf"{host}: Can't connect") as raised:
            question()
        assert CANARY not in str(raised.value)
