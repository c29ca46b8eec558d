"""Reports by hand: small worlds for the tests of everything that reads a `Report`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from watchdog.model import (
    Advice,
    Attempt,
    CallResult,
    Category,
    Cause,
    Circuit,
    Clock,
    ClusterView,
    Code,
    Column,
    ConnectorKey,
    ConnectorStatus,
    Counters,
    Diagnosis,
    Incident,
    Observation,
    Origin,
    Phase,
    Position,
    ProbeKind,
    Progress,
    Proof,
    Report,
    Resolution,
    SchemaChange,
    Severity,
    SourceHealth,
    State,
    TableId,
    TableSchema,
    TaskStatus,
    Verdict,
    Workflow,
)

NOW = datetime(2026, 11, 23, 16, 30, 0, tzinfo=UTC)
ORIGIN = Origin.TOPIC
WAY_OUT = "ALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;"
DDL = "ALTER TABLE orders ADD COLUMN unexpected_field VARCHAR(64)"
TRACE = """org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.
\tat org.apache.kafka.connect.runtime.WorkerSinkTask.deliverMessages(WorkerSinkTask.java:658)
Caused by: org.apache.kafka.connect.errors.ConnectException: JDBC sink connector failure
\t... 11 more
Caused by: java.sql.SQLException: Cannot alter table orders because schema evolution is disabled
\t... 17 more
"""

HOSTILE_NAMES = {
    "html": "<img src=x onerror=alert(1)>",
    "markup": "conn[/foo][bold red]",
    "ansi": "red\x1b[31m\x1b]0;title\x07",
    "c1": "c1\x9b31m",
    "newline": "two\nlines\r\ttabs",
    "quote": 'quo"te\\back',
    "surrogate": "lone\ud800half",
    "bidi": "abc\u202egpj.exe",
}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def task(number: int = 0, state: State = State.RUNNING, trace: str | None = None) -> TaskStatus:
    return TaskStatus(number, state, "127.0.0.1:8083", trace)


def connector(name: str, *tasks: TaskStatus, state: State = State.RUNNING, kind: str = "sink") -> ConnectorStatus:
    return ConnectorStatus("main", name, state, kind, "127.0.0.1:8083", None, tasks or (task(),))


SOURCE = connector("oltp-source", kind="source")
SINK = connector("dw-sink")
FAILED_SINK = connector("dw-sink", task(0, State.FAILED, TRACE))


def cluster(*connectors: ConnectorStatus, name: str = "main", **more: Any) -> ClusterView:
    fields = {"polled_at": ago(1), "healthy": True, **more}
    return ClusterView(name, connectors={status.name: status for status in connectors}, **fields)


def source(name: str = "connect", last: datetime | None = None, error: str = "") -> SourceHealth:
    return SourceHealth("main", name, ago(2) if last is None else last, error)


def report(*connectors: ConnectorStatus, incidents: tuple[Incident, ...] = (), **more: Any) -> Report:
    """One cluster `main`, ready; `clusters`, `sources`, `now` and the report's own fields by keyword."""
    observation = Observation(
        more.pop("now", NOW),
        more.pop("clusters", {"main": cluster(*connectors)}),
        sources=more.pop("sources", (source(),)),
    )
    return Report(observation, incidents, **{"ready": True, **more})


def cause(category: Category = Category.SCHEMA_DRIFT, message: str = "", **more: Any) -> Cause:
    said = message or "Cannot alter table orders because schema evolution is disabled"
    return Cause(category, Advice.AFTER_FIX, said, **more)


CHANGE = SchemaChange(
    id="dataflow:oltp.orders:e7f2:23",
    prefix="dataflow",
    table=TableId("oltp", "orders"),
    position=Position("e7f2a218-e755-11f1-99e1-02fc00000001:23", "binlog.000002", 1234),
    at=ago(120),
    ddl=DDL,
    kind="ALTER",
    before=TableSchema(TableId("oltp", "orders"), (Column("id", "bigint", False),)),
    after=None,
)

DRIFT = Diagnosis(
    cause(),
    table=TableId("oltp", "orders"),
    target=TableId("dw", "orders"),
    target_address="127.0.0.1:3307",
    columns=("unexpected_field",),
    change=CHANGE,
    confidence=0.98,
    evidence=("3 waiting records carry a column that the target lacks: unexpected_field",),
    stuck={"dataflow.oltp.orders-0": (21, 23)},
    remedied=False,
    remedy="`dw.orders` takes every record that waits",
    way_out=WAY_OUT,
    proofs=(Proof(ProbeKind.TARGET_FITS, False, "3 waiting records with a column that the target lacks", ago(3)),),
)


def incident(id: str = "3fa9c1d2", name: str = "dw-sink", **more: Any) -> Incident:  # noqa: A002 - as in the model
    fields: dict[str, Any] = {
        "opened_at": ago(90),
        "failed_at": ago(90),
        "diagnosis": DRIFT,
        "tasks": (0,),
        "verdict": Verdict.HOLD,
        "reason": f"waiting until {DRIFT.remedy}. Way out: {WAY_OUT}",
        **more,
    }
    return Incident(id, ConnectorKey("main", name), **fields)


def resolved(seconds_ago: float, **more: Any) -> Incident:
    ended: Mapping[str, Any] = {
        "phase": Phase.RESOLVED,
        "resolved_at": ago(seconds_ago),
        "resolution": Resolution.RECOVERED,
        "verdict": Verdict.RECOVERED,
    }
    return incident(**{"opened_at": ago(seconds_ago + 60), "failed_at": ago(seconds_ago + 60), **ended, **more})


def attempt(number: int = 1, result: CallResult = CallResult.ACCEPTED, helped: bool | None = None) -> Attempt:
    return Attempt(number, ago(60), "watchdog", result, ago(59), "", helped)


def counters(*counts: tuple[tuple[str, ...], float]) -> Counters:
    """(name, label values…) and the count."""
    return Counters({(name, tuple(labels)): value for (name, *labels), value in counts})


def everything() -> Report:
    """Of each metric at least one sample, and of what is 1 or 0 at least one 1: all goes wrong at once."""
    clocks = (Clock("topic", "dataflow.oltp.orders-0", 3_600.0),)
    whole = report(
        SOURCE,
        FAILED_SINK,
        connector("lake-sink", task(0, State.FAILED, TRACE)),
        connector("slow-sink"),
        incidents=(
            incident(clocks=clocks, verdict=Verdict.EXHAUSTED),
            incident("m1", "lake-sink", merged_into="3fa9c1d2"),
            incident("s1", "slow-sink", code=Code.STALLED, severity=Severity.BREAKING, muted="silenced by a person"),
        ),
        workflows=(Workflow("w1", "recover", ConnectorKey("main", "oltp-source"), NOW),),
        circuits={"main": Circuit("main", ago(60), 2, 4)},
        counters=counters(
            (("schema_drift_total", "main", "oltp.orders", "mysql"), 1),
            (("schema_drift_last_detected_timestamp", "main", "oltp.orders", "mysql"), NOW.timestamp()),
            (("restarts_total", "main", "dw-sink", "accepted"), 8),
            (("useless_restarts_total", "main", "dw-sink"), 8),
            (("workflows_total", "main", "dw-sink", "quarantine", "done"), 1),
            (("schema_changes_total", "main", "new"), 5),
        ),
    )
    key = ConnectorKey("main", "dw-sink")
    waiting = {key: Progress(key, NOW, committed={"t-0": 5}, end={"t-0": 9})}
    return replace(whole, observation=replace(whole.observation, progress=waiting))
