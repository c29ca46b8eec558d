"""Traces → causes. Samples are the words of the real systems."""

from __future__ import annotations

import pytest

from tests.core.scene import DOWN_TRACE, DRIFT_TRACE
from watchdog.diagnose import diagnose
from watchdog.diagnose.catalogue import built_in
from watchdog.diagnose.trace import chain
from watchdog.model import Advice, Category

WRAPPED = (
    "org.apache.kafka.connect.errors.ConnectException: {outer}\n"
    "\tat a.B.c(B.java:1)\n"
    "Caused by: {inner}\n"
    "\t... 3 more\n"
)


LINK_FAILURE = (
    "Communications link failure\n\n"
    "The last packet sent successfully to the server was 0 milliseconds ago. "
    "The driver has not received any packets from the server."
)


@pytest.mark.parametrize(
    ("message", "side", "category", "restart", "groups"),
    [
        pytest.param(
            "java.sql.SQLException: Cannot alter table dw.orders because schema evolution is disabled",
            "sink",
            Category.SCHEMA_DRIFT,
            Advice.AFTER_FIX,
            {"table": "dw.orders"},
            id="column-added",
        ),
        pytest.param(
            "java.sql.SQLException: Cannot ALTER table 'dw.orders' because field 'client_name' is not optional but "
            "has no default value",
            "sink",
            Category.SCHEMA_DRIFT,
            Advice.AFTER_FIX,
            {"table": "dw.orders", "col": "client_name"},
            id="column-renamed",
        ),
        pytest.param(
            "java.sql.SQLException: Field 'status' doesn't have a default value",
            "sink",
            Category.SCHEMA_DRIFT,
            Advice.AFTER_FIX,
            {"column": "status"},
            id="column-dropped",
        ),
        pytest.param(
            "java.sql.SQLException: Access denied for user 'dbz'@'10.0.0.5' (using password: YES)",
            "source",
            Category.AUTH,
            Advice.NO,
            {"user": "dbz"},
            id="wrong-password",
        ),
        pytest.param(
            "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure\n\nThe last packet sent "
            "successfully to the server was 0 milliseconds ago.",
            "source",
            Category.CONNECTIVITY,
            Advice.YES,
            {},
            id="link-failure",
        ),
        pytest.param(
            "java.net.ConnectException: Connection refused",
            "sink",
            Category.CONNECTIVITY,
            Advice.ONCE,
            {},
            id="refused-by-family",
        ),
        pytest.param(
            "io.debezium.text.ParsingException: DDL statement couldn't be parsed. Please open a Jira issue with the "
            "statement 'ALTER TABLE x FROB'\nmismatched input 'FROB'",
            "source",
            Category.DDL_PARSE,
            Advice.NO,
            {"ddl": "ALTER TABLE x FROB", "why": "mismatched input 'FROB'"},
            id="ddl-not-parsed",
        ),
        pytest.param(
            "io.debezium.DebeziumException: Error processing row in orders, internal schema size 7, but row size 8 , "
            "restart connector with schema recovery mode.",
            "source",
            Category.SCHEMA_DRIFT,
            Advice.NO,
            {"table": "orders", "have": "7", "row": "8"},
            id="unlogged-ddl",
        ),
        pytest.param(
            "java.lang.OutOfMemoryError: Java heap space", "sink", Category.RESOURCE, Advice.NO, {}, id="out-of-memory"
        ),
        pytest.param("com.example.Odd: never seen", "sink", Category.UNKNOWN, Advice.ONCE, {}, id="never-seen"),
    ],
)
def test_the_innermost_cause_decides(
    message: str, side: str, category: Category, restart: Advice, groups: dict[str, str]
) -> None:
    wrapper = "Exiting WorkerSinkTask due to unrecoverable exception."
    cause = diagnose(WRAPPED.format(outer=wrapper, inner=message), side)
    assert (cause.category, cause.restart) == (category, restart)
    assert cause.groups == groups
    assert cause.message.startswith(message.split(":")[0])


@pytest.mark.parametrize(
    ("links", "side", "signature", "category"),
    [
        pytest.param(
            [
                "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. "
                "This connector will be stopped.",
                "io.debezium.DebeziumException: Failed to read next byte from position 605",
                "java.io.EOFException: Failed to read next byte from position 605",
            ],
            "source",
            "CON-40",
            Category.CONNECTIVITY,
            id="source-stopped",
        ),
        pytest.param(
            [
                f"io.debezium.DebeziumException: Error reading MySQL variables: {LINK_FAILURE}",
                f"com.mysql.cj.jdbc.exceptions.CommunicationsException: {LINK_FAILURE}",
                f"com.mysql.cj.exceptions.CJCommunicationsException: {LINK_FAILURE}",
                "java.net.ConnectException: Connection refused",
            ],
            "source",
            "CON-41",
            Category.CONNECTIVITY,
            id="source-restarted-while-stopped",
        ),
        pytest.param(
            [
                "io.debezium.DebeziumException: Error reading MySQL variables: Access denied for user "
                "'dbz'@'127.0.0.1' (using password: YES)",
                "java.sql.SQLException: Access denied for user 'dbz'@'127.0.0.1' (using password: YES)",
            ],
            "source",
            "CON-04",
            Category.AUTH,
            id="source-restarted-with-a-wrong-password",
        ),
        pytest.param(
            [
                "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable "
                "exception.",
                "org.apache.kafka.connect.errors.ConnectException: JDBC sink connector failure",
                "org.apache.kafka.connect.errors.ConnectException: Failed to check for existence of table",
                f"org.hibernate.exception.JDBCConnectionException: Unable to acquire JDBC Connection [{LINK_FAILURE}] "
                "[n/a]",
                f"com.mysql.cj.jdbc.exceptions.CommunicationsException: {LINK_FAILURE}",
                f"com.mysql.cj.exceptions.CJCommunicationsException: {LINK_FAILURE}",
                "java.io.EOFException: Can not read response from server. Expected to read 4 bytes, read 0 bytes "
                "before connection was unexpectedly lost.",
            ],
            "sink",
            "CON-05-FIRST",
            Category.CONNECTIVITY,
            id="target-stopped-or-its-connections-ended",
        ),
        pytest.param(
            [
                "org.hibernate.service.spi.ServiceException: Unable to create requested service "
                "[org.hibernate.engine.jdbc.env.spi.JdbcEnvironment] due to: Could not create connection",
                "org.hibernate.exception.JDBCConnectionException: Could not create connection",
                "java.sql.SQLException: Connections could not be acquired from the underlying database!",
                "com.mchange.v2.resourcepool.CannotAcquireResourceException: A ResourcePool could not acquire a "
                "resource from its primary factory or source.",
                f"com.mysql.cj.jdbc.exceptions.CommunicationsException: {LINK_FAILURE}",
                f"com.mysql.cj.exceptions.CJCommunicationsException: {LINK_FAILURE}",
                "java.net.ConnectException: Connection refused",
            ],
            "sink",
            "CON-41",
            Category.CONNECTIVITY,
            id="sink-restarted-while-its-target-is-stopped",
        ),
        pytest.param(
            [
                "org.hibernate.service.spi.ServiceException: Unable to create requested service "
                "[org.hibernate.engine.jdbc.env.spi.JdbcEnvironment] due to: Could not create connection",
                "org.hibernate.exception.JDBCConnectionException: Could not create connection",
                "java.sql.SQLException: Connections could not be acquired from the underlying database!",
                "com.mchange.v2.resourcepool.CannotAcquireResourceException: A ResourcePool could not acquire a "
                "resource from its primary factory or source.",
                "java.sql.SQLException: Access denied for user 'dw'@'127.0.0.1' (using password: YES)",
            ],
            "sink",
            "CON-04",
            Category.AUTH,
            id="sink-restarted-with-a-wrong-password",
        ),
    ],
)
def test_a_database_that_refuses_is_told_from_drift(
    links: list[str], side: str, signature: str, category: Category
) -> None:
    cause = diagnose("\nCaused by: ".join(f"{link}\n\tat a.B.c(B.java:1)" for link in links), side)
    assert (cause.signature, cause.category, cause.schema_drift) == (signature, category, "no")


def test_a_wrapper_is_never_the_cause() -> None:
    cause = diagnose(WRAPPED.format(outer="Tolerance exceeded in error handler", inner="com.example.Odd: deep"), "sink")
    assert cause.message == "com.example.Odd: deep"


def test_an_outer_exception_decides_where_the_innermost_says_nothing() -> None:
    outer = "Access denied for user 'dw'@'h' (using password: YES)"
    cause = diagnose(WRAPPED.format(outer=outer, inner="java.lang.NullPointerException"), "sink")
    assert cause.category is Category.AUTH


def test_a_signature_of_the_other_side_is_not_taken() -> None:
    sink_only = "java.sql.SQLException: Field 'x' doesn't have a default value"
    assert diagnose(sink_only, "source").category is not Category.SCHEMA_DRIFT
    assert diagnose(sink_only, "unknown").category is Category.SCHEMA_DRIFT


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param("", id="empty"),
        pytest.param("\n\n\t\n", id="blank"),
        pytest.param("Caused by: ", id="only-a-caused-by"),
        pytest.param("Caused by: " * 5000, id="a-thousand-causes"),
        pytest.param("<script>alert(1)</script>\x1b[31m[/foo]", id="markup"),
        pytest.param("a" * 2_000_000, id="two-megabytes-of-a-letter"),
        pytest.param("DDL statement couldn't be parsed. Please open a Jira issue" * 3000, id="half-a-signature-often"),
    ],
)
def test_nonsense_is_unknown_and_quick(trace: str) -> None:
    assert diagnose(trace, "sink").category is Category.UNKNOWN


def test_the_message_is_one_line_without_frames() -> None:
    cause = diagnose(DRIFT_TRACE, "sink")
    assert cause.message == "java.sql.SQLException: Cannot alter table orders because schema evolution is disabled"


def test_a_message_of_several_lines_is_kept_whole_in_the_chain() -> None:
    (link,) = chain("a.b.CException: one\n\ntwo\n\tat x.Y.z(Y.java:1)\n")
    assert (link.exception, link.message) == ("a.b.CException", "one\n\ntwo")


def test_suppressed_exceptions_are_not_causes() -> None:
    trace = DOWN_TRACE + "\tSuppressed: java.lang.IllegalStateException: not me\n\t\tat q.R.s(R.java:2)\n"
    assert [link.simple_name for link in chain(trace)] == ["CommunicationsException"]


def test_every_entry_of_the_catalogue_says_what_to_do() -> None:
    for entry in built_in():
        assert entry.cause.endswith("."), entry.id
        assert entry.fix.endswith("."), entry.id


def test_drift_is_never_restarted_blindly() -> None:
    drift = [e for e in built_in() if e.category in (Category.SCHEMA_DRIFT, Category.AUTH, Category.BINLOG_GAP)]
    assert drift
    assert all(entry.restart in (Advice.NO, Advice.AFTER_FIX) for entry in drift)
