"""Settings of one system → the adapters that talk to it."""

from __future__ import annotations

from datetime import UTC, datetime

from watchdog.adapters.avro import AvroReader
from watchdog.adapters.connect import ConnectLimits, ConnectRest
from watchdog.adapters.deadline import Certificate
from watchdog.adapters.http import Access
from watchdog.adapters.kafka_quarantine import KafkaQuarantine
from watchdog.adapters.registry import RegistryRest
from watchdog.adapters.registry_schemas import WriterSchemas
from watchdog.redact import Redactor
from watchdog.settings import ClusterSettings, RegistrySettings, Settings


def clock() -> datetime:
    return datetime.now(UTC)


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


def avro_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> AvroReader:
    """For one thread: what a cluster's connectors write in Avro, with the registries that serve it."""
    serving = [each for each in settings.registries if each.serves(cluster.name)]
    return AvroReader(WriterSchemas([registry_of(each, redactor) for each in serving]) if serving else None)


def registry_of(registry: RegistrySettings, redactor: Redactor) -> RegistryRest:
    username, password = registry.login or ("", "")
    token = registry.token.get_secret_value() if registry.token else ""
    access = Access(username, password, str(registry.ca_file or ""), token=token)
    return RegistryRest(registry.name, registry.base_url, redactor, access, registry.request_timeout_seconds)


def quarantine_of(cluster: ClusterSettings, settings: Settings, redactor: Redactor) -> KafkaQuarantine:
    avro = avro_of(cluster, settings, redactor)
    return KafkaQuarantine(cluster.kafka_bootstrap_servers, cluster.kafka_config(), avro)
