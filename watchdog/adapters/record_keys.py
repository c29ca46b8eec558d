"""A record's key → what a person is shown of it, and its fields. Bytes in, words out; a key decides nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from watchdog.adapters.avro import AvroReader, NotNow
from watchdog.adapters.debezium import Unreadable
from watchdog.adapters.kafka_events import Headers

KEY_CHARACTERS_MAX = 120
_OF_KEY, _OF_VALUE = "apicurio.key.", "apicurio.value."


def key_of(key: bytes | None, headers: Headers, avro: AvroReader) -> tuple[str, tuple[str, ...]]:
    """`({"id":7}, ("id",))` of a row's key; as text or in hexadecimal what is none; `("", ())` without a key."""
    if key is None:
        return "", ()
    document = _document(key, headers, avro)
    if document is None:
        return _cut(_text(key)), ()
    fields = tuple(document) if isinstance(document, Mapping) else ()
    return _cut(orjson.dumps(document, default=str).decode(errors="replace")), fields


def _document(key: bytes, headers: Headers, avro: AvroReader) -> Any:
    """None: it is neither JSON nor Avro that can be read now."""
    try:
        document = orjson.loads(key)
    except orjson.JSONDecodeError:
        try:
            decoded = avro.read(key, lambda: _of_the_key(headers()))
        except (NotNow, Unreadable):
            return None
        return decoded.document if decoded else None
    is_enveloped = isinstance(document, dict) and document.keys() == {"schema", "payload"}
    return document["payload"] if is_enveloped else document


def _of_the_key(headers: object) -> list[tuple[str, object]]:
    """The headers that tell of the key's schema, as those of a value are called."""
    pairs = headers if isinstance(headers, list) else []
    return [(name.replace(_OF_KEY, _OF_VALUE), value) for name, value in pairs if name.startswith(_OF_KEY)]


def _text(key: bytes) -> str:
    try:
        text = key.decode()
    except UnicodeDecodeError:
        text = "\0"
    return text if text.isprintable() else f"0x{key.hex()}"


def _cut(text: str) -> str:
    return text if len(text) <= KEY_CHARACTERS_MAX else text[: KEY_CHARACTERS_MAX - 1] + "…"
