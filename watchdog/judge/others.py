"""Others act too: what somebody else does to a failing connector is told in its incident's timeline, and a restart of
ours waits until it is known what came of it. Nothing is ever undone that somebody else did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watchdog.bystanders import Act, Deed, Glimpse, acts, generations
from watchdog.detect.unassigned import unassigned_parts
from watchdog.judge.ledger import Ledger
from watchdog.model import CallResult, ConnectorKey, Incident, PushedStatus

OURS_SECONDS = 10.0
"""What happens so soon after a call of ours may be its effect."""
UNANSWERED_SECONDS = 120.0
"""A call without an answer may be carried out that late: a worker gives up a restart after 90 s."""
_ALL = frozenset(Deed)
_OF_VERBS = {"restart": Deed.RESTARTED, "pause": Deed.PAUSED, "resume": Deed.RESUMED, "stop": Deed.STOPPED}
_SENT = ("sent", "accepted", "unknown")
# Each of these restarts the connector, so that the next moments tell whether it helped.
_TRIES = frozenset({Deed.RESTARTED, Deed.RESUMED, Deed.EDITED, Deed.MOVED})


def notice_others(ledger: Ledger, pushed: Sequence[PushedStatus]) -> None:
    """Before the states are judged: what the incidents that are open by now have to tell of others."""
    told = _by_connector(pushed)
    for incident in _open(ledger):
        before = ledger.memory.glimpses.get(incident.key)
        if before is not None:
            found = acts(
                before, _glimpse(ledger, incident.key), told.get(incident.key, ()), ledger.now, _ours(ledger, incident)
            )
            _tell(ledger, incident, tuple(found))


def remember_looks(ledger: Ledger, pushed: Sequence[PushedStatus]) -> None:
    """After it: how those that are open from now on look, to be compared with next time."""
    told, known = _by_connector(pushed), ledger.memory.glimpses
    glimpses = {}
    for key in {incident.key: None for incident in _open(ledger)}:
        before = known[key].generations if key in known else {}
        glimpses[key] = replace(_glimpse(ledger, key), generations=generations(before, told.get(key, ())))
    ledger.memory = replace(ledger.memory, glimpses=glimpses)


def why_held(ledger: Ledger, incident: Incident) -> str:
    """What keeps a restart back that would help; empty when nothing does."""
    config, status = ledger.seen.config(incident.key), ledger.seen.status(incident.key)
    if config is not None and config.suspicious:
        return f"not restarted by itself, because its configuration may be an attack: {config.suspicious[0]}"
    if status is not None and (parts := unassigned_parts(status)):
        return (
            f"{', '.join(parts[:5])} UNASSIGNED: a worker was lost, or a rebalance is going on; a restart cannot help "
            "before a worker has it"
        )
    at = incident.touched_at
    if at is not None and timedelta(0) <= ledger.now - at < timedelta(seconds=ledger.policy.settle_seconds):
        return f"{incident.touched}; looking whether that helped"
    return ""


def _tell(ledger: Ledger, incident: Incident, found: Sequence[Act]) -> None:
    for act in found:
        ledger.note(incident.id, "note", act.text)
    tries = [act for act in found if act.deed in _TRIES]
    if tries:
        ledger.keep(replace(incident, touched_at=ledger.now, touched=tries[-1].text))


def _ours(ledger: Ledger, incident: Incident) -> frozenset[Deed]:
    """What may be of our own making at the moment."""
    if _working_on(ledger, incident.key):
        return _ALL
    return frozenset(deed for deed, until in _calls(ledger, incident) if ledger.now <= until)


def _working_on(ledger: Ledger, key: ConnectorKey) -> bool:
    """A workflow's steps stop, start and configure the connector."""
    lately = ledger.now - timedelta(seconds=OURS_SECONDS)
    each = ledger.memory.workflows.values()
    return any(one.key == key and (one.ended_at is None or one.ended_at > lately) for one in each)


def _calls(ledger: Ledger, incident: Incident) -> Iterator[tuple[Deed, datetime]]:
    """Each kind of call of ours, and until when an effect of it may show."""
    for attempt in incident.attempts[-1:]:
        open_ended = attempt.result in (CallResult.PENDING, CallResult.UNKNOWN)
        yield Deed.RESTARTED, _later(attempt.answered_at or attempt.intent_at, open_ended)
    if incident.not_before is not None:
        # A 409 is no attempt, and mostly no restart.
        yield Deed.RESTARTED, incident.not_before
    if incident.resume_sent_at is not None:
        yield Deed.RESUMED, _later(incident.resume_sent_at, True)
    for request in ledger.memory.requests.values():
        if request.key == incident.key and request.verb in _OF_VERBS and request.state in _SENT:
            yield _OF_VERBS[request.verb], _later(request.at, request.state != "accepted")


def _later(at: datetime, open_ended: bool) -> datetime:
    return at + timedelta(seconds=UNANSWERED_SECONDS if open_ended else OURS_SECONDS)


def _glimpse(ledger: Ledger, key: ConnectorKey) -> Glimpse:
    return Glimpse(ledger.seen.status(key), ledger.seen.config(key))


def _open(ledger: Ledger) -> list[Incident]:
    return [each for each in ledger.memory.incidents.values() if each.open and each.code.is_failure]


def _by_connector(pushed: Iterable[PushedStatus]) -> Mapping[ConnectorKey, Sequence[PushedStatus]]:
    found: dict[ConnectorKey, list[PushedStatus]] = {}
    for each in pushed:
        found.setdefault(ConnectorKey(each.cluster, each.connector), []).append(each)
    return found
