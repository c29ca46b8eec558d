"""The text of a catalogue → its entries, checked whole: every error at once, each with its line and entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, Literal

import re2
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from watchdog.model import Advice, Category

BYTES_MAX = 4 * 1024 * 1024
_PATTERN_MAX = 5000
_DEPTH_MAX = 10
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Text = Annotated[str, Field(min_length=1)]


class Entry(BaseModel):
    """One signature. `pattern` is searched in `exception: message` of one link of the chain; its named groups
    (`table`, `column`, `ddl`, …) are what the diagnosis takes from the text."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    side: Literal["source", "sink", "any"]
    pattern: Annotated[str, Field(min_length=1, max_length=_PATTERN_MAX)]
    category: Category
    restart: Advice
    cause: _Text
    fix: _Text
    schema_drift: Literal["yes", "no", "maybe"] = "no"
    general: bool = False
    """The words leave the cause open: what any exception further inside tells goes before."""
    thrown_in: str = ""
    """Searched in the frames of the exception, where the same words mean something else elsewhere."""
    exception: str = ""
    """The Java class that carries the words, for the reader."""
    versions: str = ""
    """What it applies to, such as `Debezium >= 3.2`, for the reader."""
    source: str = ""
    """Where the signature is from, for the reader."""

    @field_validator("pattern", "thrown_in")
    @classmethod
    def _useful(cls, pattern: str) -> str:
        if not pattern:  # `thrown_in` may be left out; an empty `pattern` is refused for its length
            return pattern
        try:
            matches_nothing = compiled(pattern).search(b"") is not None
        except re2.error as error:
            raise ValueError(f"is no RE2 pattern: {_in_words(error)}") from None
        if matches_nothing:
            raise ValueError("matches every text: write down words that only this failure has")
        return pattern


@dataclass
class Reading:
    """What a catalogue's text holds, and what is wrong with it: `line 12: entry MY-1: pattern: …`."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def compiled(pattern: str) -> Any:
    """For UTF-8 bytes: offsets into text would cost a pass over it at each search."""
    return re2.compile(pattern.encode(), options())


def options() -> Any:
    # What a pattern may grow to; a bad one is told by us, not by the library on stderr.
    chosen = re2.Options()
    chosen.log_errors = False
    chosen.max_mem = 64 << 20
    return chosen


def read(text: str) -> Reading:
    """Never raises: what cannot be read is a problem."""
    reading = Reading()
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or "it holds control characters"
        reading.problems.append(f"{where}is no valid YAML: {what}; put patterns into single quotes")
        return reading
    if root is None:
        return reading
    if not isinstance(root, yaml.SequenceNode):
        reading.problems.append("line 1: must be a list of entries: each begins with `- id: …`")
        return reading
    first_line: dict[str, int] = {}
    for number, node in enumerate(root.value, 1):
        _read_entry(node, number, first_line, reading)
    return reading


def _check_depth(text: str) -> None:
    """Before nodes are composed, which takes a stack frame for each level."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=event.start_mark)  # type: ignore[arg-type]


def _read_entry(node: yaml.Node, number: int, first_line: dict[str, int], reading: Reading) -> None:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        reading.problems.append(f"line {line}: entry {number}: must be keys with values, such as `id: MY-1`")
        return
    lines, values, problems = _scalars(node)
    name = values.get("id") or str(number)
    try:
        entry = Entry.model_validate(values)
    except ValidationError as error:
        problems += [
            (lines.get(key := str(detail["loc"][0]), line), f"{key}: {_what(key, detail['type'], detail['msg'])}")
            for detail in error.errors(include_url=False)
        ]
    else:
        if entry.id in first_line:
            problems.append((line, f"id: is given twice, first in line {first_line[entry.id]}: keep one of them"))
        first_line.setdefault(entry.id, line)
        reading.entries.append(entry)
    reading.problems += [f"line {at}: entry {name}: {what}" for at, what in problems]


def _scalars(node: yaml.MappingNode) -> tuple[dict[str, int], dict[str, str], list[tuple[int, str]]]:
    """Keys and values as they are written, so that `restart: no` is the word it is."""
    lines: dict[str, int] = {}
    values: dict[str, str] = {}
    problems = []
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if not isinstance(value_node, yaml.ScalarNode):
            problems.append((line, f"{key}: must be one text"))
        if key in lines:
            problems.append((line, f"{key}: is given twice, first in line {lines[key]}: keep one of them"))
        lines[key] = line
        values[key] = str(value_node.value) if isinstance(value_node, yaml.ScalarNode) else "?"
    return lines, values, problems


def _what(key: str, kind: str, message: str) -> str:
    fields = Entry.model_fields
    if kind == "extra_forbidden":
        similar = get_close_matches(key, fields, n=1, cutoff=0.6)
        return f"is no key of an entry: did you mean {similar[0]}?" if similar else f"is none of {', '.join(fields)}"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ").replace("Input should", "must").replace("String should", "must")


def _in_words(error: Exception) -> str:
    raw = error.args[0] if error.args else ""
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    lookaround = "(?" in text and "perl operator" in text
    return f"{text}; lookaround and backreferences are not there" if lookaround else text


def groups_of(entry: Entry) -> Iterator[str]:
    """The names that the entry's pattern gives to what it takes from the text."""
    yield from (name.decode() for name in compiled(entry.pattern).groupindex)
