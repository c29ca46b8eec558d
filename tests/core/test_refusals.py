"""A source that the registry refuses is tied to the subject, to the table and to the statement that made the shape."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.scene import CREATED, ORDERS, Scene, ddl_record, table
from tests.fakes.registry import envelope, value_record
from watchdog.model import (
    Category,
    Column,
    Diagnosis,
    Incident,
    Observation,
    SchemaKind,
    SchemaRecord,
    Subject,
    SubjectsView,
    Verdict,
)

SUBJECT = "dataflow.oltp.orders-value"
APICURIO = """\
org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler
Caused by: io.apicurio.registry.rest.client.exception.RuleViolationException: Incompatible artifact: \
dataflow.oltp.orders-value [AVRO], num of incompatible diffs: {2}, list of diff types: [reader union lacking writer \
type: RECORD at /fields/0/type/1, reader union lacking writer type: RECORD at /fields/1/type/1]
"""
CONFLUENT = """\
org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler
Caused by: org.apache.kafka.connect.errors.DataException: Failed to serialize Avro data from topic orders :
Caused by: org.apache.kafka.common.config.ConfigException: Failed to access Avro data from topic orders : \
Schema being registered is incompatible with an earlier schema for subject "dataflow.oltp.orders-value", \
details: [{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'must' at path '/fields/2' \
in the new schema has no default value and is missing in the old schema', additionalInfo:'must'}]; error code: 409
"""
ID, CUSTOMER = Column("id", "bigint", False, generated=True), Column("customer", "varchar(64)", False)
MUST, OTHER, MAY = Column("must", "int", False), Column("other", "int", False), Column("may", "int")
BASE = replace(CREATED, after=table(ORDERS, ID, CUSTOMER))


def alters(*added: Column) -> list[SchemaRecord]:
    """One statement for each, on top of each other."""
    columns = [ID, CUSTOMER]
    records = []
    for number, column in enumerate(added, 11):
        columns = [*columns, column]
        records.append(ddl_record(number, f"ALTER TABLE orders ADD {column.name}", table(ORDERS, *columns)))
    return records


class RegistryScene(Scene):
    view: SubjectsView | None = None

    def observation(self) -> Observation:
        seen = super().observation()
        return replace(seen, subjects={"main": self.view}) if self.view else seen

    def registered(self, level: str, age_seconds: float = 0.0, **changes: Any) -> None:
        fields = [{"name": "id", "type": "long"}, {"name": "customer", "type": "string"}]
        at = self.now - timedelta(seconds=age_seconds)
        schema = json.dumps(envelope(value_record(fields=fields)))
        subject = Subject(SUBJECT, 4, 3, SchemaKind.AVRO, schema, level, registry="http://registry:8081", at=at)
        subject = replace(subject, **changes)
        self.view = SubjectsView(self.now, {SUBJECT: subject})


def refused(scene: RegistryScene, *records: SchemaRecord, trace: str = APICURIO) -> Diagnosis:
    scene.learn(BASE, *records)
    scene.fail(trace, "oltp-source", "source")
    scene.tick()
    return incident(scene).diagnosis


def incident(scene: Scene) -> Incident:
    (found,) = scene.memory.incidents.values()
    return found


@pytest.mark.parametrize("trace", [APICURIO, CONFLUENT], ids=["Apicurio", "Confluent"])
@pytest.mark.parametrize("level", ["BACKWARD", None], ids=["with the registry", "without"])
def test_the_refusal_is_tied_to_statement_table_columns_and_subject(trace: str, level: str | None) -> None:
    scene = RegistryScene()
    if level:
        scene.registered(level)
    found = refused(scene, *alters(MUST), trace=trace)
    assert found.cause.category is Category.REGISTRY_INCOMPATIBLE
    assert (found.table, found.columns) == (ORDERS, ("must",))
    assert found.change is not None
    assert found.change.ddl == "ALTER TABLE orders ADD must"
    assert SUBJECT in found.evidence[0]
    assert ("BACKWARD" in found.evidence[0]) is bool(level)
    assert incident(scene).verdict is Verdict.HOLD
    assert not scene.sent


@pytest.mark.parametrize(
    "subject",
    ["dataflow.oltp.orders-key", "dataflow.oltp.orders.Envelope", "dataflow.oltp.orders-dataflow.oltp.orders.Value"],
)
def test_the_table_is_known_by_whichever_strategy_the_subject_is_named(subject: str) -> None:
    assert refused(RegistryScene(), *alters(MUST), trace=APICURIO.replace(SUBJECT, subject)).table == ORDERS


@pytest.mark.parametrize("level", ["BACKWARD", None], ids=["with the registry", "without"])
def test_a_later_statement_that_no_level_refuses_is_not_to_blame(level: str | None) -> None:
    scene = RegistryScene()
    if level:
        scene.registered(level)
    found = refused(scene, *alters(MUST, MAY))
    assert found.change is not None
    assert found.change.ddl == "ALTER TABLE orders ADD must"


def test_of_two_that_could_be_the_trace_names_the_column() -> None:
    found = refused(RegistryScene(), *alters(OTHER, MUST, Column("third", "int", False)), trace=CONFLUENT)
    assert found.change is not None
    assert (found.change.ddl, found.columns) == ("ALTER TABLE orders ADD must", ("must",))


def test_a_refusal_with_no_statement_that_could_be_its_cause_says_so() -> None:
    found = refused(RegistryScene(), *alters(MAY))
    assert found.change is None
    assert found.evidence[-1] == "no logged statement changed the table in a way that a registry refuses"


JSON = "-H 'Content-Type: application/json' -d"
RULES = "http://r:8080/apis/registry/v2/groups/default/artifacts/dataflow.oltp.orders-value/rules"


@pytest.mark.parametrize(
    ("registry", "is_own", "let_pass", "back"),
    [
        pytest.param(
            "http://r:8081",
            True,
            f"""curl -X PUT {JSON} '{{"compatibility": "NONE"}}' http://r:8081/config/{SUBJECT}""",
            f"""curl -X PUT {JSON} '{{"compatibility": "BACKWARD"}}' http://r:8081/config/{SUBJECT}""",
            id="Confluent, its own level",
        ),
        pytest.param(
            "http://r:8081",
            False,
            f"""curl -X PUT {JSON} '{{"compatibility": "NONE"}}' http://r:8081/config/{SUBJECT}""",
            f"curl -X DELETE http://r:8081/config/{SUBJECT}",
            id="Confluent, the common level",
        ),
        pytest.param(
            "http://r:8080/apis/ccompat/v7",
            True,
            f"""curl -X PUT {JSON} '{{"type": "COMPATIBILITY", "config": "NONE"}}' {RULES}/COMPATIBILITY""",
            f"""curl -X PUT {JSON} '{{"type": "COMPATIBILITY", "config": "BACKWARD"}}' {RULES}/COMPATIBILITY""",
            id="Apicurio, its own level",
        ),
        pytest.param(
            "http://r:8080/apis/ccompat/v7",
            False,
            f"""curl -X POST {JSON} '{{"type": "COMPATIBILITY", "config": "NONE"}}' {RULES}""",
            f"curl -X DELETE {RULES}/COMPATIBILITY",
            id="Apicurio, the common level, where Confluent's call would change nothing",
        ),
    ],
)
def test_the_way_out_names_the_calls_that_let_it_pass_and_put_the_level_back(
    registry: str, is_own: bool, let_pass: str, back: str
) -> None:
    scene = RegistryScene()
    scene.registered("BACKWARD", registry=registry, level_is_own=is_own)
    way_out = refused(scene, *alters(MUST)).way_out
    assert "make must of oltp.orders compatible under BACKWARD" in way_out
    assert f"let the registry take it: {let_pass} , wait" in way_out
    assert way_out.endswith(f"put BACKWARD back: {back}")


def test_a_hostile_subject_does_not_leave_its_place_in_the_call() -> None:
    scene = RegistryScene()
    trace = APICURIO.replace("dataflow.oltp.orders-value", "x';reboot;'/../$(id)-value")
    way_out = refused(scene, *alters(MUST), trace=trace).way_out
    assert '"$SCHEMA_REGISTRY_URL"/config/x%27%3Breboot%3B%27%2F..%2F%24%28id%29-value' in way_out


def test_the_subject_is_awaited_and_the_source_restarted_once_the_registry_takes_anything() -> None:
    scene = RegistryScene()
    scene.registered("BACKWARD")
    refused(scene, *alters(MUST))
    assert scene.last is not None
    assert SUBJECT in scene.last.focus
    scene.registered("BACKWARD")
    scene.pass_seconds(30)
    assert not scene.sent
    scene.registered("NONE")
    scene.pass_seconds(2)
    assert [action.verb for action in scene.sent] == ["restart"]


def test_what_the_registry_said_before_the_failure_proves_nothing() -> None:
    scene = RegistryScene()
    scene.registered("NONE", age_seconds=60)
    refused(scene, *alters(MUST))
    scene.pass_seconds(5)
    assert not scene.sent


def test_an_unknown_level_is_not_taken_for_none() -> None:
    scene = RegistryScene()
    scene.registered("")
    found = refused(scene, *alters(MUST))
    assert found.remedied is None
    assert "its level is not known" in found.evidence[0]
