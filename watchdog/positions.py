"""PURE: the order of two places in a binlog, and what a set of gtids holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

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


# ── sets of gtids ────────────────────────────────────────────────────────────────────────────────────────────────

Interval = tuple[int, int]
"""First and last transaction, both inside."""

GtidSet = Mapping[str, tuple[Interval, ...]]
"""By the server's uuid, with MySQL's tag behind it (`uuid:tag`) where there is one; MariaDB's by `domain`."""

_MARIADB = re.compile(r"(\d+)-\d+-(\d+)")
_INTERVAL = re.compile(r"(\d+)(?:-(\d+))?")
_UUID = re.compile(r"[0-9a-f-]{8,36}")


@lru_cache(maxsize=256)
def gtid_set(text: str) -> GtidSet | None:
    """`uuid:1-5:7,uuid2:tag:1-3` or MariaDB's `0-1-5,1-2-7`; None where the text is neither. Blanks do not matter.

    A place of MariaDB's stands for all of its domain up to there, whichever server wrote it.
    """
    found: dict[str, list[Interval]] = {}
    for part in filter(None, re.sub(r"\s", "", text).lower().split(",")):
        if place := _MARIADB.fullmatch(part):
            found.setdefault(place[1], []).append((0, int(place[2])))
        elif not _add_mysql(part, found):
            return None
    return {server: _joined(intervals) for server, intervals in found.items()}


def contains(executed: str, gtid: str) -> bool | None:
    """Whether the set holds the one transaction (or every one of a set); None where one of them cannot be read.

    >>> contains("3e11fa47:1-5:7", "3e11fa47:7")
    True
    """
    whole, part = gtid_set(executed), gtid_set(gtid)
    if whole is None or part is None:
        return None
    return all(
        any(low <= first and last <= high for low, high in whole.get(server, ()))
        for server, intervals in part.items()
        for first, last in intervals
    )


def has_passed(read: Position, place: Position) -> bool | None:
    """Whether a reader that stands at `read` has read all that was in the binlog at `place`; None: cannot be told.

    Both gtids are sets. Without them, files are compared by their numbers, which mislead after a failover.
    """
    if read.gtid and place.gtid:
        return contains(read.gtid, place.gtid)
    if read.gtid or place.gtid or not read.file or not place.file or read.pos is None or place.pos is None:
        return None
    return (_number(read.file), read.pos) >= (_number(place.file), place.pos)


def _number(file: str) -> int:
    """`binlog.000012` → 12; a million files later the names are longer, not smaller."""
    digits = file.rpartition(".")[2]
    return int(digits) if digits.isdecimal() else 0


def _add_mysql(part: str, found: dict[str, list[Interval]]) -> bool:
    """`uuid:1-5:7` and `uuid:tag:1-3:tag2:5`: what is no interval names the tag of those behind it."""
    server, *pieces = part.split(":")
    if not pieces or not _UUID.fullmatch(server) or not _INTERVAL.fullmatch(pieces[-1]):
        return False
    name = server
    for piece in pieces:
        if interval := _INTERVAL.fullmatch(piece):
            first = int(interval[1])
            found.setdefault(name, []).append((first, int(interval[2] or first)))
        elif piece.isidentifier():
            name = f"{server}:{piece}"
        else:
            return False
    return True


def _joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """In order, with those that touch made one."""
    joined: list[Interval] = []
    for first, last in sorted(intervals):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)
