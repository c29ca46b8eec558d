"""PURE: what a signature's named groups took from a trace → the table, the columns and the statement it is about.

Groups whose names begin with `table` or `column` (or are `col`, `fields`, `subject`, `ddl`) are read; a number behind
it (`column2`) keeps the alternatives of one pattern apart. Spelling and case stay as they are in the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

_NAME = r"(?:`[^`\n]{1,64}`|\"[^\"\n]{1,64}\"|[\w$]{1,64})"
_TABLE_OF_DDL = re.compile(
    r"(?i)\s*(?:alter|create|drop|truncate|rename|lock|optimize)\s+(?:(?:online|ignore|temporary|or replace)\s+){0,2}"
    rf"(?:table\s+|(?:unique\s+|fulltext\s+|spatial\s+)?index\s+{_NAME}\s+on\s+)(?:if\s+(?:not\s+)?exists\s+)?"
    rf"({_NAME}(?:\s?\.\s?{_NAME})?)"
)
_FIELD_NAME = re.compile(r"\bname='([^'\n]{1,256})'")
_REFUSED_FIELD = re.compile(r"[Ff]ield '([^'\n]{1,256})'|additionalInfo:'([^'/\n]{1,256})'")
# What the words around an exception say of the table that they were at, and an SQL error of the column.
_TABLE_AROUND = re.compile(
    r"Failed to flush records for table '([^'\n]{1,300})'"
    r"|changes for collection 'CollectionId\{[^}\n]{0,300}\bname='([^'\n]{1,300})'\}'"
    r"|Snapshotting of table ([\w.$]{1,300}) "
)
_COLUMN_INSIDE = re.compile(r"\bcolumn '(?!-?Infinity'|NaN')([^'\n]{1,256})'", re.IGNORECASE)
_WORDS_MAX = 2000
_QUOTES = str.maketrans("", "", "`\"'[]\\")


def with_surroundings(groups: Mapping[str, str], said_by: str, around: Iterable[str]) -> dict[str, str]:
    """The groups, and for those that the signature does not take: the column that the exception (`said_by`) names, and
    the table that one of the messages around it names."""
    completed = dict(groups)
    if not columns_of(groups) and (column := _COLUMN_INSIDE.search(said_by, 0, _WORDS_MAX)):
        completed["column_said"] = column[1]
    if table_of(groups) is None:
        for message in around:
            if table := _TABLE_AROUND.search(message, 0, _WORDS_MAX):
                completed["table_around"] = next(name for name in table.groups() if name)
                break
    return completed


def table_of(groups: Mapping[str, str]) -> str | None:
    """`database.table` or `table`, without quotes; None where the trace names none."""
    for _, value in _beginning_with("table", groups):
        if bare := _unquoted(value):
            return bare
    for name in ("col", "column"):
        parts = _unquoted(groups.get(name, "").partition(" ")[0]).split(".")
        if len(parts) > 2:
            return ".".join(parts[:-1])
    if subject := groups.get("subject"):
        parts = re.sub(r"-(?:key|value)$", "", subject).split(".")
        return ".".join(parts[-2:])
    if match := _TABLE_OF_DDL.match(groups.get("ddl", "")):
        return _unquoted(match[1].replace(" ", ""))
    return None


def columns_of(groups: Mapping[str, str]) -> tuple[str, ...]:
    """Each once, in the order of the trace, without quotes."""
    return tuple(dict.fromkeys(name for name in _columns(groups) if name))


def _columns(groups: Mapping[str, str]) -> Iterator[str]:
    for _, value in _beginning_with("col", groups):
        # `doc JSON DEFAULT VALUE NULL` is a whole column, `shop.orders.qty` names its table too.
        yield _unquoted(value.strip().partition(" ")[0]).rpartition(".")[2]
    if fields := groups.get("fields"):
        named = _FIELD_NAME.findall(fields)
        yield from named or (_unquoted(part.strip()) for part in fields.strip("[] ").split(","))
    for match in _REFUSED_FIELD.finditer(groups.get("details", "")):
        yield match[1] or match[2]


def _beginning_with(word: str, groups: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in groups.items() if name.startswith(word))


def _unquoted(name: str) -> str:
    return name.translate(_QUOTES).strip().rstrip(".,;:")
