"""A real Prometheus loads our rules, scrapes a drift, and raises the alert that the runbook begins with."""

import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from prometheus_client.exposition import generate_latest
from stack.ports import any_free

from tests.report.reports import NOW, everything
from tests.test_monitoring import DASHBOARD_QUERIES
from watchdog.report.metrics import registry

RULES = Path(__file__).resolve().parents[2] / "monitoring/prometheus/rules/general-rules.yml"
LABELS = 'connect_cluster="local",connector="dw-sink",database="oltp",table="orders",severity="warning"'
DEADLINE_SECONDS = 60


class Exporter(BaseHTTPRequestHandler):
    """Answers every request with the page that is set."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(type(self).page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keeps the test's output to the point."""


def _drift(value: int) -> bytes:
    # With the watchdog's version, so that nobody says that it is down.
    drift = f"# TYPE schema_drift_detected gauge\nschema_drift_detected{{{LABELS}}} {value}\n"
    return f"{drift}# TYPE watchdog_build_info gauge\nwatchdog_build_info 1\n".encode()


@contextmanager
def _exporter(page: bytes) -> Iterator[str]:
    Exporter.page = page
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _configuration(target: str) -> str:
    return f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{RULES}]
scrape_configs: [{{job_name: watchdog, static_configs: [{{targets: ["{target}"]}}]}}]
"""


@contextmanager
def _prometheus(folder: Path, target: str) -> Iterator[str]:
    if shutil.which("prometheus") is None:
        pytest.fail("prometheus is not installed: apt-get install --no-install-recommends prometheus")
    config = folder / "prometheus.yml"
    config.write_text(_configuration(target), encoding="utf-8")
    address = f"127.0.0.1:{any_free()}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _asked(prometheus: str, path: str, **parameters: str) -> Any:
    """The `data` of an answer; None while Prometheus does not answer yet."""
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/{path}?{urlencode(parameters)}", timeout=5) as answer:
            return json.load(answer)["data"]
    except (urllib.error.URLError, ConnectionError):
        return None


def _wait_for(what: str, ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not {what} within {DEADLINE_SECONDS} s")


def _alerts(prometheus: str, count: int) -> list[dict[str, Any]]:
    """The alerts that fire, once there are as many."""

    def firing() -> list[list[dict[str, Any]]]:
        data = _asked(prometheus, "alerts") or {"alerts": []}
        found = [alert for alert in data["alerts"] if alert["state"] == "firing"]
        return [found] if data.get("alerts") is not None and len(found) == count else []

    [alerts] = _wait_for(f"{count} alerts that fire", firing)
    return list(alerts)


def test_a_drift_that_is_scraped_fires_with_its_labels_and_resolves_with_it(tmp_path: Path) -> None:
    with _exporter(_drift(1)) as target, _prometheus(tmp_path, target) as prometheus:
        [alert] = _alerts(prometheus, 1)
        assert alert["labels"] == {
            "alertname": "SchemaDriftDetected",
            "connect_cluster": "local",
            "connector": "dw-sink",
            "database": "oltp",
            "table": "orders",
            "severity": "warning",
        }
        assert alert["annotations"]["summary"] == "Schema drift at connector dw-sink, table oltp.orders"

        Exporter.page = _drift(0)
        assert _alerts(prometheus, 0) == []


def test_every_panel_shows_something_of_a_report_in_which_everything_goes_wrong(tmp_path: Path) -> None:
    page = generate_latest(registry(everything, lambda: NOW, "1.2.3"))
    with _exporter(page) as target, _prometheus(tmp_path, target) as prometheus:
        two_scrapes = "count_over_time(watchdog_build_info[1h]) > 1"
        _wait_for("two scrapes", lambda: (_asked(prometheus, "query", query=two_scrapes) or {}).get("result"))
        end = time.time()
        span = {"start": str(end - 600), "end": str(end), "step": "1"}
        shown = {
            place: _asked(prometheus, "query_range", query=expr, **span)["result"]
            for place, expr in DASHBOARD_QUERIES.items()
        }
        assert [place for place, series in shown.items() if not series] == []
        # The first restarts that there ever were are counted, though their series begins with them.
        [first] = shown["panel Restarts by outcome A"]
        assert first["metric"] == {"outcome": "accepted"}
        assert first["values"][-1][1] == "8"
