"""Alert rules, dashboard and incident runbook: correct by themselves, and naming only what exists."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import build_dashboard
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROMETHEUS = ROOT / "monitoring/prometheus"
RULES = PROMETHEUS / "rules/general-rules.yml"
ALERTMANAGER = ROOT / "monitoring/alertmanager/alertmanager.yml"
RUNBOOK = ROOT / "docs/monitoring/incident-runbook.md"

LABELS_OF_METRIC = {
    "schema_drift_detected": {"connect_cluster", "connector", "database", "table", "severity"},
    "kafka_connect_connector_failed_task_count": {"connect_cluster", "connector"},
    "kafka_connect_connector_state": {"connect_cluster", "connector", "state"},
    "kafka_connect_task_state": {"connect_cluster", "connector", "task", "state"},
    "watchdog_restarts_total": {"connect_cluster", "connector", "outcome"},
    "watchdog_incidents": {"connect_cluster", "category", "state"},
    "watchdog_detection_seconds": {"connect_cluster", "le"},
    "watchdog_recovery_seconds": {"connect_cluster", "le"},
    "watchdog_observation_age_seconds": {"connect_cluster", "source"},
    "watchdog_build_info": {"version"},
    "watchdog_findings": {"connect_cluster", "connector", "kind", "severity"},
    "watchdog_connector_stalled": {"connect_cluster", "connector"},
    "watchdog_connector_lag_records": {"connect_cluster", "connector"},
    "watchdog_clock_left_seconds": {"connect_cluster", "connector", "clock"},
    "watchdog_muted": {"connect_cluster", "connector", "why"},
    "watchdog_grouped_failures": {"connect_cluster", "connector"},
    "watchdog_recovery_gave_up": {"connect_cluster", "connector"},
    "watchdog_circuit_open": {"connect_cluster"},
}
HISTOGRAMS = {"watchdog_detection_seconds", "watchdog_recovery_seconds"}

Yaml = dict[str, Any]


def _yaml(path: Path) -> Yaml:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict), path
    return document


SERVICES: Mapping[str, Yaml] = _yaml(ROOT / "docker-compose.yml")["services"]


# --- Prometheus and Alertmanager ------------------------------------------------------------------


def _tool(name: str, package: str, *arguments: str) -> None:
    """Runs a checker; a machine without it fails, since unchecked rules are no rules."""
    if shutil.which(name) is None:
        pytest.fail(f"{name} is not installed: apt-get install --no-install-recommends {package}")
    done = subprocess.run([name, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_configuration_and_rules() -> None:
    _tool("promtool", "prometheus", "check", "config", str(PROMETHEUS / "prometheus.yml"))
    _tool("promtool", "prometheus", "check", "rules", str(RULES))


@pytest.mark.parametrize("path", sorted((PROMETHEUS / "tests").glob("*.yml")), ids=lambda path: path.stem)
def test_the_alerts_pass_their_unit_tests(path: Path) -> None:
    _tool("promtool", "prometheus", "test", "rules", str(path))


def test_alertmanager_accepts_its_configuration() -> None:
    _tool("amtool", "prometheus-alertmanager", "check-config", str(ALERTMANAGER))


ALERTS = {rule["alert"]: rule for group in _yaml(RULES)["groups"] for rule in group["rules"]}


def test_the_alerts_are_those_of_the_runbook() -> None:
    assert set(ALERTS) == {
        "SchemaDriftDetected",
        "ConnectorTaskFailed",
        "ConnectorRecoveryGaveUp",
        "ConnectorRunningButStalled",
        "ConnectorDataLossNear",
        "SchemaHistoryUnsafe",
        "UnexpectedSnapshot",
    }


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_how_bad_what_and_where_to_read_on(name: str) -> None:
    assert ALERTS[name]["labels"]["severity"]
    assert set(ALERTS[name]["annotations"]) == {"summary", "description", "runbook_url"}


@pytest.mark.parametrize("name", ALERTS)
def test_the_link_of_every_alert_leads_to_a_section_of_the_incident_runbook(name: str) -> None:
    path, _, anchor = ALERTS[name]["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_unit_test_that_expects_it_and_one_that_expects_none(name: str) -> None:
    expected = [
        bool(case.get("exp_alerts"))
        for path in (PROMETHEUS / "tests").glob("*.yml")
        for test in _yaml(path)["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == name
    ]
    assert {True, False} <= set(expected)


def test_one_connector_is_one_notification() -> None:
    route = _yaml(ALERTMANAGER)["route"]
    assert route["group_by"] == ["connect_cluster", "connector"]
    assert route["receiver"] in {receiver["name"] for receiver in _yaml(ALERTMANAGER)["receivers"]}


def test_prometheus_reads_the_watchdog_and_tells_alertmanager() -> None:
    config = _yaml(PROMETHEUS / "prometheus.yml")
    targets = [target for job in config["scrape_configs"] for target in job["static_configs"][0]["targets"]]
    assert targets == ["watchdog:9845"]
    [alertmanager] = config["alerting"]["alertmanagers"]
    assert alertmanager["static_configs"] == [{"targets": ["alertmanager:9093"]}]


# --- the dashboard --------------------------------------------------------------------------------

DASHBOARD: Yaml = json.loads(build_dashboard.DASHBOARD.read_text(encoding="utf-8"))
PANELS: Mapping[str, Yaml] = {panel["title"]: panel for panel in DASHBOARD["panels"]}


def test_the_dashboard_is_what_its_script_writes() -> None:
    assert build_dashboard.main(["--check"]) == 0


@pytest.mark.parametrize(
    "title",
    [
        "kafka_connect_connector_failed_task_count",
        "Schema drift",
        "Connector states",
        "Restarts by outcome",
        "Open incidents",
        "Observation age",
        "Detection time",
        "Recovery time",
    ],
)
def test_the_dashboard_has_the_panel(title: str) -> None:
    assert PANELS[title]["targets"]


def test_the_dashboard_can_be_narrowed_to_a_cluster_and_a_connector() -> None:
    assert [v["name"] for v in DASHBOARD["templating"]["list"]] == ["connect_cluster", "connector"]


def test_no_two_panels_overlap_or_leave_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    provisioning = ROOT / "monitoring/grafana/provisioning"
    [source] = _yaml(provisioning / "datasources/prometheus.yml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"


def test_grafana_looks_for_dashboards_where_they_are_mounted() -> None:
    [provider] = _yaml(ROOT / "monitoring/grafana/provisioning/dashboards/watchdog.yml")["providers"]
    mounts = [volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"]]
    assert ["./monitoring/grafana/dashboards", provider["options"]["path"]] in mounts


# --- every query asks for what the watchdog exports -----------------------------------------------


def _queries() -> dict[str, str]:
    """Each PromQL expression by where it stands, with Grafana's variables filled in."""
    found = {f"alert {name}": rule["expr"] for name, rule in ALERTS.items()}
    for title, panel in PANELS.items():
        found |= {f"panel {title} {target['refId']}": target["expr"] for target in panel["targets"]}
    for variable in DASHBOARD["templating"]["list"]:
        selector = variable["query"]["query"].removeprefix("label_values(").rsplit(",", 1)[0]
        found[f"variable {variable['name']}"] = selector
    return {place: _filled_in(expr) for place, expr in found.items()}


def _filled_in(expr: str) -> str:
    expr = expr.replace("$__range", "1h").replace("$__rate_interval", "1m")
    return expr.replace("$connect_cluster", ".*").replace("$connector", ".*")


QUERIES = _queries()
_WORDS = {
    "or",
    "and",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "bool",
    "offset",
    "max",
    "min",
    "sum",
    "count",
}


def _metrics(expr: str) -> set[str]:
    """The metric names of an expression: what is left without strings, label lists, ranges and functions."""
    expr = re.sub(r'"[^"]*"', "", expr)
    expr = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", expr)
    expr = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", expr)
    names = set(re.findall(r"\b[a-zA-Z_]\w*\b(?!\s*\()", expr)) - _WORDS
    return {_without_suffix(name) for name in names}


def _without_suffix(name: str) -> str:
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if base in HISTOGRAMS else name


def _labels(expr: str) -> set[str]:
    """The label names of an expression, in selectors and in groupings."""
    selected = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expr)
    grouped = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expr)
    return {*selected, *(label.strip() for labels in grouped for label in labels.split(","))}


def test_the_metric_names_of_an_expression_are_found() -> None:
    expr = 'sum by (a) (rate(watchdog_detection_seconds_bucket{b="c d"}[5m])) or vector(0) > other_metric'
    assert _metrics(expr) == {"watchdog_detection_seconds", "other_metric"}
    assert _labels(expr) == {"a", "b"}


@pytest.mark.parametrize("place", QUERIES)
def test_every_query_uses_metrics_and_labels_that_the_watchdog_exports(place: str) -> None:
    metrics = _metrics(QUERIES[place])
    assert metrics
    assert metrics <= set(LABELS_OF_METRIC)
    assert _labels(QUERIES[place]) <= set.union(*(LABELS_OF_METRIC[metric] for metric in metrics))


def test_every_query_of_the_dashboard_is_valid_promql(tmp_path: Path) -> None:
    rules = [{"record": f"query_{number}", "expr": expr} for number, expr in enumerate(QUERIES.values())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    _tool("promtool", "prometheus", "check", "rules", str(path))


# --- the incident runbook -------------------------------------------------------------------------

TEXT = RUNBOOK.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        "watchdog status",
        "watchdog incidents",
        "watchdog incident ID",
        "watchdog restart dw-sink",
        "watchdog resume dw-sink",
        "curl -s http://localhost:8083/connectors | jq",
        "curl -s http://localhost:8083/connectors/dw-sink/status | jq",
        'docker compose exec -T mysql mysql -uroot -proot -e "SHOW COLUMNS FROM oltp.orders"',
        'docker compose logs connect --tail=200 | grep -i "schema"',
        'make chaos-schema-drift ARGS="--table oltp.orders --column unexpected_field"',
        'make chaos-schema-drift ARGS="--table oltp.orders --column unexpected_field --revert"',
    ],
)
def test_the_runbook_names_the_command(command: str) -> None:
    assert command in TEXT


def test_the_runbook_uses_no_verb_of_the_watchdog_that_does_not_exist() -> None:
    verbs = set(re.findall(r"(?:^|`|exec watchdog )watchdog (\w+)", TEXT, re.MULTILINE))
    assert verbs <= {"status", "incidents", "incident", "restart", "resume", "approve", "silence", "config"}


def test_the_runbook_says_that_a_revert_at_the_source_does_not_heal_the_sink() -> None:
    assert "**Do not expect a revert at the source to heal the sink.**" in TEXT
    assert "ALTER TABLE dw.orders ADD COLUMN unexpected_field" in TEXT


def test_the_runbook_names_only_services_of_the_compose_stack() -> None:
    named = set(re.findall(r"docker compose (?:logs|exec(?: -T)?) ([\w-]+)", TEXT))
    assert named <= set(SERVICES)
