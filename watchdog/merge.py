"""PURE: incidents with one root cause become one: the first keeps its place, the others say into which they merged.

One cause is: one statement; one database that lets nobody in, or cannot be reached; a source that is down, with the
sinks that wait for it in vain; a table that was found to differ, and on which its sink failed then; and, where none of
these is known, the same words at the same time in one Connect cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from watchdog.model import Category, Code, ConnectorKey, Incident
from watchdog.topology import Topology

Root = tuple[str, ...]

TOGETHER_SECONDS = 120.0
"""After the first one. Polls, push and a task's own time-outs bring what fails at one moment one by one."""
_OF_TABLES = (
    Category.SCHEMA_DRIFT,
    Category.DDL_PARSE,
    Category.REGISTRY_INCOMPATIBLE,
    Category.DATA,
)


def merged(incidents: Iterable[Incident], topology: Topology) -> Iterator[Incident]:
    """The open incidents whose `merged_into` has to change."""
    open_ones = sorted((i for i in incidents if i.open), key=lambda i: (i.opened_at, i.key, i.id))
    root_of = _together(open_ones) | {i.id: root for i in open_ones if (root := _root(i)) is not None}
    roots: dict[Root, Incident] = {}
    for incident in _leaders_first(open_ones):
        if (root := root_of.get(incident.id)) is not None:
            roots.setdefault(root, incident)
    into = {incident.id: _into(incident, roots.get(root_of.get(incident.id, ()))) for incident in open_ones}
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


def _into(incident: Incident, leader: Incident | None) -> str | None:
    return None if leader is None or leader.id == incident.id else leader.id


def _together(open_ones: Sequence[Incident]) -> dict[str, Root]:
    """By incident: the words that it failed with, and when the first one failed with them."""
    first: dict[Root, datetime] = {}
    found: dict[str, Root] = {}
    for incident in open_ones:
        if not (words := _words(incident)):
            continue
        if (incident.opened_at - first.setdefault(words, incident.opened_at)).total_seconds() > TOGETHER_SECONDS:
            first[words] = incident.opened_at
        found[incident.id] = (*words, first[words].isoformat())
    return found


def _words(incident: Incident) -> Root:
    cause, diagnosis = incident.diagnosis.cause, incident.diagnosis
    if not incident.code.is_failure or not cause.message:
        return ()
    message = cause.message.replace(incident.key.connector, "*")
    # Offsets and ids differ from task to task; in an address the number is what tells one server from another.
    if cause.category not in (Category.CONNECTIVITY, Category.AUTH):
        message = re.sub(r"\d+", "#", message)
    # The same words about two tables are two causes.
    table = str(diagnosis.table or diagnosis.target or "") if cause.category in _OF_TABLES else ""
    return "words", incident.key.cluster, cause.category.value, cause.signature, message, table


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
    joined = sorted((i for i in incidents if i.merged_into == root.id), key=lambda i: (i.opened_at, i.key, i.id))
    return (root, *joined) if joined else ()
