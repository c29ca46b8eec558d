"""The connection of one stretch of a binlog: it keeps the stretch's deadline, ends at its end, and passes by what is no
news.

The client is given nothing that tells it to connect again: who reconnects might begin somewhere else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pymysql

from watchdog.adapters.mysql_packets import Known, next_offset
from watchdog.model import Position
from watchdog.positions import is_before


class Over(Exception):
    """The time of a stretch is over."""


@dataclass
class Calls:
    """`stream`: the client, once it is made. `deadline`: set with the first event."""

    known: Known
    end: Position
    deadline: float | None = None
    bytes_read: int = 0
    stream: Any = None

    def connection(self, **settings: Any) -> Any:
        calls = self

        class Connection(pymysql.Connection):
            def _read_packet(self, *arguments: Any) -> Any:
                while True:
                    if calls.deadline is not None and time.monotonic() > calls.deadline:
                        raise Over
                    try:
                        packet = super()._read_packet(*arguments)  # type: ignore[no-untyped-call]
                    except pymysql.OperationalError as error:
                        # Not by the class from which the client concludes that it should connect again.
                        raise pymysql.DatabaseError(*error.args) from error
                    if calls.deadline is None or not calls.passed_by(packet.get_all_data()):
                        return packet

        return Connection(**settings)

    def passed_by(self, packet: bytes) -> bool:
        """Whether the client need not see it. Raises `Over` when it was the last one that was asked for."""
        self.bytes_read += len(packet)
        if not self.known.is_no_news(packet):
            return False
        self.stream.log_pos = next_offset(packet) or self.stream.log_pos
        if self.is_at_the_end():
            raise Over
        return True

    def is_at_the_end(self) -> bool:
        """Files of another base name have no order: then it is read until nothing more is written."""
        place = place_of(self.stream)
        return _base(place) == _base(self.end) and is_before(self.end, place) is True


def place_of(stream: Any) -> Position:
    """After the last event that was read."""
    return Position(None, stream.log_file, stream.log_pos)


def _base(place: Position) -> str:
    """`binlog.000007` → `binlog`."""
    return (place.file or "").rpartition(".")[0]
