"""What the verbs call: watch, look, read the journal, ask for an action. The only place that knows signals."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from watchdog import applying, lifecycle
from watchdog.adapters.sqlite import open_journal
from watchdog.applying import Plan
from watchdog.assembly import (
    assembled,
    clock,
    connect_of,
    looking,
    patient_journal,
)
from watchdog.codec import from_document, to_document
from watchdog.compare import DriftReport, drift_report, is_named
from watchdog.detect import symptoms
from watchdog.diagnose import diagnose
from watchdog.errors import JournalError, PortError
from watchdog.look.chart import Chart, Place, chart
from watchdog.look.five_places import survey
from watchdog.loop import Loop
from watchdog.memory import Memory
from watchdog.model import Incident, Phase, RecordsPlan, Report, Request, TimelineEntry, Workflow
from watchdog.model.workflows import KINDS
from watchdog.ports import Journal
from watchdog.preview import key_of, records_preview, recovery_preview
from watchdog.remember import remembered
from watchdog.report.server import Readings, Server
from watchdog.settings import Settings
from watchdog.settings.in_force import policy_of
from watchdog.world import Configs, World

log = structlog.get_logger("watchdog")

ONCE_SECONDS_MAX = 20.0
NOTHING: Mapping[str, Any] = {}
ANSWER_SECONDS_MAX = 60.0
"""How long a request waits for its answer."""


# ── watchdog run ─────────────────────────────────────────────────────────────────────────────────────────────────


def watch(
    settings: Settings,
    *,
    once: bool = False,
    dry_run: bool = False,
    show: Callable[[Report], None],
    stop: threading.Event | None = None,
) -> int:
    """Run the loop with its HTTP server until SIGTERM or SIGINT; `show` is called after each tick."""
    stop = stop or threading.Event()
    served = settings.http.enabled and not once
    # A single look has nobody to wait for the journal: what is wrong with it ends it, with the reason.
    journal = open_journal(settings.journal, clock=clock) if once else patient_journal(settings)
    assembly = assembled(settings, dry_run=dry_run, journal=journal)
    with _signals(stop), assembly as loop, _served(settings, loop, served):
        until = time.monotonic() + ONCE_SECONDS_MAX
        loop.run(lambda: stop.is_set() or (once and _complete(loop.report, until)), show)
    return 0


@contextmanager
def _served(settings: Settings, loop: Loop, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    readings = Readings(
        latest=lambda: loop.report,
        heartbeat=loop.seconds_since_tick,
        clock=clock,
        resolved_gauge_seconds=settings.resolved_gauge_seconds,
    )
    server = Server(settings.http.host, settings.http.port, readings)
    server.start()
    log.info("listening", url=f"http://{server.host}:{server.port}")
    try:
        yield
    finally:
        server.stop()


def _complete(report: Report | None, until: float) -> bool:
    """For a single look: everything was seen, what failed was probed, and what was sent was answered."""
    if report is None or time.monotonic() > until:
        return report is not None
    failing = [i for i in report.incidents if i.code.is_failure and i.phase in (Phase.OPEN, Phase.RESTARTING)]
    probed = all(incident.key in report.observation.probes for incident in failing)
    seen = not any(source.unseen for source in report.observation.sources)
    return report.ready and seen and probed and not any(incident.phase is Phase.RESTARTING for incident in failing)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


# ── reading verbs ────────────────────────────────────────────────────────────────────────────────────────────────


def look(settings: Settings) -> Report:
    """Every connector right now, with the journal's incidents. Raises `PortError` when no cluster answers."""
    world = World()
    errors: list[PortError] = []
    redactor = settings.redactor
    for cluster in settings.clusters:
        connect = connect_of(cluster, redactor)
        try:
            world = world.after(connect.poll())
            world = world.after(Configs(cluster.name, connect.configs(), whole=True))
        except PortError as error:
            errors.append(error)
    if errors and len(errors) == len(settings.clusters):
        raise errors[0]
    for unseen in errors:
        log.warning("a Connect cluster cannot be seen", error=str(unseen))
    seen = world.observation(clock())
    memory = _known(settings)
    for view in seen.clusters.values():
        for status in view.connectors.values():
            known = memory.incident_of(status.key)
            failures = tuple(symptoms(status))
            if failures and not (known and known.open):
                cause = diagnose(failures[0].trace, status.type)
                fresh = lifecycle.opened(status.key, failures, cause, seen.now)
                memory = memory.with_incident(replace(fresh, reason="not watched yet: `watchdog run` watches it"))
    incidents = sorted(memory.incidents.values(), key=lambda one: (not one.open, one.opened_at, one.key))
    circuits = {name: circuit for name, circuit in memory.circuits.items() if circuit.open}
    return Report(seen, tuple(incidents), memory.counters, ready=True, circuits=circuits)


def drift(settings: Settings, tables: Sequence[str], say: Callable[[str], None]) -> DriftReport:
    """One look at the captured tables that are named, or at all. Raises `PortError` when no Connect cluster answers."""
    with looking(settings) as ports:
        look, problems = survey(ports, lambda table: is_named(table, tables), say, clock())
    return drift_report(look, tables, problems)


def topology(settings: Settings) -> Chart:
    """How all connectors hang together right now. Raises `PortError` when no cluster answers."""
    with looking(settings) as ports:
        places = [Place(each.connect, each.statuses, each.kafka) for name, each in ports.clusters.items()]
        return chart(places, ports.databases)


def incidents(settings: Settings, *, all: bool) -> list[Incident]:  # noqa: A002 — the flag's own name
    """The journal's open incidents, or all of them, the latest first."""
    found = [incident for incident in _journaled(settings).incidents.values() if all or incident.open]
    return sorted(found, key=lambda incident: incident.opened_at, reverse=True)


def incident(settings: Settings, id: str) -> tuple[Incident, list[TimelineEntry]] | None:  # noqa: A002
    """One incident by its id or a unique beginning of it, with its timeline."""
    with _reading(settings) as journal:
        if journal is None:
            return None
        memory, _ = remembered(journal.state.load())
        found = [each for each in memory.incidents.values() if each.id.startswith(id)]
        return (found[0], list(journal.audit.told(found[0].id))) if len(found) == 1 else None


def told(settings: Settings, *, incident: str, since: datetime | None, connector: str) -> Iterator[TimelineEntry]:
    """The journal's timeline, read a few lines at a time. `incident` is a beginning of its id, all when empty, as with
    `connector`. Raises `JournalError` when it is no incident's, or of several."""
    with _reading(settings) as journal:
        if journal is None:
            return
        id = _one_id(journal, incident) if incident else None  # noqa: A001
        yield from journal.audit.told(id, since, connector or None)


def _one_id(journal: Journal, beginning: str) -> str:
    """The lines of an incident stay for as long as it does, so its document is there to be found."""
    found = [key.removeprefix("incident/") for key in journal.state.load(f"incident/{beginning}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise JournalError(f"{len(found)} incidents begin with {beginning!r}: {', '.join(sorted(found)[:10])}")
    raise JournalError(f"no incident {beginning!r}; `watchdog incidents --all` lists what there is")


def records_plan(settings: Settings, connector: str, cluster: str | None, *, replay: bool) -> RecordsPlan:
    """What `quarantine` would do, or `quarantine --replay`; nothing is changed. Raises `PortError`."""
    begun = _journaled(settings).workflow_of(key_of(settings, connector, cluster))
    if begun and begun.kind == ("replay" if replay else "quarantine"):
        return RecordsPlan(begun.key, under_way=f"{begun.kind} is under way, at the step {begun.step}")
    return records_preview(settings, connector, cluster, replay=replay)


def _known(settings: Settings) -> Memory:
    """For a look at what is so right now, a journal that cannot be read is no reason to show nothing."""
    try:
        return _journaled(settings)
    except JournalError as error:
        log.warning("shown as it is now, without what was known before: the journal cannot be read", error=str(error))
        return Memory()


def _journaled(settings: Settings) -> Memory:
    with _reading(settings) as journal:
        return remembered(journal.state.load())[0] if journal else Memory()


@contextmanager
def _reading(settings: Settings) -> Iterator[Journal | None]:
    """The journal, read-only; None when nothing has been journaled yet."""
    if not settings.journal.exists():
        yield None
        return
    journal = open_journal(settings.journal, read_only=True, clock=clock)
    try:
        yield journal
    finally:
        journal.close()


# ── acting verbs ─────────────────────────────────────────────────────────────────────────────────────────────────


def ask(
    settings: Settings,
    verb: str,
    connector: str,
    cluster: str | None,
    arguments: Mapping[str, Any] = NOTHING,
    say: Callable[[str], None] = lambda line: None,
) -> Request:
    """Have the running loop do it; with no loop running, do it ourselves through the same journal and guards.

    What takes several steps is waited for to its end, whatever it takes; `say` is told each step.
    """
    key = key_of(settings, connector, cluster)
    request = Request(id=uuid.uuid4().hex[:12], verb=verb, key=key, at=clock(), arguments=arguments)
    journal = open_journal(settings.journal, clock=clock)
    if begun := _begun(journal, request):
        # What a crash left half done is gone on with; it was asked for then.
        request = replace(request, id=begun.request_id, state="sent")
    else:
        journal.state.put({f"request/{request.id}": to_document(request)})
    if not journal.acquire():
        return _await(journal, request, _Said(say))
    # Only what was asked for: everything else is left to a real run.
    observing = policy_of(settings, dry_run=True)
    with assembled(settings, dry_run=True, policy=observing, journal=journal) as loop:
        deadline, said = time.monotonic() + ANSWER_SECONDS_MAX, _Said(say)

        def over() -> bool:
            workflow = loop.workflow_for(request.id)
            said.hear(workflow)
            return _answered(loop, request) or (time.monotonic() > deadline and workflow is None)

        loop.run(over, lambda report: None)
        said.hear(loop.workflow_for(request.id))
        return loop.request(request.id) or request


def _begun(journal: Journal, request: Request) -> Workflow | None:
    """The same on the same connector, begun before and not ended."""
    found = [each for each in _workflows(journal) if each.open and (each.kind, each.key) == (request.verb, request.key)]
    return found[0] if found else None


def apply_preview(settings: Settings, id: str) -> Plan:  # noqa: A002
    """What `apply` would run for an incident. Raises `WatchdogError` with why it would run nothing."""
    return applying.plan(settings, _journaled(settings), id)


def apply(settings: Settings, planned: Plan) -> str:
    """Run it; what came of it. Raises `WatchdogError`."""

    def tell(verb: str, incident: Incident, told: dict[str, str]) -> Request:
        key = incident.key
        return ask(settings, verb, key.connector, key.cluster, {"incident": incident.id, **told})

    return applying.apply(settings, planned, _journaled(settings), tell)


def _answered(loop: Loop, request: Request) -> bool:
    current = loop.request(request.id)
    return current is not None and current.state not in ("waiting", "sent")


@dataclass
class _Said:
    """Each thing that the steps of a workflow tell, once."""

    say: Callable[[str], None]
    last: str = ""

    def hear(self, workflow: Workflow | None) -> None:
        if workflow is None:
            return
        line = f"{workflow.step}: {workflow.detail}" if workflow.detail else workflow.step
        if line != self.last and workflow.open:
            self.say(line)
        self.last = line


def _await(journal: Journal, request: Request, said: _Said) -> Request:
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    try:
        while True:
            documents = journal.state.load(f"request/{request.id}")
            current = from_document(Request, next(iter(documents.values()), {})) if documents else request
            workflow = _workflow_for(journal, request)
            said.hear(workflow)
            over = time.monotonic() > deadline and workflow is None
            if current.state not in ("waiting", "sent") or over:
                return current
            time.sleep(0.1)
    finally:
        journal.close()


def _workflow_for(journal: Journal, request: Request) -> Workflow | None:
    if request.verb not in KINDS:
        return None
    return next((workflow for workflow in _workflows(journal) if workflow.request_id == request.id), None)


def _workflows(journal: Journal) -> list[Workflow]:
    return [from_document(Workflow, document, key) for key, document in journal.state.load("workflow/").items()]


__all__ = [
    "JournalError",
    "apply",
    "apply_preview",
    "ask",
    "drift",
    "incident",
    "incidents",
    "look",
    "records_plan",
    "recovery_preview",
    "told",
    "topology",
    "watch",
]
