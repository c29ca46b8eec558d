"""What is read from a file before it is explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchdog.model import ConnectorConfig

FAILURES_MAX = 1000
"""Of one file; a log with more tells the same again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One trace, and what the document tells around it; `task` is None for the connector itself."""

    trace: str
    connector: str | None = None
    task: int | None = None
    state: str | None = None
    side: str = "unknown"
    since: str | None = None
    """As the log writes it."""


@dataclass
class Read:
    failures: list[Failure] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    configs: dict[str, ConnectorConfig] = field(default_factory=dict)

    def take(self, other: Read) -> None:
        self.failures += other.failures
        self.problems += other.problems
        self.notes += other.notes
        self.configs |= other.configs


def side_of(kind: object, config: Mapping[str, str] | None = None) -> str:
    """`source`, `sink` or `unknown`, by the document's `type`, else by the connector's class."""
    if kind in ("source", "sink"):
        return str(kind)
    name = (config or {}).get("connector.class", "").rpartition(".")[2].lower()
    if config and ("topics" in config or "topics.regex" in config or "sink" in name):
        return "sink"
    return "source" if "source" in name or (config and "topic.prefix" in config) else "unknown"
