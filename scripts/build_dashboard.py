"""Turns the panels below into Grafana's JSON: monitoring/grafana/dashboards/watchdog.json, checked in.

python scripts/build_dashboard.py            write the file
python scripts/build_dashboard.py --check    exit code 1 when the file is not what would be written
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).resolve().parents[1] / "monitoring/grafana/dashboards/watchdog.json"

Json = dict[str, Any]

_SOURCE: Json = {"type": "prometheus", "uid": "prometheus"}
_CLUSTER = 'connect_cluster=~"$connect_cluster"'
_CONNECTOR = f'{_CLUSTER}, connector=~"$connector"'
_COLUMNS = 24  # the width of Grafana's grid
_GREEN_THEN_RED = [{"color": "green", "value": None}, {"color": "red", "value": 1}]


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


def _schema_drift() -> Panel:
    mappings = {"0": {"text": "agree", "color": "green"}, "1": {"text": "drift", "color": "red"}}
    return Panel(
        title="Schema drift",
        description="Tables on whose shape the places that should agree do not. Alert: SchemaDriftDetected.",
        kind="state-timeline",
        queries=(
            Query(
                "max by (connect_cluster, connector, database, table, severity) "
                f"(schema_drift_detected{{{_CONNECTOR}}})",
                "{{connector}} {{database}}.{{table}} ({{severity}})",
            ),
        ),
        defaults={"mappings": [{"type": "value", "options": mappings}], "noValue": "no drift"},
        options={"showValue": "auto", "mergeValues": True, "legend": {"showLegend": False}},
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


def _restarts() -> Panel:
    return Panel(
        title="Restarts by outcome",
        description="Restarts that the watchdog asked for, and what became of them.",
        kind="timeseries",
        queries=(
            Query(
                f"sum by (outcome) (increase(watchdog_restarts_total{{{_CONNECTOR}}}[$__rate_interval]))",
                "{{outcome}}",
            ),
        ),
        defaults={"min": 0, "custom": {"drawStyle": "bars", "fillOpacity": 60}},
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
        defaults={"min": 0, "unit": "s", "noValue": "nothing is stuck"},
    )


def _observation_age() -> Panel:
    return Panel(
        title="Observation age",
        description="How old the newest answer of each source is. What is old is not known.",
        kind="timeseries",
        queries=(
            Query(
                f"max by (connect_cluster, source) (watchdog_observation_age_seconds{{{_CLUSTER}}})",
                "{{source}}",
            ),
        ),
        width=_COLUMNS,
        defaults={"min": 0, "unit": "s"},
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


def panels() -> list[Panel]:
    """In the order of reading: is something broken, what, what was done about it, can the watchdog see."""
    worst_is_red = {"thresholds": {"mode": "absolute", "steps": _GREEN_THEN_RED}, "decimals": 0}
    return [
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
        _failed_tasks(),
        _schema_drift(),
        _connector_states(),
        _task_states(),
        _restarts(),
        _open_incidents(),
        _lag(),
        _clocks(),
        _observation_age(),
    ]


def build(panels: Sequence[Panel]) -> Json:
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
        "panels": _placed(panels),
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


def _placed(panels: Sequence[Panel]) -> list[Json]:
    """From left to right, as many as fit; a row is as high as its highest panel."""
    placed: list[Json] = []
    x = y = row_height = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > _COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        grid = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append({"id": number, "gridPos": grid, **_panel(panel)})
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


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
    wanted = render(build(panels()))
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
