"""PURE: how an incident begins, changes its phase and ends.

(none) ──failed──► OPEN ──intent──► RESTARTING ──answer──► VERIFYING ──proof──► RESOLVED
                    ▲ └──── not failed any more, not by us ──► │                   │
                    └──────────── failed again ────────────────┘◄── failed again within the stability window
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watchdog.model import (
    Attempt,
    CallResult,
    Cause,
    ConnectorKey,
    ConnectorStatus,
    Diagnosis,
    Finding,
    Incident,
    Offsets,
    Outcome,
    Phase,
    Request,
    Resolution,
    State,
    Symptom,
    Verdict,
)
from watchdog.policy import Policy
from watchdog.policy.backoff import conflict_seconds


def incident_id(key: ConnectorKey, opened_at: datetime, about: str = "") -> str:
    """Eight hex digits, the same for the same connector, time and, with a finding, what it is about."""
    text = f"{key.cluster}|{key.connector}|{opened_at.isoformat()}{about}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def opened(key: ConnectorKey, failures: Sequence[Symptom], cause: Cause, now: datetime) -> Incident:
    return Incident(
        id=incident_id(key, now),
        key=key,
        opened_at=now,
        failed_at=now,
        diagnosis=Diagnosis(cause=cause, confidence=cause.confidence),
        trace=failures[0].trace,
        tasks=_tasks(failures),
        code=failures[0].code,
    )


def found(finding: Finding, now: datetime) -> Incident:
    """Nothing is FAILED, so nothing is restarted: it is OPEN until it is not found any more."""
    return Incident(
        id=incident_id(finding.key, now, f"|{finding.code}|{finding.subject}"),
        key=finding.key,
        opened_at=now,
        failed_at=now,
        diagnosis=diagnosis_of(finding),
        code=finding.code,
        subject=finding.subject,
        severity=finding.severity,
        verdict=Verdict.LEAVE_ALONE,
        reason="nothing is FAILED, so there is nothing to restart",
    )


def diagnosis_of(finding: Finding) -> Diagnosis:
    return Diagnosis(
        cause=finding.cause,
        table=finding.table,
        target=finding.target,
        columns=finding.columns,
        change=finding.change,
        confidence=finding.cause.confidence,
        evidence=finding.evidence,
        way_out=finding.way_out or finding.cause.fix,
    )


def reopened(incident: Incident, failures: Sequence[Symptom], now: datetime, lasted: bool) -> Incident:
    """`lasted` is False when it failed of the same cause again: then the last restart did not help, whatever it looked
    like."""
    last = incident.attempts[-1:]
    if last and last[0].helped and not lasted:
        incident = replace(incident, attempts=(*incident.attempts[:-1], replace(last[0], helped=False)))
    return replace(
        failing_again(incident, failures, now, helped=None),
        reopened=incident.reopened + 1,
        resolved_at=None,
        resolution=None,
    )


def failing_again(incident: Incident, failures: Sequence[Symptom], now: datetime, helped: bool | None) -> Incident:
    """Back to OPEN. `helped` is the judgement on the last restart, when it has none yet."""
    attempts = incident.attempts
    if attempts and attempts[-1].helped is None and helped is not None:
        attempts = (*attempts[:-1], replace(attempts[-1], helped=helped))
    return replace(
        incident,
        phase=Phase.OPEN,
        failed_at=now,
        baseline=Offsets(),
        attempts=attempts,
        tasks=_tasks(failures),
        trace=failures[0].trace,
        verifying_since=None,
        running_since=None,
        not_failed_seen=False,
        approved_at=None,
        recovered_at=None,
    )


def still_failing(incident: Incident, failures: Sequence[Symptom]) -> Incident:
    """OPEN stays OPEN; tasks may have joined (a sink's partitions move on to its other tasks, which fail in turn)."""
    tasks, trace = _tasks(failures), failures[0].trace
    return (
        incident if (tasks, trace) == (incident.tasks, incident.trace) else replace(incident, tasks=tasks, trace=trace)
    )


def not_failing(incident: Incident, status: ConnectorStatus, now: datetime) -> Incident:
    """Nothing of the connector is FAILED now: whatever did it, it has to be proved."""
    if status.state in (State.PAUSED, State.STOPPED):
        return replace(incident, running_since=None)
    running_since = (incident.running_since or now) if status.all_running else None
    return replace(
        incident,
        phase=Phase.VERIFYING if incident.phase is Phase.OPEN else incident.phase,
        verifying_since=incident.verifying_since or now,
        running_since=running_since,
        # RESTARTING is no proof that the call took effect: Connect still answers FAILED for a moment after it.
        not_failed_seen=incident.not_failed_seen or status.all_running,
    )


def really_failing(incident: Incident, polled_at: datetime | None, policy: Policy) -> bool:
    """After a restart call: whether a FAILED is news, or still the state from before the call took effect."""
    if incident.not_failed_seen:
        return True
    since = incident.verifying_since
    if since is None or polled_at is None:
        return False
    unknown = bool(incident.attempts) and incident.attempts[-1].result is CallResult.UNKNOWN
    settle = policy.unknown_settle_seconds if unknown else policy.settle_seconds
    return (polled_at - since).total_seconds() > settle


def intending(incident: Incident, by: str, now: datetime) -> Incident:
    """The intent of a restart, to be journaled before the call is made."""
    attempt = Attempt(number=len(incident.attempts) + 1, intent_at=now, by=by)
    return replace(
        incident,
        phase=Phase.RESTARTING,
        attempts=(*incident.attempts, attempt),
        approved_at=None,
        verifying_since=None,
        running_since=None,
        not_failed_seen=False,
    )


def answered(incident: Incident, outcome: Outcome) -> Incident:
    """What the call brought. A 409 is not an attempt; a refusal leaves the incident OPEN; no answer is UNKNOWN."""
    if not incident.attempts or incident.phase is not Phase.RESTARTING:
        return incident
    last = replace(incident.attempts[-1], result=outcome.result, answered_at=outcome.at, detail=outcome.detail)
    if outcome.result is CallResult.CONFLICT:
        pause = conflict_seconds(incident.conflicts + 1)
        return replace(
            incident,
            phase=Phase.OPEN,
            attempts=incident.attempts[:-1],
            conflicts=incident.conflicts + 1,
            not_before=outcome.at + timedelta(seconds=pause),
        )
    incident = replace(incident, conflicts=0, not_before=None)
    if outcome.result is CallResult.REFUSED:
        return replace(incident, phase=Phase.OPEN, attempts=(*incident.attempts[:-1], replace(last, helped=False)))
    return replace(
        incident, phase=Phase.VERIFYING, attempts=(*incident.attempts[:-1], last), verifying_since=outcome.at
    )


def heard(request: Request, outcome: Outcome) -> Request:
    """A rebalance passes: it is asked again, and the person waits a little longer."""
    if outcome.result is not CallResult.CONFLICT:
        return replace(request, state=outcome.result.value, detail=outcome.detail)
    pause = timedelta(seconds=conflict_seconds(request.conflicts + 1))
    return replace(
        request,
        state="waiting",
        detail=outcome.detail,
        conflicts=request.conflicts + 1,
        not_before=outcome.at + pause,
    )


def resolved(incident: Incident, resolution: Resolution, now: datetime) -> Incident:
    attempts = incident.attempts
    if attempts and attempts[-1].helped is None and resolution is Resolution.RECOVERED:
        attempts = (*attempts[:-1], replace(attempts[-1], helped=True))
    return replace(incident, phase=Phase.RESOLVED, resolution=resolution, resolved_at=now, attempts=attempts)


def how_recovered(incident: Incident) -> Resolution:
    """By us when the last thing that happened before it ran again was a call or a workflow of ours."""
    if incident.workflow:
        return Resolution.RECOVERED
    last = incident.attempts[-1] if incident.attempts else None
    if incident.recovered_at:
        ours = bool(last and last.helped)
    else:
        ours = last is not None and last.helped is None and last.result in (CallResult.ACCEPTED, CallResult.UNKNOWN)
    resumed = incident.resume_sent_at is not None and incident.resume_sent_at >= incident.failed_at
    return Resolution.RECOVERED if ours or resumed else Resolution.RECOVERED_NOT_BY_US


def well(incident: Incident, now: datetime) -> Incident:
    """Recovered, and not resolved yet."""
    if incident.recovered_at:
        return incident
    attempts = incident.attempts
    if attempts and attempts[-1].helped is None and how_recovered(incident) is Resolution.RECOVERED:
        attempts = (*attempts[:-1], replace(attempts[-1], helped=True))
    return replace(incident, recovered_at=now, attempts=attempts)


def _tasks(failures: Sequence[Symptom]) -> tuple[int, ...]:
    return tuple(failure.task for failure in failures if failure.task is not None)
