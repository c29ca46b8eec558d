"""PURE: an open incident + what is seen around it + policy + now → a `Decision`, always with its reason.

A column of gates: the first that has something to say decides. Not acting is a decision too. The order is meaning:
first whether we may act at all, then whether acting could help, then whether it is the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from watchdog.model import (
    Action,
    Advice,
    Category,
    ClusterView,
    ConnectorStatus,
    Decision,
    Incident,
    Phase,
    Probe,
    State,
    Verdict,
)
from watchdog.policy import Mode, Policy, next_try_at
from watchdog.verify import verify

REACHABILITY = (Category.CONNECTIVITY, Category.AUTH)


@dataclass(frozen=True, slots=True)
class Situation:
    """What an incident is judged in. `can_act` is empty, or why nothing may be done now (tilt, no journal, …)."""

    status: ConnectorStatus | None
    cluster: ClusterView
    probe: Probe | None
    config_fingerprint: str
    cannot_act: str = ""
    under_way: str = ""
    """The workflow that is at work on the connector, in words."""


def decide(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> Decision:
    """The verdict on one open incident. `Decision.action` is set only for RESTART."""
    verdict, reason = _judge(incident, situation, policy, now)
    action = Action("restart", incident.key, incident.id) if verdict is Verdict.RESTART else None
    return Decision(incident.id, verdict, reason, action)


def _judge(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> tuple[Verdict, str]:
    status = situation.status
    if status is None:
        return Verdict.WAIT, "the connector is not in Connect's list"
    # Its steps stop and start the connector: whatever its state is now is of our own making.
    if situation.under_way:
        return Verdict.WAIT, situation.under_way
    # A person's decision stands, whatever failed before it.
    if status.state in (State.PAUSED, State.STOPPED):
        return Verdict.LEAVE_ALONE, (
            f"{status.state} by a person, so it is left alone; `watchdog resume {status.name}` starts it again"
        )
    if incident.phase is Phase.RESTARTING:
        return Verdict.WAIT, "a restart was sent and has not been answered yet"
    if incident.phase is Phase.VERIFYING:
        return verify(incident, status, situation.probe, policy, now)
    verdict, reason = _remedy(incident, situation, policy, now)
    # From here on a restart would help: what is left are reasons not to send it now.
    if verdict is Verdict.RESTART and (hindrance := _hindrance(incident, situation, policy, now)):
        return hindrance
    return verdict, reason


def _hindrance(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> tuple[Verdict, str] | None:
    if policy.mode_for(incident.key) is Mode.OBSERVE:
        return Verdict.HOLD, "a restart would help now, but the mode for this connector is observe"
    if situation.cannot_act:
        return Verdict.HOLD, situation.cannot_act
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
    if incident.not_before and now < incident.not_before:
        return Verdict.BACK_OFF, f"Connect is rebalancing (409): asked again at {incident.not_before:%H:%M:%S} UTC"
    if len(incident.attempts) >= policy.attempts_max:
        return Verdict.EXHAUSTED, (
            f"{len(incident.attempts)} restarts did not help, no more are sent; "
            f"`watchdog restart {incident.key.connector}` sends one on request"
        )
    # Restarted too recently to try again.
    if (due_at := next_try_at(incident)) and now < due_at:
        return Verdict.BACK_OFF, f"the last restart did not help; the next is not before {due_at:%H:%M:%S} UTC"
    return None


def _remedy(incident: Incident, situation: Situation, policy: Policy, now: datetime) -> tuple[Verdict, str]:
    """Would a restart help?"""
    diagnosis = incident.diagnosis
    # The remedy was observed to hold: this is what all the waiting was for.
    if diagnosis.remedied:
        return Verdict.RESTART, f"observed: {diagnosis.remedy}"
    # The cause is still there: a restart would fail on the same record, or at the same door.
    if diagnosis.remedied is False:
        return Verdict.HOLD, _hold(incident)
    # Nothing tells whether it is remedied. A new configuration may be the remedy: worth one try.
    if _reconfigured(incident, situation):
        return Verdict.RESTART, "the connector's configuration changed since it failed"
    advice = diagnosis.cause.restart
    if advice in (Advice.NO, Advice.AFTER_FIX) or diagnosis.cause.category is Category.AUTH:
        return Verdict.HOLD, _hold(incident)
    # What may be asked is asked before anything is sent.
    if diagnosis.cause.category in REACHABILITY and (
        situation.probe is None or situation.probe.at < incident.failed_at
    ):
        return Verdict.HOLD, "asking whether the connector could connect now"
    due_at = incident.failed_at + timedelta(seconds=policy.transient_delay_seconds)
    if now < due_at:
        return Verdict.BACK_OFF, f"this may pass by itself: one try at {due_at:%H:%M:%S} UTC"
    # A wrong address looks as a server that is down does: tried again, less and less often, until it gives up.
    may_come_back = diagnosis.cause.category is Category.CONNECTIVITY
    if advice is Advice.ONCE and incident.useless_restarts and not may_come_back:
        return Verdict.HOLD, f"one restart was tried and did not help. {diagnosis.cause.fix}"
    return Verdict.RESTART, "a failure of this kind is mostly transient"


def _hold(incident: Incident) -> str:
    diagnosis = incident.diagnosis
    waiting = f"waiting until {diagnosis.remedy}" if diagnosis.remedy else "a restart would not help"
    way_out = f". Way out: {diagnosis.way_out}" if diagnosis.way_out else ""
    revert = next((line for line in diagnosis.evidence if "does not help" in line), "")
    return f"{waiting}{'; ' + revert if revert else ''}{way_out}"


def _reconfigured(incident: Incident, situation: Situation) -> bool:
    known = incident.config_fingerprint and situation.config_fingerprint
    return bool(known) and incident.config_fingerprint != situation.config_fingerprint
