"""A real Prometheus loads our rules, scrapes a drift, and raises the alert that the runbook begins with."""

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

RULES = Path(__file__).resolve().parents[2] / "monitoring/prometheus/rules/general-rules.yml"
LABELS = 'connect_cluster="local",connector="dw-sink",database="oltp",table="orders",severity="warning"'
DEADLINE_SECONDS = 60


class Exporter(BaseHTTPRequestHandler):
    """Answers every request with one drift, open or closed."""

    drift = 1

    def do_GET(self) -> None:
        body = f"# TYPE schema_drift_detected gauge\nschema_drift_detected{{{LABELS}}} {type(self).drift}\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keeps the test's output to the point."""


@contextmanager
def _exporter() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
    address = f"127.0.0.1:{_free_port()}"
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


def _alerts(prometheus: str) -> list[dict[str, Any]] | None:
    """The alerts that are pending or firing; None while Prometheus does not answer yet."""
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/alerts", timeout=5) as answer:
            alerts: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
            return alerts
    except (urllib.error.URLError, ConnectionError):
        return None


def _wait_for_alerts(prometheus: str, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        alerts = _alerts(prometheus)
        if alerts is not None and len(alerts) == count:
            return alerts
        time.sleep(0.2)
    raise AssertionError(f"not {count} alerts within {DEADLINE_SECONDS} s: {_alerts(prometheus)}")


def test_a_drift_that_is_scraped_fires_with_its_labels_and_resolves_with_it(tmp_path: Path) -> None:
    with _exporter() as target, _prometheus(tmp_path, target) as prometheus:
        [alert] = _wait_for_alerts(prometheus, 1)
        assert alert["state"] == "firing"
        assert alert["labels"] == {
            "alertname": "SchemaDriftDetected",
            "connect_cluster": "local",
            "connector": "dw-sink",
            "database": "oltp",
            "table": "orders",
            "severity": "warning",
        }
        assert alert["annotations"]["summary"] == "Schema drift at connector dw-sink, table oltp.orders"

        Exporter.drift = 0
        assert _wait_for_alerts(prometheus, 0) == []
