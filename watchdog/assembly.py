"""Settings → adapters → workers → loop, put together and taken apart. The only reader of the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watchdog.act import Hands
from watchdog.adapters.avro import AvroReader
from watchdog.adapters.connect import ConnectLimits, ConnectRest
from watchdog.adapters.deadline import Certificate
from watchdog.adapters.http import Access
from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.adapters.kafka_quarantine import KafkaQuarantine
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.mysql_binlog_reader import MySqlBinlog
from watchdog.adapters.registry import RegistryRest
from watchdog.adapters.registry_schemas import WriterSchemas
from watchdog.adapters.sqlite import open_journal
from watchdog.adapters.sqlite_patient import PatientJournal
from watchdog.diagnose import prepare
from watchdog.keeper import Keeper
from watchdog.look.chart import kafkas
from watchdog.look.five_places import Ports
from watchdog.loop import Loop
from watchdog.observe import ClusterEyes, ClusterPorts, DatabaseEyes, Observatory, Pace
from watchdog.observe.inquiries import Inquiries
from watchdog.observe.registries import RegistryEyes
from watchdog.observe.workers import Inbox
from watchdog.policy import Policy
from watchdog.ports import Journal
from watchdog.pulse import Pulse
from watchdog.redact import Redactor
from watchdog.remember import recalled
from watchdog.settings import ClusterSettings, RegistrySettings, Settings
from watchdog.settings.in_force import policy_of
from watchdog.workflows import OneAtATime, Procedure
from watchdog.workflows.quarantine import QuarantineSteps
from watchdog.workflows.recover import Recover, RecoverPorts
from watchdog.workflows.replay import ReplaySteps
from watchdog.workflows.sinks import SinkEyes

INBOX_MAX = 1000


def clock() -> datetime:
    return datetime.now(UTC)


@contextmanager
def assembled(
    settings: Settings, *, dry_run: bool, policy: Policy | None = None, journal: Journal | None = None
) -> Iterator[Loop]:
    prepare(settings.catalogue)
    inbox: Inbox = Inbox(INBOX_MAX)
    journal = journal or open_journal(settings.journal, clock=clock)
    redactor = settings.redactor
    policy = policy or policy_of(settings, dry_run)
    ports = _ports(settings)
    servers = [(each, MySqlColumns(each.url.get_secret_value(), clock=clock)) for each in settings.databases]
    databases = {
        server.address: DatabaseEyes(server, each.poll_interval_seconds, settings.probe_interval_seconds, inbox, clock)
        for each, server in servers
    }
    inquiries = {server.address: Inquiries(server, inbox) for _, server in servers}
    _, positions, _ = recalled(journal)
    clusters = {name: ClusterEyes(each, positions.get(name, {}), inbox, clock) for name, each in ports.items()}
    hands = {
        each.name: Hands(
            each.name, ports[each.name].connect.act, inbox.put, clock, procedures_of(each, settings, redactor)
        )
        for each in settings.clusters
    }
    observatory = Observatory(clusters, databases, inbox, _registry_eyes(settings, redactor, inbox), inquiries)
    keeper = Keeper(journal, timedelta(days=settings.timeline_retention_days))
    loop = Loop(observatory, hands, keeper, policy, Pulse(clock, settings.tilt_seconds))
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


def patient_journal(settings: Settings) -> PatientJournal:
    """For the loop: what is wrong with the journal keeps nobody from watching."""
    return PatientJournal(settings.journal, lambda create: open_journal(settings.journal, create=create, clock=clock))


@contextmanager
def looking(settings: Settings) -> Iterator[Ports]:
    """The ports alone, for one look without a loop: those of each Connect cluster, and the databases."""
    ports = _ports(settings)
    databases = [MySqlColumns(each.url.get_secret_value(), clock=clock) for each in settings.databases]
    registries = {
        cluster.name: [
            registry_of(each, settings.redactor) for each in settings.registries if each.serves(cluster.name)
        ]
        for cluster in settings.clusters
    }
    with ExitStack() as opened:
        for each in ports.values():
            if each.statuses:
                opened.callback(each.statuses.close)
            if each.schemas:
                opened.callback(each.schemas.close)
        for database in databases:
            opened.callback(database.close)
        yield Ports(ports, databases, registries)


def _ports(settings: Settings) -> dict[str, ClusterPorts]:
    kafka_of = kafkas({cluster.name: cluster.kafka_bootstrap_servers for cluster in settings.clusters})
    return {
        cluster.name: replace(_cluster_ports(cluster, settings, settings.redactor), kafka=kafka_of[cluster.name])
        for cluster in settings.clusters
    }


def _cluster_ports(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> ClusterPorts:
    pace = Pace(
        poll_seconds=cluster.poll_interval_seconds,
        probe_seconds=settings.probe_interval_seconds,
        scan_records_max=settings.scan_records_max,
        progress_seconds=settings.progress_interval_seconds,
        stall_seconds=settings.stall_seconds,
        flush_seconds=cluster.offset_flush_interval_seconds,
        rebalance_seconds=cluster.rebalance_delay_seconds,
    )
    connect = connect_of(cluster, redactor)
    servers = cluster.kafka_bootstrap_servers
    if not servers:
        return ClusterPorts(connect, pace=pace)
    client = cluster.kafka_config()
    return ClusterPorts(
        connect=connect,
        statuses=StatusTopic(cluster.name, servers, cluster.status_topic, client, redactor),
        schemas=SchemaTopics(cluster.name, servers, client, redactor, avro_of(cluster, settings, redactor)),
        records=WaitingRecords(cluster.name, servers, client, avro_of(cluster, settings, redactor)),
        brokers=KafkaBrokers(servers, client),
        pace=pace,
        clean=redactor.clean,
    )


def connect_of(cluster: ClusterSettings, redactor: Redactor) -> ConnectRest:
    limits = ConnectLimits(
        request_timeout_seconds=cluster.request_timeout_seconds, response_bytes_max=cluster.response_bytes_max
    )
    return ConnectRest(cluster.name, cluster.urls, redactor, clock, limits, access_of(cluster))


def access_of(cluster: ClusterSettings) -> Access:
    """A login in a URL is that worker's own, and is left there."""
    secrets = (cluster.password, cluster.token, cluster.key_password)
    password, token, key_password = (secret.get_secret_value() if secret else "" for secret in secrets)
    certificate = None
    if cluster.cert_file:
        certificate = Certificate(str(cluster.cert_file), str(cluster.key_file or ""), key_password)
    ca_file = str(cluster.ca_file or "")
    return Access(cluster.username, password, ca_file, token=token, certificate=certificate)


def procedures_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> dict[str, Procedure]:
    """What takes several steps at this Connect cluster, by its kind (see `watchdog.workflows`)."""
    procedures = _records_procedures(cluster, settings, redactor)
    if cluster.kafka_bootstrap_servers:
        procedures["recover"] = recover_of(cluster, settings, redactor)
    return procedures


def _records_procedures(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> dict[str, Procedure]:
    if not cluster.kafka_bootstrap_servers:
        return {}
    connect, quarantine = connect_of(cluster, redactor), quarantine_of(cluster, settings, redactor)
    eyes = sink_eyes_of(connect, quarantine, settings)
    flush_seconds = cluster.offset_flush_interval_seconds
    # Two sinks' workflows may be under way at once; they read Kafka and the databases through one reader of each.
    lock = threading.Lock()
    return {
        "quarantine": OneAtATime(QuarantineSteps(eyes, connect.control, quarantine, clock, flush_seconds), lock),
        "replay": OneAtATime(ReplaySteps(eyes, quarantine), lock),
    }


def quarantine_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> KafkaQuarantine:
    avro = avro_of(cluster, settings, redactor)
    return KafkaQuarantine(cluster.kafka_bootstrap_servers, cluster.kafka_config(), avro)


def sink_eyes_of(connect: ConnectRest, quarantine: KafkaQuarantine, settings: Settings) -> SinkEyes:
    databases = [MySqlColumns(each.url.get_secret_value(), clock=clock) for each in settings.databases]
    return SinkEyes(connect, quarantine, databases, settings.scan_records_max)


def recover_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> Recover:
    """With clients of its own: its steps are taken in threads of their own."""
    servers, client = cluster.kafka_bootstrap_servers, cluster.kafka_config()
    connect = connect_of(cluster, redactor)
    urls = [each.url.get_secret_value() for each in settings.databases]
    databases = [MySqlColumns(url, clock=clock) for url in urls]
    binlogs = [MySqlBinlog(url) for url in urls]
    return Recover(
        RecoverPorts(
            connect=connect,
            control=connect.control,
            brokers=KafkaBrokers(servers, client),
            history=lambda: SchemaTopics(cluster.name, servers, client, redactor),
            databases={each.address: each for each in databases},
            binlogs={each.address: each for each in binlogs},
        )
    )


def avro_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> AvroReader:
    """For one thread: what a cluster's connectors write in Avro, with the registries that serve it."""
    serving = [each for each in settings.registries if each.serves(cluster.name)]
    return AvroReader(WriterSchemas([registry_of(each, redactor) for each in serving]) if serving else None)


def registry_of(registry: RegistrySettings, redactor: Redactor) -> RegistryRest:
    username, password = registry.login or ("", "")
    token = registry.token.get_secret_value() if registry.token else ""
    access = Access(username, password, str(registry.ca_file or ""), token=token)
    return RegistryRest(registry.name, registry.base_url, redactor, access, registry.request_timeout_seconds)


def _registry_eyes(settings: Settings, redactor: Redactor, inbox: Inbox) -> list[RegistryEyes]:
    return [
        RegistryEyes(
            registry_of(each, redactor),
            tuple(cluster.name for cluster in settings.clusters if each.serves(cluster.name)),
            each.poll_interval_seconds,
            inbox,
            clock,
        )
        for each in settings.registries
    ]
