"""PURE: a restart that would help + what is permitted to this connector → why it is not sent, or not yet."""

from __future__ import annotations

from datetime import datetime

from watchdog.model import Incident, Verdict
from watchdog.policy import Mode, Terms, next_try_at
from watchdog.policy.windows import open_until

Judged = tuple[Verdict, str]


def may_not(incident: Incident, terms: Terms, now: datetime) -> Judged | None:
    """What forbids it, whoever approves."""
    cause = incident.diagnosis.cause
    if terms.never:
        return Verdict.HOLD, "a restart would help now, but the policy says never for this connector"
    if not terms.acts_on(cause):
        told = f"{cause.category.value}{f' ({cause.signature})' if cause.signature else ''}"
        return (
            Verdict.HOLD,
            f"a restart would help now, but the policy acts on {', '.join(terms.causes)}, not on {told}",
        )
    if terms.mode is Mode.OBSERVE:
        return Verdict.HOLD, "a restart would help now, but the mode for this connector is observe"
    if until := open_until(terms.maintenance, now):
        return Verdict.HOLD, f"a restart would help now, but it is in maintenance until {until:%a %Y-%m-%d %H:%M} UTC"
    if incident.silence_holds and incident.silenced_until and now < incident.silenced_until:
        return Verdict.HOLD, f"silenced, and nothing is done, until {incident.silenced_until:%a %Y-%m-%d %H:%M} UTC"
    return None


def not_now(incident: Incident, terms: Terms, now: datetime, *, approved: bool) -> Judged | None:
    """What passes with time, or with a person's word."""
    if incident.not_before and now < incident.not_before:
        return Verdict.BACK_OFF, f"Connect is rebalancing (409): asked again at {incident.not_before:%H:%M:%S} UTC"
    # Restarted too recently to try again.
    if (due_at := next_try_at(incident, terms)) and now < due_at:
        return Verdict.BACK_OFF, f"the last restart did not help; the next is not before {due_at:%H:%M:%S} UTC"
    if terms.mode is Mode.PROPOSE and not approved:
        remedy = f" (observed: {incident.diagnosis.remedy})" if incident.diagnosis.remedied else ""
        return Verdict.PROPOSE, (
            f"would restart the failed tasks of {incident.key.connector} now{remedy}; "
            f"`watchdog approve {incident.id}` lets it go"
        )
    return None
