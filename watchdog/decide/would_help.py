"""PURE: an open incident + what is seen around it → whether a restart would help, always with the reason.

By the row of the table of remedies that its cause fits. The order is meaning: what was observed goes before what a
person says, that before what changed, and that before what may pass by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchdog.model import Advice, ClusterView, ConnectorStatus, Diagnosis, Incident, Probe, ProbeKind, Verdict
from watchdog.policy import Policy
from watchdog.remedies.table import Untold, remedy_of

APPROVED_SECONDS_MAX = 3600.0
"""An approval that nothing came of is none any more."""

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


def would_help(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> Judged:
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
    if approved(incident, now):
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


def approved(incident: Incident, now: datetime) -> bool:
    at = incident.approved_at
    return at is not None and (now - at).total_seconds() <= APPROVED_SECONDS_MAX


def _reconfigured(incident: Incident, situation: Situation) -> bool:
    known = incident.config_fingerprint and situation.config_fingerprint
    return bool(known) and incident.config_fingerprint != situation.config_fingerprint
