"""What is asked of a schema registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from watchdog.model import SchemaRef, Subject


class Registry(Protocol):
    """One schema registry."""

    name: str
    url: str

    def schema(self, ref: SchemaRef) -> str:
        """The Avro schema of that id, as JSON. `PortRefused` with status 404: there is none; `PortNonsense`: by that id
        there is something else, now and for ever."""

    def subjects(self) -> Sequence[str]:
        """The names of all subjects."""

    def latest(self, subject: str) -> Subject | None:
        """Its latest version with the compatibility level in force; None where there is no such subject."""

    def accepts(self, subject: str, schema: str) -> tuple[bool | None, Sequence[str]]:
        """Whether the registry would take that Avro schema as the subject's next version, and its reasons; nothing is
        registered. None where it does not tell."""
