"""Who ran a statement, as far as the server still knows: best effort, and each answer says how it was found.

A session that is still open is known by its connection number, which the binary log tells. Of one that has ended only
its account's counters are left: they name the account when no other ran such a statement meanwhile.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from watchdog.adapters.mysql_errors import PRIVILEGES, code_of, grant_in_words
from watchdog.model import Author, SchemaChange

SAMPLES_KEPT_MAX = 120
WHOLE_BYTES_MAX = 1000
"""The server keeps the first 1,024 bytes of a statement: of a longer one only the beginning can be compared."""

Account = tuple[str, str]
Counts = Mapping[tuple[Account, str], int]

_EVENTS = {
    ("alter", "table"): "alter_table",
    ("create", "table"): "create_table",
    ("drop", "table"): "drop_table",
    ("rename", "table"): "rename_table",
    ("create", "index"): "create_index",
    ("drop", "index"): "drop_index",
    ("truncate", "table"): "truncate",
}
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*\n|#[^\n]*\n", re.DOTALL)
_BETWEEN = frozenset({"or", "replace", "online", "ignore", "unique", "fulltext", "spatial", "temporary"})

_PERFORMANCE_SCHEMA = "SELECT @@performance_schema"
_UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'"
_NOW = "SELECT UTC_TIMESTAMP(6)"
_SESSION = text("SELECT processlist_user, processlist_host FROM performance_schema.threads WHERE processlist_id = :id")
_PROCESS = text("SELECT user, host FROM information_schema.processlist WHERE id = :id")
_PROGRAM = text(
    "SELECT attr_name, attr_value FROM performance_schema.session_connect_attrs"
    " WHERE processlist_id = :id AND attr_name IN ('program_name', '_client_name')"
)
_BY_TEXT = text(
    "SELECT t.processlist_id, e.sql_text FROM performance_schema.threads AS t"
    " JOIN (SELECT thread_id, event_name, sql_text FROM performance_schema.events_statements_history"
    " UNION ALL SELECT thread_id, event_name, sql_text FROM performance_schema.events_statements_history_long) AS e"
    " ON e.thread_id = t.thread_id"
    " WHERE e.event_name = :event AND t.processlist_id IS NOT NULL AND e.sql_text IS NOT NULL"
)
_COUNTS = text(
    "SELECT user, host, event_name, count_star"
    " FROM performance_schema.events_statements_summary_by_account_by_event_name"
    " WHERE count_star > 0 AND user IS NOT NULL AND event_name IN"
    f" ({', '.join(f'{chr(39)}statement/sql/{name}{chr(39)}' for name in _EVENTS.values())})"
)


@dataclass(frozen=True, slots=True)
class _Sample:
    """How many statements of each kind each account had ended by `at`, the server's clock."""

    at: datetime
    counts: Counts


class Authors:
    """Remembers how the accounts' counters stood at each look, so that a later one can tell whose grew."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT_MAX)

    def sample(self, connection: Connection) -> None:
        """Whoever may not look has nothing to compare with later, and is told why when it matters."""
        try:
            self._samples.append(_sample(connection))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise

    def who(self, connection: Connection, change: SchemaChange) -> Author:
        try:
            return self._who(connection, change)
        except DBAPIError as error:
            if code_of(error.orig) not in PRIVILEGES:
                raise
            return _unknown(grant_in_words(connection, "SELECT ON performance_schema.*", "to see who runs statements"))

    def _who(self, connection: Connection, change: SchemaChange) -> Author:
        if not connection.exec_driver_sql(_PERFORMANCE_SCHEMA).scalar_one():
            return _of_process(connection, change) or _unknown(
                "performance_schema is off, as MariaDB has it by default, and the session is not to be seen:"
                " start the server with performance_schema=ON"
            )
        self._samples.append(now := _sample(connection))
        event = _event(change.ddl)
        return _of_session(connection, change, event) or self._by_counters(change, event, now)

    def _by_counters(self, change: SchemaChange, event: str, now: _Sample) -> Author:
        before = [sample for sample in list(self._samples) if sample.at < change.at]
        if not event:
            return _unknown("its session has ended, and the server counts no statements of this kind")
        if not before:
            return _unknown("its session has ended, and it ran before the counters were first looked at")
        since = f"between {before[-1].at:%H:%M:%S} and {now.at:%H:%M:%S} UTC"
        grew = _grown(before[-1].counts, now.counts, event)
        what = event.rpartition("/")[2].replace("_", " ").upper()
        if not grew:
            return _unknown(f"its session has ended, and no account's count of {what} statements grew {since}")
        names = tuple(f"{user}@{host}" for user, host in grew)
        if len(grew) > 1:
            how = f"one of the accounts that ran an {what} {since}, by the server's counters; their sessions have ended"
            return Author(at=change.at, how=how, candidates=names)
        how = f"the only account that ran an {what} {since}, by the server's counters; its session has ended"
        return Author(*grew[0], at=change.at, how=how)


def _unknown(why: str) -> Author:
    return Author(how=f"not known: {why}")


def _event(ddl: str) -> str:
    """`ALTER ONLINE TABLE …` → `statement/sql/alter_table`; empty for what is not told apart."""
    words = (word.lower() for word in re.findall(r"[A-Za-z]+", _COMMENT.sub(" ", ddl)[:200]))
    telling = [word for word in words if word not in _BETWEEN][:2]
    name = _EVENTS.get((telling[0], telling[1])) if len(telling) == 2 else None
    return f"statement/sql/{name}" if name else ""


def _sample(connection: Connection) -> _Sample:
    at = _utc(connection.exec_driver_sql(_NOW).scalar_one())
    rows = connection.execute(_COUNTS)
    return _Sample(at, {((row[0], row[1]), row[2]): int(row[3]) for row in rows})


def _grown(before: Counts, now: Counts, event: str) -> list[Account]:
    return sorted(who for (who, what), count in now.items() if what == event and count > before.get((who, what), 0))


def _of_session(connection: Connection, change: SchemaChange, event: str) -> Author | None:
    """By its connection number; where that was not told, by the text among the last statements of open sessions."""
    if not _is_of_this_life(connection, change):
        return None
    if change.thread is not None:
        numbers: Iterable[int] = (change.thread,)
    else:
        rows = connection.execute(_BY_TEXT, {"event": event}).all() if event else []
        found = {int(row[0]) for row in rows if _is_same_statement(str(row[1]), change.ddl)}
        numbers = found if len(found) == 1 else ()
    return next((author for number in numbers if (author := _session(connection, change, number))), None)


def _is_same_statement(text_of_server: str, ddl: str) -> bool:
    """Debezium leaves out comments in front."""
    mine, theirs = _bare(text_of_server), _bare(ddl)
    is_cut = len(text_of_server.encode()) >= WHOLE_BYTES_MAX
    return theirs.startswith(mine.removesuffix("...")) if is_cut else mine == theirs


def _bare(statement: str) -> str:
    return " ".join(_COMMENT.sub(" ", statement + "\n").split()).rstrip("; ")


def _session(connection: Connection, change: SchemaChange, number: int) -> Author | None:
    row = connection.execute(_SESSION, {"id": number}).first()
    if row is None or row[0] is None:
        return None
    told: dict[str, Any] = {row[0]: row[1] for row in connection.execute(_PROGRAM, {"id": number})}
    program = told.get("program_name") or told.get("_client_name") or ""
    how = f"its session, connection {number}, was still open"
    return Author(row[0], row[1] or "", program, change.at, how, is_certain=True)


def _of_process(connection: Connection, change: SchemaChange) -> Author | None:
    """Without performance_schema: user and host alone, and other users' sessions only with PROCESS."""
    if change.thread is None or not _is_of_this_life(connection, change):
        return None
    row = connection.execute(_PROCESS, {"id": change.thread}).first()
    if row is None:
        return None
    host, _, port = str(row[1] or "").rpartition(":")
    how = f"its session, connection {change.thread}, was still open"
    return Author(row[0], host if port.isdigit() else str(row[1]), "", change.at, how, is_certain=True)


def _is_of_this_life(connection: Connection, change: SchemaChange) -> bool:
    """A server that started since counts its connections anew."""
    row = connection.exec_driver_sql(_UPTIME).one()
    started = _utc(connection.exec_driver_sql(_NOW).scalar_one()) - timedelta(seconds=int(row[1]))
    return change.at > started


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
