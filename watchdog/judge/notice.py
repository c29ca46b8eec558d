"""What is found though nothing is FAILED → incidents: pending until confirmed, opened, kept up to date, resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from watchdog import lifecycle
from watchdog.detect.rules import Rule, findings
from watchdog.detect.tables import CODES as TOLD_BY_FAILURES
from watchdog.judge.ledger import Ledger, count_drift
from watchdog.judge.settle import resolve
from watchdog.model import Code, ConnectorKey, Diagnosis, Finding, Incident, Resolution, Unseen


def notice(ledger: Ledger, rules: Sequence[Rule]) -> None:
    """These rules, over everything that is seen. None at all: what was found before stands as it is."""
    if rules:
        fold(ledger, tuple(findings(ledger.seen, ledger.topology, ledger.memory.history, rules)))


def fold(ledger: Ledger, told: Sequence[Finding | Unseen]) -> None:
    """What the rules told now, into what was known before."""
    found = {finding.id: finding for finding in told if isinstance(finding, Finding)}
    unseen = {(each.code, each.key) for each in told if isinstance(each, Unseen)}
    known = ledger.memory.open_findings()
    _open_confirmed(ledger, [finding for key, finding in found.items() if key not in known], unseen)
    for key, incident in known.items():
        if finding := found.get(key):
            _keep_up_to_date(ledger, incident, finding)
        elif (key.code, key.connector) not in unseen:
            resolve(ledger, incident, Resolution.RECOVERED_NOT_BY_US, "it is not found any more")


def _open_confirmed(ledger: Ledger, new: Iterable[Finding], unseen: set[tuple[Code, ConnectorKey]]) -> None:
    before = ledger.memory.pending
    pending = {key: at for key, at in before.items() if (key.code, key.connector) in unseen}
    for finding in new:
        since = before.get(finding.id, ledger.now)
        confirmed = ledger.now - since >= timedelta(seconds=finding.confirm_seconds)
        if confirmed and not _told_by_a_failure(ledger, finding):
            _open(ledger, finding)
        else:
            pending[finding.id] = since
    if pending != before:
        ledger.memory = replace(ledger.memory, pending=pending)


def _told_by_a_failure(ledger: Ledger, finding: Finding) -> bool:
    """A restarted task is RUNNING for a moment, with its tables as they are: that is the open failure, and no other."""
    incident = ledger.memory.incident_of(finding.key)
    return finding.code in TOLD_BY_FAILURES and incident is not None and incident.open


def _open(ledger: Ledger, finding: Finding) -> None:
    incident = lifecycle.found(finding, ledger.now)
    table = f" {finding.table}" if finding.table else ""
    ledger.note(incident.id, "opened", f"{finding.key.connector}{table}: {finding.cause.summary}", finding.evidence)
    ledger.keep(count_drift(ledger, incident))


def _keep_up_to_date(ledger: Ledger, incident: Incident, finding: Finding) -> None:
    diagnosis = lifecycle.diagnosis_of(finding)
    if _gist(diagnosis) != _gist(incident.diagnosis):
        ledger.note(incident.id, "diagnosed", finding.cause.summary, finding.evidence)
    if diagnosis != incident.diagnosis or finding.severity is not incident.severity:
        ledger.keep(replace(incident, diagnosis=diagnosis, severity=finding.severity))


def _gist(diagnosis: Diagnosis) -> tuple[object, ...]:
    """What has to differ for a line in the timeline: evidence counts seconds and records, and is no news."""
    change = diagnosis.change.id if diagnosis.change else None
    return diagnosis.cause.category, diagnosis.cause.summary, diagnosis.table, diagnosis.columns, change
