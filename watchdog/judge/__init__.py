"""PURE: one tick's judgement. What was remembered + what is seen now → what is remembered next, what to write into the
timeline, which calls to make, and what to find out meanwhile. The stages in their order:

    learn ─► detect ─► diagnose ─► correlate ─► notice ─► merge ─► decide ─► (grant what persons ask for) ─► mute
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from watchdog.authors import Question
from watchdog.detect.rules import RULES, Rule
from watchdog.judge.basis import with_basis
from watchdog.judge.circuits import watch_circuits
from watchdog.judge.examine import examine
from watchdog.judge.grant import grant
from watchdog.judge.learn import hear, learn, look, name_author
from watchdog.judge.ledger import Ledger
from watchdog.judge.mute import mute
from watchdog.judge.notice import notice
from watchdog.judge.others import notice_others, remember_looks
from watchdog.judge.settle import settle_all
from watchdog.judge.timekeep import tell_time
from watchdog.judge.workflows import hear_steps, take_steps
from watchdog.memory import Memory
from watchdog.merge import merged
from watchdog.model import (
    Action,
    Authorship,
    Category,
    ConnectorKey,
    Incident,
    Observation,
    Outcome,
    Phase,
    ProbeKind,
    ProbeRequest,
    PushedStatus,
    Request,
    StepResult,
    Tailed,
    TimelineEntry,
    Workflow,
)
from watchdog.policy import Policy
from watchdog.remedies.table import remedy_of
from watchdog.topology import Topology


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a tick has to go by, besides the observation."""

    tailed: tuple[tuple[str, Tailed], ...] = ()
    """With the Connect cluster on whose behalf the topics are read."""
    outcomes: tuple[Outcome, ...] = ()
    authors: tuple[Authorship, ...] = ()
    requests: tuple[Request, ...] = ()
    steps: tuple[StepResult, ...] = ()
    cannot_act: str = ""
    rules: tuple[Rule, ...] = RULES
    """For what is wrong though nothing is FAILED."""
    pushed: tuple[PushedStatus, ...] = ()
    """What Connect's status topics told since the last tick; the observation has only how it ended."""


@dataclass(frozen=True, slots=True)
class Judgement:
    memory: Memory
    entries: tuple[TimelineEntry, ...] = ()
    actions: tuple[Action, ...] = ()
    """To be carried out only after `memory` and `entries` are stored."""
    probes: Mapping[ConnectorKey, ProbeRequest] = field(default_factory=dict)
    focus: frozenset[str] = frozenset()
    """Addresses of the databases whose columns are awaited, and names of the subjects that are."""
    questions: tuple[Question, ...] = ()
    """Who ran the statements that were learnt just now."""
    steps: tuple[Workflow, ...] = ()
    """Workflows whose step is to be taken, like the actions."""


def judge(memory: Memory, seen: Observation, arrivals: Arrivals, topology: Topology, policy: Policy) -> Judgement:
    """One tick. Equal arguments give an equal judgement; the time is `seen.now`."""
    ledger = Ledger(memory, seen, topology, policy, arrivals.cannot_act)
    for cluster, tailed in arrivals.tailed:
        learn(ledger, cluster, tailed)
    for told in arrivals.authors:
        name_author(ledger, told)
    look(ledger)
    for outcome in arrivals.outcomes:
        hear(ledger, outcome)
    hear_steps(ledger, arrivals.steps)
    notice_others(ledger, arrivals.pushed)
    for view in seen.clusters.values():
        examine(ledger, view)
    notice(ledger, arrivals.rules)
    for incident in merged(ledger.memory.incidents.values(), ledger.topology):
        ledger.keep(incident)
    watch_circuits(ledger)
    settle_all(ledger)
    for incident in [each for each in ledger.memory.incidents.values() if each.open]:
        tell_time(ledger, incident)
    for request in arrivals.requests:
        grant(ledger, request)
    for incident in [each for each in ledger.memory.incidents.values() if each.open]:
        mute(ledger, incident)
    take_steps(ledger)
    remember_looks(ledger, arrivals.pushed)
    return _judgement(ledger)


def _open_failures(ledger: Ledger) -> list[Incident]:
    """Only what failed can be restarted, and is probed for it."""
    return [i for i in ledger.memory.incidents.values() if i.open and i.code.is_failure]


def _judgement(ledger: Ledger) -> Judgement:
    kept_since = ledger.now - timedelta(seconds=ledger.policy.resolved_kept_seconds)
    open_ones = _open_failures(ledger)
    return Judgement(
        memory=ledger.memory.without_old(kept_since),
        entries=with_basis(ledger.entries, ledger.memory.incidents.values(), ledger.seen),
        actions=tuple(ledger.actions),
        probes={incident.key: _wanted(ledger, incident) for incident in open_ones},
        focus=frozenset(awaited for i in open_ones if i.phase is Phase.OPEN for awaited in _awaited(i)) - {""},
        questions=tuple(ledger.questions),
        steps=tuple(ledger.steps),
    )


def _awaited(incident: Incident) -> tuple[str, ...]:
    cause = incident.diagnosis.cause
    refused = cause.category is Category.REGISTRY_INCOMPATIBLE
    return incident.diagnosis.target_address, cause.groups.get("subject", "") if refused else ""


def _wanted(ledger: Ledger, incident: Incident) -> ProbeRequest:
    """While it fails: what its remedy's probes need; afterwards only how far the connector is."""
    topology, cause = ledger.topology, incident.diagnosis.cause
    status, source = ledger.seen.status(incident.key), topology.sources.get(incident.key)
    remedy = remedy_of(cause, status.type if status else "")
    failing = incident.phase is Phase.OPEN
    routes = topology.routes_of(incident.key)
    connecting = failing and remedy.asks(ProbeKind.CAN_CONNECT)
    return ProbeRequest(
        key=incident.key,
        topics=tuple(dict.fromkeys(route.topic for route in routes)),
        scan=failing and remedy.asks(ProbeKind.TARGET_FITS),
        reachability=connecting,
        reachability_pause_seconds_max=60.0 if cause.category is Category.AUTH else 5.0,
        config_fingerprint=ledger.fingerprint(incident),
        since=incident.failed_at,
        targets=tuple(dict.fromkeys(route.target for route in routes if route.target)) if failing else (),
        history=source.history_topic if source and failing and remedy.asks(ProbeKind.HISTORY_COMPLETE) else "",
    )


__all__ = ["Arrivals", "Judgement", "judge"]
