"""PURE: an open incident + what is seen around it + policy + now → a `Decision`, always with its reason.

A column of gates: the first that has something to say decides. Not acting is a decision too. The order is meaning:
first whether there is something to do at all, then whether acting could help, then whether it may be done, and now.
"""

from __future__ import annotations

from datetime import datetime

from watchdog.decide.permit import may_not, not_now
from watchdog.decide.would_help import Judged, Situation, approved, would_help
from watchdog.model import (
    Action,
    ConnectorStatus,
    Decision,
    Incident,
    Phase,
    State,
    Verdict,
)
from watchdog.policy import Policy
from watchdog.verify import verify

RESUMING_SECONDS_MAX = 60.0


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
        return verify(incident, status, situation.probe, policy, situation.cluster.polled_at)
    # Given up stays given up, also when its remedy comes and goes meanwhile: whoever was called is not called again.
    if exhausted(incident, policy):
        return Verdict.EXHAUSTED, _gave_up(incident)
    if situation.queued and situation.queued[0] is Verdict.EXHAUSTED:
        return situation.queued
    verdict, reason = would_help(incident, situation, policy, now)
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
    verdict, reason = would_help(incident, situation, policy, now)
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
        or not_now(incident, terms, now, approved=approved(incident, now))
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


def _gave_up(incident: Incident) -> str:
    return (
        f"{len(incident.counted)} restarts did not help, no more are sent; `watchdog approve {incident.id}` lets it "
        f"begin again, `watchdog restart {incident.key.connector}` sends one"
    )
