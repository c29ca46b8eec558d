"""The journal's tables as this version writes them, and the rows of them.

state(key, document, updated_at)    timeline(id, at, incident_id, kind, text, data, connect_cluster, connector)
meta(key, value)                    alembic_version(version_num)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

from watchdog.errors import JournalError

SCHEMA_VERSION = 2
"""What `meta` holds under `schema_version`; each revision brings the next."""

TABLES = MetaData()
META = Table("meta", TABLES, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
# Alembic's own, as it makes it.
REVISION = Table("alembic_version", TABLES, Column("version_num", String(32), primary_key=True))
STATE = Table(
    "state",
    TABLES,
    Column("key", Text, primary_key=True),
    Column("document", Text, nullable=False),
    # For a person who looks into the file; nothing reads it.
    Column("updated_at", Text, nullable=False),
)
TIMELINE = Table(
    "timeline",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False, index=True),
    Column("incident_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    # None: of no connector, or of one that nobody knew when the line was written.
    Column("connect_cluster", Text),
    Column("connector", Text),
    Index("ix_timeline_connector", "connector", "connect_cluster"),
    sqlite_autoincrement=True,
)


def revision_of(version: int) -> str:
    return f"{version:04}"


def timestamp(at: datetime) -> str:
    """UTC in a fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def encoded(path: Path, key: str, document: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(document, default=_plain).decode()
    except TypeError as error:
        raise JournalError(f"{path}: {key} cannot be written as JSON ({error}); nothing was written") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")
