"""A MySQL column → the field that Debezium and an Avro converter make of it, with Debezium's default settings.

A column that may be NULL is `["null", T]` with default null; one with a default is T with that default (Debezium hands
it on as the field's own). What depends on settings that change the type is None: only the registry can tell.
"""

from __future__ import annotations

import re
from typing import Any

from watchdog.model import Column

_TYPE = re.compile(r"(?P<name>[a-z ]+?)(?:\((?P<size>\d+)?.*\))?(?P<rest>\s+[a-z ]*)?")
_PLAIN: dict[str, str] = {
    "tinyint": "int",
    "smallint": "int",
    "mediumint": "int",
    "int": "int",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "decimal": "bytes",
    "year": "int",
    "date": "int",
    "time": "long",
    "datetime": "long",
    "timestamp": "string",
    "json": "string",
    "enum": "string",
    "set": "string",
    **{f"{size}text": "string" for size in ("", "tiny", "medium", "long")},
    **{f"{size}blob": "bytes" for size in ("", "tiny", "medium", "long")},
    "char": "string",
    "varchar": "string",
    "binary": "bytes",
    "varbinary": "bytes",
}
_DEFAULTS: dict[str, Any] = {"int": 0, "long": 0, "float": 0.0, "double": 0.0, "boolean": False}


def avro_field(column: Column) -> dict[str, Any] | None:
    """A field as a registry would compare it: name, type, and a default where there is one (its value is a stand-in:
    compatibility asks only whether there is one)."""
    kind = avro_type(column.type)
    if kind is None:
        return None
    default = _DEFAULTS.get(kind, "")
    if column.nullable:
        # Without a default of its own NULL is the default.
        if column.default is None:
            return {"name": column.name, "type": ["null", kind], "default": None}
        return {"name": column.name, "type": [kind, "null"], "default": default}
    field = {"name": column.name, "type": kind}
    return field if column.default is None else {**field, "default": default}


def avro_type(sql_type: str) -> str | None:
    match = _TYPE.fullmatch(sql_type.lower())
    if match is None:
        return None
    name, size, rest = match["name"], match["size"], match["rest"] or ""
    if name == "bit":
        return "boolean" if size in (None, "1") else "bytes"
    if "unsigned" in rest:
        # The next larger type, where the sign's bit would not do.
        return {"smallint": "int", "int": "long"}.get(name, _PLAIN.get(name))
    return _PLAIN.get(name)
