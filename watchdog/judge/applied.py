"""What a person has run at a target through `watchdog apply` → the timeline: the intent before it, the result after it.

The loop runs nothing: it says that the intent is stored, and only then the statement is sent.
"""

from __future__ import annotations

from dataclasses import replace

from watchdog.judge.ledger import Ledger
from watchdog.model import Incident, Request

VERBS = ("apply", "applied")


def note_statement(ledger: Ledger, request: Request, incident: Incident) -> None:
    told = {name: str(request.arguments.get(name, "")) for name in ("statement", "account", "result")}
    place = f"at {told['account']}"
    if request.verb == "apply":
        kind, text = "intent", f"a person runs {place}: {told['statement']}"
    else:
        kind, text = "answer", f"{place}: {told['result']}: {told['statement']}"
    ledger.note_data(incident.id, kind, text, told, incident.key)
    ledger.memory = ledger.memory.with_request(replace(request, state="accepted"))
