"""A login to MySQL or MariaDB; its errors in one line, with the exit code that fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from chaos.errors import DrillError, LoginError, UnreachableError, UsageError

Row = dict[str, Any]
_Connection: TypeAlias = "pymysql.Connection[DictCursor]"

_NO_PASSWORD_GIVEN = 1698
_LOGIN = {
    ER.ACCESS_DENIED_ERROR,
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
    _NO_PASSWORD_GIVEN,
}
_UNREACHABLE = {CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR, CR.CR_UNKNOWN_HOST}
_CONNECT_SECONDS = 5
_LOCK_SECONDS = 20


class Server:
    """`place` is its address for messages: it never carries a password."""

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.place = f"{parsed.host or 'localhost'}:{parsed.port or 3306}"
        _, options = parsed.get_dialect()().create_connect_args(parsed)
        with self._translated("log in"):
            self._connection: _Connection = pymysql.connect(
                **{"connect_timeout": _CONNECT_SECONDS, **options}, cursorclass=DictCursor, autocommit=True
            )
        # A statement that waits behind a long transaction would wait a year by default.
        self.query(f"SET SESSION lock_wait_timeout = {_LOCK_SECONDS}")

    def query(self, statement: str, *parameters: object) -> list[Row]:
        return self._run(statement, parameters)[1]

    def insert(self, statement: str, *parameters: object) -> int | None:
        """The value of the auto-increment column."""
        return self._run(statement, parameters)[0]

    def version(self) -> Row:
        return self.query("SELECT VERSION() AS version, @@version_comment AS comment")[0]

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """What happens in here is taken back."""
        self._connection.begin()
        try:
            yield
        finally:
            self._connection.rollback()

    def _run(self, statement: str, parameters: tuple[object, ...]) -> tuple[int | None, list[Row]]:
        with (
            self._translated("run " + " ".join(statement.split())[:200]),
            self._connection.cursor() as cursor,
        ):
            cursor.execute(statement, parameters or None)
            return cursor.lastrowid, list(cursor.fetchall())

    @contextmanager
    def _translated(self, deed: str) -> Iterator[None]:
        try:
            yield
        except (pymysql.Error, OSError, RuntimeError) as error:
            code, text = error.args[0], str(error.args[-1])
            raise _kind(code)(f"cannot {deed} at {self.place}: {text}: {_next_step(code)}") from error


def _parse(url: str) -> URL:
    """The text of a bad URL is not repeated: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UsageError("the database URL cannot be read: write mysql+pymysql://USER:PASSWORD@HOST:PORT") from error
    if parsed.drivername not in ("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"):
        raise UsageError(f"the database URL is for {parsed.drivername}: the drill knows mysql+pymysql://")
    return parsed.set(drivername="mysql+pymysql")


def _kind(code: object) -> type[DrillError]:
    if code in _LOGIN:
        return LoginError
    return UnreachableError if code in _UNREACHABLE else DrillError


def _next_step(code: object) -> str:
    if code in _LOGIN:
        return "set CHAOS_DATABASE_URL to a login that may ALTER and INSERT there"
    if code in _UNREACHABLE:
        return "start it with `make stack-up`, or set CHAOS_DATABASE_URL"
    return "see the server's message"
