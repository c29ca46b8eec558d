"""What a schema registry holds: what the consumers of a topic were promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class SchemaKind(StrEnum):
    """As registries spell them."""

    AVRO = "AVRO"
    JSON = "JSON"
    PROTOBUF = "PROTOBUF"
    UNKNOWN = ""


class IdKind(StrEnum):
    """What an id in a record counts: a registry of the other kind means another schema by the same number."""

    CONFLUENT = "id"
    """Confluent's API; also Apicurio's content ids, which it serves there."""
    GLOBAL = "globalId"
    CONTENT = "contentId"


class SchemaRef(NamedTuple):
    """How a record names the schema that it was written with."""

    kind: IdKind
    id: int

    def __str__(self) -> str:
        return f"schema {self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Subject:
    """The latest version of one subject. `compatibility` is the level in force (its own, else the registry's), empty
    where it could not be told: then nothing may be concluded from it."""

    name: str
    id: int
    version: int
    kind: SchemaKind
    schema: str
    compatibility: str = ""
    level_is_own: bool = True
    """Of this subject; False: it is the registry's, for every subject without one."""
    registry: str = ""
    """The URL of the API that told of it, without login."""
    at: datetime | None = None
    """When it was asked for."""


@dataclass(frozen=True, slots=True)
class SubjectsView:
    """What is known of the subjects of one Connect cluster's topics. A subject that is absent may not have been read
    yet: only `missing` ones are known not to be there."""

    at: datetime | None = None
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    error: str = ""
