"""Turns the panels below into Grafana's JSON: monitoring/grafana/dashboards/watchdog.json, checked in.

python scripts/build_dashboard.py            write the file
python scripts/build_dashboard.py --check    exit code 1 when the file is not what would be written
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).resolve().parents[1] / "monitoring/grafana/dashboards/watchdog.json"

Json = dict[str, Any]

_SOURCE: Json = {"type": "prometheus", "uid": "prometheus"}
_CLUSTER = 'connect_cluster=~"$connect_cluster"'
_CLUSTER_OR_NONE = 'connect_cluster=~"$connect_cluster|"'  # databases and registries serve all clusters
_CONNECTOR = f'{_CLUSTER}, connector=~"$connector"'
_SCRAPE = "instance, job"  # two watchdogs with one journal tell the same counts
_COLUMNS = 24  # the width of Grafana's grid


@dataclass(frozen=True)
class Query:
    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel as we think of it: what it asks, what it answers, how it looks and how large it is."""

    title: str
    description: str
    kind: str
    queries: tuple[Query, ...]
    width: int = 12
    height: int = 8
    defaults: Json = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    transformations: tuple[Json, ...] = ()


def _failed_tasks() -> Panel:
    return Panel(
        title="kafka_connect_connector_failed_task_count",
        description="FAILED tasks of each connector. Alert: ConnectorTaskFailed.",
        kind="timeseries",
        queries=(
            Query(
                f"max by (connect_cluster, connector) (kafka_connect_connector_failed_task_count{{{_CONNECTOR}}})",
                "{{connector}}",
            ),
        ),
        defaults={"min": 0, "decimals": 0, "unit": "short", "custom": {"lineInterpolation": "stepAfter"}},
    )


def _timeline(title: str, description: str, query: Query, *, one: tuple[str, str], none: str, **more: Any) -> Panel:
    """Who is at 1, and since when. `one` is what 1 is called, and its color; `none` is said when nobody is."""
    text, color = one
    mappings = {"0": {"text": more.pop("zero", "no"), "color": "green"}, "1": {"text": text, "color": color}}
    return Panel(
        title=title,
        description=description,
        kind="state-timeline",
        queries=(query,),
        defaults={"mappings": [{"type": "value", "options": mappings}], "noValue": none},
        options={"showValue": "auto", "mergeValues": True, "legend": {"showLegend": False}},
        **more,
    )


def _schema_drift() -> Panel:
    return _timeline(
        "Schema drift",
        "Tables on whose shape the places that should agree do not. Alerts: SchemaDriftDetected, SchemaDriftActive "
        "after an hour, CriticalSchemaDriftSustained after half an hour of one that breaks connectors.",
        Query(
            f"max by (connect_cluster, connector, database, table, severity) (schema_drift_detected{{{_CONNECTOR}}})",
            "{{connector}} {{database}}.{{table}} ({{severity}})",
        ),
        one=("drift", "red"),
        zero="agree",
        none="no drift",
    )


def _connector_states() -> Panel:
    hidden = {"Time": True, "Value": True}
    return Panel(
        title="Connector states",
        description="What Connect says now. RUNNING is not yet proof that data flows.",
        kind="table",
        queries=(
            Query(
                f"max by (connect_cluster, connector, state) (kafka_connect_connector_state{{{_CONNECTOR}}}) == 1",
                instant=True,
            ),
        ),
        transformations=({"id": "organize", "options": {"excludeByName": hidden}},),
    )


def _task_states() -> Panel:
    return Panel(
        title="Tasks by state",
        description="UNASSIGNED and RESTARTING pass by in every rebalance and are not failures.",
        kind="timeseries",
        queries=(Query(f"sum by (state) (kafka_connect_task_state{{{_CONNECTOR}}})", "{{state}}"),),
        defaults={"min": 0, "decimals": 0, "custom": {"fillOpacity": 20, "stacking": {"mode": "normal"}}},
    )


def _open_incidents() -> Panel:
    return Panel(
        title="Open incidents",
        description="By category and state; `watchdog incidents` lists them.",
        kind="timeseries",
        queries=(
            Query(
                f"sum by (category, state) (watchdog_incidents{{{_CLUSTER}}}) > 0",
                "{{category}} {{state}}",
            ),
        ),
        defaults={"min": 0, "decimals": 0, "noValue": "none", "custom": {"drawStyle": "bars"}},
    )


def _findings() -> Panel:
    return _timeline(
        "What is wrong though nothing is FAILED?",
        "By kind and severity; `watchdog incident ID` shows the evidence. Alerts: ConnectorRunningButStalled, "
        "SchemaHistoryUnsafe, UnexpectedSnapshot.",
        Query(
            f"max by (connect_cluster, connector, kind, severity) (watchdog_findings{{{_CONNECTOR}}})",
            "{{connector}} {{kind}} ({{severity}})",
        ),
        one=("found", "orange"),
        none="nothing was found",
    )


def _lag() -> Panel:
    return Panel(
        title="Records that wait",
        description="What each sink has not taken. Alert on one that does not move: ConnectorRunningButStalled.",
        kind="timeseries",
        queries=(
            Query(
                f"max by (connect_cluster, connector) (watchdog_connector_lag_records{{{_CONNECTOR}}})",
                "{{connector}}",
            ),
        ),
        defaults={"min": 0, "decimals": 0, "unit": "short"},
    )


def _clocks() -> Panel:
    return Panel(
        title="Time left of what stuck connectors need",
        description="At least; 0 is gone. Alert under a day: ConnectorDataLossNear.",
        kind="timeseries",
        queries=(
            Query(
                f"min by (connect_cluster, connector, clock) (watchdog_clock_left_seconds{{{_CONNECTOR}}})",
                "{{connector}} {{clock}}",
            ),
        ),
        defaults={
            "min": 0,
            "unit": "s",
            "noValue": "nothing is stuck",
            "custom": {"thresholdsStyle": {"mode": "line"}},
            "thresholds": _steps(("red", None), ("green", 86_400)),
        },
    )


# ── Remediation: what is done about it, and what is held back ──


def _restarts() -> Panel:
    return _counts(
        "Restarts by outcome",
        "Restarts that the watchdog asked for, and what Connect answered; `useless`: the same failed again at the same "
        "place, so that the next one waits longer.",
        Query(_counted("outcome", "watchdog_restarts_total"), "{{outcome}}"),
        Query(_counted("", "watchdog_useless_restarts_total"), "useless"),
    )


def _circuit() -> Panel:
    return _timeline(
        "Is a circuit open?",
        "While many tasks of a Connect cluster fail together, each cause is tried at one connector first; the others "
        "follow once that one has recovered, as the cluster's budget of restarts allows.",
        Query(f"max by (connect_cluster) (watchdog_circuit_open{{{_CLUSTER}}})", "{{connect_cluster}}"),
        one=("open", "red"),
        zero="closed",
        none="no Connect cluster has been seen",
    )


def _gave_up() -> Panel:
    return _timeline(
        "What did the watchdog give up on?",
        "No more restarts are sent to these, because those that were did not help; after a fix `watchdog approve ID` "
        "lets it begin again. Alert, once for each cause: ConnectorRecoveryGaveUp.",
        Query(
            f"max by (connect_cluster, connector) (watchdog_recovery_gave_up{{{_CONNECTOR}}}) == 1",
            "{{connector}}",
        ),
        one=("gave up", "red"),
        none="nothing",
    )


def _muted() -> Panel:
    return _timeline(
        "For which connectors is nobody called?",
        "`silence`: a person said so (`watchdog silence`). `group`: it is part of a failure that is told at another "
        "connector. Both are watched, shown and restarted all the same.",
        Query(
            f"max by (connect_cluster, connector, why) (watchdog_muted{{{_CONNECTOR}}}) == 1",
            "{{connector}} ({{why}})",
        ),
        one=("muted", "blue"),
        none="none is muted",
    )


def _grouped() -> Panel:
    return Panel(
        title="How many failures are one?",
        description="At the connector where a cause is told that broke several: how many of them are not well yet.",
        kind="timeseries",
        queries=(
            Query(
                f"max by (connect_cluster, connector) (watchdog_grouped_failures{{{_CONNECTOR}}}) > 0",
                "{{connector}} and what failed with it",
            ),
        ),
        defaults={
            "min": 0,
            "decimals": 0,
            "unit": "short",
            "noValue": "each failure stands alone",
            "custom": {"lineInterpolation": "stepAfter", "fillOpacity": 20},
        },
    )


def _workflow_under_way() -> Panel:
    return _timeline(
        "Which workflow is at work now?",
        "`quarantine`, `replay` or `recover`: while one is under way nothing else is done to its connector. "
        "Alert after an hour: ConnectorWorkflowStuck.",
        Query(
            f"max by (connect_cluster, connector, kind) (watchdog_workflow_under_way{{{_CONNECTOR}}})",
            "{{connector}} {{kind}}",
        ),
        one=("at work", "blue"),
        none="none",
    )


def _workflows() -> Panel:
    return _counts(
        "How did workflows end?",
        "`done`: as asked. `refused`: it would not have been safe, and nothing was changed. `undone`: everything is as "
        "it was before.",
        Query(_counted("kind, result", "watchdog_workflows_total"), "{{kind}} {{result}}"),
    )


def _counts(title: str, description: str, *queries: Query) -> Panel:
    """What came to happen, counted from the left edge of the time axis on."""
    steps: Json = {"lineInterpolation": "stepAfter", "fillOpacity": 20}
    defaults: Json = {"min": 0, "decimals": 0, "unit": "short", "noValue": "none", "custom": steps}
    return Panel(
        title, f"{description} Counted since the start of the time shown.", "timeseries", queries, defaults=defaults
    )


def _counted(by: str, counter: str, selector: str = _CONNECTOR) -> str:
    """Not by `increase`: the first restart of a connector begins a series at 1, which never increased."""
    total = f"sum by ({by})" if by else "sum"
    now, before = (f"{total} (max without ({_SCRAPE}) ({counter}{{{selector}}}{at}))" for at in ("", " @ start()"))
    return f"{now} - ({before} or {now} * 0)"


# ── The watchdog itself ──


def _observation_age() -> Panel:
    return Panel(
        title="Observation age",
        description="How old the newest answer of each source is. What is old is not known. Alert: WatchdogBlind.",
        kind="timeseries",
        queries=(
            Query(
                f"max by (connect_cluster, source) (watchdog_observation_age_seconds{{{_CLUSTER_OR_NONE}}})",
                "{{connect_cluster}} {{source}}",
            ),
        ),
        defaults={
            "min": 0,
            "unit": "s",
            "custom": {"thresholdsStyle": {"mode": "line"}},
            "thresholds": _steps(("green", None), ("red", 300)),
        },
    )


def _itself() -> Panel:
    panel = _timeline(
        "Can it see, and may it act?",
        "Ready: each Connect cluster was seen, and the journal can be used. Acting: it holds the journal; a second "
        "watchdog on the same journal only observes. Alerts: WatchdogDown, WatchdogNotActing.",
        Query("max by (instance) (watchdog_ready)", "{{instance}} ready"),
        one=("yes", "green"),
        none="no watchdog is scraped",
    )
    acting = Query("max by (instance) (watchdog_acting)", "{{instance}} acting")
    mappings = {"0": {"text": "no", "color": "orange"}, "1": {"text": "yes", "color": "green"}}
    defaults = {**panel.defaults, "mappings": [{"type": "value", "options": mappings}]}
    return replace(panel, queries=(*panel.queries, acting), defaults=defaults)


def _schema_changes() -> Panel:
    return _counts(
        "What came in the schema change topics?",
        "Records by what became of them: `new` is a statement that changed a table; `redelivered` and `baseline` come "
        "after each restart; `unreadable` is left out, and the log says why.",
        Query(_counted("kind", "watchdog_schema_changes_total", _CLUSTER), "{{kind}}"),
    )


def _drifts_found() -> Panel:
    return _counts(
        "How many schema drifts were found?",
        "By table. Alert on more than one in ten seconds for 15 minutes: HighDriftRate.",
        Query(_counted("schema", "schema_drift_total", _CLUSTER), "{{schema}}"),
    )


def _seconds(title: str, metric: str, description: str) -> Panel:
    """Median and 95th percentile over the time range that is shown."""

    def quantile(of: float) -> str:
        bucket = f"increase({metric}_bucket{{{_CLUSTER}}}[$__range])"
        return f"histogram_quantile({of}, sum by (le) ({bucket}))"

    return Panel(
        title=title,
        description=description,
        kind="stat",
        queries=(Query(quantile(0.5), "median", True), Query(quantile(0.95), "95 %", True)),
        width=6,
        height=5,
        defaults={"unit": "s", "decimals": 1, "noValue": "none yet"},
        options={"colorMode": "none"},
    )


def _stat(title: str, description: str, expr: str, defaults: Json) -> Panel:
    return Panel(title, description, "stat", (Query(expr, instant=True),), width=6, height=5, defaults=defaults)


def _in_thirds(*panels: Panel) -> Sequence[Panel]:
    return [replace(panel, width=_COLUMNS // 3) for panel in panels]


def _steps(*steps: tuple[str, float | None]) -> Json:
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


def rows() -> Sequence[tuple[str, Sequence[Panel]]]:
    """In the order of reading: is something broken, what, what is done about it, can the watchdog see."""
    worst_is_red = {"thresholds": _steps(("green", None), ("red", 1)), "decimals": 0}
    overview = [
        _stat(
            "Failed tasks",
            "Of all the connectors that are selected.",
            f"sum(max by (connect_cluster, connector) (kafka_connect_connector_failed_task_count{{{_CONNECTOR}}}))",
            worst_is_red,
        ),
        _stat(
            "Tables in drift",
            "Of all the connectors that are selected.",
            f"sum(max by (connect_cluster, database, table) (schema_drift_detected{{{_CONNECTOR}}})) or vector(0)",
            worst_is_red,
        ),
        _seconds(
            "Detection time",
            "watchdog_detection_seconds",
            "From the failure, by Connect's own clock, to the incident.",
        ),
        _seconds(
            "Recovery time",
            "watchdog_recovery_seconds",
            "From the incident to proof that data flows again.",
        ),
    ]
    return [
        ("Overview", overview),
        ("What is broken", [_failed_tasks(), _schema_drift(), _connector_states(), _task_states()]),
        ("Why, and what it costs", [_open_incidents(), _findings(), _lag(), _clocks()]),
        (
            "Remediation",
            [
                *(_restarts(), _gave_up()),
                *_in_thirds(_circuit(), _muted(), _grouped()),
                *(_workflow_under_way(), _workflows()),
            ],
        ),
        ("The watchdog itself", [_observation_age(), _itself(), _schema_changes(), _drifts_found()]),
    ]


def build(rows: Sequence[tuple[str, Sequence[Panel]]]) -> Json:
    """The dashboard as Grafana provisions it."""
    return {
        "uid": "cdc-watchdog",
        "title": "CDC watchdog",
        "description": "Generated by scripts/build_dashboard.py.",
        "tags": ["cdc", "kafka-connect"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                _variable("connect_cluster", "kafka_connect_connector_state"),
                _variable("connector", f"kafka_connect_connector_state{{{_CLUSTER}}}"),
            ]
        },
        "panels": _placed(rows),
    }


def render(dashboard: Json) -> str:
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _variable(label: str, selector: str) -> Json:
    query = f"label_values({selector}, {label})"
    return {
        "name": label,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": label},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        # Matches no label, too: a drift that belongs to a table alone has no connector.
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _placed(rows: Sequence[tuple[str, Sequence[Panel]]]) -> list[Json]:
    """Row by row below its title; in each from left to right, as many as fit, as high as the highest of them."""
    placed: list[Json] = []
    y = 0
    for title, panels in rows:
        placed.append({"id": len(placed) + 1, "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1}, **_row(title)})
        x, y, height = 0, y + 1, 0
        for panel in panels:
            if x + panel.width > _COLUMNS:
                x, y, height = 0, y + height, 0
            grid = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            placed.append({"id": len(placed) + 1, "gridPos": grid, **_panel(panel)})
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return placed


def _row(title: str) -> Json:
    return {"title": title, "type": "row", "collapsed": False, "panels": []}


def _panel(panel: Panel) -> Json:
    return {
        "title": panel.title,
        "description": panel.description,
        "type": panel.kind,
        "datasource": _SOURCE,
        "targets": [_target(query, letter, panel) for query, letter in zip(panel.queries, "ABC", strict=False)],
        "fieldConfig": {"defaults": panel.defaults, "overrides": []},
        "options": panel.options,
        "transformations": list(panel.transformations),
    }


def _target(query: Query, letter: str, panel: Panel) -> Json:
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": query.instant,
        "range": not query.instant,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, compare only")
    wanted = render(build(rows()))
    if not parser.parse_args(argv).check:
        DASHBOARD.parent.mkdir(parents=True, exist_ok=True)
        DASHBOARD.write_text(wanted, encoding="utf-8")
        return 0
    if DASHBOARD.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{DASHBOARD} is not what scripts/build_dashboard.py writes: run it again", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
