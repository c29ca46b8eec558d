"""What may become part of a statement: names and types, checked here and quoted, never taken as they come."""

import re
from dataclasses import dataclass

from chaos.errors import UsageError

_NAME = re.compile(r"[\w$-]{1,64}")
_STRING = re.compile(r"'[^'\\]*'")
_PARENTHESES = re.compile(r"\([\w ,]*\)")
_WORDS = re.compile(r"[A-Za-z][\w ]*")
_OF_THE_SERVER = ("information_schema", "mysql", "performance_schema", "sys")


@dataclass(frozen=True)
class TableName:
    database: str
    table: str

    @classmethod
    def parse(cls, text: str) -> "TableName":
        database, dot, table = text.partition(".")
        if not (dot and _NAME.fullmatch(database) and _NAME.fullmatch(table)):
            raise UsageError(
                f"--table {text!r} is no table name: write DATABASE.TABLE, each of 1 to 64 letters, digits, _ $ -"
            )
        if database.lower() in _OF_THE_SERVER:
            raise UsageError(f"--table {text!r} belongs to the server itself: choose a table of an application")
        return cls(database, table)

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def quoted(self) -> str:
        return f"{quote(self.database)}.{quote(self.table)}"


def column_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise UsageError(f"--column {text!r} is no column name: write 1 to 64 letters, digits, _ $ -")
    return text


def column_type(text: str) -> str:
    """A type with its options and nothing after it: `VARCHAR(64)`, `ENUM('a','b') NOT NULL DEFAULT 'a'`."""
    without_strings = _STRING.sub("0", text)
    if not _WORDS.fullmatch(_PARENTHESES.sub("", without_strings)):
        raise UsageError(f"--type {text!r} is no column type: write one such as VARCHAR(64)")
    return text


def quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
