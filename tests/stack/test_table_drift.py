"""Tables that are not the same everywhere, on the real stack: found before a row fails, and by `watchdog drift`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.watchdog_process import Watchdog, eventually
from watchdog import app
from watchdog.report import documents
from watchdog.report.drift import documents as documents_of_drift
from watchdog.settings import load

SPEC = Spec(
    prefix="tdrift",
    database="tdrift",
    target_database="tdrift_dw",
    source="tdrift-source",
    sink="tdrift-sink",
    columns="id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(64) NOT NULL, note VARCHAR(64) NULL",
)
WEIRD = "we`ird; drop table x"
LONG = "ünïcödé_" + "ž" * 56
OTHERS = ("quiet", "secret", WEIRD, LONG)


def quoted(name: str) -> str:
    return f"`{SPEC.database}`.`{name.replace('`', '``')}`"


def insert(stack: Stack, table: str = SPEC.table) -> None:
    stack.source.execute(f"INSERT INTO {quoted(table)} (customer) VALUES ('somebody')")


def unlogged(stack: Stack, statement: str) -> None:
    server = pymysql.connect(host="127.0.0.1", port=stack.source.port, user="root", password="root")
    with server as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_log_bin = 0")
        cursor.execute(statement)


@pytest.fixture(scope="module")
def pipeline(_running_stack: Stack) -> Iterator[Pipeline]:
    """One source of five tables, one of which goes on to a sink. Only the watchdog is granted table by table."""
    stack, own = _running_stack, _running_stack.pipeline_of(SPEC)
    own.delete()
    stack.source.execute(f"CREATE DATABASE `{SPEC.database}`")
    for name in OTHERS:
        stack.source.execute(f"CREATE TABLE {quoted(name)} ({SPEC.columns})")
    own.create(wait=False)
    stack.source.execute(f"REVOKE SELECT ON `{SPEC.database}`.* FROM 'watchdog'@'%'")
    for name in (SPEC.table, *OTHERS):
        stack.source.execute(f"GRANT SELECT ON {quoted(name)} TO 'watchdog'@'%'")
    insert(stack)
    own.wait_in_step()
    yield own
    own.delete()


@pytest.fixture(scope="module")
def watchdog(_running_stack: Stack, pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watchdog]:
    with watching(_running_stack, tmp_path_factory.mktemp("table-drift")) as running:
        yield running


@contextmanager
def watching(stack: Stack, folder: Path) -> Iterator[Watchdog]:
    quick = [{"url": url, "poll_interval_seconds": 1} for url in (stack.source_url, stack.target_url)]
    running = Watchdog(folder, stack.connect_url, stack.bootstrap_servers, WATCHDOG_DATABASES=json.dumps(quick))
    try:
        running.start(ready_seconds=60)
        yield running
    finally:
        running.stop()


def drift(watchdog: Watchdog, *tables: str) -> dict[str, Any]:
    """As `watchdog drift -o json` prints it, by table, without a process for each look."""
    report = app.drift(load(None, watchdog.environment), tables, lambda what: None)
    return {document["table"]: document for document in documents_of_drift(report)}


def incidents(watchdog: Watchdog, *connectors: str) -> list[dict[str, Any]]:
    every = app.incidents(load(None, watchdog.environment), all=False)
    return [documents.incident(one) for one in every if one.key.connector in connectors]


def found(
    watchdog: Watchdog, kinds: tuple[str, ...], connector: str, seconds: float, **wanted: object
) -> dict[str, Any]:
    def one() -> dict[str, Any] | None:
        own = [each for each in incidents(watchdog, connector) if each["kind"] in kinds]
        return next((each for each in own if all(each[name] == value for name, value in wanted.items())), None)

    return eventually(one, seconds, lambda: f"{kinds} of {connector} {wanted}; the log:\n{watchdog.log()}")


def test_all_tables_are_even_at_first_whatever_they_are_called(
    stack: Stack, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    """Row 21: nothing that a name holds is executed, and each is compared under its own name."""
    told = drift(watchdog, f"{SPEC.database}.*")
    assert set(told) == {f"{SPEC.database}.{name}" for name in (SPEC.table, *OTHERS)}
    for document in told.values():
        places = {place["place"]: place for place in document["places"]}
        names = ["id", "customer", "note"]
        assert [[c["name"] for c in places[p]["columns"]] for p in ("source", "debezium")] == [names, names]
        assert (document["severity"], document["differences"]) == ("safe", [])
    assert [place["place"] for place in told["tdrift.orders"]["places"]] == ["source", "debezium", "topic", "sink"]
    stack.source.execute(f"ALTER TABLE {quoted(WEIRD)} ADD COLUMN `a'b` INT")
    eventually(
        lambda: (
            (d := drift(watchdog, f"tdrift.{WEIRD}").get(f"tdrift.{WEIRD}"))
            and all(
                "a'b" in [c["name"] for c in p["columns"]] for p in d["places"] if p["place"] in ("source", "debezium")
            )
        ),
        30,
        "the logged change of the hostile table at both places",
    )


def test_a_table_whose_grant_is_revoked_is_not_visible_and_never_dropped(
    stack: Stack, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    """Row 20."""
    stack.source.execute(f"REVOKE SELECT ON {quoted('secret')} FROM 'watchdog'@'%'")
    places = {place["place"]: place for place in drift(watchdog, "tdrift.secret")["tdrift.secret"]["places"]}
    assert places["source"]["columns"] is None
    assert places["source"]["not_visible"] == "not visible: dropped, never made, or without a grant"
    assert [c["name"] for c in places["debezium"]["columns"]] == ["id", "customer", "note"]


def test_drift_that_fails_nothing_is_found_and_an_unlogged_change_before_its_row_fails(
    stack: Stack, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    """Row 40, and NULLs that are written without a word."""
    unlogged(stack, f"ALTER TABLE {quoted('quiet')} ADD COLUMN hidden INT")
    pipeline.alter("DROP COLUMN note")
    insert(stack)
    eventually(lambda: pipeline.source_ids() == pipeline.target_ids() or None, 30, "the row without the column")
    assert stack.target.query("SELECT note FROM tdrift_dw.orders ORDER BY id DESC LIMIT 1") == [{"note": None}]

    one = found(watchdog, ("unlogged-change",), SPEC.source, 75, table="tdrift.quiet")
    assert (one["category"], one["severity"], one["columns"]) == ("SCHEMA_DRIFT", "breaking", ["hidden"])
    nulls = found(watchdog, ("nulls-written",), SPEC.sink, 60)
    assert (nulls["table"], nulls["target_table"], nulls["columns"]) == ("tdrift.orders", "tdrift_dw.orders", ["note"])
    assert "DROP COLUMN note" in nulls["ddl"]
    assert stack.connect.states(SPEC.source) == stack.connect.states(SPEC.sink) == {"RUNNING"}
    # The table whose grant was revoked is no incident.
    every = incidents(watchdog, SPEC.source, SPEC.sink)
    assert {each["table"] for each in every} == {"tdrift.quiet", "tdrift.orders"}
    shown = watchdog.cli("drift", "tdrift.orders", "--exit-code")
    assert shown.returncode == 3, shown.stderr
    assert f"sink {SPEC.sink} writes null: records have no note any more" in shown.stdout
    told = drift(watchdog, f"{SPEC.database}.*")
    standings = {d["standing"] for d in told["tdrift.quiet"]["differences"]}
    assert standings == {"unlogged"}
    effects = {c["effect"] for d in told["tdrift.orders"]["differences"] for c in d["consumers"] if c["consumer"]}
    assert "writes-null" in effects


def test_the_row_that_fails_then_names_the_unlogged_change(
    stack: Stack, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    """Row 40, the other half."""
    insert(stack, "quiet")

    failures = ("task-failed", "connector-failed")
    told = found(watchdog, failures, SPEC.source, 60, columns=["hidden"])
    assert (told["category"], told["table"]) == ("SCHEMA_DRIFT", "tdrift.quiet")
    assert any("no logged statement told of" in line for line in told["evidence"])


@pytest.mark.usefixtures("needs_mysql")
def test_a_statement_that_debezium_cannot_parse_is_told_from_the_trace(
    fresh_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Row 41. Every source of the server fails on it, so this comes last."""
    spec, folder = fresh_stack.pipeline.spec, tmp_path_factory.mktemp("unparsed")
    view = (
        "CREATE JSON RELATIONAL DUALITY VIEW oltp.orders_view AS "
        "SELECT JSON_DUALITY_OBJECT('_id': id, 'customer': customer) FROM oltp.orders"
    )
    with watching(fresh_stack, folder) as watchdog:
        fresh_stack.source.execute(view)
        try:
            one = found(watchdog, ("task-failed", "connector-failed"), spec.source, 60, category="DDL_PARSE")
            assert "DUALITY VIEW" in one["ddl"]
            assert "orders_view" in one["ddl"]
            assert any("schema change topic never saw it" in line for line in one["evidence"])
        finally:
            fresh_stack.source.execute("DROP VIEW oltp.orders_view")
