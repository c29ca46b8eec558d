"""Databases that go away or refuse the password: never taken for drift, waited for, and one restart when they are back.

The pipeline has database users of its own, so that a changed password meets nobody else. A transient failure would be
tried after a second here: what keeps the restart back is only that the connector's own settings do not connect.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.logins import PASSWORD, logins, pipeline_with_logins
from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import Watchdog, eventually, never

SOURCE_USER, SINK_USER = "faults_source", "faults_sink"
SPEC = Spec(
    prefix="faults",
    database="faults",
    target_database="faults_dw",
    source="faults-source",
    sink="faults-sink",
    **logins(SOURCE_USER, SINK_USER),
)
SETTINGS = {"WATCHDOG_MODE": "auto", "WATCHDOG_TRANSIENT_DELAY_SECONDS": "1"}


@pytest.fixture
def pipeline(stack: Stack) -> Iterator[Pipeline]:
    with pipeline_with_logins(stack, SPEC) as own:
        yield own


@dataclass(frozen=True)
class Fault:
    """One that the connector cannot mend itself, and a harmless DDL that happens just before."""

    connector: str
    categories: tuple[str, ...]
    ddl: Callable[[Pipeline], None]
    happen: Callable[[Stack, Pipeline], None]
    """Returns when the failure is bound to show."""
    mend: Callable[[Stack], None]
    says_no: str
    """What the try with the connector's own settings is answered meanwhile."""


# ── harmless statements ──


def another_table(pipeline: Pipeline) -> None:
    """In the captured database, carried by nobody."""
    pipeline.source.execute(f"CREATE TABLE `{SPEC.database}`.`notes` (id INT PRIMARY KEY, note VARCHAR(20))")


def another_comment(pipeline: Pipeline) -> None:
    pipeline.alter("COMMENT = 'looked at by the auditors'")


def a_column_that_the_target_has_too(pipeline: Pipeline) -> None:
    """Of the very table that the connector carries."""
    pipeline.alter_target("ADD COLUMN note VARCHAR(20)")
    pipeline.alter("ADD COLUMN note VARCHAR(20)")


# ── faults ──


def stop_source(stack: Stack, _: Pipeline) -> None:
    stack.stop("source-db")


def stop_target(stack: Stack, pipeline: Pipeline) -> None:
    stack.stop("target-db")
    pipeline.insert()


def change_source_password(stack: Stack, _: Pipeline) -> None:
    stack.source.execute(f"ALTER USER '{SOURCE_USER}'@'%' IDENTIFIED BY 'another'")
    stack.source.kill_connections(SOURCE_USER)
    # Debezium tries on quietly for minutes, RUNNING; somebody who restarts it makes it show.
    stack.connect.restart(SPEC.source, only_failed=False)


def change_target_password(stack: Stack, pipeline: Pipeline) -> None:
    stack.target.execute(f"ALTER USER '{SINK_USER}'@'%' IDENTIFIED BY 'another'")
    stack.target.kill_connections(SINK_USER)
    pipeline.insert()


def start_source(stack: Stack) -> None:
    stack.start("source-db")


def start_target(stack: Stack) -> None:
    stack.start("target-db")


def put_source_password_right(stack: Stack) -> None:
    stack.source.execute(f"ALTER USER '{SOURCE_USER}'@'%' IDENTIFIED BY '{PASSWORD}'")


def put_target_password_right(stack: Stack) -> None:
    stack.target.execute(f"ALTER USER '{SINK_USER}'@'%' IDENTIFIED BY '{PASSWORD}'")


SOURCE_STOPPED = Fault(SPEC.source, ("CONNECTIVITY",), another_comment, stop_source, start_source, "")
TARGET_STOPPED = Fault(
    SPEC.sink, ("CONNECTIVITY",), a_column_that_the_target_has_too, stop_target, start_target, "refused"
)
SOURCE_PASSWORD = Fault(
    SPEC.source, ("AUTH",), another_table, change_source_password, put_source_password_right, "Access denied"
)
# The broken connections of its pool fail first: "Communications link failure", with the server there and well.
TARGET_PASSWORD = Fault(
    SPEC.sink,
    ("AUTH", "CONNECTIVITY"),
    a_column_that_the_target_has_too,
    change_target_password,
    put_target_password_right,
    "Access denied",
)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(SOURCE_STOPPED, id="source-stopped"),
        pytest.param(TARGET_STOPPED, id="target-stopped"),
        pytest.param(SOURCE_PASSWORD, id="source-password"),
        pytest.param(TARGET_PASSWORD, id="target-password"),
    ],
)
def test_a_database_that_refuses_is_no_drift_and_one_restart_heals_it_when_it_lets_in_again(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog, fault: Fault
) -> None:
    fault.ddl(pipeline)
    pipeline.insert()
    pipeline.wait_in_step(60)  # The statement went through with it, a moment ago.
    fault.happen(stack, pipeline)

    incident = waiting_for_the_door(watchdog, fault)
    must_not_look_like_drift(watchdog, incident, fault)
    sent = len(proxy.restarts(fault.connector))
    assert sent <= 1  # It may be told "yes" by a server that is just going.
    never(lambda: len(proxy.restarts(fault.connector)) > sent, 8, "a restart while the database refuses")
    must_not_look_like_drift(watchdog, waiting_for_the_door(watchdog, fault), fault)

    mended_at = time.time()
    fault.mend(stack)
    pipeline.insert()
    stack.pipeline.insert()  # A server that is down breaks them all, and the one incident is over when all are well.
    resolved = watchdog.wait_for_incident(fault.connector, 60, state="resolved")
    assert (resolved["id"], resolved["resolution"]) == (incident["id"], "recovered")
    must_not_look_like_drift(watchdog, resolved, fault)
    in_step(pipeline)
    restarts = proxy.restarts(fault.connector)
    assert len(restarts) - 1 <= 1, "more than one useless restart"
    assert min(call.at for call in restarts[sent:]) > mended_at
    assert {call.path.rpartition("?")[2] for call in restarts} == {"includeTasks=true&onlyFailed=true"}
    if fault.connector == SPEC.source:
        # Nothing was sent before Connect's own validation had connected for real.
        asked = [call.at for call in proxy.calls if call.path.endswith("/config/validate")]
        assert any(mended_at < at < restarts[sent].at for at in asked)


@pytest.fixture
def quick_watchdog(stack: Stack, proxy: RecordingProxy, pipeline: Pipeline, tmp_path: Path) -> Iterator[Watchdog]:
    """It knows that the worker flushes offsets each second: silence is taken for health after 6 s."""
    cluster = {
        "name": "default",
        "connect_url": proxy.url,
        "kafka_bootstrap_servers": stack.bootstrap_servers,
        "offset_flush_interval_seconds": 1,
    }
    settings = {**SETTINGS, "WATCHDOG_CLUSTERS": json.dumps([cluster]), "WATCHDOG_STABILITY_WINDOW_SECONDS": "2"}
    with Watchdog(tmp_path, "", "", (), **settings) as running:
        yield running


def test_a_source_that_no_row_comes_by_is_recovered_all_the_same(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, quick_watchdog: Watchdog
) -> None:
    stack.stop("source-db")
    opened = quick_watchdog.wait_for_incident(SPEC.source, 60, category="CONNECTIVITY")
    stack.start("source-db")
    resolved = quick_watchdog.wait_for_incident(SPEC.source, 40, state="resolved")
    assert (resolved["id"], resolved["resolution"]) == (opened["id"], "recovered")
    assert len(proxy.restarts(SPEC.source)) <= 2
    pipeline.insert()
    in_step(pipeline)


def test_a_sink_that_is_running_and_takes_nothing_is_not_called_recovered(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, quick_watchdog: Watchdog
) -> None:
    fault = TARGET_PASSWORD
    fault.happen(stack, pipeline)
    incident = waiting_for_the_door(quick_watchdog, fault)
    with locked(stack):  # As an ALTER of the target does for as long as it copies.
        fault.mend(stack)
        says = "records wait that it has not taken"
        eventually(
            lambda: says in (quick_watchdog.incident_of(SPEC.sink) or {}).get("reason", "") or None,
            30,
            lambda: f"“{says}”; the log:\n{quick_watchdog.log()}",
        )
        never(lambda: quick_watchdog.incident_of(SPEC.sink) is None, 3, "it is called recovered")
    resolved = quick_watchdog.wait_for_incident(SPEC.sink, 30, state="resolved")
    assert (resolved["id"], resolved["resolution"]) == (incident["id"], "recovered")
    in_step(pipeline)
    assert len(proxy.restarts(SPEC.sink)) == 1


@contextmanager
def locked(stack: Stack) -> Iterator[None]:
    """The target table can be looked at, and waits with every write."""
    url = make_url(stack.target.url(SPEC.target_database, "root", "root"))
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"LOCK TABLES `{SPEC.table}` READ"))
        yield
        connection.execute(text("UNLOCK TABLES"))


def waiting_for_the_door(watchdog: Watchdog, fault: Fault) -> dict[str, Any]:
    """The incident, once it says what the connector's own settings were answered."""

    def held() -> dict[str, Any] | None:
        incident = watchdog.incident_of(fault.connector)
        evidence = " ".join(incident["evidence"]) if incident else ""
        said = "do not connect" in evidence and fault.says_no in evidence
        return incident if incident and said and incident["verdict"] == "hold" else None

    return eventually(
        held, 30, lambda: f"{fault.connector} is held: its settings do not connect; the log:\n{watchdog.log()}"
    )


def must_not_look_like_drift(watchdog: Watchdog, incident: dict[str, Any], fault: Fault) -> None:
    assert incident["category"] in fault.categories
    assert (incident["schema_drift"], incident["ddl"], incident["columns"]) == (False, None, [])
    for name in ("schema_drift_detected", "schema_drift_total"):
        assert watchdog.metric(name) is None
    assert PASSWORD not in watchdog.log() + json.dumps(incident)


def in_step(pipeline: Pipeline) -> None:
    eventually(lambda: pipeline.source_ids() == pipeline.target_ids() or None, 60, "every row is at the target")
