"""What the binlog client tells of a table's columns (a TABLE_MAP event) → `RowColumn`s."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymysqlreplication.constants import FIELD_TYPE

from watchdog.model.binlog_events import RowColumn

_KINDS = {
    FIELD_TYPE.TINY: "tinyint",
    FIELD_TYPE.SHORT: "smallint",
    FIELD_TYPE.INT24: "mediumint",
    FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.BIT: "bit",
    FIELD_TYPE.YEAR: "year",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.TIME2: "time",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.DATETIME2: "datetime",
    FIELD_TYPE.TIMESTAMP: "timestamp",
    FIELD_TYPE.TIMESTAMP2: "timestamp",
    FIELD_TYPE.VARCHAR: "varchar",
    FIELD_TYPE.STRING: "char",
    FIELD_TYPE.BLOB: "blob",
    FIELD_TYPE.JSON: "json",
    FIELD_TYPE.ENUM: "enum",
    FIELD_TYPE.SET: "set",
    FIELD_TYPE.GEOMETRY: "geometry",
}
_NUMBERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint", "float", "double", "decimal"])
# Which attributes of the client's column hold the size.
_SIZES = {
    "varchar": ("max_length",),
    "char": ("max_length",),
    "decimal": ("precision", "decimals"),
    "time": ("fsp",),
    "datetime": ("fsp",),
    "timestamp": ("fsp",),
    "bit": ("bits",),
    "blob": ("length_size",),
    "enum": ("size",),
    "set": ("size",),
}


def row_columns(event: Any) -> tuple[RowColumn, ...]:
    """Of a `TableMapEvent`. From a type on that the client does not know it misreads the others: none is told then."""
    if any(column.type not in _KINDS for column in event.columns):
        return tuple(RowColumn("") for _ in range(event.column_count))
    told = event.optional_metadata
    lists = {"enum": iter(told.set_enum_str_value_list or ()), "set": iter(told.set_str_value_list or ())}
    return tuple(_columns(event.columns, told.column_name_list, told.unsigned_column_list, lists))


def _columns(
    columns: list[Any], names: list[str], unsigned: list[bool], lists: dict[str, Iterator[list[str]]]
) -> Iterator[RowColumn]:
    for number, column in enumerate(columns):
        kind = _KINDS[column.type]
        values = tuple(next(lists[kind], ())) if kind in lists else ()
        yield RowColumn(
            kind=kind,
            size=_size(column, kind),
            unsigned=bool(unsigned[number]) if unsigned and kind in _NUMBERS else None,
            name=names[number] if names else None,
            # The client leaves out a value that is not UTF-8.
            values=values if values and all(values) else None,
        )


def _size(column: Any, kind: str) -> tuple[int, ...] | None:
    found = [getattr(column, name, None) for name in _SIZES.get(kind, ())]
    told = tuple(int(each) for each in found if each is not None)
    return told if told and len(told) == len(found) else None
