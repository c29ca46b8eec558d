"""What the journal tells, opened read-only: incidents, their timeline, what is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from watchdog.adapters.sqlite import open_journal
from watchdog.assembly import clock
from watchdog.errors import JournalError
from watchdog.memory import Memory
from watchdog.model import Incident, TimelineEntry
from watchdog.ports import Journal
from watchdog.remember import remembered
from watchdog.settings import Settings

log = structlog.get_logger("watchdog")


def incidents(settings: Settings, *, all: bool) -> list[Incident]:  # noqa: A002 — the flag's own name
    """The journal's open incidents, or all of them, the latest first."""
    found = [incident for incident in journaled(settings).incidents.values() if all or incident.open]
    return sorted(found, key=lambda incident: incident.opened_at, reverse=True)


def incident(settings: Settings, id: str) -> tuple[Incident, list[TimelineEntry]] | None:  # noqa: A002
    """One incident by its id or a unique beginning of it, with its timeline."""
    with _reading(settings) as journal:
        if journal is None:
            return None
        memory, _ = remembered(journal.state.load())
        found = [each for each in memory.incidents.values() if each.id.startswith(id)]
        return (found[0], list(journal.audit.told(found[0].id))) if len(found) == 1 else None


def told(settings: Settings, *, incident: str, since: datetime | None, connector: str) -> Iterator[TimelineEntry]:
    """The journal's timeline, read a few lines at a time. `incident` is a beginning of its id, all when empty, as with
    `connector`. Raises `JournalError` when it is no incident's, or of several."""
    with _reading(settings) as journal:
        if journal is None:
            return
        id = _one_id(journal, incident) if incident else None  # noqa: A001
        yield from journal.audit.told(id, since, connector or None)


def _one_id(journal: Journal, beginning: str) -> str:
    """The lines of an incident stay for as long as it does, so its document is there to be found."""
    found = [key.removeprefix("incident/") for key in journal.state.load(f"incident/{beginning}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise JournalError(f"{len(found)} incidents begin with {beginning!r}: {', '.join(sorted(found)[:10])}")
    raise JournalError(f"no incident {beginning!r}; `watchdog incidents --all` lists what there is")


def known(settings: Settings) -> Memory:
    """For a look at what is so right now, a journal that cannot be read is no reason to show nothing."""
    try:
        return journaled(settings)
    except JournalError as error:
        log.warning("shown as it is now, without what was known before: the journal cannot be read", error=str(error))
        return Memory()


def journaled(settings: Settings) -> Memory:
    with _reading(settings) as journal:
        return remembered(journal.state.load())[0] if journal else Memory()


@contextmanager
def _reading(settings: Settings) -> Iterator[Journal | None]:
    """The journal, read-only; None when nothing has been journaled yet."""
    if not settings.journal.exists():
        yield None
        return
    journal = open_journal(settings.journal, read_only=True, clock=clock)
    try:
        yield journal
    finally:
        journal.close()
