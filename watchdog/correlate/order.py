"""Whether a statement was made before a record was written: by what both tell of their place in the binlog.

Never by the clock of another system: the database's, Kafka's and ours may be minutes apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from watchdog.model import Place, Position, SchemaChange
from watchdog.positions import is_before

SKEW = timedelta(minutes=2)
"""Clocks of two servers may be that far apart."""
BY_POSITION = "by its position in the binlog"
BY_TIME = "by the database's own clock"


def made_before(change: SchemaChange, place: Place) -> tuple[bool | None, str]:
    """And what tells so; None where nothing does."""
    by_position = _by_position(change.position, place.position)
    if by_position is not None:
        return by_position, BY_POSITION
    return _by_time(change, place), BY_TIME


def _by_position(statement: Position, record: Position) -> bool | None:
    if (certain := is_before(statement, record)) is not None or (statement.gtid and record.gtid):
        return certain
    # A history topic's statements and a snapshot's rows have no gtid of their own, but the same files.
    return is_before(Position(None, statement.file, statement.pos), Position(None, record.file, record.pos))


def _by_time(change: SchemaChange, place: Place) -> bool | None:
    if place.at is None:
        return None
    # Gtids that have no order are of two servers, each with a clock. A history topic tells whole seconds.
    two_servers = bool(change.position.gtid and place.position.gtid)
    apart = place.at - change.at
    leeway = SKEW if two_servers else timedelta(seconds=1)
    return None if abs(apart) < leeway else apart > timedelta()


def may_be_before_failure(change: SchemaChange, failed_at: datetime) -> bool:
    """All that can be said without a position: not that it was made long after the failure was seen."""
    return change.at <= failed_at + SKEW
