"""What came in → what is remembered: schema changes into the history, answers into their incidents and requests."""

from __future__ import annotations

from dataclasses import replace

from watchdog import lifecycle
from watchdog.history import Arrival, absorb
from watchdog.judge.ledger import Ledger
from watchdog.model import Outcome, TableId, Tailed


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
    if tailed.unreadable:
        ledger.count("schema_changes_total", cluster, "unreadable", by=len(tailed.unreadable))
    ledger.memory = replace(ledger.memory, history=history)


def hear(ledger: Ledger, outcome: Outcome) -> None:
    """The answer to a call."""
    action = outcome.action
    detail = f" ({outcome.detail})" if outcome.detail else ""
    ledger.note(action.incident_id, "answer", f"{action.verb}: {outcome.result.value}{detail}")
    if action.verb == "restart":
        ledger.count("restarts_total", *action.key, outcome.result.value)
        if incident := ledger.memory.incidents.get(action.incident_id):
            ledger.keep(lifecycle.answered(incident, outcome))
    if request := ledger.memory.requests.get(action.request_id):
        ledger.memory = ledger.memory.with_request(lifecycle.heard(request, outcome))
