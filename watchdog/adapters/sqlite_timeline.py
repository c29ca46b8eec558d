"""The audit in one table: lines are appended, read a few at a time, and forgotten when they are old or too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, select
from sqlalchemy.dialects.sqlite import insert

from watchdog.adapters.sqlite_sessions import Sessions
from watchdog.adapters.sqlite_tables import TIMELINE, encoded, timestamp
from watchdog.model import ConnectorKey, TimelineEntry

PAGE = 500
"""Lines read at once: a long reading holds neither them all nor the file."""


class SqliteAudit:
    """`ports.Audit`"""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def append(self, entries: Sequence[TimelineEntry]) -> None:
        rows = [
            {
                "at": timestamp(entry.at),
                "incident_id": entry.incident_id,
                "kind": entry.kind,
                "text": entry.text,
                "data": encoded(self._sessions.path, f"timeline entry {entry.kind}", entry.data),
                "connect_cluster": entry.key.cluster if entry.key else None,
                "connector": entry.key.connector if entry.key else None,
            }
            for entry in entries
        ]
        with self._sessions.writing() as connection:
            if rows:
                connection.execute(insert(TIMELINE), rows)

    def timeline(self, incident_id: str | None = None, limit: int = 1000) -> list[TimelineEntry]:
        with self._sessions.reading() as connection:
            newest_first = _lines(connection).order_by(TIMELINE.c.id.desc()).limit(limit)
            if incident_id is not None:
                newest_first = newest_first.where(TIMELINE.c.incident_id == incident_id)
            rows = connection.execute(newest_first).all()
        return [_entry(row) for row in reversed(rows)]

    def told(
        self, incident_id: str | None = None, since: datetime | None = None, connector: str | None = None
    ) -> Iterator[TimelineEntry]:
        wanted = _wanted(incident_id, since, connector)
        last = 0
        while True:
            with self._sessions.reading() as connection:
                if connector is not None and not _names_connectors(connection):
                    return
                page = _lines(connection).where(TIMELINE.c.id > last, *wanted).order_by(TIMELINE.c.id).limit(PAGE)
                rows = connection.execute(page).all()
            yield from map(_entry, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def prune(self, before: datetime, lines_max: int | None = None) -> int:
        old = delete(TIMELINE).where(TIMELINE.c.at < timestamp(before))
        with self._sessions.writing() as connection:
            forgotten = connection.execute(old).rowcount
            if lines_max is not None:
                too_many = select(TIMELINE.c.id).order_by(TIMELINE.c.id.desc()).limit(1).offset(lines_max)
                beyond = delete(TIMELINE).where(TIMELINE.c.id <= too_many.scalar_subquery())
                forgotten += connection.execute(beyond).rowcount
            return forgotten


def _wanted(incident_id: str | None, since: datetime | None, connector: str | None) -> list[ColumnElement[bool]]:
    wanted = []
    if incident_id is not None:
        wanted.append(TIMELINE.c.incident_id == incident_id)
    if since is not None:
        wanted.append(TIMELINE.c.at >= timestamp(since))
    if connector is not None:
        wanted.append(TIMELINE.c.connector == connector)
    return wanted


def _lines(connection: Connection) -> Select[Any]:
    """Also of a file that an older version wrote, and that nobody has brought up to date yet."""
    there = _column_names(connection)
    return select(*(column for column in TIMELINE.c if column.name in there))


def _column_names(connection: Connection) -> frozenset[str]:
    return frozenset(row[1] for row in connection.exec_driver_sql("PRAGMA table_info(timeline)"))


def _names_connectors(connection: Connection) -> bool:
    return TIMELINE.c.connector.name in _column_names(connection)


def _entry(row: Row[Any]) -> TimelineEntry:
    connector = getattr(row, "connector", None)
    key = ConnectorKey(row.connect_cluster or "", connector) if connector is not None else None
    return TimelineEntry(
        datetime.fromisoformat(row.at), row.incident_id, row.kind, row.text, orjson.loads(row.data), key
    )
