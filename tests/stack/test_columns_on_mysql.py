"""The database adapter keeps its contract on a real server, says what stands in its way, and agrees with Debezium on
what every type is called."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.contract.database_contract import DatabaseContract
from tests.contract.feeds_contract import within_deadline
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.mysql import MySqlColumns
from watchdog.errors import PortError, PortTimeout, PortUnauthorized, PortUnreachable
from watchdog.model import Column, Origin, TableId, TableSchema

pytestmark = pytest.mark.usefixtures("needs_mysql")

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
SCHEMA = "cols"
USER, PASSWORD = "cols_user", "c4nary-s3cret-pw"


def database_of(stack: Stack, user: str = "watchdog", password: str = "watchdog") -> MySqlColumns:
    return MySqlColumns(stack.source.url(user=user, password=password), clock=lambda: NOW)


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@dataclass
class ServerWorld:
    database: MySqlColumns
    stack: Stack
    schema: str = SCHEMA

    def put(self, table: TableSchema) -> None:
        name = f"{quoted(self.schema)}.{quoted(table.id.table)}"
        columns = [_definition(column) for column in table.columns]
        if table.primary_key:
            columns.append(f"PRIMARY KEY ({', '.join(map(quoted, table.primary_key))})")
        self.stack.source.execute(f"DROP TABLE IF EXISTS {name}")
        self.stack.source.execute(f"CREATE TABLE {name} ({', '.join(columns)})")

    def drop(self, table: TableId) -> None:
        self.stack.source.execute(f"DROP TABLE {quoted(table.database)}.{quoted(table.table)}")


def _definition(column: Column) -> str:
    charset = f" CHARACTER SET {column.charset}" if column.charset else ""
    words = [quoted(column.name), column.type + charset, "NULL" if column.nullable else "NOT NULL"]
    if column.default is not None:
        words.append(f"DEFAULT '{column.default}'")
    if column.generated:
        words.append("AUTO_INCREMENT")
    return " ".join(words)


@pytest.fixture
def schema(stack: Stack) -> Iterator[str]:
    """An empty database that the watchdog's user may see."""
    stack.source.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
    stack.source.execute(f"CREATE DATABASE {SCHEMA}")
    stack.source.execute(f"GRANT SELECT ON {SCHEMA}.* TO 'watchdog'@'%'")
    yield SCHEMA
    stack.source.execute(f"REVOKE SELECT ON {SCHEMA}.* FROM 'watchdog'@'%'")
    stack.source.execute(f"DROP DATABASE {SCHEMA}")


class TestMySqlColumns(DatabaseContract):
    @pytest.fixture
    def world(self, stack: Stack, schema: str) -> Iterator[ServerWorld]:
        with closing(database_of(stack)) as database:
            yield ServerWorld(database, stack, schema)


@pytest.fixture
def user(stack: Stack, schema: str) -> Iterator[str]:
    """A user of our own, without any grant."""
    stack.source.execute(f"DROP USER IF EXISTS {USER}")
    stack.source.execute(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
    yield USER
    stack.source.kill_connections(USER)
    stack.source.execute(f"DROP USER {USER}")


def refusal(question: Callable[[], object]) -> PortError:
    with pytest.raises(PortError) as raised:
        question()
    assert PASSWORD not in str(raised.value)
    return raised.value


def test_a_table_without_a_grant_is_not_visible(stack: Stack, schema: str, user: str) -> None:
    for table in ("seen", "hidden"):
        stack.source.execute(f"CREATE TABLE {schema}.{table} (id INT PRIMARY KEY)")
    stack.source.execute(f"GRANT SELECT ON {schema}.seen TO {user}")
    with closing(database_of(stack, user, PASSWORD)) as database:
        assert set(database.columns().tables) == {TableId(schema, "seen")}
        stack.source.execute(f"REVOKE SELECT ON {schema}.seen FROM {user}")
        assert set(database.columns().tables) == set()


def test_a_wrong_password_is_told_as_such(stack: Stack, user: str) -> None:
    with closing(database_of(stack, user, PASSWORD + "x")) as database:
        error = refusal(database.columns)
    assert isinstance(error, PortUnauthorized)
    assert f"127.0.0.1:{stack.source.port}: Access denied for user '{user}'" in str(error)


def test_a_position_without_the_privilege_is_told_as_such(stack: Stack, user: str) -> None:
    with closing(database_of(stack, user, PASSWORD)) as database:
        error = refusal(database.position)
    assert isinstance(error, PortUnauthorized)
    assert "REPLICATION CLIENT" in str(error)


def test_columns_are_told_where_the_binlog_may_not_be_seen(stack: Stack, schema: str, user: str) -> None:
    stack.source.execute(f"CREATE TABLE {schema}.seen (id INT PRIMARY KEY)")
    stack.source.execute(f"GRANT SELECT ON {schema}.seen TO {user}")
    with closing(database_of(stack, user, PASSWORD)) as database:
        answer = database.columns()
    assert (set(answer.tables), answer.error, answer.binlog) == ({TableId(schema, "seen")}, "", None)
    assert f"GRANT REPLICATION CLIENT ON *.* TO '{user}'@'%';" in answer.binlog_error


def test_the_binlog_tells_what_is_gone_from_it(stack: Stack) -> None:
    """On the target: nobody reads its binlog, so that files may go."""
    target = MySqlColumns(stack.target.url(), clock=lambda: NOW)
    with closing(target):
        executed = target.position().gtid
        stack.target.execute("FLUSH BINARY LOGS")
        stack.target.execute(f"PURGE BINARY LOGS TO '{target.position().file}'")
        stack.target.execute("SET GLOBAL binlog_expire_logs_seconds = 0")
        try:
            binlog = target.columns().binlog
        finally:
            stack.target.execute("SET GLOBAL binlog_expire_logs_seconds = DEFAULT")
        kept = target.columns().binlog
    assert binlog
    assert kept
    assert (binlog.purged_gtids, binlog.files) == (executed, (binlog.position.file,))
    assert (binlog.keep_seconds, kept.keep_seconds) == (None, 2_592_000)


def test_a_connection_that_was_ended_is_opened_again(stack: Stack, schema: str, user: str) -> None:
    with closing(database_of(stack, user, PASSWORD)) as database:
        database.columns()
        assert stack.source.kill_connections(user) == 1
        assert database.columns().error == ""


def test_a_server_that_stops_is_unreachable_and_found_again(stack: Stack, schema: str) -> None:
    database = MySqlColumns(stack.target.url(), clock=lambda: NOW)
    with closing(database):
        assert database.columns().tables
        stack.stop("target-db", kill=True)
        error = refusal(database.columns)
        stack.start("target-db")
        assert isinstance(error, PortUnreachable)
        assert f"127.0.0.1:{stack.target.port}: " in str(error)
        assert database.columns().tables


@contextmanager
def paused(stack: Stack) -> Iterator[None]:
    """The target server's process is alive, and does nothing."""
    pid = stack.target.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_server_that_hangs_is_given_up_in_time(stack: Stack) -> None:
    database = MySqlColumns(stack.target.url(), clock=lambda: NOW, connect_seconds=1, read_seconds=1)
    with closing(database):
        assert database.columns().tables
        with paused(stack):
            started = time.monotonic()
            error = refusal(database.columns)
            assert time.monotonic() - started < 5
        assert isinstance(error, PortTimeout)
        assert database.columns().tables


def test_names_that_differ_in_case_only_are_two_tables(stack: Stack, schema: str) -> None:
    (found,) = stack.source.query("SELECT @@lower_case_table_names AS folded")
    if found["folded"]:
        pytest.skip("this server folds the case of table names")
    stack.source.execute(f"CREATE TABLE {schema}.orders (id INT, region INT, PRIMARY KEY (region, id))")
    stack.source.execute(f"CREATE TABLE {schema}.Orders (no BIGINT PRIMARY KEY, note TEXT)")
    with closing(database_of(stack)) as database:
        tables = database.columns().tables
    lower, upper = tables[TableId(schema, "orders")], tables[TableId(schema, "Orders")]
    assert ([c.name for c in lower.columns], lower.primary_key) == (["id", "region"], ("region", "id"))
    assert ([c.name for c in upper.columns], upper.primary_key) == (["no", "note"], ("no",))


def test_what_the_server_fills_needs_not_be_given(stack: Stack, schema: str) -> None:
    stack.source.execute(
        f"CREATE TABLE {schema}.filled (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL,"
        " b INT AS (a + 1) STORED NOT NULL, c TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,"
        " d INT NOT NULL DEFAULT 0, e INT, f INT AS (a + 2) VIRTUAL)"
    )
    with closing(database_of(stack)) as database:
        table = database.columns().tables[TableId(schema, "filled")]
    assert [column.name for column in table.columns if column.must_be_given] == ["a"]
    assert [column.name for column in table.columns if column.generated] == ["id", "b", "f"]


# ── Debezium and the server on the same table ────────────────────────────────────────────────────────────────────

SNAPSHOT_TYPES = """
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a1 TINYINT, a2 TINYINT(1), a3 BOOLEAN DEFAULT TRUE,
  a4 SMALLINT UNSIGNED, a5 MEDIUMINT, a6 INT(11) NOT NULL DEFAULT 5, a7 INTEGER UNSIGNED ZEROFILL, a8 INT(5) ZEROFILL,
  b1 FLOAT, b2 DOUBLE, b3 FLOAT(7,3), b4 DOUBLE(9,2), b5 REAL, b6 DECIMAL, b7 NUMERIC(12), b8 DECIMAL(10,2) UNSIGNED,
  c1 CHAR, c2 CHAR(10), c3 VARCHAR(64) CHARACTER SET latin1, c4 TEXT, c5 TINYTEXT, c6 LONGTEXT, c7 TEXT(300),
  d1 BINARY, d2 BINARY(16), d3 VARBINARY(255), d4 BLOB, d5 LONGBLOB, d6 BIT, d7 BIT(8) DEFAULT b'101', d8 BLOB(70000),
  e1 ENUM('a','b''c','d,e') NOT NULL DEFAULT 'a', e2 SET('x','y'), e3 JSON, e4 ENUM('', 'Ünï'),
  f1 DATE, f2 DATETIME, f3 DATETIME(3), f4 TIMESTAMP(6) NULL, f5 TIME(2), f6 YEAR, g1 GEOMETRY, g2 GEOMETRYCOLLECTION
"""
ALTERED_TYPES = [
    "NUMERIC",
    "LONG VARCHAR",
    "VARCHAR(10) CHARSET utf8mb4 BINARY",
    "BOOL NOT NULL DEFAULT 0",
    "INT4",
    "INT8 UNSIGNED",
    "MIDDLEINT",
    "DEC(4,1)",
    "FIXED(4,1)",
    "CHARACTER VARYING(12)",
    "NATIONAL CHARACTER VARYING(7)",
    "NVARCHAR(9)",
    "CHARACTER(4)",
    "DATETIME(0)",
    "DATETIME(3) NOT NULL DEFAULT NOW(3)",
    "LONG VARBINARY",
    "FLOAT4",
    "FLOAT(30)",
    "DOUBLE PRECISION UNSIGNED",
    "REAL",
    "INT SIGNED",
    "INT ZEROFILL",
    "TINYINT(4)",
    "TINYINT(1) UNSIGNED",
    "BIGINT(20) UNSIGNED",
    "BIT(1) NOT NULL DEFAULT b'0'",
    "SET('q','r') NOT NULL DEFAULT 'q,r'",
    "ENUM('A', 'b','x''y') CHARSET latin1 DEFAULT 'b'",
    "CHAR",
    "BINARY",
    "TEXT(300)",
    "BLOB(70000)",
    "YEAR(4)",
    "TIME(0)",
    "VARCHAR(5) DEFAULT 'NULL'",
    "INT AS (a6 + 1)",
]


@pytest.fixture
def pipeline(stack: Stack) -> Iterator[Pipeline]:
    names = {
        "prefix": "ctp",
        "database": "ctp",
        "target_database": "ctp_dw",
        "source": "ctp-source",
        "sink": "ctp-sink",
    }
    pipeline = stack.pipeline_of(Spec(**names, table="types", columns=SNAPSHOT_TYPES))
    pipeline.delete()
    pipeline.create(wait=False)
    yield pipeline
    pipeline.delete()


def test_debezium_and_the_server_call_every_type_the_same(stack: Stack, pipeline: Pipeline) -> None:
    if stack.source.kind != "mysql":
        pytest.skip("the types are MySQL's")
    spec, found = pipeline.spec, {}
    schemas = SchemaTopics("main", stack.bootstrap_servers, {})
    with closing(schemas), closing(database_of(stack)) as database:
        schemas.follow({spec.prefix: (spec.prefix, False), spec.history_topic: (spec.prefix, True)}, {})

        def all_agree() -> bool:
            for record in schemas.read(1).records:
                if record.table == TableId("ctp", "types") and record.after:
                    found[record.origin] = record.after
            live = database.columns().tables[TableId("ctp", "types")]
            if [table.names for table in found.values()] != [live.names] * 2:
                return False
            for table in found.values():
                assert [_told(column) for column in table.columns] == [_told(column) for column in live.columns]
                assert table.primary_key == live.primary_key
            return True

        within_deadline(all_agree)
        pipeline.alter(", ".join(f"ADD COLUMN n{number} {kind}" for number, kind in enumerate(ALTERED_TYPES)))
        within_deadline(all_agree)
        assert set(found) == {Origin.TOPIC, Origin.HISTORY}


def _told(column: Column) -> tuple[str, str, bool, str | None]:
    return column.name, column.type, column.nullable, column.charset


def test_a_key_of_several_columns_is_in_the_same_order_to_both(stack: Stack, pipeline: Pipeline) -> None:
    spec = pipeline.spec
    stack.source.execute('CREATE TABLE ctp.`we``ird "x".y` (`a b` INT, `ü` INT, PRIMARY KEY (`ü`, `a b`))')
    table, found = TableId("ctp", 'we`ird "x".y'), {}
    schemas = SchemaTopics("main", stack.bootstrap_servers, {})
    with closing(schemas), closing(database_of(stack)) as database:
        schemas.follow({spec.prefix: (spec.prefix, False), spec.history_topic: (spec.prefix, True)}, {})

        def both_know() -> bool:
            found.update({r.origin: r.after for r in schemas.read(1).records if r.table == table})
            return len(found) == 2

        within_deadline(both_know)
        live = database.columns().tables[table]
        assert live.primary_key == ("ü", "a b")
        assert [each.primary_key for each in found.values() if each] == [live.primary_key] * 2
