"""Tables that are not the same everywhere, on the real stack: found before a row fails, and by `watchdog drift`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.watchdog_process import Watchdog, eventually

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
    server = {"host": "127.0.0.1", "port": stack.source.port, "user": "root", "password": "root"}
    with pymysql.connect(**server) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
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
    stack, folder = _running_stack, tmp_path_factory.mktemp("table-drift")
    urls = (stack.source_url, stack.target_url)
    with Watchdog(folder, stack.connect_url, stack.bootstrap_servers, urls) as running:
        yield running


def drift(watchdog: Watchdog, *arguments: str, exits: int = 0) -> dict[str, Any]:
    """The documents by table."""
    done = watchdog.cli("drift", "-o", "json", *arguments)
    assert done.returncode == exits, done.stderr
    return {document["table"]: document for document in json.loads(done.stdout)}


def found(watchdog: Watchdog, code: str, table: str, seconds: float) -> dict[str, Any]:
    def one() -> dict[str, Any] | None:
        every = watchdog.incidents()
        return next((each for each in every if each["code"] == code and each["table"] == table), None)

    return eventually(one, seconds, f"{code} of {table}; the log:\n{watchdog.log()}")


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

    one = found(watchdog, "unlogged-change", "tdrift.quiet", 75)
    assert (one["category"], one["severity"], one["columns"]) == ("SCHEMA_DRIFT", "breaking", ["hidden"])
    nulls = found(watchdog, "nulls-written", "tdrift.orders", 60)
    assert (nulls["connector"], nulls["target_table"], nulls["columns"]) == (SPEC.sink, "tdrift_dw.orders", ["note"])
    assert "DROP COLUMN note" in nulls["ddl"]
    assert stack.connect.states(SPEC.source) == stack.connect.states(SPEC.sink) == ["RUNNING", "RUNNING"]
    assert {each["table"] for each in watchdog.incidents() if each["connector"] in (SPEC.source, SPEC.sink)} == {
        "tdrift.quiet",
        "tdrift.orders",
    }
    told = drift(watchdog, f"{SPEC.database}.*", "--exit-code", exits=3)
    standings = {d["standing"] for d in told["tdrift.quiet"]["differences"]}
    assert standings == {"unlogged"}
    effects = {c["effect"] for d in told["tdrift.orders"]["differences"] for c in d["consumers"] if c["consumer"]}
    assert "writes-null" in effects


def test_the_row_that_fails_then_names_the_unlogged_change(
    stack: Stack, pipeline: Pipeline, watchdog: Watchdog
) -> None:
    """Row 40, the other half."""
    insert(stack, "quiet")

    def failure() -> dict[str, Any] | None:
        every = watchdog.incidents()
        codes = ("task-failed", "connector-failed")
        return next((e for e in every if e["connector"] == SPEC.source and e["code"] in codes), None)

    one = eventually(failure, 30, f"the source's failure; the log:\n{watchdog.log()}")
    told = eventually(
        lambda: (e := failure()) and e["columns"] == ["hidden"] and e, 40, f"the column is named, not as in {one}"
    )
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
    with Watchdog(
        folder, fresh_stack.connect_url, fresh_stack.bootstrap_servers, (fresh_stack.source_url,)
    ) as watchdog:
        fresh_stack.source.execute(view)
        try:
            one = watchdog.wait_for_incident(spec.source, 30, category="DDL_PARSE")
            assert "DUALITY VIEW" in one["ddl"]
            assert "orders_view" in one["ddl"]
            assert any("schema change topic never saw it" in line for line in one["evidence"])
        finally:
            fresh_stack.source.execute("DROP VIEW oltp.orders_view")
