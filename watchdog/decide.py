"""PURE: an open incident + what is seen around it + policy + now → a `Decision`, always with its reason.

A column of gates: the first that has something to say decides. Not acting is a decision too. The order is meaning:
first whether there is something to do at all, then whether acting could help, then whether it may be done, and now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchdog.model import (
    Action,
    Advice,
    ClusterView,
    ConnectorStatus,
    Decision,
    Diagnosis,
    Incident,
    Phase,
    Probe,
    ProbeKind,
    State,
    Verdict,
)
from watchdog.permit import may_not, not_now
from watchdog.policy import Policy
from watchdog.remedy_table import Untold, remedy_of
from watchdog.verify import verify

APPROVED_SECONDS_MAX = 3600.0
"""An approval that nothing came of is none any more."""
RESUMING_SECONDS_MAX = 60.0

Judged = tuple[Verdict, str]


@dataclass(frozen=True, slots=True)
class Situation:
    """What an incident is judged in."""

    status: ConnectorStatus | None
    cluster: ClusterView
    probe: Probe | None
    config_fingerprint: str
    cannot_act: str = ""
    """Empty, or why nothing may be done now (tilt, no journal, …)."""
    under_way: str = ""
    """The workflow that is at work on the connector, in words."""
    held: str = ""
    """Why nobody should restart it now, whatever the policy says: somebody else did, no worker has it, …"""
    queued: Judged | None = None
    """Why it is not its turn among all those that fail in its Connect cluster."""
    others_well: bool = False
    """Another connector that failed of the same cause recovered since this one was tried in vain."""


def decide(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> Decision:
    """The verdict on one open incident. `Decision.action` is set only for RESTART and RESUME."""
    verdict, reason = _judge(incident, situation, policy, now)
    acts = verdict in (Verdict.RESTART, Verdict.RESUME)
    action = Action(verdict.value, incident.key, incident.id) if acts else None
    return Decision(incident.id, verdict, reason, action)


def exhausted(incident: Incident, policy: Policy) -> bool:
    return len(incident.counted) >= policy.terms(incident.key).attempts_max


def _judge(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> Judged:
    status = situation.status
    if status is None:
        return Verdict.WAIT, "the connector is not in Connect's list"
    # Its steps stop and start the connector: whatever its state is now is of our own making.
    if situation.under_way:
        return Verdict.WAIT, situation.under_way
    # It is open only for the sake of those that are part of it, whatever becomes of it meanwhile.
    if incident.recovered_at and not status.failed:
        return Verdict.RECOVERED, f"{status.name} recovered at {incident.recovered_at:%H:%M:%S} UTC"
    if status.state in (State.PAUSED, State.STOPPED):
        return _stopped(incident, status, situation, policy, now)
    if incident.phase is Phase.RESTARTING:
        return Verdict.WAIT, "a restart was sent and has not been answered yet"
    if incident.phase is Phase.VERIFYING:
        return verify(incident, status, situation.probe, policy, now)
    # Given up stays given up, also when its remedy comes and goes meanwhile: whoever was called is not called again.
    if exhausted(incident, policy):
        return Verdict.EXHAUSTED, _gave_up(incident)
    if situation.queued and situation.queued[0] is Verdict.EXHAUSTED:
        return situation.queued
    verdict, reason = _remedy(incident, situation, policy, now)
    if verdict is not Verdict.RESTART:
        return verdict, reason
    # From here on a restart would help: what is left are reasons not to send it, or not now.
    return _hindrance(incident, situation, policy, now) or (verdict, reason)


def _stopped(
    incident: Incident, status: ConnectorStatus, situation: Situation, policy: Policy, now: datetime
) -> Judged:
    # A person's decision stands, whatever failed before it, unless the policy ends it for this connector by its name.
    if not policy.terms(incident.key).resume:
        return Verdict.LEAVE_ALONE, (
            f"{status.state} by a person, so it is left alone; `watchdog resume {status.name}` starts it again"
        )
    if incident.resume_sent_at and (now - incident.resume_sent_at).total_seconds() < RESUMING_SECONDS_MAX:
        return Verdict.WAIT, "it was resumed, and is not RUNNING yet"
    # Whoever paused it again meant it.
    if incident.resume_sent_at:
        return Verdict.LEAVE_ALONE, f"{status.state}, though it was resumed once: it is left alone"
    verdict, reason = _remedy(incident, situation, policy, now)
    if verdict is not Verdict.RESTART:
        return verdict, f"{status.state}; {reason}"
    resumed = Verdict.RESUME, f"{status.state}, and the policy says to resume it; {reason}"
    return _hindrance(incident, situation, policy, now) or resumed


def _hindrance(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> Judged | None:
    terms = policy.terms(incident.key)
    return (
        (situation.held and (Verdict.HOLD, situation.held))
        or may_not(incident, terms, now)
        or (situation.cannot_act and (Verdict.HOLD, situation.cannot_act))
        or _unreachable(situation, policy, now)
        or not_now(incident, terms, now, approved=_approved(incident, now))
        or situation.queued
    ) or None


def _unreachable(situation: Situation, policy: Policy, now: datetime) -> Judged | None:
    if situation.status and not situation.status.addressable:
        return Verdict.HOLD, "Connect's REST API cannot address a connector of this name; recreate it under another"
    # A worker that answers 200 with stale states cannot carry a restart out either.
    if situation.cluster.healthy is False:
        return Verdict.HOLD, f"the Connect worker says that it is not healthy: {situation.cluster.health_message}"
    if situation.cluster.error:
        return Verdict.HOLD, f"the Connect cluster cannot be seen: {situation.cluster.error}"
    polled_at = situation.cluster.polled_at
    if polled_at is None or (now - polled_at).total_seconds() > policy.stale_after_seconds:
        return Verdict.HOLD, "the Connect cluster was not seen lately"
    return None


def _remedy(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> Judged:
    """Would a restart help? By the row of the table of remedies that the cause fits."""
    diagnosis = incident.diagnosis
    remedy = remedy_of(diagnosis.cause, situation.status.type if situation.status else "")
    # The remedy was observed to hold: this is what all the waiting was for.
    if diagnosis.remedied:
        return Verdict.RESTART, f"observed: {diagnosis.remedy}{_proven(diagnosis, now)}"
    # The cause is still there: a restart would fail on the same record, or at the same door.
    if diagnosis.remedied is False:
        return Verdict.HOLD, _hold(incident)
    # Nothing tells whether it is remedied: a person may know.
    if _approved(incident, now):
        return Verdict.RESTART, "a person approved one try"
    # A new configuration may be the remedy: worth one try.
    if _reconfigured(incident, situation):
        return Verdict.RESTART, "the connector's configuration changed since it failed"
    if diagnosis.renewed:
        return Verdict.RESTART, f"one try, though nothing tells whether it helps: {diagnosis.renewed}"
    if not remedy.may_be_tried(diagnosis.cause.restart):
        return Verdict.HOLD, f"{_hold(incident)}{_one_try(incident)}"
    # What may be asked is asked before anything is sent.
    if remedy.asks(ProbeKind.CAN_CONNECT) and (situation.probe is None or situation.probe.at < incident.failed_at):
        return Verdict.HOLD, "asking whether the connector could connect now"
    due_at = incident.failed_at + timedelta(seconds=policy.transient_delay_seconds)
    if now < due_at:
        return Verdict.BACK_OFF, f"this may pass by itself: one try at {due_at:%H:%M:%S} UTC"
    once = diagnosis.cause.restart is Advice.ONCE and incident.useless_restarts
    if once and remedy.untold is not Untold.TRY_ON and not situation.others_well:
        return Verdict.HOLD, f"one restart was tried and did not help. {diagnosis.cause.fix}{_one_try(incident)}"
    return Verdict.RESTART, "a failure of this kind is mostly transient"


def _proven(diagnosis: Diagnosis, now: datetime) -> str:
    """What the probes said, and how long ago it was read."""
    said = [
        f"asked {max(0.0, (now - proof.at).total_seconds()):.0f} s ago: {proof.said}"
        for proof in diagnosis.proofs
        if proof.holds and proof.at
    ]
    return f" ({'; '.join(said)})" if said else ""


def _hold(incident: Incident) -> str:
    diagnosis = incident.diagnosis
    waiting = f"waiting until {diagnosis.remedy}" if diagnosis.remedy else "a restart would not help"
    way_out = f". Way out: {diagnosis.way_out}" if diagnosis.way_out else ""
    revert = next((line for line in diagnosis.evidence if "does not help" in line), "")
    said = "; ".join(filter(None, (waiting, *_in_the_way(diagnosis), revert)))
    return f"{said}{way_out}"


def _in_the_way(diagnosis: Diagnosis) -> Iterator[str]:
    """What the probes say against it. That of the records is told by the columns that are in the remedy's words."""
    for proof in diagnosis.proofs:
        fits = proof.kind is ProbeKind.TARGET_FITS
        if (fits and proof.holds is None and proof.at) or (not fits and proof.holds is False):
            yield proof.said


def _one_try(incident: Incident) -> str:
    return f" (whether it holds cannot be told from here: `watchdog approve {incident.id}` gives it one try)"


def _gave_up(incident: Incident) -> str:
    return (
        f"{len(incident.counted)} restarts did not help, no more are sent; `watchdog approve {incident.id}` lets it "
        f"begin again, `watchdog restart {incident.key.connector}` sends one"
    )


def _approved(incident: Incident, now: datetime) -> bool:
    at = incident.approved_at
    return at is not None and (now - at).total_seconds() <= APPROVED_SECONDS_MAX


def _reconfigured(incident: Incident, situation: Situation) -> bool:
    known = incident.config_fingerprint and situation.config_fingerprint
    return bool(known) and incident.config_fingerprint != situation.config_fingerprint
