"""Settings of a Connect cluster → what takes several steps there, each with clients of its own."""

from __future__ import annotations

import threading

from watchdog.adapters.connect import ConnectRest
from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.adapters.kafka_quarantine import KafkaQuarantine
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.mysql_binlog_reader import MySqlBinlog
from watchdog.assembly.clients import clock, connect_of, quarantine_of
from watchdog.redact import Redactor
from watchdog.settings import ClusterSettings, Settings
from watchdog.workflows import OneAtATime, Procedure
from watchdog.workflows.quarantine import QuarantineSteps
from watchdog.workflows.recover import Recover, RecoverPorts
from watchdog.workflows.replay import ReplaySteps
from watchdog.workflows.sinks import SinkEyes


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
