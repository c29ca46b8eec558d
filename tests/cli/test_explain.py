"""`watchdog explain`: what is said of saved documents, traces and logs, and of what is none of these."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import Command
from tests.core.scene import DRIFT_TRACE

ROOT = Path(__file__).resolve().parents[2]
FIELDS = [
    "connector", "task", "state", "category", "cause", "schema_drift", "restart", "table", "columns", "ddl", "message",
    "fix", "signature", "confidence",
]  # fmt: skip
CANARY = "c4nary-s3cret"
RENAMED = DRIFT_TRACE.replace(
    "Cannot alter table orders because schema evolution is disabled",
    "Cannot ALTER table 'orders' because field 'qty' is not optional but has no default value",
)
SINK_CONFIG = {
    "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics": "dataflow.oltp.orders",
    "connection.url": "jdbc:mysql://h:3306/dw", "connection.password": CANARY,
    "collection.name.format": "${source.table}",
}  # fmt: skip
SOURCE_CONFIG = {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector", "topic.prefix": "dataflow",
    "database.hostname": "source",
}  # fmt: skip
LOG = f"""\
[2026-11-25 22:01:02,123] INFO [dw-sink|task-0] all well (x.y:12)
[2026-11-25 22:01:03,456] ERROR [dw-sink|task-0] WorkerSinkTask{{id=dw-sink-0}} Task threw an uncaught exception (x:1)
{RENAMED}[2026-11-25 22:01:04,000] ERROR [dw-sink|task-0] WorkerSinkTask{{id=dw-sink-0}} told again (x:1)
{RENAMED}[2026-11-25 22:02:03,456] ERROR [src|task-0] WorkerSourceTask{{id=src-0}} Task threw (x:1)
java.net.ConnectException: Connection refused
\tat a.b.C(D.java:1)
"""


def status(name: str, *traces: str | None, kind: str = "sink", state: str = "RUNNING") -> dict[str, Any]:
    tasks = [
        {"id": number, "state": "FAILED" if trace else "RUNNING", "worker_id": "w:8083"}
        | ({"trace": trace} if trace else {})
        for number, trace in enumerate(traces)
    ]
    connector = {"state": state, "worker_id": "w:8083"} | ({"trace": RENAMED} if state == "FAILED" else {})
    return {"name": name, "connector": connector, "tasks": tasks, "type": kind}


EXPANDED = {"dw-sink": {"status": status("dw-sink", RENAMED, RENAMED)}, "src": {"status": status("src", None)}}
WITH_INFO = {
    "dw-sink": {"status": status("dw-sink", RENAMED), "info": {"name": "dw-sink", "config": SINK_CONFIG}},
    "src": {"status": status("src", None, kind="source"), "info": {"config": SOURCE_CONFIG}},
}


@pytest.fixture
def save(tmp_path: Path) -> Any:
    def saved(content: Any, name: str = "saved") -> str:
        path = tmp_path / name
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(content)
        return str(path)

    return saved


def run(*arguments: str) -> int:
    return Command().run("explain", *arguments)


def found(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    assert run("-o", "json", *arguments) == code
    documents = json.loads(capsys.readouterr().out)
    assert all(list(document) == FIELDS for document in documents)
    return list(documents)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(EXPANDED, [("dw-sink", 0, "FAILED"), ("dw-sink", 1, "FAILED")], id="expand=status"),
        pytest.param(WITH_INFO, [("dw-sink", 0, "FAILED")], id="with expand=info"),
        pytest.param(status("a", None, RENAMED), [("a", 1, "FAILED")], id="one status"),
        pytest.param(status("a", None, state="FAILED"), [("a", None, "FAILED")], id="a connector that failed"),
        pytest.param([status("a", RENAMED), EXPANDED], [("a", 0, "FAILED"), ("dw-sink", 0, "FAILED"),
                     ("dw-sink", 1, "FAILED")], id="a list"),
        pytest.param(json.dumps(status("a", RENAMED)) + "\n" + json.dumps(status("b", RENAMED)),
                     [("a", 0, "FAILED"), ("b", 0, "FAILED")], id="documents after each other"),
        pytest.param({"id": 3, "state": "FAILED", "worker_id": "w", "trace": RENAMED}, [(None, 3, "FAILED")],
                     id="one task's status"),
        pytest.param(RENAMED, [(None, None, None)], id="a trace"),
        pytest.param(RENAMED.replace("\n", "\r\n"), [(None, None, None)], id="a trace from Windows"),
        pytest.param(("\ufeff" + RENAMED).encode("utf-16-le"), [(None, None, None)], id="a trace from PowerShell"),
        pytest.param(json.dumps(RENAMED), [(None, None, None)], id="a trace as a JSON string"),
        pytest.param(RENAMED.replace("\n", "\\n").replace("\t", "\\t"), [(None, None, None)], id="a trace unwritten"),
        pytest.param("    " + RENAMED.replace("\n", "\n    "), [(None, None, None)], id="a trace that is indented"),
        pytest.param("connect-1  | " + RENAMED.replace("\n", "\nconnect-1  | "), [(None, None, None)],
                     id="a trace with Compose's names"),
        pytest.param(RENAMED.partition("\n")[2], [(None, None, None)], id="a trace without its beginning"),
        pytest.param(LOG, [("dw-sink", 0, None), ("src", 0, None)], id="a log"),
        pytest.param(RENAMED + "\njava.net.ConnectException: Connection refused\n\tat a.b.C(D.java:1)\n",
                     [(None, None, None)] * 2, id="two traces"),
        pytest.param(json.dumps(EXPANDED)[:-300], [(None, None, None)], id="a document that was cut off"),
        pytest.param(status("a", None), [], id="nothing failed"),
        pytest.param({}, [], id="no connectors"),
        pytest.param("[2026-11-25 22:01:02,123] INFO all well\n", [], id="a log without a trace"),
    ],
)  # fmt: skip
def test_every_failure_of_what_was_saved_is_found(content: Any, told: Any, save: Any, capsys: Any) -> None:
    documents = found(capsys, save(content))
    assert [(one["connector"], one["task"], one["state"]) for one in documents] == told
    assert all(
        one["category"] == ("CONNECTIVITY" if "refused" in one["message"] else "SCHEMA_DRIFT") for one in documents
    )


def test_one_finding_says_all_that_is_known(save: Any, capsys: Any) -> None:
    (one,) = found(capsys, save(status("dw-sink", RENAMED)))
    assert one["category"] == "SCHEMA_DRIFT"
    assert one["schema_drift"] is True
    assert (one["restart"], one["table"], one["columns"], one["ddl"]) == ("after-fix", "orders", ["qty"], None)
    assert one["message"].startswith("java.sql.SQLException: Cannot ALTER table 'orders'")
    assert one["cause"].endswith(".")
    assert one["fix"].endswith(".")
    assert one["confidence"] == 0.9


def test_what_is_not_known_is_null(save: Any, capsys: Any) -> None:
    (one,) = found(capsys, save("something odd"))
    assert [name for name, value in one.items() if value is None] == [
        "connector", "task", "state", "table", "columns", "ddl", "signature",
    ]  # fmt: skip
    assert (one["category"], one["restart"], one["schema_drift"]) == ("UNKNOWN", "once", "maybe")


def test_a_statement_that_cannot_be_parsed_is_shown_with_its_table(save: Any, capsys: Any) -> None:
    trace = (
        "io.debezium.text.ParsingException: DDL statement couldn't be parsed. Please open a Jira issue with the "
        "statement 'ALTER TABLE `oltp`.`orders` FROB'\nmismatched input 'FROB' expecting {<EOF>, '-'}\n\tat a.B(C:1)\n"
    )
    (one,) = found(capsys, save(trace))
    assert (one["ddl"], one["table"]) == ("ALTER TABLE `oltp`.`orders` FROB", "oltp.orders")


def test_a_person_on_call_reads_what_happened_where_since_when_and_what_to_do(save: Any, capsys: Any) -> None:
    assert run(save(WITH_INFO, "status.json"), save(LOG, "connect.log")) == 0
    out = capsys.readouterr().out
    assert "dw-sink task 0  SCHEMA_DRIFT  FAILED" in out
    assert "  table     oltp.orders → dw.orders\n" in out
    assert "  columns   qty\n" in out
    assert "  since     2026-11-25 22:01:03,456\n" in out
    assert "  do        Add the column to the target, with a default or NULL allowed; then restart.\n" in out
    assert "POST /connectors/dw-sink/restart?includeTasks=true&onlyFailed=true" in out
    assert "22:01:04" not in out, "a failure that a log tells again is told once"


def test_tasks_with_one_cause_are_told_together(save: Any, capsys: Any) -> None:
    assert run(save(EXPANDED)) == 0
    out = capsys.readouterr().out
    assert "dw-sink tasks 0, 1  SCHEMA_DRIFT" in out
    assert out.count("message") == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\x7fELF\x00\x01", "is no text", id="binary"),
        pytest.param(["a", "b"], "is a list of names, without their states", id="names"),
        pytest.param({"a": 1}, "is JSON, but no status document", id="another document"),
        pytest.param(
            {"error_code": 404, "message": "No status found"}, "an error that Connect answered (404", id="404"
        ),
        pytest.param({"a": {"info": {"config": {"x": "y"}}}}, "holds configurations but no states", id="info only"),
        pytest.param('{"a": {"status": ', "is no whole JSON document", id="cut off before any trace"),
        pytest.param("[" * 100_000, "is no whole JSON document", id="nested without end"),
        pytest.param(17, "holds 17", id="a number in a list"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_is_explained(content: Any, what: str, save: Any, capsys: Any) -> None:
    bad = save([content] if content == 17 else content, "bad")
    assert run("-o", "json", bad, save(RENAMED, "good")) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"watchdog: {bad}: ")
    assert what in printed.err
    assert len(json.loads(printed.out)) == 1


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param("not-there", "cannot be read: No such file or directory", id="missing"),
        pytest.param(".", "cannot be read: it is a directory", id="directory"),
        pytest.param("a\x00b", "cannot be read: ", id="no name"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(name: str, what: str, capsys: Any) -> None:
    assert run(name) == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        pytest.param("Access denied for user 'dbz'@'%' (using password: YES)", True, id="a message alone"),
        pytest.param("hello world", True, id="anything"),
        pytest.param(RENAMED, False, id="a trace"),
        pytest.param(json.dumps(EXPANDED)[:-300], False, id="a document that was cut off"),
    ],
)
def test_a_text_that_names_no_exception_is_explained_and_asked_after(
    content: str, asked: bool, save: Any, capsys: Any
) -> None:
    assert run(save(content)) == 0
    assert ("names no exception" in capsys.readouterr().err) is asked


@pytest.mark.parametrize(("content", "code"), [(RENAMED, 3), (status("a", None), 0)])
def test_exit_code_3_tells_that_something_was_found(content: Any, code: int, save: Any) -> None:
    assert run("--exit-code", save(content)) == code
    assert run(save(content)) == 0


def test_no_secret_of_configuration_or_trace_is_printed(save: Any, capsys: Any) -> None:
    leaky = RENAMED.replace("'orders'", f"'{CANARY}'").replace(
        "JDBC sink connector failure", f"jdbc:mysql://root:{CANARY}@h/db password={CANARY}"
    )
    document = {
        "dw-sink": {"status": status("dw-sink", leaky, leaky[:-40] + f"x{CANARY}"), "info": {"config": SINK_CONFIG}}
    }
    for format_ in ("json", "table"):
        assert run("-o", format_, save(document)) == 0
        printed = capsys.readouterr()
        assert CANARY not in printed.out + printed.err
    assert run(save(f"java.lang.X: {'y' * 350} jdbc:mysql://root:{'p' * 80}@h/db")) == 0
    assert "ppp" not in capsys.readouterr().out, "a cut must not hide where a password ends"


def test_no_name_or_trace_is_obeyed_by_a_terminal(save: Any, capsys: Any) -> None:
    evil = "\x1b]0;owned\x07\x1b[31m[/foo] <script>\u202e\x9b2J"
    document = {evil: {"status": status(evil, RENAMED.replace("orders", evil), evil)}}
    for format_ in ("json", "table"):
        assert run("-o", format_, save(document)) == 0
        assert all(char.isprintable() or char == "\n" for char in capsys.readouterr().out)


def test_a_catalogue_of_ones_own_is_asked_first(save: Any, capsys: Any) -> None:
    own = save(
        "- {id: MY-1, side: any, pattern: 'odd (?P<table>\\w+)', category: DATA, restart: no, cause: Odd., "
        "fix: Even it.}",
        "own.yaml",
    )
    (one,) = found(capsys, "--catalogue", own, save("something odd here"))
    assert (one["signature"], one["table"], one["fix"]) == ("MY-1", "here", "Even it.")
    bad = save("- id: MY-1\n  side: nowhere\n", "bad.yaml")
    assert run("--catalogue", bad, save("something odd")) == 2
    told = capsys.readouterr().err
    assert f"watchdog: {bad}: line 2: entry MY-1: side: must be 'source', 'sink' or 'any'" in told
    assert f"watchdog: {bad}: line 1: entry MY-1: pattern: is missing" in told


# ── as a process ──

COMMAND = [sys.executable, "-m", "watchdog", "explain"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def test_a_pipe_is_read_without_settings_and_without_any_file(tmp_path: Path) -> None:
    for arguments in ([], ["-"]):
        done = subprocess.run(
            [*COMMAND, "-o", "json", *arguments], input=json.dumps(EXPANDED).encode(), capture_output=True,
            timeout=60, check=False, cwd=tmp_path, env=ENVIRONMENT,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        assert len(json.loads(done.stdout)) == 2
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_with_no_file_it_says_how_to_use_it(tmp_path: Path) -> None:
    reader, writer = pty.openpty()
    done = subprocess.run(
        COMMAND, stdin=writer, capture_output=True, timeout=60, check=False, cwd=tmp_path, env=ENVIRONMENT
    )
    os.close(writer)
    os.close(reader)
    assert done.returncode == 2
    assert b"expand=status" in done.stderr


def test_it_loads_no_client_and_opens_no_socket(tmp_path: Path) -> None:
    script = (
        "import socket, sys\n"
        "def refused(*_): raise AssertionError('a socket')\n"
        "socket.socket.connect = refused\n"
        "from watchdog.cli import main\n"
        "code = main(['explain', '-o', 'json'])\n"
        "clients = ('requests', 'confluent_kafka', 'sqlalchemy', 'pymysql', 'uvicorn', 'fastavro', 'docker')\n"
        "assert not [name for name in clients if name in sys.modules]\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=RENAMED.encode(), capture_output=True, timeout=60, check=False,
        cwd=tmp_path, env=ENVIRONMENT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)[0]["signature"] == "JDB-07"
