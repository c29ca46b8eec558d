"""One ALTER at one server, by an account that was configured for it. Nothing else runs with that account."""

from __future__ import annotations

import struct

from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from watchdog.adapters.mysql_errors import translated
from watchdog.adapters.mysql_url import address, parsed
from watchdog.errors import PortNonsense, PortRefused

CONNECT_SECONDS = 5
LOCK_SECONDS = 30
"""Somebody who reads the table holds it up; longer than that it would hold up everybody behind itself."""
ALTER_SECONDS = 6 * 3600
"""A large table is copied."""


class MySqlAlter:
    """Raises `ValueError` for a bad URL; connects with the first question."""

    def __init__(self, url: str) -> None:
        target = parsed(url)
        self.address = address(target)
        seconds = {"connect_timeout": CONNECT_SECONDS, "read_timeout": ALTER_SECONDS, "write_timeout": CONNECT_SECONDS}
        self._engine = create_engine(
            target, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=seconds
        )

    def account(self) -> str:
        """As the server knows it: `user@host`. Raises `PortError`."""
        return self._run("SELECT CURRENT_USER()")

    def alter(self, statement: str) -> None:
        """Run it. Raises `PortError`; after a `PortTimeout` it may still be under way."""
        self._run(statement)

    def _run(self, statement: str) -> str:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}")
                # As it is: a percent sign in it is no place for a parameter.
                done = connection.execution_options(no_parameters=True).exec_driver_sql(statement)
                return str(done.scalar_one()) if done.returns_rows else ""
        except DBAPIError as error:
            raise translated(self.address, error.orig) from error
        except SQLAlchemyError as error:
            raise PortRefused(self.address, f"the statement failed: {type(error).__name__}") from error
        except (struct.error, IndexError, ValueError) as error:
            raise PortNonsense(self.address, "what answers is no MySQL server", "check host and port") from error
