"""PURE: the order of two places in a binlog."""

from __future__ import annotations

from watchdog.model import Position


def is_before(earlier: Position, later: Position) -> bool | None:
    """Whether the one is before (or at) the other; None where that cannot be told.

    Gtids have an order only within one server's uuid (`uuid:transaction`, MariaDB: `domain-server-sequence`); file
    names mislead after a failover, so they count only where there are no gtids.
    """
    if earlier.gtid and later.gtid:
        one, other = _split(earlier.gtid), _split(later.gtid)
        return one[1] <= other[1] if one and other and one[0] == other[0] else None
    if earlier.gtid or later.gtid:
        return None
    if earlier.file and later.file and earlier.pos is not None and later.pos is not None:
        return (*_file(earlier.file), earlier.pos) <= (*_file(later.file), later.pos)
    return None


def _file(name: str) -> tuple[str, int, str]:
    """In the order of their numbers: `binlog.999999` is before `binlog.1000000`."""
    base, _, number = name.rpartition(".")
    return base, len(number), number


def _split(gtid: str) -> tuple[str, int] | None:
    server, _, number = gtid.rpartition(":") if ":" in gtid else gtid.rpartition("-")
    return (server, int(number)) if number.isdigit() else None
