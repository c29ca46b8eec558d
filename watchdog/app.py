"""Composition root: settings → adapters → loop. The only reader of the clock, the only place that knows signals."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from watchdog import lifecycle
from watchdog.act import Hands
from watchdog.adapters.connect import ConnectLimits, ConnectRest
from watchdog.adapters.http import Access
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.sqlite import open_journal
from watchdog.codec import from_document, to_document
from watchdog.detect import symptoms
from watchdog.diagnose import diagnose
from watchdog.errors import JournalError, PortError
from watchdog.loop import Loop
from watchdog.memory import Memory
from watchdog.model import ConnectorKey, Incident, Phase, Report, Request, TimelineEntry
from watchdog.observe import ClusterEyes, ClusterPorts, DatabaseEyes, Observatory, Pace
from watchdog.policy import Mode, Policy
from watchdog.ports import Journal
from watchdog.redact import Redactor
from watchdog.remember import remembered
from watchdog.report.server import Readings, Server
from watchdog.settings import ClusterSettings, Settings
from watchdog.workers import Inbox
from watchdog.world import Configs, World

log = structlog.get_logger("watchdog")

INBOX_MAX = 1000
ONCE_SECONDS_MAX = 20.0
ANSWER_SECONDS_MAX = 60.0
"""How long a request waits for its answer."""


def clock() -> datetime:
    return datetime.now(UTC)


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
    with _signals(stop), _assembled(settings, dry_run=dry_run) as loop, _served(settings, loop, served):
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
    failing = [incident for incident in report.incidents if incident.phase in (Phase.OPEN, Phase.RESTARTING)]
    probed = all(incident.key in report.observation.probes for incident in failing)
    return report.ready and probed and not any(incident.phase is Phase.RESTARTING for incident in failing)


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


@contextmanager
def _assembled(
    settings: Settings, *, dry_run: bool, policy: Policy | None = None, journal: Journal | None = None
) -> Iterator[Loop]:
    inbox: Inbox = Inbox(INBOX_MAX)
    journal = journal or open_journal(settings.journal, clock=clock)
    redactor = settings.redactor
    policy = policy or policy_of(settings, dry_run)
    ports = {each.name: _cluster_ports(each, settings, redactor) for each in settings.clusters}
    databases = {
        database.address: DatabaseEyes(
            database, each.poll_interval_seconds, settings.probe_interval_seconds, inbox, clock
        )
        for each in settings.databases
        if (database := MySqlColumns(each.url.get_secret_value(), clock=clock))
    }
    _, positions = remembered(journal.state.load())
    clusters = {name: ClusterEyes(each, positions.get(name, {}), inbox, clock) for name, each in ports.items()}
    hands = {name: Hands(name, each.connect.act, inbox.put) for name, each in ports.items()}
    observatory = Observatory(clusters, databases, inbox)
    loop = Loop(
        observatory,
        hands,
        journal,
        policy,
        clock,
        settings.tilt_seconds,
        timedelta(days=settings.timeline_retention_days),
    )
    for hand in hands.values():
        hand.start()
    observatory.start()
    try:
        yield loop
    finally:
        # The threads are daemons: one that hangs in a call does not keep the process from ending.
        observatory.stop()
        for hand in hands.values():
            hand.stop()
        journal.close()


def _cluster_ports(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> ClusterPorts:
    pace = Pace(cluster.poll_interval_seconds, settings.probe_interval_seconds, settings.scan_records_max)
    connect = connect_of(cluster, redactor)
    servers = cluster.kafka_bootstrap_servers
    if not servers:
        return ClusterPorts(connect, pace=pace)
    client = cluster.kafka_config()
    return ClusterPorts(
        connect=connect,
        statuses=StatusTopic(cluster.name, servers, cluster.status_topic, client, redactor),
        schemas=SchemaTopics(cluster.name, servers, client, redactor),
        records=WaitingRecords(cluster.name, servers, client),
        pace=pace,
        clean=redactor.clean,
    )


def connect_of(cluster: ClusterSettings, redactor: Redactor) -> ConnectRest:
    limits = ConnectLimits(
        request_timeout_seconds=cluster.request_timeout_seconds, response_bytes_max=cluster.response_bytes_max
    )
    username, password = cluster.login or ("", "")
    access = Access(username, password, str(cluster.ca_file or ""))
    return ConnectRest(cluster.name, cluster.base_url, redactor, clock, limits, access)


def policy_of(settings: Settings, dry_run: bool) -> Policy:
    flush = {cluster.name: cluster.offset_flush_interval_seconds for cluster in settings.clusters}

    def mode_for(key: ConnectorKey) -> Mode:
        return Mode.OBSERVE if dry_run else Mode(settings.mode_for(key.cluster, key.connector))

    return Policy(
        mode_for=mode_for,
        stability_window_seconds=settings.stability_window_seconds,
        transient_delay_seconds=settings.transient_delay_seconds,
        attempts_max=settings.attempts_max,
        flush_interval_seconds=lambda cluster: flush.get(cluster, 60.0),
    )


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
    memory = _journaled(settings)
    for view in seen.clusters.values():
        for status in view.connectors.values():
            known = memory.incident_of(status.key)
            failures = tuple(symptoms(status))
            if failures and not (known and known.open):
                cause = diagnose(failures[0].trace, status.type)
                fresh = lifecycle.opened(status.key, failures, cause, seen.now)
                memory = memory.with_incident(replace(fresh, reason="not watched yet: `watchdog run` watches it"))
    incidents = sorted(memory.incidents.values(), key=lambda incident: (not incident.open, incident.opened_at))
    return Report(observation=seen, incidents=tuple(incidents), counters=memory.counters, ready=True)


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
        return (found[0], journal.audit.timeline(found[0].id)) if len(found) == 1 else None


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


def ask(settings: Settings, verb: str, connector: str, cluster: str | None) -> Request:
    """Have the running loop do it; with no loop running, do it ourselves through the same journal and guards."""
    key = ConnectorKey(cluster or settings.clusters[0].name, connector)
    request = Request(id=uuid.uuid4().hex[:12], verb=verb, key=key, at=clock())
    journal = open_journal(settings.journal, clock=clock)
    journal.state.put({f"request/{request.id}": to_document(request)})
    if not journal.acquire():
        return _await(journal, request)
    # Only what was asked for: everything else is left to a real run.
    observing = replace(policy_of(settings, dry_run=True))
    with _assembled(settings, dry_run=True, policy=observing, journal=journal) as loop:
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        loop.run(lambda: _answered(loop, request) or time.monotonic() > deadline, lambda report: None)
        return loop.request(request.id) or request


def _answered(loop: Loop, request: Request) -> bool:
    current = loop.request(request.id)
    return current is not None and current.state not in ("waiting", "sent")


def _await(journal: Journal, request: Request) -> Request:
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    try:
        while True:
            documents = journal.state.load(f"request/{request.id}")
            current = from_document(Request, next(iter(documents.values()), {})) if documents else request
            if current.state not in ("waiting", "sent") or time.monotonic() > deadline:
                return current
            time.sleep(0.1)
    finally:
        journal.close()


__all__ = ["JournalError", "ask", "incident", "incidents", "look", "watch"]
