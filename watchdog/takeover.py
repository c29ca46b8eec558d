"""PURE: what an earlier life, or another process, left in the journal + what we know ourselves → what is remembered by
who becomes its writer, or only observes; and the calls that nobody was told the answer of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from watchdog.history import SchemaHistory
from watchdog.memory import Memory
from watchdog.model import Action, CallResult, Counters, Incident, Outcome, Phase
from watchdog.model.workflows import KINDS


def taken_over(stored: Memory, own: Memory, was_writer: bool) -> Memory:
    """What is remembered by who becomes the writer. What was learnt of the tables belongs to the positions up to which
    this process read, not to the other's; what it did not come to read is the other's.

    Who was the writer before, and lost the file, may find an older copy in its place: nothing is counted less, and no
    restart is forgotten.
    """
    history = _together(stored.history, own.history)
    if not was_writer:
        return replace(stored, history=history)
    counts = {**own.counters.values, **stored.counters.values}
    largest = {name: max(count, own.counters.values.get(name, 0.0)) for name, count in counts.items()}
    newer = {i.id: i for i in own.incidents.values() if _knows_more(i, stored.incidents.get(i.id))}
    return replace(
        stored,
        history=history,
        counters=Counters(largest),
        incidents={**stored.incidents, **newer},
        workflows={**stored.workflows, **own.workflows},
    )


def _knows_more(own: Incident, stored: Incident | None) -> bool:
    return stored is None or len(own.attempts) >= len(stored.attempts)


def _together(stored: SchemaHistory, own: SchemaHistory) -> SchemaHistory:
    helpers = stored.helpers
    if stored.helpers and own.helpers:
        helpers = _together(stored.helpers, own.helpers)
    return SchemaHistory({**stored.tables, **own.tables}, {**stored.changes, **own.changes}, helpers or own.helpers)


def overheard(stored: Memory, own: Memory) -> Memory:
    """What is remembered by who only observes: what the writer was asked for and does is not somebody else's doing."""
    theirs = {
        i.id: _with_calls_of(stored.incidents[i.id], i) for i in own.incidents.values() if i.id in stored.incidents
    }
    return replace(
        own,
        requests=stored.requests,
        workflows=stored.workflows,
        incidents={**own.incidents, **theirs},
    )


def _with_calls_of(stored: Incident, own: Incident) -> Incident:
    return replace(own, attempts=stored.attempts, not_before=stored.not_before, resume_sent_at=stored.resume_sent_at)


def unanswered(memory: Memory, now: datetime) -> tuple[Outcome, ...]:
    """For each call that a life of ours intended and that it had no answer to when it ended: it may have been made."""
    restarting = {i.key: i.id for i in memory.incidents.values() if i.phase is Phase.RESTARTING}
    asked_for = [
        Action("restart", r.key, restarting.pop(r.key, ""), r.id)
        if r.verb in ("restart", "approve")
        else Action(r.verb, r.key, "", r.id)
        for r in memory.requests.values()
        if r.state == "sent" and r.verb not in KINDS
    ]
    calls = [*asked_for, *(Action("restart", key, incident_id) for key, incident_id in restarting.items())]
    return tuple(Outcome(call, CallResult.UNKNOWN, now, "the watchdog ended before the answer") for call in calls)
