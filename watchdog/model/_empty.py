"""An empty mapping that can be a default."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def nothing() -> Mapping[Any, Any]:
    """The same empty read-only mapping each time."""
    return _NOTHING
