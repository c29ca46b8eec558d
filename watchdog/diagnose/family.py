"""What a family of failures is, and how a database's own codes stand in a text."""

from __future__ import annotations

from typing import Literal, NamedTuple

from watchdog.model import Advice, Category

NO, ONCE, YES, AFTER = Advice.NO, Advice.ONCE, Advice.YES, Advice.AFTER_FIX


class Family(NamedTuple):
    """An entry without a known message. `pattern` is RE2, searched in `exception: message`."""

    name: str
    cause: str
    category: Category
    restart: Advice
    pattern: str
    drift: Literal["yes", "no", "maybe"]
    fix: str
    side: Literal["source", "sink", "any"] = "any"


def sqlstate(states: str) -> str:
    """As drivers and servers write SQLSTATEs: `SQLState: 42S22`, `ERROR 1054 (42S22)`, `[42S22][1054]`."""
    return rf"(?i:SQL[ _-]?STATE)\W{{0,4}}(?:{states})\b|ERROR \d+ \((?:{states})\)|\[(?:{states})\]\[\d+\]"


def mysql_number(numbers: str) -> str:
    """As drivers and servers write MySQL's error numbers: `Error Code: 1054`, `ERROR 1054 (42S22)`, `errno: 1054`."""
    return rf"(?i:error[ -]?(?:code|no|number)?|errno|vendor code)\W{{0,3}}(?:{numbers})\b"
