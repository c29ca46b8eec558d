"""The failure catalogue: data, one entry for each known failure signature, validated when it is loaded."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, field_validator

from watchdog.model import Advice, Category


class Entry(BaseModel):
    """One signature. `pattern` is searched in `exception: message` of one link of the chain; its named groups
    (`table`, `column`, `ddl`, …) are what the diagnosis takes from the text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    side: Literal["source", "sink", "any"]
    pattern: str
    category: Category
    restart: Advice
    schema_drift: Literal["yes", "no", "maybe"] = "no"
    cause: str
    fix: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        re.compile(pattern)
        return pattern


@cache
def catalogue() -> tuple[Entry, ...]:
    """The entries in their order: the first that matches a link wins, so the special stand before the general."""
    text = resources.files(__package__).joinpath("catalogue.yaml").read_text(encoding="utf-8")
    entries = TypeAdapter(tuple[Entry, ...]).validate_python(yaml.safe_load(text))
    if len({entry.id for entry in entries}) != len(entries):
        raise ValueError("catalogue.yaml: two entries have the same id")
    return entries


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def prepare() -> None:
    """Load and compile everything now, so that the first failure is not the one that waits for it."""
    for entry in catalogue():
        compiled(entry.pattern)
