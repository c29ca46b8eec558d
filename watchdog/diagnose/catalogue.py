"""The failure catalogue: data, one entry for each known failure signature, validated when it is loaded.

The package's own entries can be preceded by a file of the user's, whose entries come first and replace those with the
same id.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import re2

from watchdog.diagnose.entries import BYTES_MAX, Entry, compiled, options, read
from watchdog.errors import SettingsError


class Catalogue:
    """Entries in their order: the first that matches wins. All patterns are looked for in one pass over the text; only
    those that are there are then asked for their groups. Time is linear in the text, whatever it holds."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._patterns: dict[str, Any] = {}
        self._all = re2.Set.SearchSet(options())
        for entry in self.entries:
            self._all.Add(entry.pattern.encode())
        self._all.Compile()

    def matching(self, text: bytes) -> tuple[Entry, ...]:
        """Every entry whose pattern is in the text, in their order."""
        return tuple(self.entries[index] for index in sorted(self._all.Match(text) or ()))

    def groups(self, entry: Entry, text: bytes) -> dict[str, str]:
        """What the pattern's named groups took from a text that it matches."""
        match = self._compiled(entry.pattern).search(text)
        found = match.groupdict() if match else {}
        return {name.decode(): value.decode(errors="replace") for name, value in found.items() if value is not None}

    def is_thrown_there(self, entry: Entry, frames: bytes) -> bool:
        """True of an entry that does not mind where."""
        return not entry.thrown_in or self._compiled(entry.thrown_in).search(frames) is not None

    def _compiled(self, pattern: str) -> Any:
        if pattern not in self._patterns:
            self._patterns[pattern] = compiled(pattern)
        return self._patterns[pattern]


@cache
def built_in() -> tuple[Entry, ...]:
    text = resources.files(__package__).joinpath("catalogue.yaml").read_text(encoding="utf-8")
    reading = read(text)
    if reading.problems:
        raise ValueError("catalogue.yaml: " + "; ".join(reading.problems))
    return tuple(reading.entries)


def own_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a user's file; raises `SettingsError` with every problem, each with file, line and entry."""
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        text = content.decode()
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: is not UTF-8: save the catalogue in that encoding"]) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no file name"
        raise SettingsError([f"{path}: cannot be read: {why}"]) from None
    if len(content) > BYTES_MAX:
        raise SettingsError([f"{path}: is larger than {BYTES_MAX:,} bytes: this is no catalogue"])
    reading = read(text)
    if reading.problems:
        raise SettingsError([f"{path}: {problem}" for problem in reading.problems])
    return tuple(reading.entries)


def combined(own: Iterable[Entry]) -> Catalogue:
    """The user's entries first; one with the id of ours stands for ours."""
    own = tuple(own)
    replaced = {entry.id for entry in own}
    return Catalogue((*own, *(entry for entry in built_in() if entry.id not in replaced)))
