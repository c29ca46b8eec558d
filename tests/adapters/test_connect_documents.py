"""Documents of Kafka Connect, whole and mangled, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.debezium import task_status
from watchdog.adapters import connect_documents as documents
from watchdog.adapters.connect_status import pushed
from watchdog.adapters.kafka_events import Record
from watchdog.model import ConnectorStatus, Offsets, State, TaskStatus
from watchdog.redact import Redactor

WORKER = "127.0.0.1:8083"
# As measured on Kafka Connect 4.3.1.
SINK: dict[str, Any] = {
    "name": "dw-sink",
    "connector": {"state": "RUNNING", "worker_id": WORKER, "version": "3.5.0.Final"},
    "tasks": [
        {"id": 1, "state": "RUNNING", "worker_id": WORKER, "version": "3.5.0.Final"},
        {"id": 0, "state": "FAILED", "worker_id": WORKER, "version": "3.5.0.Final", "trace": "x.ConnectException: y"},
    ],
    "type": "sink",
}


def test_a_status_document_is_read_whole() -> None:
    assert documents.status("main", "dw-sink", SINK) == ConnectorStatus(
        cluster="main",
        name="dw-sink",
        state=State.RUNNING,
        type="sink",
        worker=WORKER,
        trace=None,
        tasks=(
            TaskStatus(0, State.FAILED, WORKER, "x.ConnectException: y"),
            TaskStatus(1, State.RUNNING, WORKER, None),
        ),
    )


UNKNOWN = ConnectorStatus("main", "c", State.UNKNOWN)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({}, UNKNOWN, id="nothing"),
        pytest.param(None, UNKNOWN, id="null"),
        pytest.param([1], UNKNOWN, id="a list"),
        pytest.param({"status": "RUNNING"}, UNKNOWN, id="a word"),
        pytest.param({"status": {"connector": [], "tasks": {}, "type": 7}}, UNKNOWN, id="wrong types"),
        pytest.param({"status": {"connector": {"state": "MELTING"}}}, UNKNOWN, id="a new state"),
        pytest.param({"status": {"connector": {"state": ["FAILED"]}}}, UNKNOWN, id="a state that is a list"),
        pytest.param({"status": {"connector": {"trace": 5, "worker_id": {}}}}, UNKNOWN, id="a trace that is a number"),
        pytest.param(
            {"status": {"tasks": [None, {}, {"id": "0"}, {"id": True}, {"id": -1}, {"id": 1.5}]}},
            UNKNOWN,
            id="tasks without a number",
        ),
        pytest.param(
            {"status": {"tasks": [{"id": 3}]}},
            ConnectorStatus("main", "c", State.UNKNOWN, tasks=(TaskStatus(3, State.UNKNOWN),)),
            id="a task without a state",
        ),
    ],
)
def test_a_malformed_connector_is_there_as_unknown_and_leaves_the_others_alone(
    entry: Any, expected: ConnectorStatus
) -> None:
    found = documents.statuses("main", {"c": entry, "dw-sink": {"status": SINK}})
    assert found["c"] == expected
    assert found["dw-sink"].failed


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "a/b", "a%2Fb", "\x1b[31m", "[/foo]", "..", "ü"])
def test_a_hostile_name_is_data(name: str) -> None:
    assert documents.statuses("main", {name: {"status": SINK}})[name].name == name


def test_a_worker_id_is_stripped_of_escapes() -> None:
    document = {"connector": {"worker_id": "a\x1b[31mb" + "x" * 1000}}
    worker = documents.status("main", "c", document).worker
    assert worker.startswith("ab")
    assert len(worker) <= 300


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            [
                {"partition": {"kafka_partition": 1, "kafka_topic": "t-x"}, "offset": {"kafka_offset": 5}},
                {"partition": {"kafka_partition": 0, "kafka_topic": "t-x"}, "offset": {"kafka_offset": 0}},
            ],
            Offsets(committed={"t-x-1": 5, "t-x-0": 0}, known=True),
            id="a sink",
        ),
        pytest.param(
            [
                {"partition": {"kafka_partition": 0, "kafka_topic": "t"}, "offset": None},
                {"partition": {"kafka_partition": "1", "kafka_topic": "t"}, "offset": {"kafka_offset": 5}},
                {"partition": {"kafka_partition": 2, "kafka_topic": "t"}, "offset": {"kafka_offset": True}},
                {"partition": {"kafka_partition": 3}, "offset": {"kafka_offset": 1}},
                7,
            ],
            Offsets(known=True),
            id="a sink's entries that say nothing",
        ),
        pytest.param(
            [
                {"partition": {"server": "b"}, "offset": {"pos": 605, "file": "binlog.2"}},
                {"offset": {"pos": 1}, "partition": {"server": "a"}},
            ],
            Offsets(
                source='[{"offset":{"file":"binlog.2","pos":605},"partition":{"server":"b"}},'
                '{"offset":{"pos":1},"partition":{"server":"a"}}]',
                known=True,
            ),
            id="a source, in canonical order",
        ),
        pytest.param([], Offsets(known=True), id="none yet"),
        pytest.param("x", Offsets(known=True), id="no list"),
    ],
)
def test_offsets(entries: Any, expected: Offsets) -> None:
    assert documents.offsets({"offsets": entries}) == expected
    reordered = entries[::-1] if isinstance(entries, list) else entries
    assert documents.offsets({"offsets": reordered}) == expected


def test_a_configurations_fingerprint_changes_with_a_secret_and_with_nothing_else() -> None:
    def fingerprint(raw: dict[str, str]) -> str:
        return documents.config("main", "c", raw, Redactor()).fingerprint

    before = fingerprint({"a": "1", "database.password": "first"})
    assert fingerprint({"database.password": "first", "a": "1"}) == before
    assert fingerprint({"a": "1", "database.password": "second"}) != before
    assert "first" not in before


def test_values_that_are_no_strings_become_strings() -> None:
    raw = documents.raw_config({"tasks.max": 1, "x": None, "y": True, "z": {"b": 1}})
    assert raw == {"tasks.max": "1", "x": "", "y": "true", "z": '{"b":1}'}


@pytest.mark.parametrize(
    ("document", "errors"),
    [
        pytest.param({"error_count": 0, "configs": []}, [], id="valid"),
        pytest.param(
            {
                "error_count": 1,
                "configs": [
                    {"value": {"name": "database.hostname", "errors": ["Unable to connect: Access denied"]}},
                    {"value": {"name": "database.port", "errors": []}},
                    {"value": None},
                ],
            },
            [("database.hostname", "Unable to connect: Access denied")],
            id="one error",
        ),
        pytest.param({"error_count": 3}, [("", "an error that is not named")], id="errors that are not named"),
    ],
)
def test_validation_errors(document: Any, errors: list[tuple[str, str]]) -> None:
    assert documents.validation_errors(document) == errors


@pytest.mark.parametrize("document", [None, [], {}, {"error_count": "0"}, "x"])
def test_an_answer_that_is_no_validation_is_an_error_and_not_valid(document: Any) -> None:
    with pytest.raises(ValueError, match="no validation result"):
        documents.validation_errors(document)


PLUGINS = [
    {"class": "io.debezium.connector.mysql.MySqlConnector", "type": "source", "version": "3.5.0.Final"},
    {"class": "io.debezium.connector.jdbc.JdbcSinkConnector", "type": "sink", "version": "undefined"},
    {"class": 5},
    "nonsense",
]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("io.debezium.connector.mysql.MySqlConnector", "3.5.0.Final"),
        ("MySqlConnector", "3.5.0.Final"),
        ("MySql", "3.5.0.Final"),
        ("JdbcSinkConnector", ""),
        ("example.Other", ""),
    ],
)
def test_a_plugin_s_version_is_found_by_any_of_its_names(name: str, version: str) -> None:
    assert documents.plugin_version(name, PLUGINS) == version
    assert documents.plugin_version(name, {"error": 1}) == ""


def test_a_pushed_state_tells_the_generation_of_the_group_where_it_is_there() -> None:
    def told(value: bytes) -> int:
        status = pushed(Record("t", 0, 1, b"status-task-a-0", value, 1000, lambda: None), "main", Redactor())
        assert status is not None
        return status.generation

    assert told(task_status("RUNNING")) == 3
    assert [told(b'{"state":"RUNNING"%s}' % more) for more in (b"", b',"generation":true', b',"generation":"3"')] == [
        -1,
        -1,
        -1,
    ]
