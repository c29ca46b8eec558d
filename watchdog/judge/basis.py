"""What a judgement went by, for the timeline: what was seen of the connector, and how old that was.

Plain JSON values, bounded in size; times are ISO 8601, ages seconds. No record's value is in it, only names, offsets,
counts and what a source said of itself, which its adapter has cleaned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from watchdog.model import Incident, Observation, Probe, Proof, RecordShape, TimelineEntry

Document = dict[str, Any]

PARTITIONS_MAX = 50
NAMES_MAX = 100
SHAPES_MAX = 10
_TEXT_MAX = 500


def with_basis(
    entries: Sequence[TimelineEntry], incidents: Iterable[Incident], seen: Observation
) -> tuple[TimelineEntry, ...]:
    """Each line with its connector; and, once for each incident that has lines in this tick, what was seen of it: with
    its decision, or else with its first line."""
    known = {incident.id: incident for incident in incidents}
    bearers = {entry.incident_id: number for number, entry in reversed(list(enumerate(entries)))}
    bearers |= {entry.incident_id: number for number, entry in enumerate(entries) if entry.kind == "decided"}
    return tuple(_told(entry, known, seen, bearers[entry.incident_id] == n) for n, entry in enumerate(entries))


def _told(entry: TimelineEntry, known: dict[str, Incident], seen: Observation, bears: bool) -> TimelineEntry:
    incident = known.get(entry.incident_id)
    if incident is None:
        return entry
    data = {**entry.data, "seen": basis(seen, incident)} if bears else entry.data
    return replace(entry, data=data, key=entry.key or incident.key)


def basis(seen: Observation, incident: Incident) -> Document:
    """`connect`, `probe`, `target`: each only where it was looked at; `proofs`: what was made of them."""
    found: Document = {
        "connect": _connect(seen, incident),
        "probe": _probe(seen, incident),
        "target": _target(seen, incident),
        "proofs": [_proof(proof, seen.now) for proof in incident.diagnosis.proofs],
    }
    return {name: told for name, told in found.items() if told}


def _proof(proof: Proof, now: datetime) -> Document:
    return {"probe": proof.kind.value, "holds": proof.holds, "said": proof.said[:_TEXT_MAX], **_read(proof.at, now)}


def _read(at: datetime | None, now: datetime) -> Document:
    """When, and how long before the judgement; null where it never was."""
    age = None if at is None else round(max(0.0, (now - at).total_seconds()), 3)
    return {"at": at.isoformat() if at else None, "age_seconds": age}


def _connect(seen: Observation, incident: Incident) -> Document:
    view, status = seen.clusters.get(incident.key.cluster), seen.status(incident.key)
    if view is None:
        return {}
    config = seen.config(incident.key)
    reconfigured = bool(config and incident.config_fingerprint and config.fingerprint != incident.config_fingerprint)
    told: Document = {
        **_read(view.polled_at, seen.now),
        "state": status.state.value if status else None,
        "tasks": dict(Counter(task.state.value for task in status.tasks)) if status else {},
        "config_changed": reconfigured,
    }
    if view.healthy is False:
        told["unhealthy"] = view.health_message[:_TEXT_MAX]
    return {**told, "error": view.error[:_TEXT_MAX]} if view.error else told


def _probe(seen: Observation, incident: Incident) -> Document:
    probe = seen.probes.get(incident.key)
    if probe is None:
        return {}
    told: Document = {**_read(probe.at, seen.now), "after_failure": probe.at >= incident.failed_at, **_offsets(probe)}
    if probe.shapes is not None:
        told |= {"waiting": [_shape(shape) for shape in probe.shapes[:SHAPES_MAX]], "capped": probe.capped}
    if probe.scan_error:
        told["scan_error"] = probe.scan_error[:_TEXT_MAX]
    # Not asked, or nobody to ask: nothing was seen.
    if probe.reachable is not None or probe.reachable_message:
        told["can_connect"] = {
            **_read(probe.reachable_at, seen.now),
            "answer": probe.reachable,
            "said": probe.reachable_message[:_TEXT_MAX],
        }
    return told


def _offsets(probe: Probe) -> Document:
    offsets = probe.offsets
    if not offsets.known:
        return {}
    if offsets.source:
        return {"source_offset": offsets.source[:_TEXT_MAX]}
    partitions = sorted({*offsets.committed, *offsets.end})
    told = {p: [offsets.committed.get(p), offsets.end.get(p)] for p in partitions[:PARTITIONS_MAX]}
    more = {"partitions_left_out": len(partitions) - PARTITIONS_MAX} if len(partitions) > PARTITIONS_MAX else {}
    return {"committed_and_end_offsets": told, **more}


def _shape(shape: RecordShape) -> Document:
    return {
        "partition": shape.partition,
        "first_offset": shape.first_offset,
        "last_offset": shape.last_offset,
        "records": shape.count,
        "fields": list(shape.fields[:NAMES_MAX]),
    }


def _target(seen: Observation, incident: Incident) -> Document:
    diagnosis = incident.diagnosis
    database = seen.databases.get(diagnosis.target_address)
    if database is None or diagnosis.target is None:
        return {}
    table = database.tables.get(diagnosis.target)
    told: Document = {
        "address": diagnosis.target_address,
        "table": str(diagnosis.target),
        **_read(database.at, seen.now),
        "columns": [column.name for column in table.columns[:NAMES_MAX]] if table else None,
        "in_the_way": list(diagnosis.columns[:NAMES_MAX]) if diagnosis.remedied is False else [],
    }
    return {**told, "error": database.error[:_TEXT_MAX]} if database.error else told
