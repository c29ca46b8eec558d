"""Report → label values and numbers, family by family, before anything knows of Prometheus. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, product

from watchdog import buckets
from watchdog.model import Category, Code, ConnectorStatus, Incident, Report, State, Verdict
from watchdog.report.text import severity

Samples = Iterable[tuple[tuple[str, ...], float]]
"""Label values → value."""

STATES = tuple(state for state in State if state is not State.UNKNOWN)
"""Connect's own six."""


def drift(report: Report, resolved_since: datetime) -> Samples:
    """1 for each open schema drift, 0 for each that was resolved after `resolved_since`, by `DRIFT` labels.

    All that one statement broke is one series, with the connector that it broke first: whichever of them recovers
    first, it goes on until all have. What is told twice of one table is one series, too.
    """
    found: dict[tuple[str, ...], float] = {}
    for group in _by_cause(report.incidents):
        labels = _drift_labels(min(group, key=lambda one: (not one.code.is_failure, one.opened_at, one.id)))
        if any(one.open for one in group):
            found[labels] = 1.0
        elif any(one.resolved_at and one.resolved_at > resolved_since for one in group):
            found.setdefault(labels, 0.0)
    return found.items()


def _by_cause(incidents: Iterable[Incident]) -> Iterable[Sequence[Incident]]:
    incidents = tuple(incidents)
    by_id = {one.id: one for one in incidents}
    groups: dict[str, list[Incident]] = {}
    for one in (one for one in incidents if one.schema_drift):
        # Merged into one that is told elsewhere, or not at all any more.
        if (root := by_id.get(one.merged_into or one.id)) is None:
            continue
        change = one.diagnosis.change or root.diagnosis.change
        groups.setdefault(change.id if change else root.id, []).append(one)
    return groups.values()


def _drift_labels(one: Incident) -> tuple[str, ...]:
    table = one.diagnosis.table or one.diagnosis.target
    database, name = table or ("", "")
    return (*one.key, database, name, severity(one))


def statuses(report: Report) -> Sequence[ConnectorStatus]:
    return [status for cluster in report.observation.clusters.values() for status in cluster.connectors.values()]


def failed_tasks(report: Report) -> Samples:
    return ((status.key, float(len(status.failed_tasks))) for status in statuses(report))


def connector_states(report: Report) -> Samples:
    return (sample for status in statuses(report) for sample in _one_hot(status.key, status.state))


def task_states(report: Report) -> Samples:
    return (
        sample
        for status in statuses(report)
        for task in status.tasks
        for sample in _one_hot((*status.key, str(task.id)), task.state)
    )


def _one_hot(labels: tuple[str, ...], state: State) -> Samples:
    return (((*labels, other.value), float(other is state)) for other in STATES)


def incidents(report: Report) -> Samples:
    """How many, by Connect cluster, category and `firing` or `resolved`; 0 for every category that has none."""
    # From the start: a series that begins at 1 has no increase.
    combinations = product(report.observation.clusters, map(str, Category), ("firing", "resolved"))
    counts: dict[tuple[str, ...], float] = dict.fromkeys(combinations, 0.0)
    for one in report.incidents:
        if one.merged_into is None:
            labels = (one.key.cluster, one.diagnosis.cause.category.value, "firing" if one.open else "resolved")
            counts[labels] = counts.get(labels, 0.0) + 1.0
    return counts.items()


def stalled(report: Report) -> Samples:
    """1 for each connector that is RUNNING and does not move, 0 for each other."""
    stuck = {one.key for one in report.incidents if one.open and one.code is Code.STALLED}
    return ((status.key, float(status.key in stuck)) for status in statuses(report))


def muted(report: Report) -> Samples:
    """By `why`: 1 where nobody is called for the connector's failures: all that is open about it is silenced, or it is
    part of a failure that is told at another connector."""
    told: dict[tuple[str, str], bool] = {}
    for one in (one for one in report.incidents if one.open):
        told[one.key] = told.get(one.key, False) or not one.muted
    leading = {one.id for one in report.incidents if one.open}
    grouped = {one.key for one in report.incidents if one.open and one.code.is_failure and one.merged_into in leading}
    for status in statuses(report):
        yield (*status.key, "silence"), float(told.get(status.key) is False)
        yield (*status.key, "group"), float(status.key in grouped)


def grouped_failures(report: Report) -> Samples:
    """At the connector whose failure others are part of: how many of them all are not well yet; 0 at each other."""
    failing = [one for one in report.incidents if one.open and one.code.is_failure]
    counts = Counter(one.merged_into or one.id for one in failing if not one.recovered_at)
    followed = {one.merged_into for one in failing}
    leaders = {one.key: counts[one.id] for one in failing if one.id in followed}
    return ((status.key, float(leaders.get(status.key, 0))) for status in statuses(report))


def gave_up(report: Report) -> Samples:
    """1 for each connector that no more restarts are sent to, until a person says so."""
    exhausted = {one.key for one in report.incidents if one.open and one.verdict is Verdict.EXHAUSTED}
    return ((status.key, float(status.key in exhausted)) for status in statuses(report))


def circuits(report: Report) -> Samples:
    return (((name,), float(name in report.circuits)) for name in report.observation.clusters)


def findings(report: Report) -> Samples:
    """1 for each thing found with nothing FAILED, by connector, kind and severity; gone with its end."""
    found = (one for one in report.incidents if one.open and not one.code.is_failure and one.merged_into is None)
    return {(*one.key, one.code.value, severity(one)): 1.0 for one in found}.items()


def workflows(report: Report) -> Samples:
    """1 for each workflow that is under way, by connector and kind; gone with its end."""
    return {(*each.key, each.kind): 1.0 for each in report.workflows if each.open}.items()


def lags(report: Report) -> Samples:
    """Records that each sink has not taken, where that is known."""
    for key, progress in report.observation.progress.items():
        if (lag := progress.lag_records) is not None:
            yield key, float(lag)


def clocks(report: Report) -> Samples:
    """Seconds that are left of what each stuck connector needs, by the clock that runs out first."""
    left: dict[tuple[str, ...], float] = {}
    for one in report.incidents:
        for clock in one.clocks if one.open else ():
            if clock.left_seconds is not None:
                labels = (*one.key, clock.name)
                left[labels] = min(left.get(labels, clock.left_seconds), clock.left_seconds)
    return left.items()


def ages(report: Report, now: datetime, started_at: datetime) -> Samples:
    """Seconds since each source was last seen; since `started_at` when it never was."""
    unseen = max(0.0, (now - started_at).total_seconds())
    for source in report.observation.sources:
        age = source.age_seconds(now)
        yield (source.cluster, source.name), unseen if age is None else age


def counted(report: Report, name: str) -> Samples:
    """What was counted under this name."""
    return [(labels, value) for (counter, labels), value in report.counters.values.items() if counter == name]


def schema_changes(report: Report) -> Samples:
    """Counts by Connect cluster and kind, 0 for every kind that did not come."""
    kinds = product(report.observation.clusters, ("new", "redelivered", "baseline", "unreadable", "helper", "foreign"))
    counts: dict[tuple[str, ...], float] = dict.fromkeys(kinds, 0.0)
    counts.update(counted(report, "schema_changes_total"))
    return counts.items()


def histogram(
    report: Report, name: str, bounds: Sequence[float]
) -> Iterable[tuple[str, list[tuple[str, float]], float]]:
    """Connect cluster, cumulative count by `le`, sum; also for the clusters that have nothing yet."""
    measured = {labels[0] for labels, _ in counted(report, f"{name}_count")}
    steps = buckets.labels(bounds)
    for cluster in sorted(measured.union(report.observation.clusters)):
        counts = (report.counters.get(f"{name}_bucket", cluster, le) for le in steps)
        yield cluster, list(zip(steps, accumulate(counts), strict=True)), report.counters.get(f"{name}_sum", cluster)
