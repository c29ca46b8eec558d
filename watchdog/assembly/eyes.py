"""Settings → the ports of every Connect cluster, for the loop or for one look without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.adapters.mysql import MySqlColumns
from watchdog.assembly.clients import avro_of, clock, connect_of, registry_of
from watchdog.look.chart import kafkas
from watchdog.look.five_places import Ports
from watchdog.observe import ClusterPorts, Pace
from watchdog.observe.registries import RegistryEyes
from watchdog.observe.workers import Inbox
from watchdog.redact import Redactor
from watchdog.settings import ClusterSettings, Settings


@contextmanager
def looking(settings: Settings) -> Iterator[Ports]:
    """The ports alone, for one look without a loop: those of each Connect cluster, and the databases."""
    ports = cluster_ports(settings)
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


def cluster_ports(settings: Settings) -> dict[str, ClusterPorts]:
    kafka_of = kafkas({cluster.name: cluster.kafka_bootstrap_servers for cluster in settings.clusters})
    return {
        cluster.name: replace(_ports_of(cluster, settings, settings.redactor), kafka=kafka_of[cluster.name])
        for cluster in settings.clusters
    }


def _ports_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> ClusterPorts:
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


def registry_eyes(settings: Settings, redactor: Redactor, inbox: Inbox) -> list[RegistryEyes]:
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
