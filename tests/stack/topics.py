"""What an administrator does to topics."""

from __future__ import annotations

from confluent_kafka import TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
)


def set_topic(admin: AdminClient, topic: str, **settings: str) -> None:
    """`retention_ms="1000"` sets `retention.ms`."""
    entries = [
        ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for name, value in settings.items()
    ]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
    for answer in admin.incremental_alter_configs([resource]).values():
        answer.result(10)


def delete_records(admin: AdminClient, topic: str, before: int, partition: int = 0) -> None:
    for answer in admin.delete_records([TopicPartition(topic, partition, before)]).values():
        answer.result(10)


def add_partitions(admin: AdminClient, topic: str, up_to: int) -> None:
    for answer in admin.create_partitions([NewPartitions(topic, up_to)]).values():
        answer.result(10)
