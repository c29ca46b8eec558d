"""A record's value and headers → which schema it was written with, and where its Avro begins.

Confluent            0, id (4 bytes), Avro
Apicurio, in value   0, global id (8 bytes), Avro
Apicurio, default    headers `apicurio.value.globalId` or `apicurio.value.contentId` (8 bytes), the value is bare Avro
"""

from __future__ import annotations

from typing import NamedTuple

from watchdog.adapters.debezium import Unreadable
from watchdog.adapters.kafka_events import Headers
from watchdog.model import IdKind, SchemaRef

_HEADERS = {"apicurio.value.globalId": IdKind.GLOBAL, "apicurio.value.contentId": IdKind.CONTENT}
_ENCODING = "apicurio.value.encoding"
_WIRE_BYTES = 5
_LONG_BYTES = 9


class Frame(NamedTuple):
    ref: SchemaRef
    start: int
    """Of the Avro in the value."""


def frame_of(value: bytes, headers: Headers) -> Frame | None:
    """None where neither value nor headers speak of a registry; `Unreadable` where they do so in no known way."""
    if found := _in_headers(headers()):
        return Frame(found, 0)
    if value[:1] != b"\0":
        return None
    if len(value) < _WIRE_BYTES:
        raise Unreadable("it begins with a zero byte as Avro from a registry does, and is too short to name a schema")
    number = int.from_bytes(value[1:_WIRE_BYTES], "big")
    if number:
        return Frame(SchemaRef(IdKind.CONFLUENT, number), _WIRE_BYTES)
    # No registry gives out id 0: these are the upper half of an 8-byte id.
    if len(value) < _LONG_BYTES or not (number := int.from_bytes(value[_WIRE_BYTES:_LONG_BYTES], "big")):
        raise Unreadable("it begins with a zero byte as Avro from a registry does, and names no schema")
    return Frame(SchemaRef(IdKind.GLOBAL, number), _LONG_BYTES)


def _in_headers(headers: object) -> SchemaRef | None:
    ref = None
    for name, value in headers if isinstance(headers, list) else ():
        if (kind := _HEADERS.get(name)) and ref is None:
            if not isinstance(value, bytes) or len(value) != 8:
                raise Unreadable(f"its header {name} holds no 8-byte id")
            ref = SchemaRef(kind, int.from_bytes(value, "big"))
        elif name == _ENCODING and value not in (None, b"BINARY"):
            raise Unreadable("it is Avro in its JSON encoding, and only the binary one can be read")
    return ref
