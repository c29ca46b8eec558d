"""A MySQL or MariaDB server's binary log → `Binlog`: where it stands, what is gone from it, how long it is kept.

MySQL says the set of executed gtids, MariaDB the last of each domain; both are a set of gtids to whoever reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from watchdog.adapters.mysql_errors import PRIVILEGES, code_of, grant_in_words, translated
from watchdog.model import Binlog, Position

NO_BINLOG = "the server writes no binary log (log_bin is off)"

# The first is MySQL 8.2 and later, where the second is gone since 8.4; MariaDB and older ones know the second.
_STATUS = ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS")
_SYNTAX_ERROR = 1064
_KEPT = text(
    "SHOW GLOBAL VARIABLES WHERE variable_name IN"
    " ('binlog_expire_logs_seconds', 'expire_logs_days', 'binlog_expire_logs_auto_purge')"
)
_SECONDS_OF_DAY = 86_400


def binlog_or_why_not(connection: Connection, address: str, is_mariadb: bool) -> tuple[Binlog | None, str]:
    """Whatever stands in the way of this takes nothing else away: it is told in words."""
    try:
        found = binlog_of(connection, is_mariadb)
    except DBAPIError as error:
        if code_of(error.orig) in PRIVILEGES:
            return None, grant_in_words(connection, "REPLICATION CLIENT ON *.*", "to see the binary log")
        return None, str(translated(address, error.orig))
    return found, "" if found else NO_BINLOG


def binlog_of(connection: Connection, is_mariadb: bool) -> Binlog | None:
    """None where the server writes none."""
    position = position_of(connection, is_mariadb)
    if position is None:
        return None
    files = tuple(str(row["Log_name"]) for row in connection.exec_driver_sql("SHOW BINARY LOGS").mappings())
    purged = _mariadb_purged(connection, files) if is_mariadb else _asked(connection, "@@GLOBAL.gtid_purged")
    now = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar_one()
    return Binlog(position, purged, files, _keep_seconds(connection), _utc(now))


def position_of(connection: Connection, is_mariadb: bool) -> Position | None:
    """File, offset, and the set of all gtids executed; None where the server writes no binary log."""
    row = _status(connection)
    if row is None:
        return None
    gtids = _asked(connection, "@@GLOBAL.gtid_binlog_pos") if is_mariadb else _one_line(row.get("Executed_Gtid_Set"))
    return Position(gtids or None, str(row["File"]), int(row["Position"]))


def _status(connection: Connection) -> Mapping[str, Any] | None:
    newer, older = _STATUS
    try:
        row = connection.exec_driver_sql(newer).mappings().first()
    except DBAPIError as error:
        if code_of(error.orig) != _SYNTAX_ERROR:
            raise
        row = connection.exec_driver_sql(older).mappings().first()
    return dict(row) if row else None


def _mariadb_purged(connection: Connection, files: tuple[str, ...]) -> str:
    """What was executed before the oldest file begins (at byte 4, after its magic number)."""
    if not files:
        return ""
    return _one_line(connection.execute(text("SELECT BINLOG_GTID_POS(:file, 4)"), {"file": files[0]}).scalar_one())


def _asked(connection: Connection, variable: str) -> str:
    # By SELECT: SHOW VARIABLES cuts long values.
    return _one_line(connection.exec_driver_sql(f"SELECT {variable}").scalar_one())


def _one_line(gtids: object) -> str:
    return str(gtids or "").replace("\n", "")


def _keep_seconds(connection: Connection) -> float | None:
    """0 is for ever. Where both are told (MariaDB) they are one setting in two units."""
    told = {str(name).lower(): str(value) for name, value in connection.execute(_KEPT)}
    if told.get("binlog_expire_logs_auto_purge", "ON").upper() in ("OFF", "0"):
        return None
    seconds = float(told.get("binlog_expire_logs_seconds", 0))
    return seconds or float(told.get("expire_logs_days", 0)) * _SECONDS_OF_DAY or None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
