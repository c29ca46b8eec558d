"""PURE: did the connector really recover? RUNNING is not success: a task that is restarted in vain is RUNNING for
about a second before it fails on the same record again. Recovered means RUNNING for the whole stability window *and*
past the point where it was stuck."""

from __future__ import annotations

from datetime import datetime

from watchdog.model import ConnectorStatus, Incident, Offsets, Probe, Verdict
from watchdog.policy import Policy

UNPROVEN_AFTER_WINDOWS = 3
FLUSHES_TO_WAIT = 2
"""Connect shows offsets one flush late at the worst; the second is for the read that just missed it."""


def verify(
    incident: Incident, status: ConnectorStatus, probe: Probe | None, policy: Policy, seen_at: datetime | None
) -> tuple[Verdict, str]:
    """RECOVERED, or VERIFY with what is still missing. `seen_at`: when the status was last asked for and told; what it
    has been since then nobody knows, so that time proves nothing."""
    if not status.all_running or incident.running_since is None:
        states = ", ".join(dict.fromkeys(task.state.value for task in status.tasks)) or "no tasks"
        return Verdict.VERIFY, f"waiting until everything is RUNNING (now {states})"
    running = max(0.0, (seen_at - incident.running_since).total_seconds()) if seen_at else 0.0
    window = policy.terms(incident.key).stability_window_seconds
    if running < window:
        return Verdict.VERIFY, f"RUNNING for {running:.0f} s, stable after {window:.0f} s"
    if proof := progress(incident, probe):
        return Verdict.RECOVERED, proof
    return _unproven(incident, probe, running, policy)


def progress(incident: Incident, probe: Probe | None) -> str:
    """What proves that data flows again; empty when nothing does yet."""
    if probe is None or incident.verifying_since is None or probe.at < incident.verifying_since:
        return ""
    offsets = probe.offsets
    if incident.diagnosis.stuck:
        stuck = incident.diagnosis.stuck
        passed = offsets.known and all(offsets.committed.get(p, -1) > last for p, (_, last) in stuck.items())
        places = ", ".join(f"{partition}@{last}" for partition, (_, last) in stuck.items())
        return f"the sink passed the records that it was stuck on ({places})" if passed else ""
    if offsets.source:
        moved = offsets.source != incident.baseline.source and bool(incident.baseline.source)
        return "the source's offset moved on" if moved else ""
    return _sink_progress(incident.baseline, offsets)


def _sink_progress(baseline: Offsets, offsets: Offsets) -> str:
    if offsets.end and all(offsets.committed.get(p, 0) >= end for p, end in offsets.end.items()):
        return "the sink has read its topics to the end"
    if baseline.known and any(offset > baseline.committed.get(p, 0) for p, offset in offsets.committed.items()):
        return "the sink's committed offsets moved on"
    return ""


def _unproven(incident: Incident, probe: Probe | None, running: float, policy: Policy) -> tuple[Verdict, str]:
    if incident.diagnosis.stuck:
        return Verdict.VERIFY, "RUNNING, but the sink has not passed the records that it was stuck on"
    # A write that hangs is no failure to Connect: it stays RUNNING for as long as it hangs.
    if probe and probe.waits:
        return Verdict.VERIFY, f"RUNNING for {running:.0f} s, but records wait that it has not taken"
    flushes = FLUSHES_TO_WAIT * policy.flush_interval_seconds(incident.key.cluster)
    needed = max(UNPROVEN_AFTER_WINDOWS * policy.terms(incident.key).stability_window_seconds, flushes)
    if running < needed:
        return Verdict.VERIFY, f"RUNNING for {running:.0f} s, no progress seen yet"
    return Verdict.RECOVERED, f"RUNNING for {running:.0f} s; no record came by to prove that data flows"
