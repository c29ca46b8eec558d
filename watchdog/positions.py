"""PURE: the order of two places in a binlog, and what a set of gtids holds."""

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


def is_subset(part: str, whole: str) -> bool | None:
    """Whether all gtids of `part` are in `whole`: MySQL's `uuid:1-5:7,…` (with a tag: `uuid:tag:1-5`), MariaDB's
    `domain-server-sequence,…`, which means all of the domain up to that one. None when one cannot be read."""
    of_part, of_whole = _intervals(part), _intervals(whole)
    if of_part is None or of_whole is None:
        return None
    return all(
        any(first <= low and high <= last for first, last in of_whole.get(server, ()))
        for server, ranges in of_part.items()
        for low, high in ranges
    )


def missing(executed: str, read: str) -> int | None:
    """How many transactions of the first set the second lacks; None when one cannot be read."""
    whole, part = _intervals(executed), _intervals(read)
    if whole is None or part is None:
        return None
    return sum(
        last - first + 1 - sum(max(0, min(last, high) - max(first, low) + 1) for low, high in part.get(server, ()))
        for server, ranges in whole.items()
        for first, last in ranges
    )


def has_passed(read: Position, place: Position) -> bool | None:
    """Whether a reader that stands at `read` has read all that was in the binlog at `place`; None: cannot be told.

    Both gtids are sets. Without them, files are compared by their numbers, which mislead after a failover.
    """
    if read.gtid and place.gtid:
        return is_subset(place.gtid, read.gtid)
    return is_before(place, read)


def _intervals(gtids: str) -> dict[str, tuple[tuple[int, int], ...]] | None:
    """Ranges by server (and tag); those that touch are one."""
    found: dict[str, list[tuple[int, int]]] = {}
    for each in filter(None, (text.strip() for text in gtids.split(","))):
        if ":" not in each:
            parts = each.split("-")
            if len(parts) != 3 or not parts[2].isdigit():
                return None
            found.setdefault(parts[0], []).append((1, int(parts[2])))
            continue
        server, *rest = (part.strip() for part in each.lower().split(":"))
        for part in rest:
            low, _, high = part.partition("-")
            if low.isdigit() and (high or low).isdigit():
                found.setdefault(server, []).append((int(low), int(high or low)))
            elif part and not part[0].isdigit():
                server = f"{server.partition(':')[0]}:{part}"
            else:
                return None
    return {server: _joined(ranges) for server, ranges in found.items()}


def _joined(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)
