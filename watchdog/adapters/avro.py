"""Avro from a registry → documents as JSON would have given them.

The writer's schema comes by its id and is kept: an id means one schema for ever. Where the registry was emptied and
counts anew that is not so; bytes that do not fit the schema that we keep are tried once more with the one of now.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

import fastavro

from watchdog.adapters.avro_frames import frame_of
from watchdog.adapters.avro_schema import WriterSchema
from watchdog.adapters.debezium import RECORD_BYTES_MAX, Unreadable, parse
from watchdog.adapters.kafka_events import Headers, no_headers
from watchdog.model import SchemaRef

SCHEMAS_KEPT = 500
NO_REGISTRY = "its schema is in a registry, and none is configured: set SCHEMA_REGISTRY_URL"


class NotNow(Exception):
    """The schema cannot be had at the moment; the text says why. `lasting`: the registry says that it has none."""

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        super().__init__(why)
        self.lasting = lasting


class Schemas(Protocol):
    """Writers' schemas as text. `fetch` raises `NotNow`."""

    def fetch(self, ref: SchemaRef) -> str: ...


@dataclass(frozen=True, slots=True)
class Decoded:
    ref: SchemaRef
    schema: WriterSchema
    document: Any


class AvroReader:
    """Used by one thread at a time. `schemas` None: no registry is known, and whatever needs one is unreadable."""

    def __init__(self, schemas: Schemas | None = None) -> None:
        self._schemas = schemas
        self._known: dict[SchemaRef, WriterSchema] = {}

    def read(self, value: bytes, headers: Headers) -> Decoded | None:
        """None: it is no Avro from a registry. Raises `Unreadable`, and `NotNow`."""
        frame = frame_of(value, headers)
        if frame is None:
            return None
        if self._schemas is None:
            raise Unreadable(NO_REGISTRY)
        if len(value) > RECORD_BYTES_MAX:
            raise Unreadable(f"{len(value):,} bytes, more than the {RECORD_BYTES_MAX:,} that are read")
        known = self._known.get(frame.ref)
        if known is not None:
            try:
                return Decoded(frame.ref, known, _decoded(value, frame.start, known))
            except Unreadable:
                if (now := self._learn(frame.ref)).document == known.document:
                    raise
                return Decoded(frame.ref, now, _decoded(value, frame.start, now))
        schema = self._learn(frame.ref)
        return Decoded(frame.ref, schema, _decoded(value, frame.start, schema))

    def document(self, value: bytes | None, headers: Headers = no_headers) -> dict[str, Any]:
        """What a record says, in JSON or in Avro. JSON first: Avro that is also JSON there is none."""
        if value is None or value[:1] == b"{":
            try:
                return parse(value)
            except Unreadable:
                if value is None or (decoded := self.read(value, headers)) is None:
                    raise
        elif (decoded := self.read(value, headers)) is None:
            return parse(value)
        if not isinstance(decoded.document, dict):
            raise Unreadable(f"its Avro is a {type(decoded.document).__name__}, no record")
        return decoded.document

    def _learn(self, ref: SchemaRef) -> WriterSchema:
        assert self._schemas is not None
        schema = WriterSchema.of(self._schemas.fetch(ref))
        if len(self._known) >= SCHEMAS_KEPT:
            del self._known[next(iter(self._known))]
        self._known[ref] = schema
        return schema


def _decoded(value: bytes, start: int, schema: WriterSchema) -> Any:
    body = BytesIO(value)
    body.seek(start)
    try:
        document = fastavro.schemaless_reader(body, schema.parsed, None)
    except _BROKEN as error:
        raise Unreadable(f"its bytes do not fit its writer's schema ({type(error).__name__})") from error
    if left := len(value) - body.tell():
        raise Unreadable(f"its bytes do not fit its writer's schema: {left} are left over")
    return document


# Whatever bytes that are no such Avro make of fastavro: a short read, an index beyond a union's branches, bad UTF-8 …
_BROKEN = (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, MemoryError)

__all__ = ["AvroReader", "Decoded", "NotNow", "Schemas"]
