"""A login that was let in → what it may not do of what its connector does. Nothing is written: the server checks the
same privileges for EXPLAIN as for the statement itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pymysql

from watchdog.adapters.mysql_errors import PRIVILEGES
from watchdog.model import TableId

if TYPE_CHECKING:
    Connection = pymysql.Connection[Any]
else:
    Connection = pymysql.Connection
TARGETS_MAX = 20
_DENIED = PRIVILEGES | {1044}
_LOCK_WAIT_TIMEOUT = 1205
_LOCK_SECONDS = 1
_COLUMN = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    " ORDER BY ordinal_position LIMIT 1"
)
_ROLE = re.compile(r"^GRANT [`\'][^ ]+ TO ", re.IGNORECASE)


class _Locked(Exception):
    """Somebody holds the table, as an ALTER does while it copies: it tells nothing now, and is not queued for."""


def denied_at(connection: Connection, targets: Sequence[TableId], raw: Mapping[str, str]) -> str:
    """The server's own words for the first statement of a sink's that the login may not run; empty where it may."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION lock_wait_timeout = {_LOCK_SECONDS}")
    try:
        for table in targets[:TARGETS_MAX]:
            for statement in _statements(connection, table, raw):
                if said := _denied(connection, statement):
                    return said
    except _Locked:
        return ""
    return ""


def denied_at_source(connection: Connection) -> str:
    """What Debezium needs to follow a binary log, by SHOW GRANTS; empty where it is there, or roles hide it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW GRANTS")
        grants = [str(row[0]) for row in cursor.fetchall()]
    told = " ".join(grants).upper()
    if any(map(_ROLE.match, grants)) or "ALL PRIVILEGES ON *.*" in told:
        return ""
    missing = [each for each in ("SELECT", "REPLICATION SLAVE") if each not in told]
    return f"the login has no {' and no '.join(missing)}: GRANT {', '.join(missing)} ON *.* TO it" if missing else ""


def _statements(connection: Connection, table: TableId, raw: Mapping[str, str]) -> Iterator[str]:
    name = f"{_quoted(table.database)}.{_quoted(table.table)}"
    mode = raw.get("insert.mode", "insert").lower()
    if mode != "update":
        yield f"EXPLAIN INSERT INTO {name} () VALUES ()"
    if mode != "insert" and (column := _first_column(connection, table)):
        yield f"EXPLAIN UPDATE {name} SET {_quoted(column)} = 0 WHERE 1 = 0"
    if raw.get("delete.enabled", "").lower() == "true":
        yield f"EXPLAIN DELETE FROM {name} WHERE 1 = 0"


def _first_column(connection: Connection, table: TableId) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMN, (table.database, table.table))
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _denied(connection: Connection, statement: str) -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.Error as error:
        code = error.args[0] if error.args else None
        if code == _LOCK_WAIT_TIMEOUT:
            raise _Locked from error
        # Whatever else is wrong with such a statement is none of its privileges.
        return str(error.args[1]) if code in _DENIED else ""
    return ""


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
