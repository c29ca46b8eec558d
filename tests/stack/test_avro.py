"""Pipelines that write Avro through a schema registry, on the real stack: schema changes and waiting rows are read, a
refused statement is named with its subject, and a registry that is away costs sight, not memory."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
from stack import Pipeline, Stack
from stack.pipeline import Spec
from stack.registry import Registry

from tests.stack.watchdog_process import Watchdog, eventually
from watchdog.adapters.avro import AvroReader
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.registry import RegistryRest
from watchdog.adapters.registry_schemas import WriterSchemas
from watchdog.contracts import ruling
from watchdog.model import Column, IdKind, Origin, SchemaRecord, SchemaRef, TableId, TableSchema
from watchdog.redact import Redactor

SUBJECT = "av.av.orders-value"


@pytest.fixture(scope="module")
def registry(_running_stack: Stack) -> Iterator[Registry]:
    _running_stack.up()
    registry = _running_stack.start_registry()
    for prefix in ("av", "avc"):
        registry.forget(prefix)
    registry.require("BACKWARD")
    yield registry
    _running_stack.stop("registry")


def pipeline_of(stack: Stack, registry: Registry, name: str, *, confluent: bool) -> Pipeline:
    converters = registry.converters(confluent=confluent)
    return stack.pipeline_of(
        Spec(
            prefix=name,
            database=name,
            target_database=f"{name}_dw",
            source=f"{name}-source",
            sink=f"{name}-sink",
            source_config={**converters, "schema.name.adjustment.mode": "avro"},
            sink_config=converters,
        )
    )


@pytest.fixture
def pipeline(stack: Stack, registry: Registry) -> Iterator[Pipeline]:
    """With the ids in Apicurio's headers."""
    own = pipeline_of(stack, registry, "av", confluent=False)
    own.reset()
    yield own
    stack.start_registry()
    own.delete()
    registry.forget("av.")


@pytest.fixture
def watchdog(stack: Stack, registry: Registry, tmp_path: Path) -> Watchdog:
    """Not started yet."""
    urls = (stack.source_url, stack.target_url)
    servers = stack.bootstrap_servers
    return Watchdog(tmp_path, stack.connect_url, servers, urls, SCHEMA_REGISTRY_URL=registry.confluent_url)


@contextmanager
def running(watchdog: Watchdog) -> Iterator[None]:
    watchdog.start(ready_seconds=60)
    try:
        yield
    finally:
        watchdog.__exit__(None, None, None)


def make(call: str) -> None:
    """What a shell would do with that line, also where there is no curl."""
    program, _, method, *rest, url = shlex.split(call)
    assert program == "curl"
    body = rest[-1] if rest else None
    requests.request(
        method, url, data=body, headers={"Content-Type": "application/json"}, timeout=10
    ).raise_for_status()


def troubles(watchdog: Watchdog) -> dict[str, str]:
    """What the health of each source of observations says."""
    return {each["name"]: each["error"] for each in watchdog.get("/readyz").json()["sources"] if each["error"]}


def test_waiting_avro_records_name_the_column_and_a_registry_that_was_away_has_hidden_nothing(
    stack: Stack, registry: Registry, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(2)
    stack.connect.wait_failed("av-sink", 60)
    stack.stop("registry")  # No kill: it would lose what was registered in the last half second.
    with running(watchdog):
        watchdog.wait_for_incident("av-sink", 60, category="SCHEMA_DRIFT", verdict="hold")
        eventually(
            lambda: (
                (said := troubles(watchdog)).keys() >= {"registry:default", "schema-topics"}
                and said["schema-topics"].startswith("reading waits at av-0@0: GET ")
            ),
            60,
            "the health of what cannot be read is told",
        )
        gtid = str(stack.source.query("SELECT @@server_uuid AS uuid")[0]["uuid"])
        blind = watchdog.incident_of("av-sink")
        assert blind is not None
        assert not str(blind["ddl_position"]).startswith(gtid)
        stack.start_registry()
        incident = eventually(
            lambda: (
                (found := watchdog.incident_of("av-sink"))
                and str(found["ddl_position"]).startswith(gtid)
                and any("2 waiting records" in line for line in found["evidence"])
                and found
            ),
            90,
            lambda: f"the statement by its gtid, which only Avro tells, and what waits; the log:\n{watchdog.log()}",
        )
        assert incident["columns"] == ["unexpected_field"]
        assert "ADD COLUMN unexpected_field" in incident["ddl"]
        stack.target.execute(incident["way_out"])
        watchdog.wait_for_incident("av-sink", 120, state="resolved")
        assert pipeline.target_ids() == pipeline.source_ids()


def test_a_source_that_the_registry_refuses_is_tied_to_statement_and_subject_and_restarted_once_it_is_let_pass(
    stack: Stack, registry: Registry, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    with running(watchdog):
        pipeline.alter("ADD COLUMN fine INT NULL, ADD COLUMN must INT NOT NULL")
        pipeline.alter("ADD COLUMN later INT NULL")
        stack.source.execute("INSERT INTO av.orders (customer, amount, must) VALUES ('x', 1, 2)")
        incident = watchdog.wait_for_incident("av-source", 90, category="REGISTRY_INCOMPATIBLE", columns=["must"])
        assert incident["table"] == "av.orders"
        assert "ADD COLUMN must INT NOT NULL" in incident["ddl"]
        level = f"subject {SUBJECT}, version 1: compatibility level BACKWARD"
        incident = eventually(
            lambda: (found := watchdog.incident_of("av-source")) and level in found["evidence"] and found,
            60,
            lambda: f"the evidence says: {level}; the log:\n{watchdog.log()}",
        )
        assert incident["verdict"] == "hold"
        let_pass, back = (each.strip() for each in incident["way_out"].split("take it: ")[1].split(" , wait"))
        make(let_pass)
        stack.target.execute("ALTER TABLE av_dw.orders ADD fine INT, ADD must INT, ADD later INT")
        watchdog.wait_for_incident("av-source", 120, state="resolved")
        make(back.split("back: ")[1])
        client = RegistryRest("real", registry.confluent_url, Redactor())
        with closing(client):
            subject = client.latest(SUBJECT)
            assert subject is not None
            assert (subject.version, subject.compatibility, subject.level_is_own) == (2, "BACKWARD", False)
        pipeline.wait_in_step(60)


def test_what_is_written_in_confluents_wire_format_is_read_and_the_rules_agree_with_the_registry(
    stack: Stack, registry: Registry
) -> None:
    own = pipeline_of(stack, registry, "avc", confluent=True)
    own.reset()
    client = RegistryRest("real", registry.confluent_url, Redactor())
    avro = AvroReader(WriterSchemas([client]))
    topics = SchemaTopics("main", stack.bootstrap_servers, {}, None, avro)
    rows = WaitingRecords("main", stack.bootstrap_servers, {}, AvroReader(WriterSchemas([client])))
    with closing(client), closing(topics), closing(rows):
        (shape,), _, capped = rows.waiting({}, [own.spec.topic], 1000)
        assert not capped
        assert (shape.count, set(shape.fields)) == (5, {"id", "customer", "amount", "status", "created_at"})
        assert shape.longest == {"customer": 4, "status": 3}
        topics.follow({"avc": ("avc", False), own.spec.history_topic: ("avc", True)}, {})
        told: list[SchemaRecord] = []
        unreadable: list[tuple[str, str]] = []

        def both() -> bool:
            tailed = topics.read(1)
            told.extend(
                record for record in tailed.records if record.table == TableId("avc", "orders") and record.after
            )
            unreadable.extend(tailed.unreadable)
            return {record.origin for record in told} == set(Origin)

        eventually(both, 60, "the table from both topics")
        assert not unreadable
        in_avro, in_json = (next(r for r in told if r.origin is origin) for origin in (Origin.TOPIC, Origin.HISTORY))
        assert in_avro.after == in_json.after

        _the_rules_agree(client, in_avro.after)
    own.delete()
    registry.forget("avc")


def _the_rules_agree(client: RegistryRest, table: TableSchema | None) -> None:
    subject = client.latest("avc.avc.orders-value")
    assert subject is not None
    assert table is not None
    assert subject.compatibility == "BACKWARD", "the common level: Apicurio says NONE for a subject without its own"
    assert client.schema(SchemaRef(IdKind.CONFLUENT, subject.id)) == subject.schema
    assert client.latest("avc.nowhere-value") is None
    assert client.accepts("avc.nowhere-value", '"string"')[0] is None
    for column, taken in ((Column("may", "int"), True), (Column("must", "int", False), False)):
        wider = TableSchema(table.id, (*table.columns, column), table.primary_key)
        assert ruling(subject, table, wider).accepts is taken
        field = {
            "name": column.name,
            "type": ["null", "int"] if taken else "int",
            **({"default": None} if taken else {}),
        }
        schema = json.loads(subject.schema)
        schema["fields"][0]["type"][1]["fields"].append(field)
        assert client.accepts(subject.name, json.dumps(schema))[0] is taken
