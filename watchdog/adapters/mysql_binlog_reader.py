"""A MySQL or MariaDB server's binary log from a place on → statements, and the shapes of the rows in it.

It reads as a replica does (REPLICATION SLAVE), and unlike one it never waits for what is not written yet. It is known
to the server by a number of its own, at random from the upper end, which no replica's and no connector's is: a server
cuts off the older of two with one number.
"""

from __future__ import annotations

import logging
import secrets
import struct
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.exceptions import MalformedBinLogEvent, StatusVariableMismatch
from pymysqlreplication.gtid import GtidSet
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from watchdog.adapters.mysql_binlog_events import KINDS, Found
from watchdog.adapters.mysql_binlog_stream import Calls, Over, place_of
from watchdog.adapters.mysql_errors import PRIVILEGES, code_of, translated
from watchdog.adapters.mysql_packets import Known
from watchdog.adapters.mysql_url import address, parsed
from watchdog.errors import PortNonsense, PortRefused, PortUnauthorized
from watchdog.model import Position
from watchdog.model.binlog_events import BinlogStretch, Sealed

CONNECT_SECONDS = 5
PACKET_SECONDS = 20
"""How long the server may be silent; it has everything that is asked for."""
EVENTS_MAX = 2000
"""A stretch with more statements and shapes than that ends there."""
_FIRST_ID, _LAST_ID = 3_000_000_000, 4_294_967_294

_CHECKSUM_BYTES = 4
_ER_MASTER_FATAL_READING_BINLOG = 1236
_MISREAD = (
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    struct.error,
    MalformedBinLogEvent,
    StatusVariableMismatch,
)

# Its advice on settings, and that it reconnects, which it never does here.
logging.getLogger("pymysqlreplication").setLevel(logging.CRITICAL)


class MySqlBinlog:
    """`ports.BinlogReader` of one server. Raises `ValueError` for a bad URL; connects anew for each stretch."""

    def __init__(self, url: str, *, connect_seconds: int = CONNECT_SECONDS, packet_seconds: int = PACKET_SECONDS):
        target = parsed(url)
        self.address = address(target)
        self._login: dict[str, Any] = {
            **MySQLDialect_pymysql().create_connect_args(target)[1],
            "connect_timeout": connect_seconds,
            "read_timeout": packet_seconds,
            "write_timeout": packet_seconds,
        }
        self._login.pop("client_flag", None)

    def read(self, start: Position, end: Position, seconds: float, server: str = "") -> BinlogStretch:
        with self._translating(start):
            known, is_mariadb, checksum = self._who()
            if server and known != server:
                raise PortRefused(
                    self.address, f"another server answers now ({known}, not {server}): a failover?", "begin again"
                )
            calls = Calls(Known(_CHECKSUM_BYTES if checksum else 0), Position(None, end.file, end.pos))
            calls.stream = stream = self._stream(start, is_mariadb, calls)
            try:
                return _stretch(stream, calls, seconds, known, checksum)
            finally:
                stream.close()

    def _who(self) -> tuple[str, bool, bool]:
        """Which server that is, whether a MariaDB, and whether its events have checksums."""
        with pymysql.connect(**self._login) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            is_mariadb = "mariadb" in str(_only(cursor)).lower()
            cursor.execute("SELECT @@GLOBAL.binlog_checksum")
            checksum = str(_only(cursor)).upper() != "NONE"
            cursor.execute("SELECT @@GLOBAL.server_id" if is_mariadb else "SELECT @@GLOBAL.server_uuid")
            return str(_only(cursor)), is_mariadb, checksum

    def _stream(self, start: Position, is_mariadb: bool, calls: Calls) -> Any:
        where: dict[str, Any] = {"log_file": start.file, "log_pos": start.pos, "resume_stream": True}
        if start.gtid:
            self._must_be_known(start.gtid, is_mariadb)
            where = {"auto_position": start.gtid, "is_mariadb": is_mariadb}
        elif start.file is None or start.pos is None or start.pos >= 1 << 32:
            # Without a place the client begins where the binlog ends, and finds nothing.
            raise PortRefused(self.address, f"{start}: no place in a binlog that can be read from")
        return BinLogStreamReader(
            connection_settings=dict(self._login),
            server_id=_FIRST_ID + secrets.randbelow(_LAST_ID - _FIRST_ID),
            slave_uuid=None if is_mariadb else str(uuid.uuid4()),
            blocking=False,
            only_events=KINDS,
            filter_non_implemented_events=False,
            pymysql_wrapper=calls.connection,
            enable_logging=False,
            **where,
        )

    def _must_be_known(self, gtids: str, is_mariadb: bool) -> None:
        try:
            None if is_mariadb else GtidSet(gtids)
        except ValueError as error:
            problem = f"the binlog reader cannot read this set of gtids (those with tags, for one): {gtids[:200]}"
            raise PortRefused(self.address, problem) from error

    @contextmanager
    def _translating(self, start: Position) -> Iterator[None]:
        try:
            yield
        except pymysql.Error as error:
            code = code_of(error)
            if code == _ER_MASTER_FATAL_READING_BINLOG:
                said = str(error.args[-1])
                raise PortRefused(
                    self.address,
                    f"the binlog cannot be read from {start} on: {said}",
                    "is it purged, or another server's?",
                ) from error
            if code in PRIVILEGES:
                raise PortUnauthorized(
                    self.address,
                    "the watchdog's user may not read the binlog",
                    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO that user",
                ) from error
            raise translated(self.address, error) from error
        except (OSError, RuntimeError) as error:
            raise PortNonsense(self.address, f"the binlog cannot be read: {error}") from error


def _stretch(stream: Any, calls: Calls, seconds: float, server: str, checksum: bool) -> BinlogStretch:
    found, whole = Found(checksum), False
    try:
        while not whole and len(found.events) < EVENTS_MAX:
            event = stream.fetchone()
            if event is None:
                # Nothing more is written. A server that sent nothing at all did not understand the question.
                whole = stream.log_file is not None
                break
            calls.deadline = calls.deadline or time.monotonic() + seconds
            found.take(event, _start_of(event, stream))
            whole = calls.is_at_the_end()
    except Over:
        whole = calls.is_at_the_end()
    except _MISREAD as error:
        what = f"after it is an event that the reader does not understand ({type(error).__name__})"
        found.events.append(Sealed(place_of(stream), what))
    return BinlogStretch(tuple(found.events), place_of(stream), whole, server, calls.bytes_read)


def _start_of(event: Any, stream: Any) -> Position:
    """Where `mysqlbinlog --start-position` would show it."""
    return Position(None, stream.log_file, max(stream.log_pos - event.packet.event_size, 0))


def _only(cursor: Any) -> object:
    return cursor.fetchone()[0]
