"""A source's failure on a table that is not as it believes, or on a statement that it cannot parse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.scene import CONFIGS, CREATED, OLD_COLUMNS, ORDERS, SOURCE, START, table
from watchdog.correlate import Surroundings, correlate
from watchdog.diagnose import diagnose
from watchdog.history import SchemaHistory, absorb
from watchdog.model import Category, Column, DatabaseColumns, Diagnosis
from watchdog.topology import derive

ADDRESS = "127.0.0.1:3306"
HIDDEN = Column("hidden", "int")
ROW_SIZE = (
    "io.debezium.DebeziumException: Error processing binlog event\n\tat x.Y.z(Y.java:1)\n"
    "Caused by: org.apache.kafka.connect.errors.ConnectException: Error processing row in oltp.orders, "
    "internal schema size 2, but row size 3, restart connector with schema recovery mode.\n\tat x.Y.z(Y.java:1)\n"
)
UNPARSED = (
    "io.debezium.DebeziumException: Error processing binlog event\n\tat x.Y.z(Y.java:1)\n"
    "Caused by: io.debezium.text.ParsingException: DDL statement couldn't be parsed. Please open a Jira issue "
    "https://issues.redhat.com/browse/DBZ with the statement '{}'\nno viable alternative at input 'x'\n"
    "\tat io.debezium.antlr.ParsingErrorListener.syntaxError(ParsingErrorListener.java:43)\n"
)


def diagnosed(trace: str, *live: Column, error: str = "") -> Diagnosis:
    history, _ = absorb(SchemaHistory(), CREATED, lambda prefix, name: True)
    database = DatabaseColumns(ADDRESS, START, {ORDERS: table(ORDERS, *live)} if live else {}, error=error)
    around = Surroundings(derive(CONFIGS.values(), {}), history, {ADDRESS: database}, None, START)
    return correlate(SOURCE, diagnose(trace, "source"), around)


def test_a_row_with_a_column_that_nobody_told_of_names_the_unlogged_change() -> None:
    """Row 40."""
    found = diagnosed(ROW_SIZE, *OLD_COLUMNS, HIDDEN)
    assert (found.cause.category, found.table, found.columns) == (Category.SCHEMA_DRIFT, ORDERS, ("hidden",))
    assert found.cause.summary.startswith("An unlogged change: oltp.orders")
    assert "hidden (int NULL), which no logged statement told of" in found.evidence[0]


@pytest.mark.parametrize(
    ("live", "error"),
    [
        pytest.param(OLD_COLUMNS, "", id="they-agree-by-now"),
        pytest.param((), "", id="the-table-is-not-visible"),
        pytest.param((*OLD_COLUMNS, HIDDEN), "connection refused", id="the-database-cannot-be-read"),
    ],
)
def test_what_cannot_be_seen_is_not_made_up(live: tuple[Column, ...], error: str) -> None:
    found = diagnosed(ROW_SIZE, *live, error=error)
    assert (found.table, found.columns) == (ORDERS, ())
    assert "An unlogged change" not in found.cause.summary


@pytest.mark.parametrize(
    ("ddl", "named", "drift", "words"),
    [
        pytest.param("ALTER TABLE `oltp`.`orders` ODD COLUMN x", True, "yes", "changes captured tables", id="alters"),
        pytest.param("/* app */ alter table Orders ODD", True, "yes", "changes captured tables", id="without-case"),
        pytest.param("CREATE UNIQUE INDEX i ON orders (x) ODD", True, "yes", "changes captured tables", id="index"),
        pytest.param(
            "CREATE JSON RELATIONAL DUALITY VIEW v AS SELECT JSON_DUALITY_OBJECT('_id': id) FROM oltp.orders",
            True,
            "no",
            "names oltp.orders",
            id="duality-view",
        ),
        pytest.param("ALTER TABLE other ODD", False, "no", "names no captured table", id="another-table"),
        pytest.param("ALTER USER orderly ODD", False, "no", "names no captured table", id="only-a-part-of-a-word"),
        pytest.param("ALTER TABLE `we``ird; drop table x` ODD", False, "no", "no captured table", id="hostile"),
    ],
)
def test_a_statement_that_cannot_be_parsed_is_told_from_the_trace(
    ddl: str, named: bool, drift: str, words: str
) -> None:
    """Row 41."""
    found = diagnosed(UNPARSED.format(ddl), *OLD_COLUMNS)
    assert found.cause.category is Category.DDL_PARSE
    assert found.change is not None
    assert found.change.ddl == ddl
    assert (found.table == ORDERS, found.cause.schema_drift) == (named, drift)
    assert words in found.evidence[1]
    assert found.evidence == diagnosed(UNPARSED.format(ddl), *OLD_COLUMNS).evidence
    assert found.change == replace(found.change, at=START)


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param(ROW_SIZE, id="an unlogged change"),
        pytest.param(
            "io.debezium.DebeziumException: The db history topic is missing. You may attempt to recover it by"
            " reconfiguring the connector to recovery",
            id="a lost history",
        ),
    ],
)
def test_the_way_out_of_a_wrong_history_names_the_verb_that_rebuilds_it(trace: str) -> None:
    found = diagnosed(trace, *OLD_COLUMNS)
    assert found.way_out.startswith(f"`watchdog recover {SOURCE.connector}` rebuilds the schema history")
    assert found.way_out.endswith(f"By hand: {found.cause.fix}")
