"""One record against the table that it would be written to, through what the sink does with its fields."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes.quarantine import shape_of
from watchdog.detect.unfit import judge_of
from watchdog.model import (
    Column,
    ConnectorConfig,
    ConnectorKey,
    DatabaseColumns,
    RecordId,
    TableId,
    TableSchema,
    WaitingRecord,
)
from watchdog.topology import derive

HERE = RecordId("dataflow.oltp.orders", 0, 5)
SINK = ConnectorKey("main", "sink")
CONFIG = {
    "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
    "topics": HERE.topic,
    "connection.url": "jdbc:mysql://db:3306/dw",
    "collection.name.format": "orders",
    "insert.mode": "upsert",
    "primary.key.mode": "record_key",
}
COLUMNS = (Column("id", "bigint", False), Column("name", "varchar(8)", False), Column("size", "smallint"))


def columns(*given: Column, error: str = "", table: str = "orders") -> dict[str, DatabaseColumns]:
    schema = TableSchema(TableId("dw", table), given or COLUMNS)
    return {"db:3306": DatabaseColumns("db:3306", datetime(2026, 3, 1, tzinfo=UTC), {schema.id: schema}, error=error)}


def routes(**config: str) -> object:
    values = {**CONFIG, **{name.replace("__", "."): value for name, value in config.items()}}
    return derive([ConnectorConfig("main", "sink", values)], {}).routes_of(SINK)


def record(fields: dict[str, object] | None, enveloped: bool = True, topic: str = HERE.topic) -> WaitingRecord:
    where = RecordId(topic, 0, 5)
    return WaitingRecord(where, "k", shape_of(where, fields), enveloped, ("id",))


GOOD = {"id": 1, "name": "An", "size": 3}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param(GOOD, "", id="fits"),
        pytest.param(None, "", id="a-delete-needs-no-columns"),
        pytest.param({**GOOD, "more": 1}, "dw.orders has no column more", id="missing"),
        pytest.param({"id": 1, "size": 1}, "dw.orders requires name, and it has none", id="required"),
        pytest.param({**GOOD, "name": None}, "name is NULL, which dw.orders does not allow", id="null"),
        pytest.param({**GOOD, "name": "123456789"}, "name has 9 characters, varchar(8) holds less", id="too-long"),
        pytest.param({**GOOD, "size": 40_000}, "size needs 16 bits, smallint holds less", id="too-large"),
        pytest.param(
            {**GOOD, "more": 1, "size": 40_000},
            "size needs 16 bits, smallint holds less; dw.orders has no column more",
            id="two-reasons",
        ),
        pytest.param({"name": "An"}, "", id="a-column-of-the-key-is-given-by-the-key"),
    ],
)
def test_why_a_record_does_not_fit_is_told_without_its_values(given: dict[str, object] | None, wanted: str) -> None:
    judge, unknown = judge_of(routes(), columns())  # type: ignore[arg-type]
    assert unknown == ()
    told = judge(record(given))
    assert told.startswith(wanted) if wanted else told == ""
    assert "123456789" not in told


@pytest.mark.parametrize(
    ("config", "given", "enveloped", "fits"),
    [
        pytest.param({"field__exclude__list": "more"}, {**GOOD, "more": 1}, True, True, id="left-out-by-the-sink"),
        pytest.param(
            {
                "transforms": "r",
                "transforms__r__type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
                "transforms__r__renames": "title:name",
            },
            {"id": 1, "title": "123456789", "size": 1},
            False,
            False,
            id="renamed-and-too-long-under-its-new-name",
        ),
        pytest.param(
            {"transforms": "u", "transforms__u__type": "io.debezium.transforms.ExtractNewRecordState"},
            GOOD,
            True,
            True,
            id="unwrapped-by-the-sink",
        ),
        pytest.param({}, GOOD, False, True, id="unwrapped-before"),
    ],
)
def test_a_record_is_judged_by_what_the_sink_would_write(
    config: dict[str, str], given: dict[str, object], enveloped: bool, fits: bool
) -> None:
    judge, unknown = judge_of(routes(**config), columns())  # type: ignore[arg-type]
    assert unknown == ()
    assert (judge(record(given, enveloped)) == "") is fits


def test_a_sink_that_adds_columns_misses_none() -> None:
    judge, _ = judge_of(routes(), columns(), adds_columns=True)  # type: ignore[arg-type]
    assert judge(record({**GOOD, "more": 1})) == ""
    assert judge(record({**GOOD, "more": 1, "size": 40_000})) == "size needs 16 bits, smallint holds less"


def test_a_record_of_a_topic_that_is_not_known_is_taken_for_fit() -> None:
    judge, _ = judge_of(routes(), columns())  # type: ignore[arg-type]
    assert judge(record({"anything": 1}, topic="other")) == ""


@pytest.mark.parametrize(
    ("config", "databases", "why"),
    [
        pytest.param({}, {}, "no such database is configured", id="database-not-configured"),
        pytest.param({}, columns(error="connection refused"), "connection refused", id="database-down"),
        pytest.param(
            {}, columns(table="other"), "the columns of dw.orders at db:3306 cannot be seen", id="not-visible"
        ),
        pytest.param({"collection__naming__strategy": "com.example.Own"}, columns(), "strategy", id="table-not-known"),
        pytest.param(
            {"transforms": "x", "transforms__x__type": "com.example.Magic"}, columns(), "Magic", id="transform-unknown"
        ),
    ],
)
def test_what_has_to_be_known_and_is_not_is_told(
    config: dict[str, str], databases: dict[str, DatabaseColumns], why: str
) -> None:
    _, unknown = judge_of(routes(**config), databases)  # type: ignore[arg-type]
    assert why in " ".join(unknown)
