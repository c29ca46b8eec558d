"""A value that a column will take, from its row in information_schema; keys get one that is not there yet."""

import datetime as dt
import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from chaos.errors import DrillError

_LARGEST = {"tinyint": 127, "smallint": 32_767, "mediumint": 8_388_607, "int": 2**31 - 1, "bigint": 2**53}
_NUMBERS = {"decimal", "float", "double"}
_TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_TIMES = {
    "date": "%Y-%m-%d",
    "datetime": "%Y-%m-%d %H:%M:%S",
    "timestamp": "%Y-%m-%d %H:%M:%S",
    "time": "%H:%M:%S",
    "year": "%Y",
}
_FIRST_MEMBER = re.compile(r"\('((?:[^']|'')*)'")


def value_for(column: Mapping[str, Any]) -> object:
    """DrillError for a type that no plain value fits, such as a geometry."""
    kind = column["data_type"].lower()
    if kind in _LARGEST:
        return secrets.randbelow(_LARGEST[kind]) + 1 if column["column_key"] else 1
    if kind in _NUMBERS:
        return 1 if column["digits"] > (column["scale"] or 0) else 0
    if kind in _TEXTS:
        return _text(column["length"])
    if kind in _BYTES:
        return secrets.token_bytes(min(column["length"], 8))
    if kind in _TIMES:
        return dt.datetime.now(dt.UTC).strftime(_TIMES[kind])
    return _other(kind, column)


def has_value(column: Mapping[str, Any]) -> bool:
    try:
        value_for(column)
    except DrillError:
        return False
    return True


def _text(length: int) -> str:
    """Recognizable where there is room, else at least unlikely to be there twice."""
    unique = secrets.token_hex(4)
    return f"drill-{unique}" if length >= 14 else unique[:length]


def _other(kind: str, column: Mapping[str, Any]) -> object:
    if kind in ("enum", "set") and (member := _FIRST_MEMBER.search(column["type"])):
        return member[1].replace("''", "'")
    if kind in ("json", "bit", "uuid"):
        return {"json": "{}", "bit": 1, "uuid": str(uuid.uuid4())}[kind]
    raise DrillError(f"no value is known for column {column['name']} of type {column['type']}: give it a default")
