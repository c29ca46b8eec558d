"""PURE: a column as information_schema tells of it → as the rows in a binlog would."""

from __future__ import annotations

import re

from watchdog.model import Column
from watchdog.model.binlog_events import RowColumn

_TYPE = re.compile(r"(?P<base>[a-z]+)(?:\((?P<arguments>.*)\))?(?P<words>[^()]*)", re.DOTALL | re.IGNORECASE)
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_NUMBERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint", "float", "double", "decimal"])
_FRACTIONS = frozenset(["time", "datetime", "timestamp"])
_LENGTH_BYTES = {
    "tinyblob": 1, "tinytext": 1, "blob": 2, "text": 2, "mediumblob": 3, "mediumtext": 3, "longblob": 4, "longtext": 4,
}  # fmt: skip
_GEOMETRIES = frozenset(
    ["geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection"]
)
_CHARACTERS = {"char": "char", "varchar": "varchar"}
_BYTES = {"binary": "char", "varbinary": "varchar"}
_PLAIN = frozenset({"date", "year", "json"})
# The most bytes that a character takes.
_WIDTHS = {
    "ascii": 1, "big5": 2, "binary": 1, "cp1250": 1, "cp1251": 1, "cp1256": 1, "cp1257": 1, "cp932": 2, "eucjpms": 3,
    "euckr": 2, "gb18030": 4, "gb2312": 2, "gbk": 2, "latin1": 1, "latin2": 1, "latin5": 1, "latin7": 1, "sjis": 2,
    "ucs2": 2, "ujis": 3, "utf16": 4, "utf16le": 4, "utf32": 4, "utf8mb3": 3, "utf8mb4": 4,
}  # fmt: skip
_TEXTS_AS_THEY_ARE = frozenset({"ascii", "utf8mb3", "utf8mb4"})
_ENUM_OF_ONE_BYTE_MAX = 255


def in_rows(column: Column) -> RowColumn:
    """`kind` is empty for a type that is not known here: nothing but its place is compared then."""
    match = _TYPE.fullmatch(column.type)
    if match is None:
        return RowColumn("", name=column.name)
    base, arguments, words = match["base"].lower(), match["arguments"] or "", match["words"].lower().split()
    if base in ("enum", "set"):
        return _of_values(column, base, arguments)
    kind, size = _kind_and_size(base, arguments, column.charset)
    unsigned = bool({"unsigned", "zerofill"} & set(words)) if base in _NUMBERS else None
    return RowColumn(kind, size, unsigned, column.name)


def _kind_and_size(base: str, arguments: str, charset: str | None) -> tuple[str, tuple[int, ...] | None]:
    numbers = tuple(int(each) for each in arguments.split(",") if each.strip().isdigit())
    if base in _CHARACTERS:
        width = _WIDTHS.get(charset or "")
        return _CHARACTERS[base], (numbers[0] * width,) if width and numbers else None
    if base in _BYTES:
        return _BYTES[base], numbers or None
    if base == "decimal":
        return base, numbers if len(numbers) == 2 else None
    if base in _FRACTIONS:
        return base, numbers or (0,)
    if base == "bit":
        return base, numbers or (1,)
    if base in _LENGTH_BYTES:
        return "blob", (_LENGTH_BYTES[base],)
    if base in _GEOMETRIES:
        return "geometry", None
    return base if base in _NUMBERS | _PLAIN else "", None


def _of_values(column: Column, base: str, arguments: str) -> RowColumn:
    values = tuple(each.replace("''", "'") for each in _VALUE.findall(arguments))
    if base == "enum":
        size = 1 if len(values) <= _ENUM_OF_ONE_BYTE_MAX else 2
    else:
        size = (len(values) + 7) // 8
        size = 8 if size > 4 else size
    told = values if (column.charset or "") in _TEXTS_AS_THEY_ARE and all(values) else None
    return RowColumn(base, (size,), None, column.name, told)
