"""Settings that make a connector pass over what does not fit, instead of failing.

Only what somebody set is a finding. `event.converting.failure.handling.mode` hides by default (`warn`: NULL is written
for a value that cannot be converted): it is told beside a difference that is there, not for every source that exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watchdog.history import SchemaHistory
from watchdog.model import Advice, Category, Cause, Code, ConnectorConfig, ConnectorKey, Finding, Observation, Severity
from watchdog.topology import Topology


@dataclass(frozen=True, slots=True)
class Hiding:
    """A setting that hides drift. `chosen` is False where it is but the default."""

    setting: str
    value: str
    hides: str
    instead: str
    chosen: bool = True


def hiding(config: ConnectorConfig, is_source: bool) -> Iterator[Hiding]:
    """Every setting of a Debezium source, or of a sink, that hides drift, whether it was chosen or is the default."""
    yield from _of_source(config) if is_source else ()
    tolerant = config.get("errors.tolerance").lower() == "all"
    if tolerant and (is_source or not config.get("errors.deadletterqueue.topic.name")):
        yield Hiding(
            "errors.tolerance",
            "all",
            "a record that cannot be converted is left out, and nobody is told",
            "errors.tolerance=none" + ("" if is_source else ", or set errors.deadletterqueue.topic.name"),
        )


def _of_source(config: ConnectorConfig) -> Iterator[Hiding]:
    converting = config.get("event.converting.failure.handling.mode").lower()
    if converting in ("", "warn", "skip"):
        hides = "a value that cannot be converted becomes NULL, with a line in the worker's log at most"
        chosen = converting == "skip"
        setting = "event.converting.failure.handling.mode"
        yield Hiding(setting, converting or "warn", hides, f"{setting}=fail", chosen)
    inconsistent = config.get("inconsistent.schema.handling.mode").lower()
    if inconsistent in ("warn", "skip"):
        hides = "rows of a table whose shape it does not know are dropped"
        yield Hiding("inconsistent.schema.handling.mode", inconsistent, hides, "inconsistent.schema.handling.mode=fail")
    for prefix in ("schema.history.internal", "database.history"):
        if config.get(f"{prefix}.skip.unparseable.ddl").lower() == "true":
            hides = "a statement that it cannot parse is passed over; the table's shape is wrong from then on"
            yield Hiding(f"{prefix}.skip.unparseable.ddl", "true", hides, f"{prefix}.skip.unparseable.ddl=false")


def hidden_drift(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding]:
    for view in seen.clusters.values():
        for name, status in view.connectors.items():
            config = view.configs.get(name)
            is_source = status.key in topology.sources
            if config is not None and (is_source or status.key in topology.sinks):
                yield from (_finding(status.key, each) for each in hiding(config, is_source) if each.chosen)


def _finding(key: ConnectorKey, each: Hiding) -> Finding:
    cause = Cause(
        category=Category.CONFIG,
        restart=Advice.NO,
        message=f"{each.setting}={each.value}: {each.hides}",
        summary="A setting hides what does not fit.",
        fix=f"Set {each.instead}, once what it hides now was looked for",
        confidence=1.0,
    )
    return Finding(Code.DRIFT_HIDDEN, key, each.setting, cause, Severity.RISKY)
