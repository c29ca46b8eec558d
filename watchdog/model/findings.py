"""What is found though nothing is FAILED: drift that will break, data lost without a word, time that runs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from watchdog.model.causes import Cause
from watchdog.model.connect import ConnectorKey
from watchdog.model.symptoms import Code, Severity
from watchdog.model.tables import SchemaChange, TableId


class FindingKey(NamedTuple):
    """A finding's identity from tick to tick. `subject` is the table, topic, setting … within the connector."""

    code: Code
    connector: ConnectorKey
    subject: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's finding. `key` is the connector that it concerns.

    It has to be found for `confirm_seconds` on end before it is an incident: what passes by itself is none.
    """

    code: Code
    key: ConnectorKey
    subject: str
    cause: Cause
    severity: Severity
    confirm_seconds: float = 0.0
    table: TableId | None = None
    target: TableId | None = None
    columns: tuple[str, ...] = ()
    change: SchemaChange | None = None
    evidence: tuple[str, ...] = ()
    way_out: str = ""

    @property
    def id(self) -> FindingKey:
        return FindingKey(self.code, self.key, self.subject)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A rule could not look: what it found of that connector before stands as it is (alerts fail open)."""

    code: Code
    key: ConnectorKey
    why: str
