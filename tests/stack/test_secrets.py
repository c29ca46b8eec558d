"""Canaries in every place that holds a secret, and every output of a real run: none of them is in any."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from stack import Stack

from tests.stack.watchdog_process import Watchdog, eventually

SINK = "canary-sink"
REFERRING = "reference-sink"
REFERENCE = "${file:/etc/connect/db.properties:password}"
CANARIES = {
    "connector password": "c4n/ary&One-password",
    "connector jaas": "c4n4ry-two-jaas",
    "connect url": "c4n4ry-three/connect",
    "database url": "c4n4ry-four-database",
    "kafka password": "c4n4ry-five-kafka",
}


def config(stack: Stack, password: str, jaas: str, said: str) -> dict[str, str]:
    """A sink whose task fails as it starts, with `said` in its trace."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    return {
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "topics": "canary.none",
        "connection.url": f"jdbc:mysql://127.0.0.1:{stack.settings.target_port}/dw",
        "connection.username": "dw",
        "connection.password": password,
        "consumer.override.sasl.jaas.config": f'{module} required username="u" password="{jaas}";',
        "transforms": "x",
        "transforms.x.type": "org.apache.kafka.connect.transforms.TimestampConverter$Value",
        "transforms.x.target.type": "string",
        "transforms.x.field": "at",
        "transforms.x.format": f"no pattern: {said}",
    }


@pytest.fixture
def failed_sinks(stack: Stack) -> Iterator[None]:
    password, jaas = CANARIES["connector password"], CANARIES["connector jaas"]
    for name in (SINK, REFERRING):
        stack.connect.delete(name)
    stack.connect.put(SINK, config(stack, password, jaas, f"{password} and {jaas} said"))
    stack.connect.put(REFERRING, config(stack, REFERENCE, "another-one", f"{REFERENCE} said"))
    for name in (SINK, REFERRING):
        stack.connect.wait_failed(name)
    assert password in (stack.connect.trace(SINK) or "")
    yield
    for name in (SINK, REFERRING):
        stack.connect.delete(name)


def spellings(canary: str) -> set[str]:
    """As it is, in a URL, in JSON, in a basic login and other base64."""
    encoded = {base64.b64encode(text.encode()).decode().rstrip("=") for text in (canary, f"user:{canary}")}
    return {canary, quote(canary, safe=""), json.dumps(canary)[1:-1], canary.encode().hex(), *encoded}


def outputs(watchdog: Watchdog) -> Iterator[tuple[str, str]]:
    """Everything that a person, a program or a thief of files gets to see, by its name."""
    yield "log", watchdog.log()
    for path in ("/metrics", "/readyz", "/livez"):
        yield path, watchdog.get(path).text
    identity = watchdog.wait_for_incident(SINK)["id"]
    for verb in (
        *(("status", connector) for connector in (SINK, REFERRING)),
        ("status", "-o", "json"),
        ("incidents", "--all"),
        ("incidents", "--all", "-o", "json"),
        ("incident", identity),
        ("incident", identity, "-o", "json"),
        ("journal", "export"),
        ("config", "show"),
        ("config", "check"),
        ("restart", SINK),
    ):
        done = watchdog.cli(*verb)
        assert done.returncode == 0, (verb, done.stderr)
        assert done.stdout + done.stderr, verb
        yield " ".join(verb), done.stdout + done.stderr
    for file in watchdog.folder.glob("*sqlite*"):
        yield file.name, file.read_bytes().decode("latin-1")


@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_output_of_a_run_holds_a_canary(stack: Stack, failed_sinks: None, tmp_path: Path, format_: str) -> None:
    userinfo = f"user:{quote(CANARIES['connect url'], safe='')}"
    clusters = [
        {
            "name": "main",
            "connect_url": stack.connect_url.replace("://", f"://{userinfo}@"),
            "kafka_bootstrap_servers": stack.bootstrap_servers,
        },
        {
            "name": "locked",
            "connect_url": f"http://{userinfo}@127.0.0.1:9",
            "kafka_bootstrap_servers": stack.bootstrap_servers,
            "kafka": {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "user",
                "sasl.password": CANARIES["kafka password"],
            },
        },
    ]
    database = stack.target_url.replace(":watchdog@", f":{CANARIES['database url']}@")
    settings = {
        "WATCHDOG_CLUSTERS": json.dumps(clusters),
        "WATCHDOG_LOG__FORMAT": format_,
        "WATCHDOG_LOG__LEVEL": "debug",
    }
    with Watchdog(tmp_path, "", databases=(database,), **settings) as watchdog:
        watchdog.wait_for_incident(SINK, 60)
        watchdog.wait_for_incident(REFERRING, 60)
        errors = ("locked/connect", "locked/status-topic", f"database:127.0.0.1:{stack.settings.target_port}")
        eventually(
            lambda: all(f"{source} cannot be seen" in watchdog.log() for source in errors), 60, "all errors are told"
        )
        seen = dict(outputs(watchdog))
    seen["log at the end"] = watchdog.log()
    seen |= {f"{file.name} at the end": file.read_bytes().decode("latin-1") for file in tmp_path.glob("*sqlite*")}
    found = [
        (where, what)
        for where, text in seen.items()
        for what, canary in CANARIES.items()
        if any(spelling in text for spelling in spellings(canary))
    ]
    assert not found
    assert "***" in seen["config show"]
    # The trace was shown, without its secret; a reference to one is no secret.
    assert "no pattern: *** and *** said" in seen[f"status {SINK}"]
    assert f"no pattern: {REFERENCE} said" in seen[f"status {REFERRING}"]
    assert "no pattern: *** and *** said" in seen["log"]
    assert seen["log"].startswith("{") is (format_ == "json")
