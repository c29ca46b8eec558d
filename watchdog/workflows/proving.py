"""Shell: whether a schema history of now would be right for what a source has still to read, in stretches of some
seconds each.

The columns are read first, then the binlog from the stored offset to where it stood after them. The columns are kept in
this process only: after a crash the proof begins again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from watchdog.errors import PortRefused
from watchdog.model import DatabaseColumns, Position, TableId, TableSchema
from watchdog.ports import BinlogReader, Database
from watchdog.recovery.proof import objections
from watchdog.topology import SourceLink

STRETCH_SECONDS = 5.0
STRETCHES_MAX = 720
"""An hour of reading."""


@dataclass(frozen=True, slots=True)
class Proof:
    """So far. `done`: all was read, without an objection. `data` is what the next stretch needs, as JSON."""

    data: Mapping[str, Any]
    detail: str
    objections: tuple[str, ...] = ()
    done: bool = False


@dataclass
class Proving:
    """Of one Connect cluster's sources. `databases` and `binlogs` are by `host:port`."""

    databases: Mapping[str, Database]
    binlogs: Mapping[str, BinlogReader]
    _columns: dict[str, DatabaseColumns] = field(default_factory=dict)

    def why_not(self, source: SourceLink) -> str:
        """Empty where there is a way to look at the source's database at all."""
        if source.address in self.databases and source.address in self.binlogs:
            return ""
        return (
            f"whether a rebuilt history would be right can only be told from the binlog of {source.address}, which has"
            f" no entry in `databases:`: add one, with REPLICATION SLAVE and REPLICATION CLIENT"
        )

    def go_on(
        self, of: str, source: SourceLink, start: Position, before: Mapping[str, Any] | None, server: str = ""
    ) -> Proof:
        """One stretch. `of`: what it is kept by; `before`: the `data` of the last one, None to begin; `server`: the one
        whose file and offset `start` is, where it is one. Raises `PortError`."""
        live = self._columns.get(of) if before else None
        if live is None or before is None:
            live, before = self._begin(of, source, start)
            before = {**before, "server": server}
        end = _position(before["end"])
        read = self.binlogs[source.address].read(_position(before["upto"]), end, STRETCH_SECONDS, before["server"])
        total = int(before["bytes"]) + read.bytes_read
        data = {
            "upto": _document(read.upto),
            "end": before["end"],
            "server": read.server,
            "bytes": total,
            "stretches": int(before["stretches"]) + 1,
        }
        if found := objections(read.events, live.tables, source.captures):
            return Proof(data, f"the binlog speaks against it, {_read(total)} read", found)
        if read.whole:
            return Proof(data, f"the binlog from {start} to {end} was read ({_read(total)})", done=True)
        if data["stretches"] >= STRETCHES_MAX:
            raise PortRefused(source.address, f"the binlog is too long to be read: {_read(total)} until {read.upto}")
        return Proof(data, f"reading the binlog: {_read(total)}, {read.upto} of {end}")

    def captured(self, of: str, source: SourceLink) -> Mapping[TableId, TableSchema] | None:
        """The tables as they were for that proof; None when this process did not make it."""
        live = self._columns.get(of)
        return None if live is None else tables_of(source, live)

    def forget(self, of: str) -> None:
        for key in [key for key in self._columns if key.startswith(of)]:
            del self._columns[key]

    def _begin(self, of: str, source: SourceLink, start: Position) -> tuple[DatabaseColumns, Mapping[str, Any]]:
        live = self.databases[source.address].columns()
        if live.binlog is None:
            why = live.error or live.binlog_error or "it tells of no binary log"
            raise PortRefused(source.address, f"the binlog cannot be looked at: {why}")
        if not tables_of(source, live):
            raise PortRefused(source.address, "no captured table is visible to the watchdog's user", "GRANT SELECT")
        self._columns[of] = live
        end = replace(live.binlog.position, gtid=None)
        data = {"upto": _document(start), "end": _document(end), "server": "", "bytes": 0, "stretches": 0}
        return live, data


def tables_of(source: SourceLink, live: DatabaseColumns) -> Mapping[TableId, TableSchema]:
    """The captured ones."""
    return {table: schema for table, schema in live.tables.items() if source.captures(table)}


def _position(document: Mapping[str, Any]) -> Position:
    return Position(document["gtid"], document["file"], document["pos"])


def _document(position: Position) -> dict[str, Any]:
    return {"gtid": position.gtid, "file": position.file, "pos": position.pos}


def _read(count: int) -> str:
    return f"{count / 1024**2:,.1f} MB" if count >= 1024**2 else f"{count:,} bytes"
