"""Who ran a statement, asked of a real server: while the session is open, after it ended, and where nobody may look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pymysql
import pytest
from pymysql.cursors import DictCursor
from stack import Stack

from tests.contract.feeds_contract import within_deadline
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.mysql import MySqlColumns
from watchdog.model import Author, Position, SchemaChange, SchemaRecord, TableId

pytestmark = pytest.mark.usefixtures("needs_mysql")

SCHEMA, PASSWORD = "who", "c4nary-s3cret-pw"
ALICE, BOB, UNTOLD = "who_alice", "who_bob", "who_untold"


@pytest.fixture(scope="module")
def users(_running_stack: Stack) -> Iterator[Stack]:
    source = _running_stack.source
    source.execute(f"CREATE DATABASE IF NOT EXISTS {SCHEMA}")
    for user in (ALICE, BOB, UNTOLD):
        source.execute(f"DROP USER IF EXISTS '{user}'@'%'")
        source.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{PASSWORD}'")
        source.execute(f"GRANT ALL ON {SCHEMA}.* TO '{user}'@'%'")
    yield _running_stack
    for user in (ALICE, BOB, UNTOLD):
        source.kill_connections(user)
        source.execute(f"DROP USER '{user}'@'%'")
    source.execute(f"DROP DATABASE {SCHEMA}")


@pytest.fixture
def database(stack: Stack, users: Stack) -> Iterator[MySqlColumns]:
    stack.source.execute(f"DROP TABLE IF EXISTS {SCHEMA}.t")
    stack.source.execute(f"CREATE TABLE {SCHEMA}.t (id INT PRIMARY KEY)")
    with closing(MySqlColumns(stack.source.url(), clock=lambda: datetime.now(UTC))) as database:
        database.columns()
        wait_a_second(stack)
        yield database


def wait_a_second(stack: Stack) -> None:
    """Until the server's clock shows another second: a statement's time may be told in whole ones."""
    before = now(stack).replace(microsecond=0)
    within_deadline(lambda: now(stack).replace(microsecond=0) > before)


def now(stack: Stack) -> datetime:
    (row,) = stack.source.query("SELECT UTC_TIMESTAMP(6) AS now")
    moment: datetime = row["now"]
    return moment.replace(tzinfo=UTC)


@contextmanager
def session(stack: Stack, user: str, program: str = "") -> Iterator[pymysql.Connection[DictCursor]]:
    connection = pymysql.connect(
        host="127.0.0.1",
        port=stack.source.port,
        user=user,
        password=PASSWORD,
        autocommit=True,
        program_name=program or None,
        cursorclass=DictCursor,
    )
    with connection:
        yield connection


def ran(stack: Stack, connection: pymysql.Connection[DictCursor], ddl: str, *, told: bool = True) -> SchemaChange:
    """The change as Debezium would tell of it; `told`: with the number of the connection."""
    at = now(stack)
    with connection.cursor() as cursor:
        cursor.execute(ddl)
    thread = connection.thread_id() if told else None
    return SchemaChange("1", "p", TableId(SCHEMA, "t"), Position(), at, ddl, "ALTER", None, None, thread=thread)


@pytest.mark.parametrize("told", [True, False], ids=["by its connection", "by the statement's text"])
def test_an_open_session_is_named_with_its_program(stack: Stack, database: MySqlColumns, told: bool) -> None:
    with session(stack, ALICE, "night-migration") as connection:
        change = ran(stack, connection, f"ALTER TABLE {SCHEMA}.t ADD COLUMN a{int(told)} INT", told=told)
        author = database.author(change)
        number = connection.thread_id()
    assert (author.user, author.host, author.program) == (ALICE, "127.0.0.1", "night-migration")
    assert (author.is_certain, author.at) == (True, change.at)
    assert f"connection {number}" in author.how


def test_an_account_is_named_for_a_session_that_has_ended(stack: Stack, database: MySqlColumns) -> None:
    with session(stack, BOB) as connection:
        change = ran(stack, connection, f"/* by hand */ ALTER TABLE {SCHEMA}.t ADD COLUMN b INT")
    author = answer(database, change)
    assert (author.user, author.host, author.is_certain) == (BOB, "127.0.0.1", False)
    assert "the only account that ran an ALTER TABLE between" in author.how


def test_of_several_accounts_none_is_blamed(stack: Stack, database: MySqlColumns) -> None:
    for user, column in ((ALICE, "c"), (BOB, "d")):
        with session(stack, user) as connection:
            change = ran(stack, connection, f"ALTER TABLE {SCHEMA}.t ADD COLUMN {column} INT")
    within_deadline(lambda: len(database.author(change).candidates) == 2)
    author = database.author(change)
    assert (author.user, author.candidates) == ("", (f"{ALICE}@127.0.0.1", f"{BOB}@127.0.0.1"))
    assert str(author).startswith(f"{ALICE}@127.0.0.1 or {BOB}@127.0.0.1: one of the accounts")


def test_what_ran_before_the_first_look_is_not_guessed(stack: Stack, users: Stack) -> None:
    stack.source.execute(f"DROP TABLE IF EXISTS {SCHEMA}.t")
    with session(stack, BOB) as connection:
        change = ran(stack, connection, f"CREATE TABLE {SCHEMA}.t (id INT)")
    with closing(MySqlColumns(stack.source.url(), clock=lambda: datetime.now(UTC))) as database:
        author = database.author(change)
    assert not author.is_told
    assert "before the counters were first looked at" in author.how


def test_without_the_privilege_the_answer_says_what_to_grant(stack: Stack, users: Stack) -> None:
    url = stack.source.url(user=UNTOLD, password=PASSWORD)
    with closing(MySqlColumns(url, clock=lambda: datetime.now(UTC))) as database, session(stack, BOB) as connection:
        database.columns()
        change = ran(stack, connection, f"CREATE TABLE IF NOT EXISTS {SCHEMA}.u (id INT)")
        author = database.author(change)
    assert not author.is_told
    assert f"GRANT SELECT ON performance_schema.* TO '{UNTOLD}'@'%';" in author.how


def answer(database: MySqlColumns, change: SchemaChange) -> Author:
    within_deadline(lambda: bool(database.author(change).user))
    return database.author(change)


def test_what_debezium_tells_of_a_statement_finds_its_session(fresh_stack: Stack) -> None:
    """Of a DDL statement it does not tell the connection: the text has to do."""
    source, prefix = fresh_stack.source, fresh_stack.pipeline.spec.prefix
    schemas = SchemaTopics("main", fresh_stack.bootstrap_servers, {})
    database = MySqlColumns(source.url(), clock=lambda: datetime.now(UTC))
    root = pymysql.connect(
        host="127.0.0.1", port=source.port, user="root", password="root", program_name="night-migration"
    )
    found: list[SchemaRecord] = []
    with closing(schemas), closing(database), root:
        schemas.follow({prefix: (prefix, False)}, {})
        with root.cursor() as cursor:
            cursor.execute("/* ticket 12 */  ALTER TABLE oltp.orders\n  ADD COLUMN `by whom` INT -- why\n COMMENT 'x'")

        def told() -> bool:
            found.extend(record for record in schemas.read(1).records if "by whom" in record.ddl)
            return bool(found)

        within_deadline(told)
        (record,) = found
        change = SchemaChange(
            "1", prefix, TableId("oltp", "orders"), record.position, record.at, record.ddl, "ALTER", None, None
        )
        author = database.author(change)
    assert (author.user, author.program, author.is_certain) == ("root", "night-migration", True)
