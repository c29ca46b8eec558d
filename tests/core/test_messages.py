"""What the software can say, reviewed text by text: errors of MySQL's and MariaDB's servers, what Debezium, Kafka and
the serializers throw, each as a driver or Connect wraps it.

`messages.jsonl` has one text a line with what is true of it: `also` are categories that are right as well, `restart`
the advice that is acceptable. A server's error (`message`, `sqlstate`) is put into the classes that each driver makes
of its SQLSTATE; of everything else `links` are the exceptions, outermost first, and `at` what Connect was at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from watchdog.diagnose import diagnose
from watchdog.model import Advice, Category

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).parent.parent.joinpath("data/messages.jsonl").open(encoding="utf-8")
]
CONNECT = "org.apache.kafka.connect.errors.ConnectException: "
RUNTIME = "org.apache.kafka.connect.runtime."
SINK = CONNECT + "Exiting WorkerSinkTask due to unrecoverable exception."
PRODUCER = CONNECT + "An exception occurred in the change event producer. This connector will be stopped."
TOLERANCE = CONNECT + "Tolerance exceeded in error handler"
FLUSH = CONNECT + "Failed to flush records for table 'orders'"
CHANGES = CONNECT + "Error while checking and applying table changes for collection 'CollectionId{name='orders'}'"
# What the connector was at: the words around it, and a frame that tells it.
AT: dict[str, tuple[tuple[str, ...], str]] = {
    "stream": ((PRODUCER,), "io.debezium.connector.binlog.BinlogStreamingChangeEventSource.handleEvent(B.java:604)"),
    "row": ((PRODUCER,), "io.debezium.relational.TableSchemaBuilder.lambda$createValueGenerator$5(T.java:276)"),
    "snapshot": ((PRODUCER,), "io.debezium.relational.RelationalSnapshotChangeEventSource.doExecute(R.java:140)"),
    "start": ((), RUNTIME + "AbstractWorkerSourceTask.initializeAndStart(AbstractWorkerSourceTask.java:282)"),
    "startsink": ((), RUNTIME + "WorkerSinkTask.initializeAndStart(WorkerSinkTask.java:329)"),
    "convert": ((TOLERANCE,), RUNTIME + "WorkerSinkTask.convertAndTransformRecord(WorkerSinkTask.java:565)"),
    "converts": ((TOLERANCE,), RUNTIME + "AbstractWorkerSourceTask.convertTransformedRecord(A.java:500)"),
    "create": ((), RUNTIME + "AbstractWorkerSourceTask.maybeCreateTopic(AbstractWorkerSourceTask.java:443)"),
    "put": (
        (SINK, CONNECT + "JDBC sink connector failure"),
        "io.debezium.connector.jdbc.JdbcSinkConnectorTask.put(J:1)",
    ),
    "send": ((CONNECT + "Unrecoverable exception from producer send callback",), RUNTIME + "WorkerSourceTask.run(W:1)"),
    "poll": ((), RUNTIME + "WorkerSinkTask.poll(WorkerSinkTask.java:347)"),
}
# The class that a driver makes of an SQLSTATE: by its beginning, else the last one.
CONNECTOR_J = {
    "08": "java.sql.SQLNonTransientConnectionException",
    "22": "com.mysql.cj.jdbc.exceptions.MysqlDataTruncation",
    "23": "java.sql.SQLIntegrityConstraintViolationException",
    "42": "java.sql.SQLSyntaxErrorException",
    "40": "com.mysql.cj.jdbc.exceptions.MySQLTransactionRollbackException",
    "70100": "com.mysql.cj.jdbc.exceptions.MySQLQueryInterruptedException",
    "": "java.sql.SQLException",
}
CONNECTOR_MARIADB = {
    **dict.fromkeys(("22", "26", "2F", "20", "42", "XA"), "java.sql.SQLSyntaxErrorException"),
    **dict.fromkeys(("25", "28"), "java.sql.SQLInvalidAuthorizationSpecException"),
    **dict.fromkeys(("21", "23"), "java.sql.SQLIntegrityConstraintViolationException"),
    "08": "java.sql.SQLNonTransientConnectionException",
    "40": "java.sql.SQLTransactionRollbackException",
    "HY": "java.sql.SQLException",
    "": "java.sql.SQLTransientConnectionException",
}
HIBERNATE = {
    "08": "JDBCConnectionException",
    "22": "DataException",
    "23": "ConstraintViolationException",
    "42": "SQLGrammarException",
    "40": "LockAcquisitionException",
    "": "GenericJDBCException",
}


def by_state(classes: dict[str, str], state: str) -> str:
    return next(name for beginning, name in classes.items() if state.startswith(beginning))


def printed(links: list[str], frame: str) -> str:
    return "Caused by: ".join(f"{link}\n\tat {frame}\n\t... 9 more\n" for link in links)


def of_a_server(row: dict[str, Any], is_mariadb: bool) -> Iterator[str]:
    """One trace for each way in which the error comes through the driver."""
    state = row["sqlstate"]
    if is_mariadb:
        message, thrown = f"(conn=12) {row['message']}", by_state(CONNECTOR_MARIADB, state)
    else:
        truncated = "Data truncation: " if state.startswith("22") else ""
        message, thrown = truncated + row["message"], by_state(CONNECTOR_J, state)
    if row["side"] == "source":
        yield printed(
            [PRODUCER, f"io.debezium.DebeziumException: {thrown}: {message}", f"{thrown}: {message}"], "a.B.c(D)"
        )
        return
    hibernate = "org.hibernate.exception." + by_state(HIBERNATE, state)
    work = [FLUSH, f"{hibernate}: Error executing work [{message}] [n/a]", f"java.sql.BatchUpdateException: {message}"]
    yield printed([SINK, *work, f"{thrown}: {message}"], "a.B.c(D)")
    if row["category"] != Category.DATA:
        altered = (
            f"{hibernate}: JDBC exception executing SQL [{message}] [ALTER TABLE orders ADD COLUMN ( note text NULL)]"
        )
        yield printed([SINK, CHANGES, altered, f"{thrown}: {message}"], "a.B.c(D)")


def traces(row: dict[str, Any]) -> Iterator[str]:
    if "message" in row:
        yield from of_a_server(row, is_mariadb=True)
        yield from of_a_server(row, is_mariadb=False)
    else:
        around, frame = AT[row["at"]]
        yield printed([*around, *row["links"]], frame)


def named(row: dict[str, Any]) -> str:
    return f"{row['from']}, {row['side']}: {row.get('message') or row['links'][-1]}"[:120]


@pytest.mark.parametrize("row", [pytest.param(row, id=named(row)) for row in ROWS])
def test_what_the_software_says_is_understood(row: dict[str, Any]) -> None:
    for trace in traces(row):
        cause = diagnose(trace, row["side"])
        assert cause.category in (row["category"], *row.get("also", ())), f"{cause.signature}: {trace}"
        assert cause.restart in row["restart"], f"{cause.signature}: {trace}"


def test_the_review_is_broad_and_is_said_in_words_of_the_contract() -> None:
    assert len(ROWS) >= 550
    assert len({json.dumps(row) for row in ROWS}) == len(ROWS)
    assert set(Counter(row["category"] for row in ROWS)) == set(Category)
    assert {advice for row in ROWS for advice in row["restart"]} == set(Advice)
    assert {row.get("at") for row in ROWS} == {None, *AT}
