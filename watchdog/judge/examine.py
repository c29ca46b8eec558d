"""Status documents → incidents: opened, reopened, failing again, no longer failing, gone. Detect, diagnose and
correlate meet here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from watchdog import lifecycle
from watchdog.buckets import DETECTION_SECONDS
from watchdog.correlate import Surroundings, correlate, with_what_was_known
from watchdog.detect import symptoms
from watchdog.diagnose import diagnose
from watchdog.judge.ledger import Ledger, count_drift
from watchdog.judge.settle import resolve
from watchdog.model import (
    CallResult,
    Cause,
    ClusterView,
    ConnectorStatus,
    Diagnosis,
    Incident,
    Phase,
    Probe,
    Resolution,
    State,
    Symptom,
)
from watchdog.policy import calm_after_seconds

Failures = tuple[Symptom, ...]


def examine(ledger: Ledger, view: ClusterView) -> None:
    """Every connector of one Connect cluster."""
    known = ledger.memory.failures()
    for status in view.connectors.values():
        incident = known.get(status.key)
        if failures := tuple(symptoms(status)):
            _failing(ledger, status, failures, view, incident)
        elif incident is not None and incident.open:
            _not_failing(ledger, status, incident)
    _notice_deleted(ledger, view)


def _failing(
    ledger: Ledger, status: ConnectorStatus, failures: Failures, view: ClusterView, incident: Incident | None
) -> None:
    if incident is None or _is_over(ledger, incident):
        incident = _open(ledger, status, failures, view)
    elif incident.phase is Phase.RESOLVED:
        incident = _reopened(ledger, incident, failures, status)
    elif incident.phase is Phase.OPEN:
        incident = lifecycle.still_failing(incident, failures)
    elif incident.phase is Phase.VERIFYING and lifecycle.really_failing(incident, view.polled_at, ledger.policy):
        incident = _failed_again(ledger, incident, failures, status)
    else:
        return
    ledger.keep(_diagnosed(ledger, incident, status))


def _is_over(ledger: Ledger, incident: Incident) -> bool:
    calm = timedelta(seconds=calm_after_seconds(incident, ledger.policy.terms(incident.key)))
    return incident.resolved_at is not None and ledger.now - incident.resolved_at > calm


def _reopened(ledger: Ledger, incident: Incident, failures: Failures, status: ConnectorStatus) -> Incident:
    """It was well for too short a time to be called recovered: what was tried before still counts."""
    lasted = not _same(diagnose(failures[0].trace, status.type), incident.diagnosis.cause)
    ledger.note(incident.id, "reopened", "failed again too soon to begin anew: its restarts go on counting")
    return lifecycle.reopened(incident, failures, ledger.now, lasted)


def _open(ledger: Ledger, status: ConnectorStatus, failures: Failures, view: ClusterView) -> Incident:
    cause = diagnose(failures[0].trace, status.type)
    incident = lifecycle.opened(status.key, failures, cause, ledger.now)
    connect_failed_at = view.failed_at.get((status.name, failures[0].task))
    if connect_failed_at is not None:
        took = max(0.0, (ledger.now - connect_failed_at).total_seconds())
        ledger.count_duration("detection_seconds", status.cluster, took, DETECTION_SECONDS)
    ledger.note(incident.id, "opened", f"{status.name} FAILED: {cause.message}")
    return replace(incident, connect_failed_at=connect_failed_at)


def _failed_again(ledger: Ledger, incident: Incident, failures: Failures, status: ConnectorStatus) -> Incident:
    """A restart was useless when the failure is the same at the same place; else it brought the connector on."""
    cause = diagnose(failures[0].trace, status.type)
    ledger.note(incident.id, "verified", f"failed again: {cause.message}")
    if incident.recovered_at:
        return _relapsed(ledger, incident, failures, status)
    last = incident.attempts[-1] if incident.attempts else None
    # A call that never got an answer may never have been carried out: nothing is known of its use.
    if last is None or last.helped is not None or last.result is CallResult.UNKNOWN:
        return lifecycle.failing_again(incident, failures, ledger.now, None)
    helped = not _same(cause, incident.diagnosis.cause) or _moved(incident, ledger.seen.probes.get(status.key))
    if not helped:
        ledger.count("useless_restarts_total", *status.key)
    return lifecycle.failing_again(incident, failures, ledger.now, helped)


def _relapsed(ledger: Ledger, incident: Incident, failures: Failures, status: ConnectorStatus) -> Incident:
    """It was open only for the others' sake."""
    assert incident.recovered_at is not None
    calm = timedelta(seconds=calm_after_seconds(incident, ledger.policy.terms(incident.key)))
    lasted = not _same(diagnose(failures[0].trace, status.type), incident.diagnosis.cause)
    long_well = ledger.now - incident.recovered_at > calm
    incident = lifecycle.reopened(incident, failures, ledger.now, lasted or long_well)
    return replace(incident, counted_from=len(incident.attempts)) if long_well else incident


def _same(one: Cause, other: Cause) -> bool:
    return (one.signature, one.message) == (other.signature, other.message)


def _moved(incident: Incident, probe: Probe | None) -> bool:
    before = incident.baseline
    return bool(probe and before.known and probe.offsets.known and probe.offsets.committed != before.committed)


def _diagnosed(ledger: Ledger, incident: Incident, status: ConnectorStatus) -> Incident:
    before = incident.diagnosis
    known = ledger.memory.incidents.get(incident.id)
    # The same trace says the same thing; what the records made of it since is kept.
    cause = before.cause if known and known.trace == incident.trace else diagnose(incident.trace, status.type)
    probe = ledger.seen.probes.get(incident.key)
    databases, history = ledger.seen.databases, ledger.memory.history
    subjects = ledger.seen.subjects.get(incident.key.cluster)
    around = Surroundings(
        topology=ledger.topology,
        history=history,
        databases=databases,
        probe=probe,
        since=incident.failed_at,
        targets=ledger.memory.targets,
        subjects=subjects,
        progress=ledger.seen.progress.get(incident.key),
        config=ledger.seen.config(incident.key),
        proofs=before.proofs,
        useless_restarts=incident.useless_restarts,
    )
    diagnosis = with_what_was_known(before, correlate(incident.key, cause, around))
    if known is None or _gist(diagnosis) != _gist(before):
        ledger.note(incident.id, "diagnosed", _in_words(diagnosis), diagnosis.evidence)
    baseline = incident.baseline
    if not baseline.known and probe and probe.offsets.known and probe.at >= incident.failed_at:
        baseline = probe.offsets
    # Unknown after our own restart (or when the push was quicker than the poll): what is there now is what failed.
    fingerprint = incident.config_fingerprint or ledger.fingerprint(incident)
    found = {"diagnosis": diagnosis, "baseline": baseline, "config_fingerprint": fingerprint}
    if any(getattr(incident, name) != value for name, value in found.items()):
        incident = replace(incident, diagnosis=diagnosis, baseline=baseline, config_fingerprint=fingerprint)
    return count_drift(ledger, incident)


def _not_failing(ledger: Ledger, status: ConnectorStatus, incident: Incident) -> None:
    # Between intent and answer the state is whatever it is.
    if incident.phase is Phase.RESTARTING:
        return
    # A rebalance passes through these; they are neither failure nor health.
    if status.state in (State.UNASSIGNED, State.RESTARTING, State.UNKNOWN) and incident.phase is Phase.OPEN:
        return
    stopped = status.state in (State.PAUSED, State.STOPPED)
    # Whether its remedy holds is worth knowing only where it may be resumed for it.
    if incident.phase is Phase.OPEN and stopped and ledger.policy.terms(incident.key).resume:
        incident = _diagnosed(ledger, incident, status)
    if incident.phase is Phase.OPEN and not stopped:
        ledger.note(incident.id, "note", "no longer FAILED, and not by us")
    ledger.keep(lifecycle.not_failing(incident, status, ledger.now))


def _notice_deleted(ledger: Ledger, view: ClusterView) -> None:
    # Only a whole answer can tell that something is not there.
    if view.polled_at is None or view.error or not view.complete:
        return
    for incident in list(ledger.memory.incidents.values()):
        key = incident.key
        if incident.open and key.cluster == view.name and key.connector not in view.connectors:
            resolve(ledger, incident, Resolution.GONE, "the connector was deleted")


def _gist(diagnosis: Diagnosis) -> tuple[object, ...]:
    """What has to differ for a diagnosis to be worth a line in the timeline."""
    category = diagnosis.cause.category
    change = diagnosis.change.id if diagnosis.change else None
    return category, diagnosis.table, diagnosis.columns, change, diagnosis.remedied, diagnosis.way_out


def _in_words(diagnosis: Diagnosis) -> str:
    cause, change = diagnosis.cause, diagnosis.change
    place = f" {diagnosis.table or diagnosis.target}" if diagnosis.table or diagnosis.target else ""
    columns = f" ({', '.join(diagnosis.columns)})" if diagnosis.columns else ""
    statement = f" By {change.told} at {change.position}." if change else ""
    remedied = " The remedy holds." if diagnosis.remedied else ""
    return f"{cause.category.value}{place}{columns}: {cause.summary or cause.message}{statement}{remedied}"
