"""What a person asked for → a request in the journal, which the running loop carries out; with none running, a loop of
our own that does only that."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from watchdog.adapters.sqlite import open_journal
from watchdog.app.preview import key_of
from watchdog.assembly import assembled, clock
from watchdog.codec import from_document, to_document
from watchdog.loop import Loop
from watchdog.model import Request, Workflow
from watchdog.model.workflows import KINDS
from watchdog.ports import Journal
from watchdog.settings import Settings
from watchdog.settings.in_force import policy_of

NOTHING: Mapping[str, Any] = {}
ANSWER_SECONDS_MAX = 60.0
"""How long a request waits for its answer."""


def ask(
    settings: Settings,
    verb: str,
    connector: str,
    cluster: str | None,
    arguments: Mapping[str, Any] = NOTHING,
    say: Callable[[str], None] = lambda line: None,
) -> Request:
    """Have the running loop do it; with no loop running, do it ourselves through the same journal and guards.

    What takes several steps is waited for to its end, whatever it takes; `say` is told each step.
    """
    key = key_of(settings, connector, cluster)
    request = Request(id=uuid.uuid4().hex[:12], verb=verb, key=key, at=clock(), arguments=arguments)
    journal = open_journal(settings.journal, clock=clock)
    if begun := _begun(journal, request):
        # What a crash left half done is gone on with; it was asked for then.
        request = replace(request, id=begun.request_id, state="sent")
    else:
        journal.state.put({f"request/{request.id}": to_document(request)})
    if not journal.acquire():
        return _await(journal, request, _Said(say))
    # Only what was asked for: everything else is left to a real run.
    observing = policy_of(settings, dry_run=True)
    with assembled(settings, dry_run=True, policy=observing, journal=journal) as loop:
        deadline, said = time.monotonic() + ANSWER_SECONDS_MAX, _Said(say)

        def over() -> bool:
            workflow = loop.workflow_for(request.id)
            said.hear(workflow)
            return _answered(loop, request) or (time.monotonic() > deadline and workflow is None)

        loop.run(over, lambda report: None)
        said.hear(loop.workflow_for(request.id))
        return loop.request(request.id) or request


def _begun(journal: Journal, request: Request) -> Workflow | None:
    """The same on the same connector, begun before and not ended."""
    found = [each for each in _workflows(journal) if each.open and (each.kind, each.key) == (request.verb, request.key)]
    return found[0] if found else None


def _answered(loop: Loop, request: Request) -> bool:
    current = loop.request(request.id)
    return current is not None and current.state not in ("waiting", "sent")


@dataclass
class _Said:
    """Each thing that the steps of a workflow tell, once."""

    say: Callable[[str], None]
    last: str = ""

    def hear(self, workflow: Workflow | None) -> None:
        if workflow is None:
            return
        line = f"{workflow.step}: {workflow.detail}" if workflow.detail else workflow.step
        if line != self.last and workflow.open:
            self.say(line)
        self.last = line


def _await(journal: Journal, request: Request, said: _Said) -> Request:
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    try:
        while True:
            documents = journal.state.load(f"request/{request.id}")
            current = from_document(Request, next(iter(documents.values()), {})) if documents else request
            workflow = _workflow_for(journal, request)
            said.hear(workflow)
            over = time.monotonic() > deadline and workflow is None
            if current.state not in ("waiting", "sent") or over:
                return current
            time.sleep(0.1)
    finally:
        journal.close()


def _workflow_for(journal: Journal, request: Request) -> Workflow | None:
    if request.verb not in KINDS:
        return None
    return next((workflow for workflow in _workflows(journal) if workflow.request_id == request.id), None)


def _workflows(journal: Journal) -> list[Workflow]:
    return [from_document(Workflow, document, key) for key, document in journal.state.load("workflow/").items()]
