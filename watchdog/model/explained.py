"""What `explain` concludes from a saved document or trace."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.causes import Cause


@dataclass(frozen=True, slots=True)
class Explanation:
    """One failure. None is "not told": a bare trace has no connector, a status document no time."""

    origin: str
    """The file, or `stdin`."""
    connector: str | None
    task: int | None
    state: str | None
    since: str | None
    cause: Cause
    table: str | None
    """As the trace names it, else the one that the connector is about."""
    source: str | None = None
    target: str | None = None
    columns: tuple[str, ...] = ()
    ddl: str | None = None
