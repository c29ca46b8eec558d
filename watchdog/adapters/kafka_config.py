"""Settings of a Kafka client that only reads: ours around those that a person gave."""

from __future__ import annotations

import logging
from collections.abc import Mapping

_DEFAULTS = {
    "group.id": "watchdog",
    "client.id": "watchdog",
    "fetch.wait.max.ms": "500",
    "fetch.min.bytes": "1",  # told at once, not when a batch is full
    "queued.max.messages.kbytes": "16384",
    "fetch.queue.backoff.ms": "10",  # a full queue is emptied in less than the client's usual second
    "reconnect.backoff.ms": "100",
    "reconnect.backoff.max.ms": "1000",
    "socket.connection.setup.timeout.ms": "5000",
}
# What a setting must not change: we assign, we never join a group or commit.
_FIXED = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "allow.auto.create.topics": "false",
    "auto.offset.reset": "error",
    "enable.partition.eof": "true",
    "log_level": "4",
}


def config_of(bootstrap_servers: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {**_DEFAULTS, **settings, **_FIXED, "bootstrap.servers": bootstrap_servers}


class DebugLog:
    """Takes the client library's log lines, whatever their level: what matters comes as an error."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("watchdog.kafka")

    def log(self, _level: int, message: str, *args: object) -> None:
        self._logger.debug(message, *args)
