"""PURE: who ran a statement: which changes are worth the question, and where the answer belongs.

The server forgets soon, so it is asked as soon as a change is learnt, and again when the public topic tells its time to
the millisecond, and maybe the number of its connection. A change of long ago is not asked about: nobody knows any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watchdog.history import SchemaHistory
from watchdog.model import Authorship, Incident, SchemaChange, SchemaRecord

ASKED_WITHIN = timedelta(minutes=15)
"""Of the statement, by two clocks that may be some minutes apart."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who ran `change`? To be asked of the source database at `address`."""

    address: str
    change: SchemaChange


def is_worth_asking(change: SchemaChange, now: datetime) -> bool:
    known = change.author is not None and change.author.is_certain
    return not known and abs(now - change.at) <= ASKED_WITHIN


def told_of(history: SchemaHistory, record: SchemaRecord) -> SchemaChange | None:
    """The change that the record has just made, or told of as well."""
    changes = history.of(record.prefix, record.table) if record.table else ()
    second = int(record.at.timestamp())
    return next((c for c in reversed(changes) if c.ddl == record.ddl and int(c.at.timestamp()) == second), None)


def with_author(history: SchemaHistory, told: Authorship) -> SchemaHistory:
    """A worse answer than the one that is known changes nothing."""
    key = (told.prefix, told.table)
    changes = history.changes.get(key, ())
    if not any(change.id == told.change_id and told.author.is_better_than(change.author) for change in changes):
        return history
    named = tuple(_named(change, told) for change in changes)
    return replace(history, changes={**history.changes, key: named})


def incidents_with_author(incidents: Mapping[str, Incident], told: Authorship) -> dict[str, Incident]:
    """Those that blame the change, also the resolved ones, with the answer in them."""
    found: dict[str, Incident] = {}
    for incident in incidents.values():
        change = incident.diagnosis.change
        if change and change.id == told.change_id and told.author.is_better_than(change.author):
            named = _named(change, told)
            found[incident.id] = replace(incident, diagnosis=replace(incident.diagnosis, change=named))
    return found


def _named(change: SchemaChange, told: Authorship) -> SchemaChange:
    is_it = change.id == told.change_id and told.author.is_better_than(change.author)
    return replace(change, author=told.author) if is_it else change
