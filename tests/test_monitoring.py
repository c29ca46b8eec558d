"""Alert rules, dashboard and incident runbook: correct by themselves, and naming only what exists."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import build_dashboard
import pytest
import yaml
from typer.main import get_command

from tests.report.reports import NOW, everything
from watchdog.cli.program import program
from watchdog.report.metrics import ReportCollector

ROOT = Path(__file__).resolve().parents[1]
PROMETHEUS = ROOT / "monitoring/prometheus"
RULES = PROMETHEUS / "rules/general-rules.yml"
ALERTMANAGER = ROOT / "monitoring/alertmanager/alertmanager.yml"
RUNBOOK = ROOT / "docs/monitoring/incident-runbook.md"

FLINK = {"flink_jobmanager_job_numRestarts": {"job_name"}}
"""What another program exports, by its labels that are used."""

LEFT_OUT = {
    "watchdog_build_info": "its absence is an alert; its version is no graph",
    "schema_drift_last_detected_timestamp": "kept for the runbook's query; the panel of drifts shows when",
    "watchdog_connector_stalled": "the panel of findings shows it with everything else that is silent",
}
"""Exported, and on no panel: why."""


def _exported() -> dict[str, set[str]]:
    """Each metric that a scrape of our own tells, with its labels; of a histogram without the suffix."""
    found: dict[str, set[str]] = {}
    for family in ReportCollector(everything, lambda: NOW, "1", timedelta(minutes=15)).collect():
        assert family.samples, f"{family.name}: everything() has none, so that nothing here can look at it"
        for sample in family.samples:
            name = family.name if family.type == "histogram" else sample.name
            found.setdefault(name, set()).update(sample.labels)
    return found


EXPORTED = _exported()
HISTOGRAMS = {name for name in EXPORTED if name.endswith("_seconds") and "le" in EXPORTED[name]}
LABELS_OF_METRIC = {**EXPORTED, **FLINK}
OF_A_SCRAPE = {"instance", "job"}

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
        "CriticalSchemaDriftSustained",
        "SchemaDriftActive",
        "HighDriftRate",
        "ConnectorWorkflowStuck",
        "WatchdogBlind",
        "WatchdogNotActing",
        "WatchdogDown",
        "FlinkJobRestarting",
    }


def test_giving_up_is_told_by_exactly_one_alert() -> None:
    assert [name for name in ALERTS if "watchdog_recovery_gave_up" in ALERTS[name]["expr"]] == [
        "ConnectorRecoveryGaveUp"
    ]


# What is silenced is silent for as long as the person said, but for what cannot be had back, or is no connector's.
LOUD = {
    "HighDriftRate",
    "ConnectorDataLossNear",
    "SchemaHistoryUnsafe",
    "UnexpectedSnapshot",
    "ConnectorWorkflowStuck",
    "WatchdogBlind",
    "WatchdogNotActing",
    "WatchdogDown",
    "FlinkJobRestarting",
}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_of_a_connector_is_silent_while_that_is_silenced(name: str) -> None:
    assert ("unless on (connect_cluster, connector)" in ALERTS[name]["expr"]) == (name not in LOUD)


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
ROWS = [panel for panel in DASHBOARD["panels"] if panel["type"] == "row"]
PANELS: Mapping[str, Yaml] = {panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"}


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


def _panels_of(row: str) -> list[str]:
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    begin = titles.index(row) + 1
    ends = [titles.index(other["title"]) for other in ROWS if titles.index(other["title"]) > begin]
    return titles[begin : min(ends, default=len(titles))]


def test_what_is_done_about_it_is_a_row_of_its_own() -> None:
    shown = {metric for title in _panels_of("Remediation") for metric in _metrics_of_panel(title)}
    assert shown == {
        "watchdog_restarts_total",
        "watchdog_useless_restarts_total",
        "watchdog_recovery_gave_up",
        "watchdog_circuit_open",
        "watchdog_muted",
        "watchdog_grouped_failures",
        "watchdog_workflow_under_way",
        "watchdog_workflows_total",
    }


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_says_what_it_means_and_how_its_values_and_lines_are_to_be_read(title: str) -> None:
    panel = PANELS[title]
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["description"].endswith(".")
    if panel["type"] == "state-timeline":
        assert set(defaults["mappings"][0]["options"]) == {"0", "1"}
        assert defaults["noValue"]
    elif panel["type"] != "table":
        assert defaults.keys() & {"unit", "decimals"}
    if panel["type"] in ("state-timeline", "timeseries"):
        for target in panel["targets"]:
            assert target["legendFormat"]


@pytest.mark.parametrize("title", PANELS)
def test_every_alert_that_a_panel_names_is_one(title: str) -> None:
    named = re.findall(r"\b[A-Z]\w+[a-z][A-Z]\w+\b", PANELS[title]["description"])
    assert set(named) <= set(ALERTS)


def test_no_two_panels_have_one_title_or_one_number() -> None:
    assert len(PANELS) + len(ROWS) == len(DASHBOARD["panels"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


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
    assert {panel["datasource"]["uid"] for panel in PANELS.values()} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"


def test_grafana_looks_for_dashboards_where_they_are_mounted() -> None:
    [provider] = _yaml(ROOT / "monitoring/grafana/provisioning/dashboards/watchdog.yml")["providers"]
    mounts = [volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"]]
    assert ["./monitoring/grafana/dashboards", provider["options"]["path"]] in mounts


# --- every query asks for what the watchdog exports -----------------------------------------------


def _queries() -> dict[str, str]:
    """Each PromQL expression of the dashboard by where it stands, with Grafana's variables filled in."""
    found = {}
    for title, panel in PANELS.items():
        found |= {f"panel {title} {target['refId']}": target["expr"] for target in panel["targets"]}
    for variable in DASHBOARD["templating"]["list"]:
        selector = variable["query"]["query"].removeprefix("label_values(").rsplit(",", 1)[0]
        found[f"variable {variable['name']}"] = selector
    return {place: _filled_in(expr) for place, expr in found.items()}


def _filled_in(expr: str) -> str:
    expr = expr.replace("$__range", "1h").replace("$__rate_interval", "1m")
    return expr.replace("$connect_cluster", ".*").replace("$connector", ".*")


DASHBOARD_QUERIES = _queries()
QUERIES = {**{f"alert {name}": rule["expr"] for name, rule in ALERTS.items()}, **DASHBOARD_QUERIES}
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
    expr = re.sub(r"\{[^}]*\}|\[[^]]*\]|@ start\(\)|\boffset \w+", " ", expr)
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
    assert _metrics("a{b='c'} offset 15m - a @ start() * 0 unless on (d) e") == {"a", "e"}


@pytest.mark.parametrize("expr", ["watchdog_circuit_opened", "max by (a) (watchdog_muted_total{b='c'})"])
def test_a_query_for_what_is_not_exported_is_found(expr: str) -> None:
    assert not _metrics(expr) <= set(LABELS_OF_METRIC)


def _metrics_of_panel(title: str) -> set[str]:
    return {metric for target in PANELS[title]["targets"] for metric in _metrics(_filled_in(target["expr"]))}


@pytest.mark.parametrize("metric", EXPORTED)
def test_every_metric_is_on_a_panel_or_left_out_for_a_reason(metric: str) -> None:
    assert any(metric in _metrics_of_panel(title) for title in PANELS) != (metric in LEFT_OUT)


def test_what_is_left_out_is_exported() -> None:
    assert set(LEFT_OUT) <= set(EXPORTED)


@pytest.mark.parametrize("place", QUERIES)
def test_every_query_uses_metrics_and_labels_that_the_watchdog_exports(place: str) -> None:
    metrics = _metrics(QUERIES[place])
    assert metrics
    assert metrics <= set(LABELS_OF_METRIC)
    assert _labels(QUERIES[place]) <= set.union(OF_A_SCRAPE, *(LABELS_OF_METRIC[metric] for metric in metrics))


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
    verbs = set(re.findall(r"(?:^\s*|`|exec watchdog )watchdog (\w+)", TEXT, re.MULTILINE))
    assert verbs <= set(get_command(program).commands)


def test_the_runbook_says_that_a_revert_at_the_source_does_not_heal_the_sink() -> None:
    assert "**Do not expect a revert at the source to heal the sink.**" in TEXT
    assert "ALTER TABLE dw.orders ADD COLUMN unexpected_field" in TEXT


def test_the_runbook_names_only_services_of_the_compose_stack() -> None:
    named = set(re.findall(r"docker compose (?:logs|exec(?: -T)?) ([\w-]+)", TEXT))
    assert named <= set(SERVICES)
