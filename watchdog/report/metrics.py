"""Report → Prometheus metrics, built anew for each scrape: what is gone from the report is gone from the metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from watchdog import buckets
from watchdog.model import Report
from watchdog.report import samples
from watchdog.report.samples import Samples
from watchdog.report.text import plain

_CLUSTER = ("connect_cluster",)
_CONNECTOR = ("connect_cluster", "connector")
_DRIFT = ("connect_cluster", "schema", "track")


def registry(
    latest: Callable[[], Report | None],
    clock: Callable[[], datetime],
    version: str,
    resolved_gauge_seconds: float = 900.0,
) -> CollectorRegistry:
    """A registry of its own with the watchdog's metrics and its process's.

    `schema_drift_detected` stays at 0 for `resolved_gauge_seconds` after a drift is resolved, so that alerts resolve
    at once, and is gone then.
    """
    own = CollectorRegistry()
    own.register(ReportCollector(latest, clock, version, timedelta(seconds=resolved_gauge_seconds)))
    ProcessCollector(registry=own)
    return own


class ReportCollector(Collector):
    """Reads the last report at each scrape; safe from any thread."""

    def __init__(
        self, latest: Callable[[], Report | None], clock: Callable[[], datetime], version: str, resolved: timedelta
    ) -> None:
        self._latest = latest
        self._clock = clock
        self._started_at = clock()
        self._version = version
        self._resolved = resolved

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        report = self._latest()
        yield InfoMetricFamily("watchdog_build", "The watchdog's version.", value={"version": plain(self._version)})
        yield _flag(
            "watchdog_ready", "1 while everything that it needs can be seen.", report is not None and report.ready
        )
        yield _flag(
            "watchdog_acting", "1 while it may act: it holds the journal.", report is not None and report.acting
        )
        if report is not None:
            now = self._clock()
            yield from _drift(report, now - self._resolved)
            yield from _connectors(report)
            yield from _progress(report)
            yield from _told(report)
            yield from _own(report, samples.ages(report, now, self._started_at))
            yield _histogram(report, "detection_seconds", "From a failure to its incident.", buckets.DETECTION_SECONDS)
            yield _histogram(report, "recovery_seconds", "From a failure to its end.", buckets.RECOVERY_SECONDS)


def _drift(report: Report, resolved_since: datetime) -> Iterator[Metric]:
    yield _gauge(
        "schema_drift_detected",
        "1 while the places that should agree on a table's shape do not, 0 for a while after.",
        (*_CONNECTOR, "database", "table", "severity"),
        samples.drift(report, resolved_since),
    )
    yield _counter("schema_drift_total", "Schema drifts found.", _DRIFT, samples.counted(report, "schema_drift_total"))
    last = "schema_drift_last_detected_timestamp"
    yield _gauge(last, "Unix time of the last schema drift.", _DRIFT, samples.counted(report, last))


def _connectors(report: Report) -> Iterator[Metric]:
    yield _gauge(
        "kafka_connect_connector_failed_task_count",
        "Tasks that are FAILED.",
        _CONNECTOR,
        samples.failed_tasks(report),
    )
    yield _gauge(
        "kafka_connect_connector_state",
        "1 for the state that the connector is in, 0 for the others.",
        (*_CONNECTOR, "state"),
        samples.connector_states(report),
    )
    yield _gauge(
        "kafka_connect_task_state",
        "1 for the state that the task is in, 0 for the others.",
        (*_CONNECTOR, "task", "state"),
        samples.task_states(report),
    )


def _progress(report: Report) -> Iterator[Metric]:
    yield _gauge(
        "watchdog_findings",
        "1 for each thing that is wrong with a connector though nothing of it is FAILED.",
        (*_CONNECTOR, "kind", "severity"),
        samples.findings(report),
    )
    yield _gauge(
        "watchdog_connector_stalled",
        "1 while the connector is RUNNING and does not move, though there is something to read.",
        _CONNECTOR,
        samples.stalled(report),
    )
    yield _gauge(
        "watchdog_connector_lag_records", "Records that the sink has not taken.", _CONNECTOR, samples.lags(report)
    )
    yield _gauge(
        "watchdog_clock_left_seconds",
        "How long what a stuck connector still needs will be there; 0: it is gone.",
        (*_CONNECTOR, "clock"),
        samples.clocks(report),
    )


def _told(report: Report) -> Iterator[Metric]:
    yield _gauge(
        "watchdog_muted",
        "1 where nobody is called for a connector: it is silenced, or part of what is told at another one.",
        (*_CONNECTOR, "why"),
        samples.muted(report),
    )
    yield _gauge(
        "watchdog_grouped_failures",
        "At the connector whose failure others are part of: how many of them are not well yet.",
        _CONNECTOR,
        samples.grouped_failures(report),
    )
    yield _gauge(
        "watchdog_recovery_gave_up",
        "1 while no more restarts are sent, because those that were did not help.",
        _CONNECTOR,
        samples.gave_up(report),
    )
    yield _gauge(
        "watchdog_circuit_open",
        "1 while many tasks fail together, and each cause is tried at one connector first.",
        _CLUSTER,
        samples.circuits(report),
    )


def _own(report: Report, ages: Samples) -> Iterator[Metric]:
    yield _counter(
        "watchdog_restarts_total",
        "Restarts, by how they ended.",
        (*_CONNECTOR, "outcome"),
        samples.counted(report, "restarts_total"),
    )
    yield _counter(
        "watchdog_useless_restarts_total",
        "Restarts after which the same failed again at the same place.",
        _CONNECTOR,
        samples.counted(report, "useless_restarts_total"),
    )
    yield _counter(
        "watchdog_workflows_total",
        "What took several steps at a connector, by its kind and how it ended.",
        (*_CONNECTOR, "kind", "result"),
        samples.counted(report, "workflows_total"),
    )
    yield _gauge(
        "watchdog_workflow_under_way",
        "1 for each of those that is at work on its connector.",
        (*_CONNECTOR, "kind"),
        samples.workflows(report),
    )
    yield _gauge(
        "watchdog_incidents",
        "Incidents that are open, and those resolved lately.",
        (*_CLUSTER, "category", "state"),
        samples.incidents(report),
    )
    yield _gauge(
        "watchdog_observation_age_seconds",
        "Since the source was last seen; since the start when it never was.",
        (*_CLUSTER, "source"),
        ages,
    )
    yield _counter(
        "watchdog_schema_changes_total",
        "Records of the schema change topics, by what became of them.",
        (*_CLUSTER, "kind"),
        samples.schema_changes(report),
    )


def _histogram(report: Report, name: str, meaning: str, bounds: tuple[float, ...]) -> Metric:
    family = HistogramMetricFamily(f"watchdog_{name}", meaning, labels=_CLUSTER)
    for cluster, cumulative, total in samples.histogram(report, name, bounds):
        family.add_metric((plain(cluster),), cumulative, total)
    return family


def _flag(name: str, meaning: str, value: bool) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


def _gauge(name: str, meaning: str, labels: tuple[str, ...], values: Samples) -> Metric:
    return _filled(GaugeMetricFamily(name, meaning, labels=labels), values)


def _counter(name: str, meaning: str, labels: tuple[str, ...], values: Samples) -> Metric:
    return _filled(CounterMetricFamily(name, meaning, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Samples) -> Metric:
    # Two names may differ in what is stripped, a drift may be both open and resolved: Prometheus wants one sample.
    merged: dict[tuple[str, ...], float] = {}
    for labels, value in values:
        safe = tuple(map(plain, labels))
        merged[safe] = max(value, merged.get(safe, value))
    for safe, value in merged.items():
        family.add_metric(safe, value)
    return family
