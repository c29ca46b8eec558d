"""What came in → what is remembered: schema changes and looks at the targets into their histories, answers into their
incidents and requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from watchdog import lifecycle
from watchdog.authors import Question, incidents_with_author, is_worth_asking, told_of, with_author
from watchdog.history import Arrival, SchemaHistory, absorb
from watchdog.judge.ledger import Ledger
from watchdog.model import Authorship, Origin, Outcome, SchemaRecord, TableId, Tailed
from watchdog.target_history import looked


def learn(ledger: Ledger, cluster: str, tailed: Tailed) -> None:
    """Each record is counted by what it turned out to be; a twin (told by the other topic too) is not news."""

    def captures(prefix: str, table: TableId) -> bool:
        source = ledger.topology.source_of_prefix(prefix)
        return source is None or source.captures(table)

    history = ledger.memory.history
    for record in tailed.records:
        history, arrival = absorb(history, record, captures)
        if arrival is not Arrival.TWIN:
            ledger.count("schema_changes_total", cluster, arrival.value)
        if arrival is Arrival.NEW or (arrival is Arrival.TWIN and record.origin is Origin.TOPIC):
            _ask_who(ledger, history, record)
    if tailed.unreadable:
        ledger.count("schema_changes_total", cluster, "unreadable", by=len(tailed.unreadable))
    ledger.memory = replace(ledger.memory, history=history)


def _ask_who(ledger: Ledger, history: SchemaHistory, record: SchemaRecord) -> None:
    source, change = ledger.topology.source_of_prefix(record.prefix), told_of(history, record)
    if source and change and is_worth_asking(change, ledger.now):
        ledger.questions.append(Question(source.address, change))


def name_author(ledger: Ledger, told: Authorship) -> None:
    """The answer goes to the change, and to the incidents that blame it."""
    ledger.memory = replace(ledger.memory, history=with_author(ledger.memory.history, told))
    for incident in incidents_with_author(ledger.memory.incidents, told).values():
        ledger.note(incident.id, "note", f"who ran the statement: {told.author}")
        ledger.keep(incident)


def look(ledger: Ledger) -> None:
    """How the sinks' targets are now, with the latest statement that was known of each by then."""
    targets = ledger.memory.targets
    for address, columns in ledger.seen.databases.items():
        if targets.looks.get(address) != columns.at:
            targets = looked(targets, columns, _written_to(ledger, address))
    ledger.memory = replace(ledger.memory, targets=targets)


def _written_to(ledger: Ledger, address: str) -> Iterator[tuple[TableId, str]]:
    for route in ledger.topology.routes:
        if route.target is not None and route.target_address == address:
            known = ledger.memory.history.of(route.prefix, route.table) if route.table else ()
            yield route.target, known[-1].id if known else ""


def hear(ledger: Ledger, outcome: Outcome) -> None:
    """The answer to a call."""
    action = outcome.action
    detail = f" ({outcome.detail})" if outcome.detail else ""
    data: dict[str, str | None] = {"verb": action.verb, "result": outcome.result.value, "detail": outcome.detail}
    data |= {"answered_at": outcome.at.isoformat(), "request": action.request_id or None}
    ledger.note_data(action.incident_id, "answer", f"{action.verb}: {outcome.result.value}{detail}", data, action.key)
    if action.verb == "restart":
        ledger.count("restarts_total", *action.key, outcome.result.value)
        if incident := ledger.memory.incidents.get(action.incident_id):
            ledger.keep(lifecycle.answered(incident, outcome))
    if request := ledger.memory.requests.get(action.request_id):
        ledger.memory = ledger.memory.with_request(lifecycle.heard(request, outcome))
