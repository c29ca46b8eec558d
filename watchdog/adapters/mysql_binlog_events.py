"""What the binlog client brings → `BinlogEvent`s; rows of one table with one shape are told once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pymysqlreplication.event import FormatDescriptionEvent, NotImplementedEvent, QueryEvent, RotateEvent
from pymysqlreplication.row_event import TableMapEvent

from watchdog.adapters.mysql_rows import row_columns
from watchdog.model import Position, TableId
from watchdog.model.binlog_events import BinlogEvent, RowsOf, Sealed, Statement

KINDS = [QueryEvent, TableMapEvent, RotateEvent, FormatDescriptionEvent, NotImplementedEvent]
"""What the client is to bring."""

_NO_WORK = frozenset({"BEGIN", "COMMIT"})
_COMPRESSED_TRANSACTION = 40
# Of those that the client does not know: anonymous gtid, transaction context, view change, second kind of heartbeat,
# gtid with a tag. They hold neither statements nor rows.
_HARMLESS = frozenset({34, 36, 37, 41, 42})
_IGNORABLE_FLAG = 0x80
_WHAT = {
    26: "an incident: the server says that it lost something here",
    _COMPRESSED_TRANSACTION: "a compressed transaction (binlog_transaction_compression=ON), which is not looked into",
    **dict.fromkeys(range(165, 172), "a compressed event (log_bin_compress=ON), which is not looked into"),
}


@dataclass
class Found:
    checksum: bool
    events: list[BinlogEvent] = field(default_factory=list)
    shapes: set[object] = field(default_factory=set)

    def take(self, event: Any, at: Position) -> None:
        if isinstance(event, QueryEvent):
            if event.query not in _NO_WORK:
                self.events.append(Statement(at, event.schema.decode("utf-8", "backslashreplace"), event.query))
        elif isinstance(event, TableMapEvent):
            columns = row_columns(event)
            if (event.schema, event.table, columns) not in self.shapes:
                self.shapes.add((event.schema, event.table, columns))
                self.events.append(RowsOf(at, TableId(event.schema, event.table), columns))
        elif isinstance(event, FormatDescriptionEvent):
            # The client takes all files to be alike, and would cut the last letters of a statement.
            if bool(event.checksum_algorithm) is not self.checksum:
                self.events.append(Sealed(at, "a file that was written under another binlog_checksum than is set now"))
        elif isinstance(event, NotImplementedEvent) and not _is_harmless(event):
            what = _WHAT.get(event.event_type, f"an event of a type that is not known ({event.event_type})")
            self.events.append(Sealed(at, what))


def _is_harmless(event: Any) -> bool:
    return event.event_type in _HARMLESS or bool(event.packet.flags & _IGNORABLE_FLAG)
