"""The runbook's drill against the real pipeline: what it does, and every way in which it refuses."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from stack import Stack, wait_for
from stack.settings import REPOSITORY

COLUMN = "unexpected_field"
NOBODY = "http://127.0.0.1:1"


def drill(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "scripts/chaos/simulate_schema_drift.py", *arguments]
    return subprocess.run(line, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60)


def document(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = drill(environment, *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def names(columns: list[dict[str, Any]]) -> list[str]:
    return [column["name"] for column in columns]


@pytest.fixture
def environment(stack_environment: dict[str, str]) -> dict[str, str]:
    """As a user has it who set nothing but the stack's ports."""
    own = ("CHAOS_DATABASE_URL", "CONNECT_URL")
    return {name: value for name, value in stack_environment.items() if name not in own}


@pytest.fixture
def lab(stack: Stack) -> Iterator[Stack]:
    """A database `lab` for tables that are no orders."""
    stack.source.execute("CREATE DATABASE lab")
    yield stack
    stack.source.execute("DROP DATABASE lab")


def test_the_runbooks_drill_breaks_the_sink_and_its_revert_takes_the_column_back(
    fresh_stack: Stack, environment: dict[str, str]
) -> None:
    stack = fresh_stack
    applied = document(environment, "--table", "oltp.orders", "--column", COLUMN)
    assert applied["action"] == "apply"
    assert applied["ddl"] == f"ALTER TABLE `oltp`.`orders` ADD COLUMN `{COLUMN}` VARCHAR(64)"
    assert names(applied["columns_after"]) == [*names(applied["columns_before"]), COLUMN]
    assert applied["columns_after"][-1] == {
        "name": COLUMN,
        "type": "varchar(64)",
        "nullable": True,
        "default": None,
    }
    assert applied["row_written"] == {"id": stack.pipeline.source_ids()[-1]}
    assert applied["gtid"]
    assert applied["position"]["file"].startswith("binlog.")
    assert applied["mysql"]["version"]
    assert applied["connectors"]["oltp-source"]["state"] == "RUNNING"
    [task] = applied["connectors"]["dw-sink"]["tasks"]
    assert (task["id"], task["state"], task["worker_id"]) == (0, "FAILED", f"127.0.0.1:{stack.connect.port}")
    assert "Cannot alter table orders because schema evolution is disabled" in task["cause"]
    assert "Cannot alter table orders" in stack.connect.wait_failed("dw-sink")

    reverted = document(environment, "--table", "oltp.orders", "--column", COLUMN, "--revert", "--wait", "0")
    assert reverted["action"] == "revert"
    assert reverted["columns_after"] == applied["columns_before"]
    assert COLUMN not in names(
        stack.source.query(
            "SELECT column_name AS name FROM information_schema.columns "
            "WHERE table_schema = 'oltp' AND table_name = 'orders'"
        )
    )
    # The rows written in between are still in the topic: the sink stays where it is.
    assert "FAILED" in stack.connect.states("dw-sink")


def test_without_connect_the_drill_is_done_and_says_why_no_states_are_told(
    fresh_stack: Stack, environment: dict[str, str]
) -> None:
    found = document(environment, "--table", "oltp.orders", "--column", COLUMN, "--connect-url", NOBODY)
    assert found["connectors"] is None
    assert "Kafka Connect at 127.0.0.1:1 does not answer" in found["connectors_reason"]
    assert names(found["columns_after"])[-1] == COLUMN
    wait_for(lambda: "FAILED" in fresh_stack.connect.states("dw-sink"), 30, "dw-sink to fail")


def test_a_row_is_written_to_a_table_of_any_shape(lab: Stack, environment: dict[str, str]) -> None:
    lab.source.execute("CREATE TABLE lab.parents (code CHAR(2) PRIMARY KEY)")
    lab.source.execute("INSERT INTO lab.parents VALUES ('VN')")
    lab.source.execute(
        """CREATE TABLE lab.`all-kinds` (
             a SMALLINT UNSIGNED NOT NULL, b VARCHAR(3) NOT NULL, PRIMARY KEY (a, b),
             parent CHAR(2) NOT NULL, FOREIGN KEY (parent) REFERENCES lab.parents (code),
             tiny DECIMAL(3,3) NOT NULL, ratio DOUBLE NOT NULL, day DATE NOT NULL, at DATETIME(6) NOT NULL,
             clock TIME NOT NULL, y YEAR NOT NULL, size ENUM('it''s','M') NOT NULL, tags SET('x','y') NOT NULL,
             doc JSON NOT NULL, raw VARBINARY(16) NOT NULL, bits BIT(1) NOT NULL, note LONGTEXT NOT NULL,
             twice INT AS (a * 2) VIRTUAL NOT NULL, changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
             place POINT NULL)"""
    )
    found = document(
        environment, "--table", "lab.all-kinds", "--column", "added", "--type", "ENUM('x','y') NOT NULL", "--wait", "0"
    )
    assert sorted(found["row_written"]) == ["a", "b"]
    [row] = lab.source.query("SELECT * FROM lab.`all-kinds`")
    assert (row["parent"], row["size"], row["added"], row["place"]) == ("VN", "it's", "x", None)


def test_a_table_that_takes_no_row_is_left_alone(lab: Stack, environment: dict[str, str]) -> None:
    lab.source.execute("CREATE TABLE lab.strict (id INT PRIMARY KEY, CHECK (id < 0))")
    done = drill(environment, "--table", "lab.strict", "--column", COLUMN)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Check constraint" in done.stderr
    assert [column["Field"] for column in lab.source.query("SHOW COLUMNS FROM lab.strict")] == ["id"]


def test_a_row_that_fails_after_the_change_leaves_the_exact_undo(lab: Stack, environment: dict[str, str]) -> None:
    lab.source.execute("CREATE TABLE lab.legacy (id INT PRIMARY KEY) ENGINE=MyISAM")
    lab.source.execute(
        "CREATE TRIGGER lab.no_rows BEFORE INSERT ON lab.legacy FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'"
    )
    done = drill(environment, "--table", "lab.legacy", "--column", COLUMN)
    assert (done.returncode, done.stdout) == (1, "")
    undo = f"ALTER TABLE `lab`.`legacy` DROP COLUMN `{COLUMN}`"
    assert "not today" in done.stderr
    assert done.stderr.endswith(f"take it back with: {undo}\n")
    lab.source.execute(undo)


REFUSALS = [
    pytest.param(["--table", "orders"], 2, "write DATABASE.TABLE", id="a table without its database"),
    pytest.param(["--table", "a.b.c"], 2, "write DATABASE.TABLE", id="a table with too many dots"),
    pytest.param(["--table", "oltp." + "t" * 65], 2, "1 to 64", id="a table name that is too long"),
    pytest.param(["--table", "oltp.we`ird; drop table x"], 2, "no table name", id="a hostile table name"),
    pytest.param(["--table", "mysql.user"], 2, "the server itself", id="a table of the server"),
    pytest.param(["--column", ""], 2, "no column name", id="an empty column name"),
    pytest.param(["--column", "c" * 65], 2, "1 to 64", id="a column name that is too long"),
    pytest.param(["--column", "x` INT; DROP TABLE `y"], 2, "no column name", id="a hostile column name"),
    pytest.param(["--type", "INT; DROP TABLE orders"], 2, "no column type", id="a type with a statement"),
    pytest.param(["--type", "INT, DROP COLUMN amount"], 2, "no column type", id="a type with a second change"),
    pytest.param(["--type", "INT) -- "], 2, "no column type", id="a type with a comment"),
    pytest.param(["--type", "NONSENSE(3)"], 1, "SQL syntax", id="a type that the server does not know"),
    pytest.param(["--wait", "-1"], 2, "0 to 300", id="a negative wait"),
    pytest.param(["--wait", "nan"], 2, "0 to 300", id="a wait that is no number"),
    pytest.param(["--wait", "soon"], 2, "invalid float", id="a wait that is a word"),
    pytest.param(["--table", "oltp.nothing"], 1, "does not exist", id="a table that does not exist"),
    pytest.param(["--column", "STATUS"], 1, "has a column status", id="a column that is there already"),
    pytest.param(["--revert"], 1, "has no column unexpected_field", id="a revert of nothing"),
    pytest.param(["--revert", "--column", "id"], 1, "in the primary key", id="a revert of the key"),
    pytest.param(["--database-url", "here"], 2, "cannot be read", id="an address that is none"),
    pytest.param(["--database-url", "postgresql://u:secret@h/x"], 2, "postgresql", id="another database"),
    pytest.param(["--database-url", "mysql://root:secret@127.0.0.1:1"], 5, "127.0.0.1:1", id="a server that is down"),
    pytest.param(["--database-url", "mysql://root:secret@no.invalid"], 5, "no.invalid", id="a host without address"),
]


@pytest.mark.parametrize(("arguments", "exit_code", "reason"), REFUSALS)
def test_a_drill_that_cannot_be_done_says_why_in_one_line_and_changes_nothing(
    stack: Stack, environment: dict[str, str], arguments: list[str], exit_code: int, reason: str
) -> None:
    columns = stack.source.query("SHOW COLUMNS FROM oltp.orders")
    done = drill(environment, "--table", "oltp.orders", "--column", COLUMN, *arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("simulate_schema_drift: ")
    assert reason in last
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert stack.source.query("SHOW COLUMNS FROM oltp.orders") == columns


LOGINS = [
    pytest.param("root:secret", "Access denied", id="a wrong password"),
    pytest.param("watchdog:watchdog", "command denied", id="a login that may only read"),
]


@pytest.mark.parametrize(("login", "reason"), LOGINS)
def test_a_refused_login_has_an_exit_code_of_its_own(
    stack: Stack, environment: dict[str, str], login: str, reason: str
) -> None:
    url = f"mysql+pymysql://{login}@127.0.0.1:{stack.source.port}"
    done = drill({**environment, "CHAOS_DATABASE_URL": url}, "--table", "oltp.orders", "--column", COLUMN)
    assert (done.returncode, done.stdout) == (4, "")
    assert reason in done.stderr
    assert "CHAOS_DATABASE_URL" in done.stderr
    assert "secret" not in done.stderr
