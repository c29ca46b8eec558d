"""`Memory` and read positions ↔ the journal's documents. Only what changed since the last write is written.

incident/<id>   request/<id>   workflow/<id>   counters   position/<cluster>/<topic-partition>
table/<prefix>/<database>.<table>   helper/<prefix>/<database>.<table>   target/<host:port>/<database>.<table>
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from watchdog.codec import from_document, to_document
from watchdog.errors import JournalError
from watchdog.history import SchemaHistory, TableKey
from watchdog.memory import Memory
from watchdog.model import (
    Circuit,
    Counters,
    Incident,
    Request,
    SchemaChange,
    TableId,
    TableSchema,
    TopicPartition,
    Verdict,
    Workflow,
)
from watchdog.ports import Journal
from watchdog.target_history import SeenTarget, TargetHistory

_COUNTED = re.compile(r" for \d+ s\b")

Documents = Mapping[str, Mapping[str, Any]]
Positions = Mapping[str, Mapping[TopicPartition, int]]
"""By Connect cluster: the next offset to read of each partition of its schema topics."""


@dataclass(frozen=True, slots=True)
class _TableDocument:
    prefix: str
    table: TableId
    schema: TableSchema | None
    changes: tuple[SchemaChange, ...] = ()


@dataclass(frozen=True, slots=True)
class _TargetDocument:
    address: str
    table: TableId
    seen: SeenTarget


@dataclass(frozen=True, slots=True)
class _Offset:
    next: int


def remembered(documents: Documents) -> tuple[Memory, Positions]:
    """What an earlier life left. Raises `JournalError` naming the document that cannot be read."""
    positions: dict[str, dict[TopicPartition, int]] = {}
    for key, document in _kind(documents, "position/"):
        cluster, _, partition = key.removeprefix("position/").partition("/")
        positions.setdefault(cluster, {})[partition] = from_document(_Offset, document, key).next
    incidents = [_without_fingerprint(from_document(Incident, d, key)) for key, d in _kind(documents, "incident/")]
    requests = [from_document(Request, d, key) for key, d in _kind(documents, "request/")]
    memory = Memory(
        incidents={incident.id: incident for incident in incidents},
        history=_without_former(_history(documents, "table/"), _history(documents, "helper/")),
        counters=from_document(Counters, documents.get("counters", {}), "counters"),
        requests={request.id: request for request in requests},
        targets=_targets(documents),
        workflows={each.id: each for each in _workflows(documents)},
        circuits={each.cluster: each for each in _circuits(documents)},
    )
    return memory, positions


def _circuits(documents: Documents) -> list[Circuit]:
    return [from_document(Circuit, document, key) for key, document in _kind(documents, "circuit/")]


def _workflows(documents: Documents) -> list[Workflow]:
    # A step that was being taken when the process ended is taken again.
    read = [from_document(Workflow, document, key) for key, document in _kind(documents, "workflow/")]
    return [replace(workflow, taking=False) for workflow in read]


def recalled(journal: Journal) -> tuple[Memory, Positions, str]:
    """What the journal holds; nothing, and why, when it cannot be read."""
    try:
        return (*remembered(journal.state.load()), "")
    except JournalError as error:
        return Memory(), {}, str(error)


def _history(documents: Documents, kind: str) -> SchemaHistory:
    tables: dict[TableKey, TableSchema | None] = {}
    changes: dict[TableKey, tuple[SchemaChange, ...]] = {}
    for key, document in _kind(documents, kind):
        read = from_document(_TableDocument, document, key)
        tables[read.prefix, TableId(*read.table)] = read.schema
        changes[read.prefix, TableId(*read.table)] = read.changes
    return SchemaHistory(tables, changes)


def _targets(documents: Documents) -> TargetHistory:
    read = [from_document(_TargetDocument, document, key) for key, document in _kind(documents, "target/")]
    return TargetHistory({(target.address, TableId(*target.table)): target.seen for target in read})


def _without_former(history: SchemaHistory, helpers: SchemaHistory) -> SchemaHistory:
    """A helper that was first taken for a table like any other has a document of both kinds."""
    former = {key for key in helpers.tables if key in history.tables and history.is_helper(*key)}
    tables = {key: schema for key, schema in history.tables.items() if key not in former}
    changes = {key: made for key, made in history.changes.items() if key not in former}
    return SchemaHistory(tables, changes, helpers if helpers.tables else None)


def _kind(documents: Documents, prefix: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [(key, document) for key, document in documents.items() if key.startswith(prefix)]


def _without_fingerprint(incident: Incident) -> Incident:
    # It means something only within the process that made it.
    return replace(incident, config_fingerprint="")


def outdated(documents: Documents, incidents_before: datetime, requests_before: datetime) -> list[str]:
    """Keys of incidents resolved, workflows ended, and requests made, before those moments."""
    incidents = [(key, from_document(Incident, d, key)) for key, d in _kind(documents, "incident/")]
    requests = [(key, from_document(Request, d, key)) for key, d in _kind(documents, "request/")]
    old = [key for key, incident in incidents if incident.resolved_at and incident.resolved_at < incidents_before]
    old += [f"workflow/{w.id}" for w in _workflows(documents) if w.ended_at and w.ended_at < incidents_before]
    return old + [key for key, request in requests if request.at < requests_before]


@dataclass(slots=True)
class Notebook:
    """What is in the journal already, so that the next write holds only the differences."""

    _written: dict[str, object] = field(default_factory=dict)

    def differences(self, memory: Memory, positions: Positions) -> dict[str, object]:
        """Documents that have to be written, as nouns by key."""
        return {
            key: noun
            for key, noun in _nouns(memory, positions).items()
            if self._written.get(key) is not noun and self._written.get(key) != noun
        }

    def written(self, nouns: Mapping[str, object]) -> None:
        self._written.update(nouns)


def documents_of(nouns: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    return {key: to_document(noun) for key, noun in nouns.items()}


def _nouns(memory: Memory, positions: Positions) -> dict[str, object]:
    history = memory.history
    nouns: dict[str, object] = {"counters": memory.counters}
    nouns |= {f"incident/{incident.id}": _steady(incident) for incident in memory.incidents.values()}
    nouns |= {f"request/{request.id}": request for request in memory.requests.values()}
    nouns |= {f"circuit/{circuit.cluster}": circuit for circuit in memory.circuits.values()}
    nouns |= {f"workflow/{workflow.id}": workflow for workflow in memory.workflows.values()}
    nouns |= _tables(history, "table/") | _tables(history.helpers or SchemaHistory(), "helper/")
    for (address, table), seen in memory.targets.tables.items():
        nouns[f"target/{address}/{table}"] = _TargetDocument(address, table, seen)
    for cluster, offsets in positions.items():
        nouns |= {f"position/{cluster}/{partition}": _Offset(offset) for partition, offset in offsets.items()}
    return nouns


def _tables(history: SchemaHistory, kind: str) -> dict[str, object]:
    return {
        f"{kind}{prefix}/{table}": _TableDocument(prefix, table, schema, history.changes.get((prefix, table), ()))
        for (prefix, table), schema in history.tables.items()
    }


def _steady(incident: Incident) -> Incident:
    # A verification's reason counts seconds: not worth a write each second.
    if incident.verdict is not Verdict.VERIFY:
        return incident
    return replace(incident, reason=_COUNTED.sub("", incident.reason))
