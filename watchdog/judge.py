"""PURE: one tick's judgement. What was remembered + what is seen now → what is remembered next, what to write into the
timeline, which calls to make, and what to find out meanwhile. The stages in their order:

    learn ─► detect ─► diagnose ─► correlate ─► decide
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from watchdog import lifecycle
from watchdog.buckets import DETECTION_SECONDS, RECOVERY_SECONDS, bucket
from watchdog.correlate import MAY_BE_DRIFT, Surroundings, correlate, with_what_was_known
from watchdog.decide import REACHABILITY, Situation, decide
from watchdog.detect import symptoms
from watchdog.diagnose import diagnose
from watchdog.history import Arrival, absorb
from watchdog.memory import Memory
from watchdog.merge import merged
from watchdog.model import (
    Action,
    CallResult,
    ClusterView,
    ConnectorKey,
    ConnectorStatus,
    Diagnosis,
    Incident,
    Observation,
    Outcome,
    Phase,
    ProbeRequest,
    Request,
    Resolution,
    State,
    Symptom,
    TableId,
    Tailed,
    TimelineEntry,
    Verdict,
)
from watchdog.policy import Policy
from watchdog.topology import Topology


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a tick has to go by, besides the observation."""

    tailed: tuple[tuple[str, Tailed], ...] = ()
    """With the Connect cluster on whose behalf the topics are read."""
    outcomes: tuple[Outcome, ...] = ()
    requests: tuple[Request, ...] = ()
    cannot_act: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    memory: Memory
    entries: tuple[TimelineEntry, ...] = ()
    actions: tuple[Action, ...] = ()
    """To be carried out only after `memory` and `entries` are stored."""
    probes: Mapping[ConnectorKey, ProbeRequest] = field(default_factory=dict)
    focus: frozenset[str] = frozenset()
    """Addresses of the databases whose columns are awaited."""


def judge(memory: Memory, seen: Observation, arrivals: Arrivals, topology: Topology, policy: Policy) -> Judgement:
    """One tick. Equal arguments give an equal judgement; the time is `seen.now`."""
    court = _Court(memory, seen, topology, policy, arrivals.cannot_act)
    for cluster, tailed in arrivals.tailed:
        court.learn(cluster, tailed)
    for outcome in arrivals.outcomes:
        court.hear(outcome)
    for view in seen.clusters.values():
        court.examine(view)
    court.merge()
    for incident in [i for i in court.memory.incidents.values() if i.open]:
        court.decide(incident)
    for request in arrivals.requests:
        court.grant(request)
    return court.judgement()


class _Court:
    """The judgement in the making; lives for one tick, touches nothing but itself."""

    def __init__(self, memory: Memory, seen: Observation, topology: Topology, policy: Policy, cannot_act: str) -> None:
        self.memory = memory
        self._seen = seen
        self._now = seen.now
        self._topology = topology
        self._policy = policy
        self._cannot_act = cannot_act
        self._entries: list[TimelineEntry] = []
        self._actions: list[Action] = []

    # ── learn ──

    def learn(self, cluster: str, tailed: Tailed) -> None:
        """Schema changes into the history; each is counted by what it turned out to be."""
        history = self.memory.history
        counts: dict[str, int] = {}
        for record in tailed.records:
            history, arrival = absorb(history, record, self._captures)
            if arrival is not Arrival.TWIN:
                counts[arrival.value] = counts.get(arrival.value, 0) + 1
        if tailed.unreadable:
            counts["unreadable"] = len(tailed.unreadable)
        self.memory = replace(self.memory, history=history)
        for kind, count in counts.items():
            self.memory = self.memory.counted("schema_changes_total", cluster, kind, by=count)

    def _captures(self, prefix: str, table: TableId) -> bool:
        source = self._topology.source_of_prefix(prefix)
        return source is None or source.captures(table)

    def hear(self, outcome: Outcome) -> None:
        """The answer to a call: into its incident, its request and the counters."""
        action = outcome.action
        said = f"{action.verb}: {outcome.result.value}" + (f" ({outcome.detail})" if outcome.detail else "")
        self._note(action.incident_id, "answer", said)
        if action.verb == "restart":
            self.memory = self.memory.counted("restarts_total", *action.key, outcome.result.value)
        if incident := self.memory.incidents.get(action.incident_id):
            self._keep(lifecycle.answered(incident, outcome))
        if request := self.memory.requests.get(action.request_id):
            # A rebalance passes: the loop asks again, the person waits a little longer.
            state = "waiting" if outcome.result is CallResult.CONFLICT else outcome.result.value
            self.memory = self.memory.with_request(replace(request, state=state, detail=outcome.detail))

    # ── detect, diagnose, correlate ──

    def examine(self, view: ClusterView) -> None:
        for status in view.connectors.values():
            failures = tuple(symptoms(status))
            incident = self.memory.incident_of(status.key)
            if failures:
                self._failing(status, failures, incident, view)
            elif incident is not None and incident.open:
                self._not_failing(status, incident)
        self._notice_deleted(view)

    def _failing(
        self, status: ConnectorStatus, failures: tuple[Symptom, ...], incident: Incident | None, view: ClusterView
    ) -> None:
        now = self._now
        if incident is None or self._is_over(incident):
            incident = self._open(status, failures, view)
        elif incident.phase is Phase.RESOLVED:
            incident = lifecycle.reopened(incident, failures, now)
            self._note(incident.id, "reopened", "failed again within the stability window")
        elif incident.phase is Phase.OPEN:
            incident = lifecycle.still_failing(incident, failures)
        elif incident.phase is Phase.VERIFYING:
            if not lifecycle.really_failing(incident, view.polled_at, self._policy):
                return
            incident = self._failed_again(incident, failures, status)
        else:
            return
        self._keep(self._diagnosed(incident, status))

    def _is_over(self, incident: Incident) -> bool:
        window = timedelta(seconds=self._policy.stability_window_seconds)
        return incident.resolved_at is not None and self._now - incident.resolved_at > window

    def _open(self, status: ConnectorStatus, failures: tuple[Symptom, ...], view: ClusterView) -> Incident:
        cause = diagnose(failures[0].trace, status.type)
        incident = lifecycle.opened(status.key, failures, cause, self._now)
        connect_failed_at = view.failed_at.get((status.name, failures[0].task))
        if connect_failed_at is not None:
            took = max(0.0, (self._now - connect_failed_at).total_seconds())
            self._observe_duration("detection_seconds", status.cluster, took, DETECTION_SECONDS)
        self._note(incident.id, "opened", f"{status.name} FAILED: {cause.message}")
        return replace(
            incident,
            config_fingerprint=self._fingerprint(status.key),
            connect_failed_at=connect_failed_at,
        )

    def _failed_again(self, incident: Incident, failures: tuple[Symptom, ...], status: ConnectorStatus) -> Incident:
        """A restart was useless when the failure is the same at the same place; else it brought the connector on."""
        cause = diagnose(failures[0].trace, status.type)
        same = (
            cause.signature == incident.diagnosis.cause.signature and cause.message == incident.diagnosis.cause.message
        )
        probe = self._seen.probes.get(status.key)
        moved = bool(
            probe
            and incident.baseline.known
            and probe.offsets.known
            and probe.offsets.committed != incident.baseline.committed
        )
        helped = not same or moved
        # A call that never got an answer may never have been carried out: nothing is known of its use.
        unknown = bool(incident.attempts) and incident.attempts[-1].result is CallResult.UNKNOWN
        self._note(incident.id, "verified", f"failed again: {cause.message}")
        if not helped and not unknown and incident.attempts and incident.attempts[-1].helped is None:
            self.memory = self.memory.counted("useless_restarts_total", *status.key)
        return lifecycle.failing_again(incident, failures, self._now, None if unknown else helped)

    def _diagnosed(self, incident: Incident, status: ConnectorStatus) -> Incident:
        before = incident.diagnosis
        known = self.memory.incidents.get(incident.id)
        # The same trace says the same thing; what the records made of it since is kept.
        cause = before.cause if known and known.trace == incident.trace else diagnose(incident.trace, status.type)
        probe = self._seen.probes.get(incident.key)
        around = Surroundings(self._topology, self.memory.history, self._seen.databases, probe, incident.failed_at)
        diagnosis = with_what_was_known(before, correlate(incident.key, cause, around))
        if known is None or _gist(diagnosis) != _gist(before):
            self._note(incident.id, "diagnosed", _in_words(diagnosis), diagnosis.evidence)
        baseline = incident.baseline
        if not baseline.known and probe and probe.offsets.known and probe.at >= incident.failed_at:
            baseline = probe.offsets
        # Unknown after our own restart (or when the push was quicker than the poll): what is there now is what failed.
        fingerprint = incident.config_fingerprint or self._fingerprint(incident.key)
        return self._count_drift(
            replace(incident, diagnosis=diagnosis, baseline=baseline, config_fingerprint=fingerprint)
        )

    def _fingerprint(self, key: ConnectorKey) -> str:
        config = self._seen.config(key)
        return config.fingerprint if config else ""

    def _count_drift(self, incident: Incident) -> Incident:
        """Once in an incident's life, when it is first known to be drift of a table."""
        table = incident.diagnosis.table or incident.diagnosis.target
        if incident.counted_as_drift or not incident.schema_drift or table is None:
            return incident
        labels = (incident.key.cluster, str(table), "mysql")
        at, name = incident.opened_at.timestamp(), "schema_drift_last_detected_timestamp"
        self.memory = self.memory.counted("schema_drift_total", *labels)
        self.memory = self.memory.counted(name, *labels, by=at - self.memory.counters.get(name, *labels))
        return replace(incident, counted_as_drift=True)

    def _not_failing(self, status: ConnectorStatus, incident: Incident) -> None:
        # Between intent and answer the state is whatever it is.
        if incident.phase is Phase.RESTARTING:
            return
        # A rebalance passes through these; they are neither failure nor health.
        if status.state in (State.UNASSIGNED, State.RESTARTING, State.UNKNOWN) and incident.phase is Phase.OPEN:
            return
        if incident.phase is Phase.OPEN and status.state not in (State.PAUSED, State.STOPPED):
            self._note(incident.id, "note", "no longer FAILED, and not by us")
        self._keep(lifecycle.not_failing(incident, status, self._now))

    def _notice_deleted(self, view: ClusterView) -> None:
        # Only a whole answer can tell that something is not there.
        if view.polled_at is None or view.error or not view.complete:
            return
        for incident in list(self.memory.incidents.values()):
            key = incident.key
            if incident.open and key.cluster == view.name and key.connector not in view.connectors:
                self._resolve(incident, Resolution.GONE, "the connector was deleted")

    # ── merge, decide ──

    def merge(self) -> None:
        for incident in merged(self.memory.incidents.values()):
            self._keep(incident)

    def decide(self, incident: Incident) -> None:
        view = self._seen.clusters.get(incident.key.cluster)
        if view is None:
            return
        situation = Situation(
            status=view.connectors.get(incident.key.connector),
            cluster=view,
            probe=self._seen.probes.get(incident.key),
            config_fingerprint=self._fingerprint(incident.key),
            cannot_act=self._cannot_act,
        )
        decision = decide(incident, situation, self._policy, self._now)
        if decision.verdict is not incident.verdict or _lasting(decision.verdict, decision.reason, incident.reason):
            self._note(incident.id, "decided", f"{decision.verdict.value}: {decision.reason}")
        incident = replace(incident, verdict=decision.verdict, reason=decision.reason)
        if decision.verdict is Verdict.RECOVERED:
            self._resolve(incident, lifecycle.how_recovered(incident), decision.reason)
        elif decision.action is not None:
            fingerprint = self._fingerprint(incident.key)
            self._intend(replace(incident, config_fingerprint=fingerprint), decision.action, "watchdog")
        else:
            self._keep(incident)

    def _intend(self, incident: Incident, action: Action, by: str) -> None:
        incident = lifecycle.intending(incident, by, self._now)
        self._note(incident.id, "intent", f"restart {incident.attempts[-1].number}, failed tasks only ({by})")
        self._keep(incident)
        self._actions.append(action)

    def _resolve(self, incident: Incident, resolution: Resolution, why: str) -> None:
        self._note(incident.id, "resolved", f"{resolution.value}: {why}")
        if resolution is not Resolution.GONE:
            took = (self._now - incident.opened_at).total_seconds()
            self._observe_duration("recovery_seconds", incident.key.cluster, took, RECOVERY_SECONDS)
        self._keep(replace(lifecycle.resolved(incident, resolution, self._now), reason=why))

    # ── what persons ask for ──

    def grant(self, request: Request) -> None:
        """A request is carried out once; a mode or a hold does not stand in its way, a lost journal does."""
        known = self.memory.requests.get(request.id, request)
        if known.state != "waiting" or request.id in {action.request_id for action in self._actions}:
            return
        status = self._seen.status(request.key)
        if self._cannot_act or status is None:
            why = self._cannot_act or f"Connect knows no connector {request.key.connector!r}"
            self.memory = self.memory.with_request(replace(request, state="refused", detail=why))
            return
        incident = self.memory.incident_of(request.key)
        incident = incident if incident and incident.open else None
        if incident and incident.phase is Phase.RESTARTING:
            return
        action = Action(request.verb, request.key, incident.id if incident else "", request.id)
        self._note(action.incident_id, "request", f"a person asked for: {request.verb} {request.key.connector}")
        self.memory = self.memory.with_request(replace(request, state="sent"))
        if incident and request.verb == "restart":
            self._intend(incident, action, "request")
        else:
            self._actions.append(action)

    # ── helpers ──

    def judgement(self) -> Judgement:
        kept_since = self._now - timedelta(seconds=self._policy.resolved_kept_seconds)
        self.memory = self.memory.without_old(kept_since)
        open_ones = [incident for incident in self.memory.incidents.values() if incident.open]
        probes = {incident.key: self._wanted(incident) for incident in open_ones}
        focus = frozenset(
            incident.diagnosis.target_address
            for incident in open_ones
            if incident.phase is Phase.OPEN and incident.diagnosis.target_address
        )
        return Judgement(self.memory, tuple(self._entries), tuple(self._actions), probes, focus)

    def _wanted(self, incident: Incident) -> ProbeRequest:
        category = incident.diagnosis.cause.category
        topics = tuple(dict.fromkeys(route.topic for route in self._topology.routes_of(incident.key)))
        return ProbeRequest(
            key=incident.key,
            topics=topics,
            scan=category in MAY_BE_DRIFT and incident.phase is Phase.OPEN,
            reachability=category in REACHABILITY and incident.phase is Phase.OPEN,
            config_fingerprint=self._fingerprint(incident.key),
            since=incident.failed_at,
        )

    def _keep(self, incident: Incident) -> None:
        self.memory = self.memory.with_incident(incident)

    def _note(self, incident_id: str, kind: str, text: str, evidence: Sequence[str] = ()) -> None:
        data = {"evidence": list(evidence)} if evidence else {}
        self._entries.append(TimelineEntry(self._now, incident_id, kind, text, data))

    def _observe_duration(self, name: str, cluster: str, seconds: float, bounds: Sequence[float]) -> None:
        self.memory = (
            self.memory.counted(f"{name}_bucket", cluster, bucket(bounds, seconds))
            .counted(f"{name}_sum", cluster, by=seconds)
            .counted(f"{name}_count", cluster)
        )


def _gist(diagnosis: Diagnosis) -> tuple[object, ...]:
    """What has to differ for a diagnosis to be worth a line in the timeline."""
    category = diagnosis.cause.category
    change = diagnosis.change.id if diagnosis.change else None
    return category, diagnosis.table, diagnosis.columns, change, diagnosis.remedied, diagnosis.way_out


def _in_words(diagnosis: Diagnosis) -> str:
    cause = diagnosis.cause
    return f"{cause.category.value}: {cause.summary or cause.message}"


def _lasting(verdict: Verdict, reason: str, before: str) -> bool:
    """Whether a new reason is news: a verification's reason counts seconds, and is not."""
    return verdict not in (Verdict.VERIFY, Verdict.WAIT) and reason != before
