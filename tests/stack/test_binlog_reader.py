"""The binlog of a real server, MySQL and MariaDB, and what is concluded from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from stack import Stack

from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.mysql_binlog_reader import MySqlBinlog
from watchdog.errors import PortRefused, PortUnauthorized
from watchdog.model import Binlog, Position, TableId
from watchdog.model.binlog_events import RowsOf, Statement
from watchdog.recovery.proof import objections

DATABASE = "proved"
TYPES = """
  a TINYINT UNSIGNED, b SMALLINT, c MEDIUMINT, d INT UNSIGNED ZEROFILL, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(12,3),
  i BIT(9), j YEAR, k DATE, l TIME(3), m DATETIME, n TIMESTAMP(6) NULL, o CHAR(10), p VARCHAR(64),
  q VARCHAR(300) CHARACTER SET latin1, r BINARY(4), s VARBINARY(40), t TINYTEXT, u TEXT, v MEDIUMBLOB, w LONGTEXT,
  x ENUM('a','b''c'), y SET('x','y','z'), z JSON, aa GEOMETRY, ab BOOLEAN, ac VARCHAR(20) CHARACTER SET gbk,
  ad CHAR(255) CHARACTER SET utf8mb4, ae FLOAT(7,3), af NCHAR(5), ag INT DEFAULT 3 INVISIBLE,
  ah INT GENERATED ALWAYS AS (c + 1) VIRTUAL, ai INT GENERATED ALWAYS AS (c + 2) STORED
"""


class Server:
    """One of the stack's source databases, with what is written to its binlog from the making on."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.run: Callable[[str], object] = stack.source.execute
        self.reader = MySqlBinlog(stack.source.url())
        self.columns = MySqlColumns(stack.source.url("", "root", "root"), clock=lambda: datetime.now(UTC))
        self.run(f"DROP DATABASE IF EXISTS {DATABASE}")
        self.run(f"CREATE DATABASE {DATABASE}")
        self.run(f"CREATE TABLE {DATABASE}.every (id BIGINT AUTO_INCREMENT PRIMARY KEY, {TYPES})")
        self.start = self.binlog().position

    def binlog(self) -> Binlog:
        found = self.columns.columns().binlog
        assert found is not None
        return found

    def insert(self) -> None:
        self.run(f"INSERT INTO {DATABASE}.every (a) VALUES (1)")

    def unlogged(self, statement: str) -> None:
        with self.stack.source.session(DATABASE) as execute:
            execute("SET sql_log_bin = 0")
            execute(statement)

    def objections(self, start: Position | None = None) -> tuple[str, ...]:
        live = self.columns.columns()
        assert live.binlog is not None
        found = self.reader.read(start or self.start, live.binlog.position, 30)
        assert found.whole
        return objections(found.events, live.tables, lambda table: table.database == DATABASE)


@pytest.fixture
def server(any_stack: Stack) -> Server:
    any_stack.source.execute("GRANT REPLICATION SLAVE ON *.* TO 'watchdog'@'%'")
    return Server(any_stack)


def test_rows_of_every_type_are_as_the_table_is_now_by_gtid_and_by_file_through_a_rotation(server: Server) -> None:
    server.insert()
    if server.stack.source.kind == "mysql":
        server.run(f"CREATE INDEX hidden ON {DATABASE}.every ((b + 5))")
        server.start = server.binlog().position
    server.insert()
    server.run("FLUSH BINARY LOGS")
    server.insert()
    server.run(f"TRUNCATE {DATABASE}.every")
    assert server.start.gtid
    assert server.objections() == ()
    assert server.objections(Position(None, server.start.file, server.start.pos)) == ()
    read = server.reader.read(server.start, server.binlog().position, 30)
    assert [each.table for each in read.events if isinstance(each, RowsOf)].count(TableId(DATABASE, "every")) >= 1
    assert any(isinstance(each, Statement) and "TRUNCATE" in each.sql for each in read.events)


def test_a_change_and_its_taking_back_are_seen_and_one_without_the_binlog_by_its_rows(server: Server) -> None:
    server.run(f"ALTER TABLE {DATABASE}.every ADD COLUMN extra INT")
    server.insert()
    server.run(f"ALTER TABLE {DATABASE}.every DROP COLUMN extra")
    changed = server.objections()
    assert [
        ("ADD COLUMN extra" in each, "columns, the table has" in each, "DROP COLUMN" in each) for each in changed
    ] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    server.start = server.binlog().position
    server.insert()
    assert server.objections() == ()
    server.unlogged("ALTER TABLE every MODIFY COLUMN p VARCHAR(70)")
    (objection,) = server.objections()
    assert "column 17, p, (varchar) had another size there (256) than it has (280) now" in objection


def test_it_is_read_in_stretches_that_go_on_where_the_last_one_ended(server: Server) -> None:
    for number in range(5):
        server.run(f"CREATE TABLE {DATABASE}.t{number} (a INT)")
    end = server.binlog().position
    whole = server.reader.read(server.start, end, 30)
    at, found, stretches = server.start, [], 0
    while True:
        part = server.reader.read(at, end, 0.0005, whole.server)
        at, stretches = part.upto, stretches + 1
        found += part.events
        if part.whole:
            break
        assert stretches < 100
    assert tuple(found) == whole.events
    with pytest.raises(PortRefused, match="another server answers now"):
        server.reader.read(at, end, 1, "another")


def test_what_is_compressed_is_not_taken_for_harmless(server: Server) -> None:
    with server.stack.source.session(DATABASE) as execute:
        if server.stack.source.kind == "mysql":
            execute("SET binlog_transaction_compression = ON")
            execute("INSERT INTO every (a) VALUES (1)")
        else:
            execute("SET GLOBAL log_bin_compress = ON")
            try:
                execute("INSERT INTO every (w) VALUES (REPEAT('x', 3000))")
            finally:
                execute("SET GLOBAL log_bin_compress = OFF")
    assert [("a compressed" in each) for each in server.objections()] == [True]


def test_a_place_that_is_gone_and_a_missing_privilege_are_told_with_what_to_do(server: Server) -> None:
    end = server.binlog().position
    with pytest.raises(PortRefused, match="is it purged"):
        server.reader.read(Position(None, "binlog.999999", 4), end, 5)
    server.run("CREATE USER IF NOT EXISTS 'looker'@'%' IDENTIFIED BY 'looker'")
    with pytest.raises(PortUnauthorized, match="GRANT REPLICATION SLAVE"):
        MySqlBinlog(server.stack.source.url("", "looker", "looker")).read(server.start, end, 5)
