"""Bytes of a binlog's events → whether they tell of nothing new, so that most of a binlog need not be taken apart.

Rows themselves are never looked at: what shape they have is in the TABLE_MAP before them, and that is mostly one that
came before.
"""

from __future__ import annotations

_HEADER = 20  # With the byte 0 in front by which the protocol says that an event follows.
_QUERY, _TABLE_MAP = 2, 19
_QUERY_POST_HEADER = 13
_TABLE_ID = 6
# Rows (old, new, partial updates), their statement's text, ends of transactions, gtids.
_NEVER_NEWS = frozenset({16, 23, 24, 25, 29, 30, 31, 32, 33, 34, 39, 160, 162})
_NO_WORK = frozenset({b"BEGIN", b"COMMIT"})


class Known:
    """What came before in one stretch. `checksum_bytes`: how many stand at the end of each event."""

    def __init__(self, checksum_bytes: int) -> None:
        self._checksum_bytes = checksum_bytes
        self._maps: set[bytes] = set()

    def is_no_news(self, packet: bytes) -> bool:
        if len(packet) < _HEADER or packet[0] != 0:
            return False
        kind = packet[5]
        if kind in _NEVER_NEWS:
            return True
        body = packet[_HEADER : len(packet) - self._checksum_bytes]
        if kind == _QUERY:
            return _text(body) in _NO_WORK
        if kind == _TABLE_MAP:
            # A table has another number whenever it is opened again.
            shape = body[_TABLE_ID:]
            known = shape in self._maps
            self._maps.add(shape)
            return known
        return False


def next_offset(packet: bytes) -> int:
    """Where the next event begins in the file; 0 for what is in none."""
    return int.from_bytes(packet[14:18], "little")


def _text(body: bytes) -> bytes:
    """A QUERY event's statement."""
    if len(body) < _QUERY_POST_HEADER:
        return b""
    database, variables = body[8], int.from_bytes(body[11:13], "little")
    return body[_QUERY_POST_HEADER + variables + database + 1 :]
