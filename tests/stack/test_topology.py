"""`watchdog topology` on pipelines that really rename topics, unwrap rows and rename fields."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec
from stack.waiting import wait_for

from tests.stack.watchdog_process import REPOSITORY
from watchdog.adapters.connect import ConnectRest
from watchdog.adapters.mysql import MySqlColumns
from watchdog.assembly import clock
from watchdog.look.chart import Place, chart
from watchdog.model import TableId
from watchdog.redact import Redactor

COLUMNS = "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(64) NOT NULL, note VARCHAR(64)"
SPEC = Spec(
    prefix="topo",
    database="topo",
    table="orders_1",
    target_database="topo_dw",
    source="topo-source",
    sink="topo-sink",
    columns=COLUMNS,
    source_config={
        "table.include.list": r"topo\.orders_\d",
        "column.exclude.list": r"topo\.orders_1\.note",
        "transforms": "merge,route,unwrap",
        "transforms.merge.type": "io.debezium.transforms.ByLogicalTableRouter",
        "transforms.merge.topic.regex": r"(.*)\.orders_\d",
        "transforms.merge.topic.replacement": "$1.orders",
        "transforms.merge.key.field.name": "shard",
        "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
        "transforms.route.regex": r"topo\.topo\.(?<table>.*)",
        "transforms.route.replacement": r"topo-dw.${table}",
        "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
        "transforms.unwrap.add.fields": "op",
    },
    sink_config={
        "topics": "",
        "topics.regex": r"topo-dw\.(?!items).*",
        "collection.name.format": "${topic}",
        "quote.identifiers": "true",
        "schema.evolution": "basic",
        "transforms": "rename",
        "transforms.rename.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.rename.renames": "customer:client",
    },
)
TOPIC = "topo-dw.orders"
TARGET = TableId("topo_dw", "topo-dw_orders")


@pytest.fixture(scope="module")
def pipeline(_running_stack: Stack) -> Iterator[Pipeline]:
    own = _running_stack.pipeline_of(SPEC)
    # A sink that subscribes by a pattern learns of new topics only every five minutes.
    own.kafka.create_topic(TOPIC)
    own.create(wait=False)
    own.source.execute(f"CREATE TABLE `{SPEC.database}`.`orders_2` ({COLUMNS})")
    for table in ("orders_1", "orders_2"):
        own.source.execute(f"INSERT INTO `{SPEC.database}`.`{table}` (customer, note) VALUES (%s, %s)", ("An", "x"))
    try:
        wait_for(lambda: len(rows(own)) == 2, 60, "the rows of both tables in the target")
        yield own
    finally:
        own.delete()
        own.kafka.delete_topics([TOPIC])


def rows(pipeline: Pipeline) -> list[dict[str, Any]]:
    if not pipeline.target.query(f"SHOW TABLES FROM `{TARGET.database}` LIKE %s", [TARGET.table]):
        return []
    return list(pipeline.target.query(f"SELECT * FROM `{TARGET.database}`.`{TARGET.table}`"))


def topology(stack: Stack, folder: Path, *arguments: str, kafka: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("WATCHDOG_", "CONNECT_", "DATABASE_", "KAFKA_"))},
        "CONNECT_URL": stack.connect_url,
        "DATABASE_URL": f"{stack.source_url},{stack.target_url}",
        "WATCHDOG_JOURNAL": str(folder / "journal.sqlite"),
        **({"KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers} if kafka else {}),
    }
    command = [sys.executable, "-m", "watchdog", "topology", SPEC.source, *arguments]
    return subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("kafka", [pytest.param(True, id="by the status topic"), pytest.param(False, id="by REST")])
def test_renamed_topics_are_followed_from_each_table_to_its_target(
    stack: Stack, pipeline: Pipeline, tmp_path: Path, kafka: bool
) -> None:
    done = topology(stack, tmp_path, "-o", "json", kafka=kafka)
    assert (done.returncode, done.stderr) == (0, "")
    found = [route for route in json.loads(done.stdout)["routes"] if route["topic"] == TOPIC]
    wanted = {
        "source": SPEC.source,
        "table_is_certain": True,
        "sink": SPEC.sink,
        "target_table": str(TARGET),
        "target": f"127.0.0.1:{stack.target.port}",
    }
    assert [route["table"] for route in found] == ["topo.orders_1", "topo.orders_2"]
    for route in found:
        assert {key: route[key] for key in wanted} == wanted


def test_the_target_has_the_columns_that_are_told_and_no_others(stack: Stack, pipeline: Pipeline) -> None:
    connect = ConnectRest("main", stack.connect_url, Redactor(), clock)
    found = chart([Place(connect)], [MySqlColumns(stack.source_url, clock=clock)])
    (route,) = (each for each in found.topology.routes if each.table == TableId("topo", "orders_1"))
    for row in rows(pipeline):
        told = {route.columns.target(column, in_key=column == "id") for column in ("id", "customer", "note")}
        # The first table's notes are left out, the second's are not: they share the target.
        assert {name.lower() for name in row} - {"note"} == {str(name) for name in told if name} | set(
            route.columns.added
        )
    assert route.columns.target("note") is None
    assert route.columns.target("customer") == "client"


def test_the_table_and_the_flowchart_name_them_and_no_secret(stack: Stack, pipeline: Pipeline, tmp_path: Path) -> None:
    table, flowchart = topology(stack, tmp_path), topology(stack, tmp_path, "-o", "mermaid")
    for done in (table, flowchart):
        assert done.returncode == 0, done.stderr
        assert all(name in done.stdout for name in ("topo.orders_1", TOPIC, SPEC.sink, str(TARGET)))
        assert "dbz" not in done.stdout
    print(table.stdout)
