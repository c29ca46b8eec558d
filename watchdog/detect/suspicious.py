"""Configurations that make a worker run, or fetch, what somebody else chose: a finding, and nothing is restarted."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.history import SchemaHistory
from watchdog.model import Advice, Category, Cause, Code, ConnectorKey, Finding, Observation, Severity
from watchdog.topology import Topology

_TOLD_MAX = 5


def suspicious_configs(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding]:
    for view in seen.clusters.values():
        for name, config in view.configs.items():
            if config.suspicious:
                yield _finding(ConnectorKey(view.name, name), config.suspicious)


def _finding(key: ConnectorKey, found: tuple[str, ...]) -> Finding:
    told = "; ".join(found[:_TOLD_MAX]) + (f"; and {len(found) - _TOLD_MAX} more" if len(found) > _TOLD_MAX else "")
    cause = Cause(
        category=Category.CONFIG,
        restart=Advice.NO,
        message=told,
        summary="The connector's configuration may make the worker run or fetch what somebody else chose.",
        fix="Find out who wrote it, and take it out or delete the connector; it is not restarted meanwhile. Restrict "
        "who may use Connect's REST API, and keep Kafka's own refusals on (org.apache.kafka.disallowed.login.modules, "
        "org.apache.kafka.sasl.oauthbearer.allowed.urls)",
        confidence=1.0,
    )
    return Finding(Code.CONFIG_SUSPICIOUS, key, "security", cause, Severity.BREAKING)
