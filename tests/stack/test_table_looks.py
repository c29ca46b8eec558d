"""The cheap pass on real servers: a fingerprint that no change of a table escapes, and what did not change is not read
again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event
from stack import Stack

from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.mysql_tables import all_tables, fingerprints
from watchdog.model import TableId, TableSchema

SCHEMA = "looks"
NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
TABLE = TableId(SCHEMA, "t")


@pytest.fixture
def server(any_stack: Stack) -> Iterator[Stack]:
    source = any_stack.source
    source.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
    source.execute(f"CREATE DATABASE {SCHEMA} CHARACTER SET utf8mb4")
    source.execute(f"GRANT SELECT ON {SCHEMA}.* TO 'watchdog'@'%'")
    yield any_stack
    source.execute(f"DROP DATABASE {SCHEMA}")


@dataclass
class Look:
    tables: dict[TableId, TableSchema]
    statements: list[str]


class Looker:
    """Looks through the adapter, and writes down what it asks."""

    def __init__(self, stack: Stack) -> None:
        self.database = MySqlColumns(stack.source.url(), clock=lambda: NOW)
        self._asked: list[str] = []
        event.listen(self.database._engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self._asked.append(statement)

    def look(self) -> Look:
        self._asked.clear()
        tables = self.database.columns().tables
        return Look(dict(tables), [each for each in self._asked if "information_schema.columns" in each])

    def close(self) -> None:
        self.database.close()


CREATE = f"""CREATE TABLE {SCHEMA}.t (
    id BIGINT NOT NULL, part INT NOT NULL, name VARCHAR(64) NULL DEFAULT 'x', kind ENUM('a','b') NULL,
    price DECIMAL(10,2), note TEXT CHARACTER SET latin1, at DATETIME NULL, sum INT NULL, PRIMARY KEY (id, part))"""
CHANGES = [
    pytest.param("ADD COLUMN extra INT", id="column added"),
    pytest.param("ADD COLUMN extra INT FIRST", id="column added in front"),
    pytest.param("DROP COLUMN note", id="column dropped"),
    pytest.param("RENAME COLUMN note TO noted", id="column renamed"),
    pytest.param("RENAME COLUMN note TO Note", id="column's case"),
    pytest.param("MODIFY name VARCHAR(65) NULL DEFAULT 'x'", id="length"),
    pytest.param("MODIFY price DECIMAL(10,3)", id="scale"),
    pytest.param("MODIFY sum BIGINT NULL", id="type"),
    pytest.param("MODIFY sum INT UNSIGNED NULL", id="sign"),
    pytest.param("MODIFY name VARCHAR(64) NOT NULL DEFAULT 'x'", id="nullability"),
    pytest.param("ALTER COLUMN name SET DEFAULT 'y'", id="default"),
    pytest.param("ALTER COLUMN name SET DEFAULT 'X'", id="default's case"),
    pytest.param("ALTER COLUMN name SET DEFAULT 'NULL'", id="default that reads like NULL"),
    pytest.param("ALTER COLUMN name SET DEFAULT ''", id="empty default"),
    pytest.param("ALTER COLUMN name DROP DEFAULT", id="no default"),
    pytest.param("MODIFY kind ENUM('a','b','c') NULL", id="enum value added"),
    pytest.param("MODIFY kind ENUM('b','a') NULL", id="enum values' order"),
    pytest.param("MODIFY kind ENUM('a','B') NULL", id="enum value's case"),
    pytest.param("MODIFY note TEXT CHARACTER SET utf8mb4", id="character set"),
    pytest.param("MODIFY name VARCHAR(64) NULL DEFAULT 'x' AFTER kind", id="order"),
    pytest.param("MODIFY at DATETIME(3) NULL", id="fraction of a second"),
    pytest.param("MODIFY at DATETIME NULL DEFAULT CURRENT_TIMESTAMP", id="default that is computed"),
    pytest.param("DROP COLUMN sum, ADD COLUMN sum INT AS (id + 1)", id="generated"),
    pytest.param("MODIFY id BIGINT NOT NULL AUTO_INCREMENT", id="filled by the server"),
    pytest.param("DROP PRIMARY KEY", id="key dropped"),
    pytest.param("DROP PRIMARY KEY, ADD PRIMARY KEY (id)", id="column out of the key"),
    pytest.param("DROP PRIMARY KEY, ADD PRIMARY KEY (part, id)", id="order of the key"),
]


def test_no_change_of_a_table_escapes_its_fingerprint(server: Stack) -> None:
    """One table for each, and all looked at at once: a look takes longer than a change."""
    source, engine = server.source, create_engine(server.source.url(user="root", password="root"))
    changes = {f"t{number}": str(change.values[0]) for number, change in enumerate(CHANGES)}
    names = {f"t{number}": change.id for number, change in enumerate(CHANGES)}
    for table in (*changes, "same"):
        source.execute(CREATE.replace(f"{SCHEMA}.t ", f"{SCHEMA}.{table} "))
    with engine.connect() as connection:
        is_mariadb = server.source.kind == "mariadb"
        before, tables_before = fingerprints(connection), all_tables(connection, is_mariadb)
        for table, change in changes.items():
            source.execute(f"ALTER TABLE {SCHEMA}.{table} {change}")
        connection.rollback()
        after, tables_after = fingerprints(connection), all_tables(connection, is_mariadb)
    engine.dispose()
    ids = {table: TableId(SCHEMA, table) for table in (*changes, "same")}
    # Each of them is a difference to us, so that the test tests something.
    assert [names[t] for t in changes if tables_before[ids[t]] == tables_after[ids[t]]] == []
    assert [names[t] for t in changes if before[ids[t]] == after[ids[t]]] == []
    assert before[ids["same"]] == after[ids["same"]]


def test_what_did_not_change_is_the_same_object_and_is_not_read_again(server: Stack) -> None:
    for table in ("t", "other"):
        server.source.execute(CREATE.replace(f"{SCHEMA}.t ", f"{SCHEMA}.{table} "))
    with closing(Looker(server)) as looker:
        first, second = looker.look(), looker.look()
        assert (len(first.statements), len(second.statements)) == (2, 1)
        assert all(second.tables[table] is schema for table, schema in first.tables.items())
        server.source.execute(f"ALTER TABLE {SCHEMA}.t DROP PRIMARY KEY, ADD PRIMARY KEY (part, id)")
        server.source.execute(f"DROP TABLE {SCHEMA}.other")
        server.source.execute(f"CREATE TABLE {SCHEMA}.`we``ird; x` (id INT PRIMARY KEY)")
        third = looker.look()
    assert [statement.count("UNION ALL") for statement in third.statements[1:]] == [1]
    assert third.tables[TABLE].primary_key == ("part", "id")
    assert third.tables.keys() ^ first.tables.keys() == {TableId(SCHEMA, "other"), TableId(SCHEMA, "we`ird; x")}
    kept = first.tables.keys() & third.tables.keys() - {TABLE}
    assert all(third.tables[table] is first.tables[table] for table in kept)


def test_many_changes_at_once_are_read_at_once(server: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchdog.adapters.mysql_looks.ONE_BY_ONE_MAX", 2)
    for table in ("t", "u", "v", "same"):
        server.source.execute(CREATE.replace(f"{SCHEMA}.t ", f"{SCHEMA}.{table} "))
    with closing(Looker(server)) as looker:
        first = looker.look()
        for table in ("t", "u", "v"):
            server.source.execute(f"ALTER TABLE {SCHEMA}.{table} ADD COLUMN more INT")
        second = looker.look()
    assert "UNION" not in second.statements[1]
    assert all(second.tables[TableId(SCHEMA, table)].column("more") for table in ("t", "u", "v"))
    same = TableId(SCHEMA, "same")
    assert second.tables[same] is first.tables[same]


def test_names_that_differ_in_case_only_change_apart(server: Stack) -> None:
    for table in ("t", "T"):
        server.source.execute(f"CREATE TABLE {SCHEMA}.{table} (id INT PRIMARY KEY)")
    with closing(Looker(server)) as looker:
        first = looker.look()
        server.source.execute(f"ALTER TABLE {SCHEMA}.t ADD COLUMN more INT")
        second = looker.look()
        server.source.execute(f"DROP TABLE {SCHEMA}.t")
        third = looker.look()
    upper = TableId(SCHEMA, "T")
    assert second.tables[TABLE].column("more")
    assert second.tables[upper] is first.tables[upper]
    assert (TABLE in third.tables, third.tables[upper]) == (False, first.tables[upper])


def test_a_fingerprint_is_not_cut_by_a_small_group_concat(server: Stack) -> None:
    columns = ", ".join(f"a_rather_long_name_of_a_column_{number:03d} INT" for number in range(200))
    server.source.execute(f"CREATE TABLE {SCHEMA}.t ({columns})")
    engine = create_engine(server.source.url(), connect_args={"init_command": "SET SESSION group_concat_max_len = 64"})
    with engine.connect() as connection:
        before = fingerprints(connection)[TABLE]
        server.source.execute(f"ALTER TABLE {SCHEMA}.t MODIFY a_rather_long_name_of_a_column_199 BIGINT")
        connection.rollback()
        assert fingerprints(connection)[TABLE] != before
    engine.dispose()
