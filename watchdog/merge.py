"""PURE: incidents with one root cause become one: the first keeps its place, the others say into which they merged.

One cause is: one statement; one database that lets nobody in, or cannot be reached; a source that is down, with the
sinks that wait for it in vain; a table that was found to differ, and on which its sink failed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from watchdog.model import Category, Code, ConnectorKey, Incident
from watchdog.topology import Topology

Root = tuple[str, ...]


def merged(incidents: Iterable[Incident], topology: Topology) -> Iterator[Incident]:
    """The open incidents whose `merged_into` has to change."""
    open_ones = sorted((i for i in incidents if i.open), key=lambda i: (i.opened_at, i.id))
    roots: dict[Root, Incident] = {}
    for incident in _leaders_first(open_ones):
        if (root := _root(incident)) is not None:
            roots.setdefault(root, incident)
    into = {incident.id: _into(incident, roots) for incident in open_ones}
    into |= _effects(open_ones, topology, into)
    into |= _foretold(open_ones, into)
    for incident in open_ones:
        if incident.merged_into != into[incident.id]:
            yield replace(incident, merged_into=into[incident.id])


def _leaders_first(open_ones: Sequence[Incident]) -> list[Incident]:
    """A failure before what was only found. Then who leads goes on leading, whoever joins: the incident that a person
    was called for stays the one to read. Then the oldest."""
    followed = {incident.merged_into for incident in open_ones}

    def rank(incident: Incident) -> tuple[bool, bool]:
        leads = incident.merged_into is None and incident.id in followed
        return not incident.code.is_failure, not leads

    return sorted(open_ones, key=rank)


def _into(incident: Incident, roots: dict[Root, Incident]) -> str | None:
    root = _root(incident)
    leader = roots[root].id if root is not None else incident.id
    return None if leader == incident.id else leader


def _root(incident: Incident) -> Root | None:
    """What incidents with one cause have in common; None where the cause is the incident's own."""
    diagnosis = incident.diagnosis
    if diagnosis.change is not None:
        return "statement", diagnosis.change.id
    # A finding concerns its own connector, whatever else goes wrong at that database.
    if not incident.code.is_failure or not diagnosis.target_address:
        return None
    if diagnosis.cause.category is Category.CONNECTIVITY:
        return "unreachable", diagnosis.target_address
    if diagnosis.cause.category is Category.AUTH:
        return "refused", diagnosis.target_address, diagnosis.cause.groups.get("user", "")
    return None


def _effects(open_ones: Sequence[Incident], topology: Topology, into: dict[str, str | None]) -> dict[str, str]:
    """Sinks that stand still because the source that writes for them is down."""
    still = [i for i in open_ones if i.key in topology.sources and (i.code.is_failure or i.code is Code.STALLED)]
    down = {i.key: into[i.id] or i.id for i in sorted(still, key=lambda i: i.code.is_failure)}
    return {
        incident.id: down[source]
        for incident in open_ones
        if incident.code is Code.STALLED
        for source in _sources_of(incident.key, topology)
        if source in down
    }


def _foretold(open_ones: Sequence[Incident], into: dict[str, str | None]) -> dict[str, str]:
    """What was found to differ before the sink failed on that very table."""
    failed = {(i.key, i.diagnosis.target): into[i.id] or i.id for i in open_ones if i.code.is_failure}
    return {
        incident.id: failed[incident.key, incident.diagnosis.target]
        for incident in open_ones
        if incident.code in (Code.TABLES_DIFFER, Code.NULLS_WRITTEN) and incident.diagnosis.target is not None
        if (incident.key, incident.diagnosis.target) in failed
    }


def _sources_of(sink: ConnectorKey, topology: Topology) -> Iterator[ConnectorKey]:
    return (route.source for route in topology.routes_of(sink) if route.source is not None)


def members(root: Incident, incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """All that have its cause, itself first, then in the order in which they were opened; resolved ones too.

    None where it has that cause alone.
    """
    joined = sorted((i for i in incidents if i.merged_into == root.id), key=lambda i: (i.opened_at, i.id))
    return (root, *joined) if joined else ()
