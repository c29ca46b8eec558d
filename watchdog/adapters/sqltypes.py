"""Column types as statements and servers spell them → as MySQL 8 and later print them in `COLUMN_TYPE`.

Two tables that are alike must compare as alike, whether Debezium, MySQL or MariaDB told of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SYNONYMS = {
    "bool": "tinyint",
    "boolean": "tinyint",
    "char varying": "varchar",
    "character": "char",
    "character varying": "varchar",
    "dec": "decimal",
    "double precision": "double",
    "fixed": "decimal",
    "float4": "float",
    "float8": "double",
    "geometrycollection": "geomcollection",
    "int1": "tinyint",
    "int2": "smallint",
    "int3": "mediumint",
    "int4": "int",
    "int8": "bigint",
    "integer": "int",
    "long": "mediumtext",
    "long varbinary": "mediumblob",
    "long varchar": "mediumtext",
    "middleint": "mediumint",
    "nchar": "char",
    "nchar varchar": "varchar",
    "nchar varying": "varchar",
    "numeric": "decimal",
    "nvarchar": "varchar",
    "real": "double",
    "serial": "bigint",
    "varcharacter": "varchar",
}
_ZEROFILL_WIDTHS = {"tinyint": 3, "smallint": 5, "mediumint": 8, "int": 10, "bigint": 20}
_ALWAYS_SIZED = {"char", "binary", "bit"}
_SIZED = {"varchar", "varbinary", "vector"}
_FRACTIONS = {"datetime", "timestamp", "time"}
_LOB_PREFIXES = ((1 << 8, "tiny"), (1 << 16, ""), (1 << 24, "medium"), (1 << 32, "long"))
_CHARSET_BYTES = {"ascii": 1, "latin1": 1, "utf8": 3, "utf8mb3": 3}
_CHARSET_SYNONYMS = {"utf8": "utf8mb3"}
_FLOAT_DIGITS_MAX = 24
_DISPLAY_WIDTH = re.compile(r"(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)(.*)")


def column_type(
    name: str, length: int | None, scale: int | None, values: Sequence[str] = (), charset: str | None = None
) -> str:
    """`DEC`, 4, 1 → `decimal(4,1)`; `INT UNSIGNED`, 11 → `int unsigned`; `ENUM`, values `a` or `'a'` → `enum('a')`.

    `charset` matters to `TEXT(n)` only, where n characters choose between tinytext and longtext.
    """
    words = name.lower().split()
    zerofill = "zerofill" in words
    unsigned = zerofill or bool({"unsigned", "serial"} & set(words))
    base = _base(words)
    if base == "tinyint" and words[0] in ("bool", "boolean"):
        length = 1
    if base in ("enum", "set"):
        return f"{base}({','.join(map(_quoted, values))})"
    if base in _ZEROFILL_WIDTHS:
        sized = base + _integer_width(base, length, unsigned, zerofill)
    elif base in ("blob", "text"):
        sized = _lob(base, length, charset)
    else:
        sized = _sized(base, length, scale)
    return sized + " unsigned" * unsigned + " zerofill" * zerofill


def printed(text: str) -> str:
    """What an older MySQL or MariaDB prints, as a newer one would: `int(11)` → `int`, `tinyint(1)` stays."""
    if not (match := _DISPLAY_WIDTH.fullmatch(text)):
        return _SYNONYMS.get(text, text)
    base, rest = match.groups()
    if "zerofill" in rest or text == "tinyint(1)":
        return text
    return base + rest


def charset_name(name: str | None) -> str | None:
    """`UTF8` → `utf8mb3`, which is what newer servers call it."""
    lowered = (name or "").lower()
    return _CHARSET_SYNONYMS.get(lowered, lowered) or None


def _base(words: list[str]) -> str:
    kept = [words[0], *(word for word in words[1:] if word not in ("unsigned", "signed", "zerofill", "binary"))]
    if kept[0] == "national":
        kept = kept[1:]
    base = " ".join(kept)
    return _SYNONYMS.get(base, base)


def _integer_width(base: str, length: int | None, unsigned: bool, zerofill: bool) -> str:
    if zerofill:
        return f"({length or _ZEROFILL_WIDTHS[base]})"
    return "(1)" if base == "tinyint" and length == 1 and not unsigned else ""


def _lob(base: str, length: int | None, charset: str | None) -> str:
    if not length:
        return base
    width = _CHARSET_BYTES.get(charset or "", 4) if base == "text" else 1
    prefix = next((prefix for limit, prefix in _LOB_PREFIXES if length * width < limit), "long")
    return prefix + base


def _sized(base: str, length: int | None, scale: int | None) -> str:
    if base == "decimal":
        return f"decimal({length or 10},{scale or 0})"
    if base in ("float", "double"):
        if length and scale is not None:
            return f"{base}({length},{scale})"
        return "double" if base == "float" and length and length > _FLOAT_DIGITS_MAX else base
    if base in _ALWAYS_SIZED:
        return f"{base}({length or 1})"
    return f"{base}({length})" if length and base in _SIZED | _FRACTIONS else base


def _quoted(value: str) -> str:
    """Debezium keeps the quotes of the statement."""
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value
    return "'" + value.replace("'", "''") + "'"
