"""A MySQL or MariaDB server → `DatabaseColumns`: every visible table's columns, then where its binary log stands."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from watchdog.adapters.mysql_authors import Authors
from watchdog.adapters.mysql_binlog import binlog_or_why_not, position_of
from watchdog.adapters.mysql_errors import translated
from watchdog.adapters.mysql_looks import Looks
from watchdog.adapters.mysql_tables import READ_SECONDS, row_counts, some_tables
from watchdog.adapters.mysql_url import address, parsed
from watchdog.errors import PortNonsense, PortRefused
from watchdog.model import Author, DatabaseColumns, Position, SchemaChange, TableId, TableSchema

CONNECT_SECONDS = 5
RECYCLE_SECONDS = 1800


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
        target = parsed(url)
        self.address = address(target)
        self._clock = clock
        self._looks = Looks()
        self._mariadb: bool | None = None
        self._authors = Authors()
        self._engine = create_engine(
            target,
            pool_size=1,
            # Who ran a statement is asked beside a look that may take seconds.
            max_overflow=1,
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
            version = _version(connection)
            tables = self._looks.look(connection, _is_mariadb(version))
            self._authors.sample(connection)
            # After the columns: whatever was executed by this position is in them.
            binlog, why_not = binlog_or_why_not(connection, self.address, _is_mariadb(version))
        return DatabaseColumns(self.address, at, tables, version, binlog=binlog, binlog_error=why_not)

    def peek(self, tables: Sequence[TableId]) -> Mapping[TableId, TableSchema]:
        with self._connected() as connection:
            self._mariadb = _is_mariadb(_version(connection)) if self._mariadb is None else self._mariadb
            return some_tables(connection, list(tables), self._mariadb)

    def position(self) -> Position:
        """File, offset, and the set of all gtids executed; empty where the server writes no binlog."""
        with self._connected() as connection:
            return position_of(connection, _is_mariadb(_version(connection))) or Position()

    def row_counts(self) -> Mapping[TableId, int]:
        with self._connected() as connection:
            return row_counts(connection)

    def author(self, change: SchemaChange) -> Author:
        """By performance_schema, where it may be read."""
        with self._connected() as connection:
            return self._authors.who(connection, change)

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


def _version(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SELECT version()").scalar_one())


def _is_mariadb(version: str) -> bool:
    return "mariadb" in version.lower()
