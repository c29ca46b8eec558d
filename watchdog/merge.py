"""PURE: incidents with one root cause become one: the first keeps its place, the others say into which they merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from watchdog.model import Incident


def merged(incidents: Iterable[Incident]) -> Iterator[Incident]:
    """The open incidents whose `merged_into` has to change."""
    first: dict[str, str] = {}
    for incident in sorted((i for i in incidents if i.open), key=lambda i: (i.opened_at, i.id)):
        change = incident.diagnosis.change
        into = first.setdefault(change.id, incident.id) if change else incident.id
        wanted = None if into == incident.id else into
        if incident.merged_into != wanted:
            yield replace(incident, merged_into=wanted)
