"""A writer's schema, as a registry holds it → one that fastavro can read with and nobody can hurt us with.

Kept is only what tells how bytes are laid out: no logical types (a decimal of a megabyte takes minutes to make), no
defaults, no documentation. Refused is what could make a short record endless: types that hold themselves, deep nesting,
arrays of nothing, and types that unfold to more than a table could have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import fastavro
import orjson

from watchdog.adapters.debezium import Unreadable

SCHEMA_BYTES_MAX = 8 * 1024 * 1024
DEPTH_MAX = 32
NODES_MAX = 100_000
"""Types in a schema with every name replaced by what it stands for."""

_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NAMED = frozenset({"record", "error", "enum", "fixed"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WriterSchema:
    """`parsed` is fastavro's; `document` the schema as it is registered, whose `named` types are found by full name."""

    parsed: Any
    document: Any
    named: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> WriterSchema:
        """Raises `Unreadable`."""
        if len(text) > SCHEMA_BYTES_MAX:
            raise Unreadable(f"its writer's schema has {len(text):,} characters, more than are read")
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            # Confluent's API gives a primitive schema as a bare word at times.
            raise Unreadable(f"its writer's schema is no JSON: {error.msg}") from error
        walk = _Walk()
        plain, size = walk.plain(document, "", 0)
        if size.nodes > NODES_MAX:
            raise Unreadable(f"its writer's schema unfolds to more than {NODES_MAX:,} types")
        try:
            parsed = fastavro.parse_schema(plain)
        except (fastavro.schema.SchemaParseException, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unreadable(f"its writer's schema is no Avro schema ({type(error).__name__})") from error
        return cls(parsed, document, walk.named)

    def resolved(self, kind: Any, namespace: str) -> tuple[Any, str]:
        """What a field's type stands for where it is a name, and the namespace that counts inside it."""
        if isinstance(kind, str) and kind not in _PRIMITIVES:
            name = _full_name(kind, namespace)
            kind = self.named.get(name, kind)
        if isinstance(kind, dict) and kind.get("type") in _NAMED:
            namespace = _full_name(kind.get("name"), kind.get("namespace") or namespace).rpartition(".")[0]
        return kind, namespace


@dataclass(frozen=True, slots=True)
class _Size:
    """How many types it unfolds to, and whether a value takes a byte at least."""

    nodes: int
    takes_bytes: bool


_ONE = _Size(1, True)


class _Walk:
    def __init__(self) -> None:
        self.named: dict[str, Json] = {}
        self._sizes: dict[str, _Size] = {}

    def plain(self, schema: Any, namespace: str, depth: int) -> tuple[Any, _Size]:
        if depth > DEPTH_MAX:
            raise Unreadable(f"its writer's schema is nested deeper than {DEPTH_MAX} levels")
        if isinstance(schema, str):
            return self._name(schema, namespace)
        if isinstance(schema, list):
            branches = [self.plain(branch, namespace, depth + 1) for branch in schema]
            return [branch for branch, _ in branches], _Size(1 + sum(size.nodes for _, size in branches), True)
        if not isinstance(schema, dict) or "type" not in schema:
            raise Unreadable("its writer's schema has a part without a type")
        kind = schema["type"]
        if isinstance(kind, str) and kind in _NAMED:
            return self._define(schema, kind, namespace, depth)
        if kind == "array":
            return self._array(schema, namespace, depth)
        if kind == "map":
            values, size = self.plain(schema.get("values"), namespace, depth + 1)
            return {"type": "map", "values": values}, _Size(1 + size.nodes, True)
        return self.plain(kind, namespace, depth + 1)

    def _name(self, name: str, namespace: str) -> tuple[str, _Size]:
        if name in _PRIMITIVES:
            return name, _Size(1, name != "null")
        full = _full_name(name, namespace)
        if full not in self.named and name in self.named:
            full = name
        if full not in self._sizes:
            what = "holds itself" if full in self.named else "names a type that it does not define"
            raise Unreadable(f"its writer's schema {what}")
        return full, self._sizes[full]

    def _define(self, schema: Json, kind: str, namespace: str, depth: int) -> tuple[Json, _Size]:
        name = schema.get("name")
        if not isinstance(name, str) or not name:
            raise Unreadable(f"its writer's schema has a {kind} without a name")
        full = _full_name(name, schema.get("namespace") or namespace)
        self.named[full] = schema
        plain: Json = {"type": kind, "name": full}
        if kind == "enum":
            plain["symbols"], size = _checked(schema.get("symbols"), list, "an enum without symbols"), _ONE
        elif kind == "fixed":
            plain["size"] = _checked(schema.get("size"), int, "a fixed type without a size")
            size = _Size(1, plain["size"] > 0)
        else:
            plain["fields"], size = self._fields(schema, full.rpartition(".")[0], depth)
        self._sizes[full] = size
        return plain, size

    def _fields(self, schema: Json, namespace: str, depth: int) -> tuple[list[Json], _Size]:
        fields = schema.get("fields")
        if not isinstance(fields, list):
            raise Unreadable("its writer's schema has a record without fields")
        plain, nodes, takes_bytes = [], 1, False
        for entry in fields:
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                raise Unreadable("its writer's schema has a field without a name")
            kind, size = self.plain(entry.get("type"), namespace, depth + 1)
            plain.append({"name": entry["name"], "type": kind})
            nodes, takes_bytes = nodes + size.nodes, takes_bytes or size.takes_bytes
        return plain, _Size(nodes, takes_bytes)

    def _array(self, schema: Json, namespace: str, depth: int) -> tuple[Json, _Size]:
        items, size = self.plain(schema.get("items"), namespace, depth + 1)
        if not size.takes_bytes:
            # A few bytes could announce a thousand millions of them.
            raise Unreadable("its writer's schema has an array of values that take no bytes")
        return {"type": "array", "items": items}, _Size(1 + size.nodes, True)


def _checked(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise Unreadable(f"its writer's schema has {what}")
    return value


def _full_name(name: object, namespace: str) -> str:
    text = str(name)
    return text if "." in text or not namespace else f"{namespace}.{text}"
