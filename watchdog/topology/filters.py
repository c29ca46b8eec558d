"""PURE: Debezium's include and exclude lists: regular expressions separated by commas, anchored, without case.

A comma inside an expression is written `\\,`. An include list silences the exclude list beside it. A list with an
expression that cannot be read here filters nothing: what may be captured is watched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from watchdog.topology.patterns import JavaPattern, java_pattern

_NAME = re.compile(r"[\w.-]+", re.ASCII)
_JOINED_FROM = 8
"""So many expressions and more are matched as one."""


@dataclass(frozen=True, slots=True)
class NameFilter:
    """One list. `unreadable` tells which expressions of it cannot be read; nothing is filtered while there is one."""

    include: bool
    names: frozenset[str]
    """Those that it spells out, in lower case."""
    patterns: tuple[JavaPattern, ...]

    @property
    def unreadable(self) -> tuple[str, ...]:
        return tuple(f"{each.text!r}: {each.unreadable}" for each in self.patterns if each.unreadable)

    def passes(self, name: str) -> bool:
        if name.lower() in self.names:
            return self.include or bool(self.unreadable)
        found = [pattern.matches(name) for pattern in self.patterns]
        return True if None in found else any(found) is self.include


def name_filter(include: str, exclude: str) -> NameFilter | None:
    """None where both lists are empty."""
    if entries := split_list(include):
        return _filter(entries, include=True)
    if entries := split_list(exclude):
        return _filter(entries, include=False)
    return None


def literal_names(include: str) -> Iterator[str]:
    """The names that a list spells out, as far as its expressions are no more than names (`db\\.table`, `db.table`)."""
    for entry in split_list(include):
        name = entry.replace("\\.", ".")
        if name and not any(character in name for character in r"\*+?[](){}|^$"):
            yield name


def split_list(text: str) -> tuple[str, ...]:
    """At the commas that no backslash escapes; blanks around the parts and empty parts go."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == ",":
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return tuple(part for each in parts if (part := each.strip().replace("\\,", ",")))


def _filter(entries: Iterable[str], *, include: bool) -> NameFilter:
    names, others = set(), []
    for entry in entries:
        plain = entry.replace("\\.", "")
        if _NAME.fullmatch(plain):
            names.add(entry.replace("\\.", ".").lower())
        # A bare dot stands for any character, for a dot as well.
        if "." in plain or not _NAME.fullmatch(plain):
            others.append(entry)
    return NameFilter(include, frozenset(names), _patterns(others))


def _patterns(entries: list[str]) -> tuple[JavaPattern, ...]:
    if len(entries) >= _JOINED_FROM:
        joined = java_pattern("|".join(f"(?:{entry})" for entry in entries), ignore_case=True)
        if not joined.unreadable:
            return (joined,)
    return tuple(java_pattern(entry, ignore_case=True) for entry in entries)
