"""The Kafka client's error codes → `PortError`."""

from __future__ import annotations

import re

from confluent_kafka import KafkaError, KafkaException

from watchdog.errors import PortError, PortRefused, PortUnauthorized, PortUnreachable

REFUSALS = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
LOGIN = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError._SSL,
    }
)
"""We are not let in, or cannot tell whom we speak to: the same will be said to the next try."""
UNREACHABLE = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._SSL,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
    }
)
LOST = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,
        KafkaError._LOG_TRUNCATION,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)

_QUOTED_VALUE = re.compile(r'(?i)(value) "[^"]*"')


def refused_settings(target: str, error: KafkaException) -> PortError:
    # The message may quote the value, which may be a secret.
    said = _QUOTED_VALUE.sub(r"\1 ***", error.args[0].str())
    return PortRefused(target, f"the client refuses its settings: {said}", "see `kafka`")


def translated(target: str, error: KafkaError, cause: KafkaError | None) -> PortError:
    """`cause`: what the client last said of its connections. The error itself says but that nobody answered."""
    if error.code() in UNREACHABLE and cause is not None:
        error = cause
    if error.code() in REFUSALS:
        return PortUnauthorized(target, error.str(), "check the `kafka` settings: user, password, ACLs")
    if error.code() in UNREACHABLE:
        return PortUnreachable(target, error.str(), "is the broker up, and its listener right?")
    return PortRefused(target, error.str())
