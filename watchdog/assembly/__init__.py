"""Settings → adapters → workers → loop, put together and taken apart. The only reader of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from watchdog.act import Hands
from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.sqlite import open_journal
from watchdog.adapters.sqlite_patient import PatientJournal
from watchdog.assembly.clients import clock, connect_of, quarantine_of
from watchdog.assembly.eyes import cluster_ports, looking, registry_eyes
from watchdog.assembly.procedures import procedures_of, sink_eyes_of
from watchdog.diagnose import prepare
from watchdog.keeper import Keeper
from watchdog.loop import Loop
from watchdog.observe import ClusterEyes, DatabaseEyes, Observatory
from watchdog.observe.inquiries import Inquiries
from watchdog.observe.workers import Inbox
from watchdog.policy import Policy
from watchdog.ports import Journal
from watchdog.pulse import Pulse
from watchdog.settings import Settings
from watchdog.settings.in_force import policy_of

INBOX_MAX = 1000


@contextmanager
def assembled(
    settings: Settings, *, dry_run: bool, policy: Policy | None = None, journal: Journal | None = None
) -> Iterator[Loop]:
    prepare(settings.catalogue)
    inbox: Inbox = Inbox(INBOX_MAX)
    journal = journal or open_journal(settings.journal, clock=clock)
    keeper = Keeper(journal, timedelta(days=settings.timeline_retention_days))
    redactor, pace = settings.redactor, settings.probe_interval_seconds
    policy = policy or policy_of(settings, dry_run)
    ports = cluster_ports(settings)
    servers = [(each, MySqlColumns(each.url.get_secret_value(), clock=clock)) for each in settings.databases]
    databases = {
        server.address: DatabaseEyes(server, each.poll_interval_seconds, pace, inbox, clock) for each, server in servers
    }
    inquiries = {server.address: Inquiries(server, inbox) for _, server in servers}
    clusters = {name: ClusterEyes(each, keeper.positions.get(name, {}), inbox, clock) for name, each in ports.items()}
    hands = {
        each.name: Hands(
            each.name, ports[each.name].connect.act, inbox.put, clock, procedures_of(each, settings, redactor)
        )
        for each in settings.clusters
    }
    observatory = Observatory(clusters, databases, inbox, registry_eyes(settings, redactor, inbox), inquiries)
    loop = Loop(observatory, hands, keeper, policy, Pulse(clock, settings.tilt_seconds))
    workers: tuple[Hands | Observatory, ...] = (*hands.values(), observatory)
    for worker in workers:
        worker.start()
    try:
        yield loop
    finally:
        # The threads are daemons: one that hangs in a call does not keep the process from ending.
        for worker in reversed(workers):
            worker.stop()
        journal.close()


def patient_journal(settings: Settings) -> PatientJournal:
    """For the loop: what is wrong with the journal keeps nobody from watching."""
    return PatientJournal(settings.journal, lambda create: open_journal(settings.journal, create=create, clock=clock))


__all__ = [
    "assembled",
    "clock",
    "connect_of",
    "looking",
    "patient_journal",
    "procedures_of",
    "quarantine_of",
    "sink_eyes_of",
]
