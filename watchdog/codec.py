"""Nouns ↔ the JSON documents of the journal.

Reading is tolerant of age: a field that this version does not know is ignored, one that the document does not have
takes its default. What still cannot be read raises `JournalError` with the document's key, and none of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from watchdog.errors import JournalError
from watchdog.model import Counters

T = TypeVar("T")

_SHOWN_PROBLEMS = 3


def to_document(obj: Any) -> dict[str, Any]:
    """A frozen noun as plain JSON values: datetimes as ISO 8601 text, tuples and sets as lists."""
    if isinstance(obj, Counters):
        return {"counters": [[name, list(labels), value] for (name, labels), value in sorted(obj.values.items())]}
    document: dict[str, Any] = _adapter(type(obj)).dump_python(obj, mode="json")
    return document


def from_document(cls: type[T], document: Mapping[str, Any], key: str = "") -> T:
    """The noun again. `key` is the document's key in the journal, for the message of `JournalError`."""
    try:
        if cls is Counters:
            rows = _COUNTERS.validate_python(document.get("counters", []))
            values: Any = {"values": {(name, labels): value for name, labels, value in rows}}
            return cls(**values)
        noun: T = _adapter(cls).validate_python(document)
        return noun
    except ValidationError as error:
        raise JournalError(_unreadable(cls, key, error)) from None  # The cause would show the document's values.


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
_COUNTERS: TypeAdapter[list[tuple[str, tuple[str, ...], float]]] = TypeAdapter(list[tuple[str, tuple[str, ...], float]])


def _unreadable(cls: type[Any], key: str, error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False)
    shown = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'document'}: {p['msg']}" for p in problems[:_SHOWN_PROBLEMS])
    more = f" and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
    return (
        f"journal document {key or '(no key)'} is no {cls.__name__}: {shown}{more}; "
        "it was written by another version or changed by hand: run the version that wrote it, or put back a copy"
    )
