"""Every connector's status document, by one request, or one connector at a time where that is too large.

One at a time: connectors that failed come first, the others take turns from poll to poll.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from watchdog.adapters.connect_documents import names
from watchdog.adapters.connect_paths import Get, is_too_large, parsed, status_path
from watchdog.errors import PortNonsense, PortRefused, PortTimeout, PortUnreachable
from watchdog.model import ConnectorStatus

BULK = "/connectors?expand=status"
_POLLS_BETWEEN_BULK_TRIES = 20


@dataclass
class StatusReader:
    get: Get
    request_seconds: float
    sweep_seconds: float
    failed: frozenset[str] = frozenset()
    _polls_until_bulk: int = 0
    _last_name: str = ""

    def read(self) -> tuple[dict[str, Any], bool]:
        """Entries as of `expand=status`, and whether they are all there are. Raises `PortError`."""
        if self._polls_until_bulk:
            self._polls_until_bulk -= 1
            return self._one_at_a_time()
        try:
            document = self.get(BULK, self.request_seconds)
        except PortNonsense as error:
            if not is_too_large(error):
                raise
            self._polls_until_bulk = _POLLS_BETWEEN_BULK_TRIES
            return self._one_at_a_time()
        # Workers before 2.3 do not know `expand` and list the names.
        if isinstance(document, list):
            return self._one_at_a_time()
        if not isinstance(document, dict):
            raise PortNonsense(BULK, "the answer is no object of connectors", "is this a Connect worker?")
        return document, True

    def remember(self, connectors: dict[str, ConnectorStatus], complete: bool) -> None:
        """Which of these failed, to ask for them first."""
        elsewhere = frozenset[str]() if complete else self.failed - connectors.keys()
        self.failed = elsewhere | {name for name, each in connectors.items() if each.failed}

    def _one_at_a_time(self) -> tuple[dict[str, Any], bool]:
        began = time.monotonic()
        listed = parsed("/connectors", self.get("/connectors", self.request_seconds), names)
        entries: dict[str, Any] = {}
        gone = 0
        for name, share in self._turns(sorted(listed)):
            left = self.sweep_seconds * share - (time.monotonic() - began)
            if left <= 0:
                continue
            try:
                found = self._one(name, min(left, self.request_seconds))
            except (PortTimeout, PortUnreachable):
                if entries:
                    break
                raise
            gone += found is None
            if found is not None:
                entries[name] = found
        return entries, len(entries) + gone == len(listed)

    def _turns(self, listed: list[str]) -> Iterator[tuple[str, float]]:
        """Names with the share of the time by which they have to be asked."""
        first = [name for name in listed if name in self.failed]
        yield from ((name, 0.5) for name in first)
        others = [name for name in listed if name not in self.failed]
        for name in [n for n in others if n > self._last_name] + [n for n in others if n <= self._last_name]:
            yield name, 1.0

    def _one(self, name: str, seconds: float) -> dict[str, Any] | None:
        """None when the connector is gone; an empty entry when its status cannot be had."""
        if name not in self.failed:
            self._last_name = name
        path = status_path(name)
        if path is None:
            return {}
        try:
            return {"status": self.get(path, seconds)}
        except PortRefused as error:
            if error.status == 404:
                return None
            if error.status in (401, 403):
                raise
            return {}
        except PortNonsense:
            return {}
