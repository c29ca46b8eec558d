"""Connectors' names → paths of Connect's REST API; answers that do not parse → `PortNonsense`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from watchdog.adapters import answers
from watchdog.errors import PortError, PortNonsense, PortRefused
from watchdog.model import ConnectorStatus, State

Get = Callable[[str, float | None], Any]
"""A path and its seconds (None: the usual ones) → the document; raises `PortError`."""
Parsed = TypeVar("Parsed")


def addressable(name: str) -> bool:
    return ConnectorStatus("", name, State.UNKNOWN).addressable


def path_of(name: str, rest: str) -> str:
    """Raises `PortRefused` for a name that REST cannot address."""
    if not addressable(name):
        raise PortRefused(f"connector {name!r}", "its name cannot be addressed by REST", "create it under another name")
    return f"/connectors/{quote(name, safe='')}/{rest}"


def status_path(name: str) -> str | None:
    return path_of(name, "status") if addressable(name) else None


def parsed(path: str, document: Any, parse: Callable[[Any], Parsed]) -> Parsed:
    try:
        return parse(document)
    except ValueError as error:
        raise PortNonsense(path, str(error), "is this a Connect worker?") from error


def is_too_large(error: PortError) -> bool:
    return isinstance(error.__cause__, answers.TooLarge)
