"""Names of subjects ↔ topics, and the row inside a registered schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_BY_TOPIC = "-value"
_BY_RECORD = (".Value", ".Envelope")


def topic_of(subject: str) -> str:
    """`shop.orders-value` (by topic), `shop.orders.Envelope` and `.Value` (by record), `shop.orders-shop.orders.Value`
    (by both) → `shop.orders`; the key's subjects likewise."""
    name = subject
    for ending in (*_BY_RECORD, ".Key"):
        name = name.removesuffix(ending)
    if name != subject:
        half = len(name) // 2
        return name[:half] if name[half : half + 1] == "-" and name[:half] == name[half + 1 :] else name
    return subject.removesuffix(_BY_TOPIC).removesuffix("-key")


def subjects_of(topic: str) -> tuple[str, ...]:
    """Where the schema of the topic's values may be registered, the usual name first."""
    return topic + _BY_TOPIC, *(topic + ending for ending in reversed(_BY_RECORD))


def row_record(schema: object) -> Json | None:
    """The record with the columns: the image in an envelope, or the flattened record itself. None: it is no row."""
    if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
        return None
    fields = {entry.get("name"): entry for entry in schema["fields"] if isinstance(entry, dict)}
    if "op" not in fields or "after" not in fields:
        return schema
    images = (*_records(fields.get("before")), *_records(fields["after"]))
    return next(iter(images), None)


def _records(entry: object) -> Iterator[Json]:
    """The records that a field's type defines; a name in its place was defined by another field."""
    kind = entry.get("type") if isinstance(entry, Mapping) else None
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, dict) and branch.get("type") == "record" and isinstance(branch.get("fields"), list):
            yield branch
