"""A MySQL or MariaDB server's information_schema → `DatabaseColumns`, in two queries whatever the number of tables.

Reads only, and only what the server knows by name: identifiers are data here, they never become part of a statement.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from watchdog.adapters.mysql_errors import translated
from watchdog.adapters.sqltypes import printed
from watchdog.errors import PortNonsense, PortRefused
from watchdog.model import Column, DatabaseColumns, Position, TableId, TableSchema

DEFAULT_PORT = 3306
CONNECT_SECONDS = 5
READ_SECONDS = 15
"""10,000 tables of 20 columns take 3 s on the slowest server that was measured."""
RECYCLE_SECONDS = 1800

_SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')"
_COLUMNS = f"""
    SELECT /*+ MAX_EXECUTION_TIME({READ_SECONDS * 1000}) */
        table_schema, table_name, column_name, column_type, is_nullable, column_default, extra
    FROM information_schema.columns
    WHERE table_schema NOT IN {_SYSTEM}
    ORDER BY ordinal_position
"""
_KEYS = f"""
    SELECT /*+ MAX_EXECUTION_TIME({READ_SECONDS * 1000}) */
        table_schema, table_name, column_name
    FROM information_schema.key_column_usage
    WHERE constraint_name = 'PRIMARY' AND table_schema NOT IN {_SYSTEM}
    ORDER BY ordinal_position
"""
# The first is MySQL 8.2 and later, where the second is gone since 8.4; MariaDB and older ones know the second.
_POSITIONS = ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS")
_SYNTAX_ERROR = 1064

_SCHEMES = frozenset({"mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"})
_FILLED = frozenset({"auto_increment", "generated", "persistent", "virtual"})
"""Words of `EXTRA`; the last two are how older MariaDBs say generated. `DEFAULT_GENERATED` is but a default."""
_THIS_MACHINE = frozenset({"", "localhost", "::1", "[::1]", "127.0.0.1"})

Row = Sequence[Any]


def address_of(url: str) -> str:
    """`host:port` of a database URL, this machine as 127.0.0.1; raises `ValueError`, without the URL, if it is none."""
    return _address(_parsed(url))


class MySqlColumns:
    """`ports.Database` of one server. `url`: `mysql+pymysql://user:password@host:port/`, `mysql://` is the same.

    It connects with the first question, not before, and keeps one connection. Raises `ValueError` for a bad URL.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime],
        connect_seconds: int = CONNECT_SECONDS,
        read_seconds: int = READ_SECONDS,
    ) -> None:
        parsed = _parsed(url)
        self.address = _address(parsed)
        self._clock = clock
        self._engine = create_engine(
            parsed.set(drivername="mysql+pymysql"),
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_SECONDS,
            pool_timeout=read_seconds,
            # Each statement sees the tables of its own moment, and none is left waiting in a transaction.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args={
                "connect_timeout": connect_seconds,
                "read_timeout": read_seconds,
                "write_timeout": read_seconds,
            },
        )

    def columns(self) -> DatabaseColumns:
        at = self._clock()
        with self._connected() as connection:
            version = str(connection.exec_driver_sql("SELECT version()").scalar_one())
            columns = connection.execute(text(_COLUMNS)).all()
            keys = connection.execute(text(_KEYS)).all()
        tables = _tables(columns, keys, _mariadb_default if "mariadb" in version.lower() else _mysql_default)
        return DatabaseColumns(self.address, at, tables, version)

    def position(self) -> Position:
        """File, offset, and the set of all gtids executed (MySQL); empty where the server writes no binlog."""
        with self._connected() as connection:
            row = _status(connection)
        if row is None:
            return Position()
        gtids = str(row.get("Executed_Gtid_Set") or "").replace("\n", "")
        return Position(gtids or None, str(row["File"]), int(row["Position"]))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise translated(self.address, error.orig) from error
        except SQLAlchemyError as error:
            raise PortRefused(self.address, f"the query failed: {type(error).__name__}") from error
        except (struct.error, IndexError, ValueError) as error:
            raise PortNonsense(self.address, "what answers is no MySQL server", "check host and port") from error


def _status(connection: Connection) -> Mapping[str, Any] | None:
    newer, older = _POSITIONS
    try:
        row = connection.exec_driver_sql(newer).mappings().first()
    except DBAPIError as error:
        if not error.orig or error.orig.args[0] != _SYNTAX_ERROR:
            raise
        row = connection.exec_driver_sql(older).mappings().first()
    return dict(row) if row else None


def _tables(
    columns: Iterable[Row], keys: Iterable[Row], default: Callable[[str | None], str | None]
) -> dict[TableId, TableSchema]:
    """Both are in order of position; gathered by name here, since a server may sort `Orders` and `orders` alike."""
    primary: dict[TableId, list[str]] = {}
    for database, table, column in keys:
        primary.setdefault(TableId(database, table), []).append(column)
    found: dict[TableId, list[Column]] = {}
    for row in columns:
        found.setdefault(TableId(row[0], row[1]), []).append(_column(row, default))
    return {table: TableSchema(table, tuple(each), tuple(primary.get(table, ()))) for table, each in found.items()}


def _column(row: Row, default: Callable[[str | None], str | None]) -> Column:
    _, _, name, kind, nullable, expression, extra = row
    generated = _FILLED & set((extra or "").lower().split())
    return Column(name, printed(kind), nullable == "YES", default(expression), bool(generated))


def _mysql_default(expression: str | None) -> str | None:
    return expression


def _mariadb_default(expression: str | None) -> str | None:
    """MariaDB tells an SQL expression where MySQL tells a value: `NULL`, `'it''s'`, `current_timestamp()`."""
    if expression is None or expression == "NULL":
        return None
    if len(expression) >= 2 and expression[0] == expression[-1] == "'":
        return expression[1:-1].replace("''", "'").replace("\\\\", "\\")
    return expression.replace("current_timestamp", "CURRENT_TIMESTAMP").removesuffix("()")


def _address(url: URL) -> str:
    host = (url.host or "").lower()
    return f"{'127.0.0.1' if host in _THIS_MACHINE else host}:{url.port or DEFAULT_PORT}"


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in _SCHEMES:
        raise ValueError("not a MySQL URL: expected mysql+pymysql://user:password@host:port/") from None
    return parsed
