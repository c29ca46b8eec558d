"""Registries → writers' schemas for a reader of records, asked for no more often than helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from watchdog.adapters.avro import NotNow
from watchdog.adapters.debezium import Unreadable
from watchdog.errors import PortError, PortNonsense, PortRefused
from watchdog.model import SchemaRef
from watchdog.ports import Registry

BACKOFF_SECONDS_MAX = 30.0
ASKED_AGAIN_SECONDS = 5.0
"""A schema that was just had is not asked for again, however many records do not fit it."""
_KEPT_MAX = 1000


@dataclass(slots=True)
class _Failure:
    error: NotNow | Unreadable
    retry_at: float
    pause_seconds: float


class WriterSchemas:
    """Asks the registries in their order; the first one that has the schema tells it. Used by one thread at a time."""

    def __init__(self, registries: Sequence[Registry], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._registries = registries
        self._monotonic = monotonic
        self._had: dict[SchemaRef, tuple[str, float]] = {}
        self._failed: dict[SchemaRef, _Failure] = {}
        self._down: _Failure | None = None

    def fetch(self, ref: SchemaRef) -> str:
        """Raises `NotNow`, and `Unreadable` where the registry has something else than Avro by that id."""
        now = self._monotonic()
        if (had := self._had.get(ref)) and now < had[1]:
            return had[0]
        # A registry that is down is down for every schema.
        for failure in (self._down, self._failed.get(ref)):
            if failure is not None and now < failure.retry_at:
                raise failure.error
        try:
            text = self._ask(ref)
        except (NotNow, Unreadable) as error:
            self._note(ref, error)
            raise
        self._down = None
        self._failed.pop(ref, None)
        _bound(self._had)
        self._had[ref] = (text, now + ASKED_AGAIN_SECONDS)
        return text

    def _ask(self, ref: SchemaRef) -> str:
        problems: list[PortError] = []
        for registry in self._registries:
            try:
                return registry.schema(ref)
            except PortError as error:
                problems.append(error)
        # One that may have it, and did not answer, decides: what the others lack says nothing.
        silent = [error for error in problems if not isinstance(error, PortNonsense) and not _is_missing(error)]
        if silent:
            raise NotNow(str(silent[0]))
        if all(_is_missing(error) for error in problems):
            raise NotNow(f"no registry has {ref}: {problems[0]}" if problems else "no registry", lasting=True)
        raise Unreadable(next(str(error) for error in problems if isinstance(error, PortNonsense)))

    def _note(self, ref: SchemaRef, error: NotNow | Unreadable) -> None:
        is_down = isinstance(error, NotNow) and not error.lasting
        before = self._down if is_down else self._failed.get(ref)
        pause = min(before.pause_seconds * 2, BACKOFF_SECONDS_MAX) if before else 1.0
        failure = _Failure(error, self._monotonic() + pause, pause)
        if is_down:
            self._down = failure
        else:
            self._down = None
            _bound(self._failed)
            self._failed[ref] = failure


def _is_missing(error: PortError) -> bool:
    return isinstance(error, PortRefused) and error.status == 404


def _bound(kept: dict[SchemaRef, Any]) -> None:
    if len(kept) >= _KEPT_MAX:
        del kept[next(iter(kept))]
