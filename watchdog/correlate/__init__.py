"""PURE: one connector's failure + everything observed around it → a `Diagnosis`: which table, which columns, which
statement, what would help and whether that is so already.

A statement is blamed only for a failure that a statement can make. It is found by table, column, position and time,
each of which adds to the confidence and is told as evidence.
"""

from __future__ import annotations

import shlex
from dataclasses import replace

from watchdog.correlate.proofs import with_proofs
from watchdog.correlate.sinks import sink_drift
from watchdog.correlate.sources import source_drift
from watchdog.correlate.surroundings import DRIFT, MAY_BE_DRIFT, Surroundings
from watchdog.model import Cause, ConnectorKey, Diagnosis
from watchdog.remedies.table import Remedy, remedy_of
from watchdog.remedies.ways_out import other_ways
from watchdog.topology import Topology


def correlate(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    """All that can be said now; it is asked again at each tick, as evidence comes in."""
    found = _found(key, cause, around)
    # By what was found: records that do not fit make a drift of a failure whose trace says nothing.
    side = _side(key, around)
    remedy = remedy_of(found.cause, side)
    found = replace(found, remedy=found.remedy or remedy.waits_for, way_out=_way_out(key, found, remedy))
    return with_proofs(key, replace(found, other_ways=other_ways(key, found, side, remedy)), remedy, around)


def _way_out(key: ConnectorKey, found: Diagnosis, remedy: Remedy) -> str:
    """What is no exact statement names our own verb first, where there is one that does it."""
    if "`watchdog " not in remedy.otherwise or found.way_out != found.cause.fix:
        return found.way_out
    verb = remedy.otherwise.replace("{connector}", shlex.quote(key.connector))
    return f"{verb}. By hand: {found.way_out}" if found.way_out else verb


def _found(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    if cause.category not in MAY_BE_DRIFT:
        return _not_drift(key, cause, around)
    if key in around.topology.sources:
        return source_drift(key, cause, around)
    return sink_drift(key, cause, around)


def _side(key: ConnectorKey, around: Surroundings) -> str:
    if key in around.topology.sources:
        return "source"
    return "sink" if key in around.topology.sinks else ""


def with_what_was_known(previous: Diagnosis, now: Diagnosis) -> Diagnosis:
    """Once the target fits, the records no longer show what was wrong: what was found out before is kept."""
    if not previous.stuck or now.stuck or previous.cause.signature != now.cause.signature:
        return now
    return replace(previous, remedied=now.remedied, proofs=now.proofs)


def _not_drift(key: ConnectorKey, cause: Cause, around: Surroundings) -> Diagnosis:
    probe = around.probe
    fresh = probe is not None and probe.reachable_at is not None and probe.reachable_at >= around.since
    evidence = []
    if fresh and probe is not None and probe.reachable is not None:
        evidence.append(
            "the connector's own settings connect to its database again"
            if probe.reachable
            else f"the connector's own settings do not connect to its database: {probe.reachable_message}"
        )
    return Diagnosis(
        cause=cause,
        confidence=cause.confidence,
        evidence=tuple(evidence),
        way_out=cause.fix,
        target_address=_address_of(key, around.topology),
    )


def _address_of(key: ConnectorKey, topology: Topology) -> str:
    if source := topology.sources.get(key):
        return source.address
    sink = topology.sinks.get(key)
    return sink.address if sink else ""


__all__ = ["DRIFT", "MAY_BE_DRIFT", "Surroundings", "correlate", "with_what_was_known"]
