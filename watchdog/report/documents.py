"""Report and incidents → JSON documents, as `-o json` prints them.

Times are ISO 8601 in UTC, durations seconds, null is "not known". Names and statements are as they are at the source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from watchdog.merge import members
from watchdog.model import (
    Attempt,
    Author,
    Clock,
    ConnectorStatus,
    Incident,
    Proof,
    SchemaChange,
    TimelineEntry,
    split_partition,
)
from watchdog.report.rows import Row
from watchdog.report.text import severity, stamp

Document = dict[str, Any]


def dump(document: object) -> str:
    """Indented JSON in ASCII only: no terminal obeys what a name holds, and a lone surrogate stays valid."""
    return json.dumps(document, indent=2, ensure_ascii=True, default=str)


def status(rows: Iterable[Row]) -> list[Document]:
    """One document for each connector, in the order given."""
    return [_connector(row) for row in rows]


def _connector(row: Row) -> Document:
    incident = row.incident
    return {
        "connect_cluster": row.status.cluster,
        "connector": row.status.name,
        "type": row.status.type,
        "state": row.status.state.value,
        "tasks": _tasks(row.status),
        "failed_tasks": len(row.status.failed_tasks),
        "addressable": row.status.addressable,
        "category": incident.diagnosis.cause.category.value if incident else None,
        "cause": cause(incident) if incident else innermost(row.status.trace),
        "verdict": incident.verdict.value if incident else None,
        "reason": incident.reason if incident else None,
        "probes": [_proof(proof) for proof in incident.diagnosis.proofs] if incident else [],
        "clocks": [_clock(clock) for clock in incident.clocks] if incident else [],
        "incident": (incident.merged_into or incident.id) if incident else None,
        "last_restart": stamp(row.last_restart),
        "since": stamp(row.since),
    }


def _tasks(connector: ConnectorStatus) -> list[Document]:
    return [
        {"id": task.id, "state": task.state.value, "worker_id": task.worker or None, "cause": innermost(task.trace)}
        for task in connector.tasks
    ]


def cause(incident: Incident) -> str:
    """The innermost message of the failure; what the catalogue says of it where there is no message."""
    return incident.diagnosis.cause.message or incident.diagnosis.cause.summary


def innermost(trace: str | None) -> str | None:
    """A Java trace's last `Caused by`, or its first line, without frames; None where there is no trace."""
    if not trace or not trace.strip():
        return None
    lines = trace.strip().splitlines()
    causes = [line.strip() for line in lines if line.lstrip().startswith("Caused by: ")]
    return causes[-1].removeprefix("Caused by: ") if causes else lines[0].strip()


def incident(one: Incident, every: Iterable[Incident] = ()) -> Document:
    """What is known of the problem, why nothing or what is done about it, and what a person can do.

    `every`: the incidents among which its members are looked for, those that have the same cause.
    """
    joined = [_member(member) for member in members(one, every)]
    return {**_identity(one), **_diagnosis(one), **_treatment(one), "members": joined}


def _member(one: Incident) -> Document:
    return {
        "id": one.id,
        "connect_cluster": one.key.cluster,
        "connector": one.key.connector,
        "kind": one.code.value,
        "state": "firing" if one.open else "resolved",
        "table": str(one.diagnosis.table) if one.diagnosis.table else None,
        "target_table": str(one.diagnosis.target) if one.diagnosis.target else None,
        "way_out": one.diagnosis.way_out or None,
    }


def incident_with_timeline(
    one: Incident, timeline: Iterable[TimelineEntry], every: Iterable[Incident] = ()
) -> Document:
    """`trace` is the failure's own, cleaned of secrets, with what was left out of a long one told in its middle."""
    return {**incident(one, every), "trace": one.trace or None, "timeline": [_entry(entry) for entry in timeline]}


def _identity(one: Incident) -> Document:
    return {
        "id": one.id,
        "connect_cluster": one.key.cluster,
        "connector": one.key.connector,
        "state": "firing" if one.open else "resolved",
        "phase": one.phase.value,
        "kind": one.code.value,
        "subject": one.subject or None,
    }


def _diagnosis(one: Incident) -> Document:
    diagnosis = one.diagnosis
    return {
        "category": diagnosis.cause.category.value,
        "cause": cause(one),
        "schema_drift": schema_drift(one),
        "severity": severity(one),
        "table": str(diagnosis.table) if diagnosis.table else None,
        "target_table": str(diagnosis.target) if diagnosis.target else None,
        "columns": list(diagnosis.columns),
        **_change(diagnosis.change),
        "confidence": diagnosis.confidence,
        "evidence": list(diagnosis.evidence),
        "clocks": [_clock(clock) for clock in one.clocks],
    }


def _clock(clock: Clock) -> Document:
    """`left_seconds` is null where no limit is set."""
    return {"clock": clock.name, "where": clock.where, "left_seconds": clock.left_seconds, "detail": clock.detail}


def schema_drift(one: Incident) -> bool | str:
    """True, False or `maybe`, as `explain` says it."""
    said = one.diagnosis.cause.schema_drift
    return "maybe" if said == "maybe" and not one.schema_drift else one.schema_drift or said == "yes"


def _change(change: SchemaChange | None) -> Document:
    if change is None:
        return {"ddl": None, "ddl_position": None, "ddl_at": None, "ddl_by": None, "ddl_by_unknown": None}
    return {
        "ddl": change.told,
        "ddl_position": str(change.position),
        "ddl_at": stamp(change.at),
        "ddl_by": _author(change.author),
        "ddl_by_unknown": _why_unknown(change.author),
    }


def _author(author: Author | None) -> Document | None:
    """`user` is null where several may have been it: they are the `candidates`."""
    if author is None or not author.is_told:
        return None
    return {
        "user": author.user or None,
        "host": author.host or None,
        "program": author.program or None,
        "at": stamp(author.at),
        "how": author.how,
        "certain": author.is_certain,
        "candidates": list(author.candidates),
    }


def _why_unknown(author: Author | None) -> str | None:
    return author.how if author and not author.is_told else None


def _treatment(one: Incident) -> Document:
    return {
        "verdict": one.verdict.value,
        "reason": one.reason,
        "remedy": one.diagnosis.remedy or None,
        "remedied": one.diagnosis.remedied,
        "probes": [_proof(proof) for proof in one.diagnosis.proofs],
        "way_out": one.diagnosis.way_out or None,
        "other_ways_out": list(one.diagnosis.other_ways),
        "stuck": [_stuck(partition, *span) for partition, span in sorted(one.diagnosis.stuck.items())],
        "opened_at": stamp(one.opened_at),
        "failed_at": stamp(one.failed_at),
        "resolved_at": stamp(one.resolved_at),
        "resolution": one.resolution.value if one.resolution else None,
        "attempts": [_attempt(attempt) for attempt in one.attempts],
        "attempts_counted": len(one.counted),
        "merged_into": one.merged_into,
        "reopened": one.reopened,
        "recovered_at": stamp(one.recovered_at),
        "muted": one.muted or None,
        "silenced_until": stamp(one.silenced_until),
    }


def _proof(proof: Proof) -> Document:
    """`holds` is null where it cannot tell; `asked_at` null where nothing could be read."""
    return {"probe": proof.kind.value, "holds": proof.holds, "said": proof.said, "asked_at": stamp(proof.at)}


def _stuck(topic_partition: str, first: int, last: int) -> Document:
    topic, partition = split_partition(topic_partition)
    return {"topic": topic, "partition": partition, "first_offset": first, "last_offset": last}


def _attempt(attempt: Attempt) -> Document:
    return {
        "number": attempt.number,
        "intent_at": stamp(attempt.intent_at),
        "by": attempt.by,
        "result": attempt.result.value,
        "answered_at": stamp(attempt.answered_at),
        "detail": attempt.detail,
        "helped": attempt.helped,
    }


def _entry(entry: TimelineEntry) -> Document:
    return {"at": stamp(entry.at), "kind": entry.kind, "text": entry.text, "data": dict(entry.data)}
