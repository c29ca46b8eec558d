"""Settings as they were written, before they are checked: text at the leaves, and for each where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """`where` is `watchdog.yaml:12` or `environment`, `key` is `clusters[0].name` or `WATCHDOG_MODE`."""

    where: str
    key: str = ""

    def __truediv__(self, part: str | int) -> Place:
        if isinstance(part, int):
            return Place(self.where, f"{self.key}[{part}]")
        return Place(self.where, f"{self.key}.{part}" if self.key else part)

    def tells(self, what: str) -> str:
        return ": ".join(part for part in (self.where, self.key, what) if part)


@dataclass
class Tree:
    """`bad` are keys that already have their problem: what else is wrong with them only follows from it."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    bad: set[KeyPath] = field(default_factory=set)

    def place(self, path: KeyPath) -> Place:
        """Where `path` was written, or would have been: the place of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if (around := self.places.get(path[:length])) is not None:
                for part in path[length:]:
                    around /= part
                return around
        return Place("environment", ".".join(map(str, path)))

    def is_bad(self, path: KeyPath) -> bool:
        return any(path[: len(bad)] == bad for bad in self.bad)

    def complain(self, path: KeyPath, what: str) -> None:
        self.problems.append(self.place(path).tells(what))
        self.bad.add(path)

    def replace(self, path: KeyPath, other: Tree) -> None:
        """Take what is at `path` from `other`, with its places."""
        values, source = self.values, other.values
        for part in path[:-1]:
            if not isinstance(values.get(str(part)), dict):
                values[str(part)] = {}
            values, source = values[str(part)], source[str(part)]
        values[str(path[-1])] = source[str(path[-1])]
        here = len(path)
        self.places = {p: place for p, place in self.places.items() if p[:here] != path}
        self.places |= {p: place for p, place in other.places.items() if p[:here] == path}
        self.bad = {p for p in self.bad if p[:here] != path} | {p for p in other.bad if p[:here] == path}


def in_order(problems: Iterable[str]) -> list[str]:
    """Each once, by file and line; what came first in the text comes first here."""
    return sorted(dict.fromkeys(problems), key=_by_line)


def _by_line(problem: str) -> tuple[str, int, int]:
    found = re.match(r"(.*?):(\d+)(?::(\d+))?: ", problem)
    return (found[1], int(found[2]), int(found[3] or 0)) if found else ("", 0, 0)
