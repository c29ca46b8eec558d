"""A stage for the pure core: set what is seen, let time pass, tick, and look at what was decided. No clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from watchdog.judge import Arrivals, Judgement, judge
from watchdog.memory import Memory
from watchdog.model import (
    Action,
    Authorship,
    CallResult,
    ClusterView,
    Column,
    ConnectorConfig,
    ConnectorKey,
    ConnectorStatus,
    DatabaseColumns,
    Incident,
    Observation,
    Offsets,
    Origin,
    Outcome,
    Position,
    Probe,
    PushedStatus,
    RecordShape,
    Request,
    SchemaRecord,
    State,
    TableId,
    TableSchema,
    Tailed,
    TaskStatus,
    TimelineEntry,
)
from watchdog.policy import Policy
from watchdog.topology import derive

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SINK = ConnectorKey("main", "dw-sink")
SOURCE = ConnectorKey("main", "oltp-source")
ORDERS = TableId("oltp", "orders")
TARGET = TableId("dw", "orders")
TARGET_ADDRESS = "127.0.0.1:3307"
PARTITION = "dataflow.oltp.orders-0"
UUID = "e7f2a218-e755-11f1-99e1-02fc00000001"

CONFIGS = {
    "oltp-source": ConnectorConfig(
        "main",
        "oltp-source",
        {
            "connector.class": "io.debezium.connector.mysql.MySqlConnector",
            "topic.prefix": "dataflow",
            "database.hostname": "127.0.0.1",
            "database.port": "3306",
            "database.include.list": "oltp",
            "schema.history.internal.kafka.topic": "schema-history.dataflow",
        },
        "source-1",
    ),
    "dw-sink": ConnectorConfig(
        "main",
        "dw-sink",
        {
            "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
            "connection.url": "jdbc:mysql://127.0.0.1:3307/dw",
            "collection.name.format": "orders",
            "topics": "dataflow.oltp.orders",
        },
        "sink-1",
    ),
}

DRIFT_TRACE = """\
org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.
\tat org.apache.kafka.connect.runtime.WorkerSinkTask.deliverMessages(WorkerSinkTask.java:658)
Caused by: org.apache.kafka.connect.errors.ConnectException: JDBC sink connector failure
\tat io.debezium.connector.jdbc.JdbcSinkConnectorTask.put(JdbcSinkConnectorTask.java:157)
Caused by: java.sql.SQLException: Cannot alter table orders because schema evolution is disabled
\tat io.debezium.connector.jdbc.JdbcChangeEventSink.alterTableIfNeeded(JdbcChangeEventSink.java:385)
\t... 17 more
"""
DENIED_TRACE = (
    "java.sql.SQLException: Access denied for user 'dw'@'127.0.0.1' (using password: YES)\n\tat x.Y.z(Y.java:1)\n"
)
DOWN_TRACE = "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure\n\tat x.Y.z(Y.java:1)\n"
ODD_TRACE = "com.example.OddException: nobody has seen this before\n\tat x.Y.z(Y.java:1)\n"

OLD_COLUMNS = (Column("id", "bigint", False, generated=True), Column("customer", "varchar(64)", False))
NEW_COLUMN = Column("unexpected_field", "varchar(64)")


def table(id: TableId, *columns: Column) -> TableSchema:  # noqa: A002
    return TableSchema(id, columns, ("id",))


def shape(*fields: str, first: int = 21, last: int = 21, gtid: int | None = 12, **more: object) -> RecordShape:
    position = Position(f"{UUID}:{gtid}") if gtid else Position()
    return RecordShape(PARTITION, fields, first, last, last - first + 1, first_position=position, **more)  # type: ignore[arg-type]


def ddl_record(number: int, ddl: str, after: TableSchema | None, **changed: object) -> SchemaRecord:
    given: dict[str, object] = {
        "prefix": "dataflow",
        "origin": Origin.TOPIC,
        "position": Position(f"{UUID}:{number}", "binlog.000002", number * 100),
        "at": START - timedelta(seconds=100 - number),
        "ddl": ddl,
        "table": after.id if after else ORDERS,
        "kind": "ALTER",
        "after": after,
    }
    return SchemaRecord(**{**given, **changed})  # type: ignore[arg-type]


CREATED = ddl_record(1, "CREATE TABLE orders", table(ORDERS, *OLD_COLUMNS), kind="CREATE", snapshot=True)
ADDED = ddl_record(
    11, "ALTER TABLE `oltp`.`orders` ADD COLUMN unexpected_field VARCHAR(64)", table(ORDERS, *OLD_COLUMNS, NEW_COLUMN)
)


@dataclass
class Scene:
    """`tick` judges once; what came of it is in `memory`, `sent`, `timeline` and `last`."""

    policy: Policy = field(default_factory=lambda: Policy(stability_window_seconds=5.0))
    now: datetime = START
    memory: Memory = field(default_factory=Memory)
    statuses: dict[str, ConnectorStatus] = field(default_factory=dict)
    configs: dict[str, ConnectorConfig] = field(default_factory=lambda: dict(CONFIGS))
    target: tuple[Column, ...] | None = OLD_COLUMNS
    shapes: tuple[RecordShape, ...] | None = ()
    scan_error: str = ""
    capped: bool = False
    committed: int = 21
    end: int = 25
    source_offset: str = "a"
    reachable: bool | None = None
    probing: bool = True
    healthy: bool | None = True
    poll_error: str = ""
    cannot_act: str = ""
    pushed_failed_at: Mapping[tuple[str, int | None], datetime] = field(default_factory=dict)
    sent: list[Action] = field(default_factory=list)
    timeline: list[TimelineEntry] = field(default_factory=list)
    last: Judgement | None = None

    def __post_init__(self) -> None:
        if not self.statuses:
            self.run("dw-sink", "sink")
            self.run("oltp-source", "source")

    # ── what is seen ──

    def run(self, name: str = "dw-sink", type: str = "sink", tasks: int = 1) -> None:  # noqa: A002
        each = tuple(TaskStatus(number, State.RUNNING) for number in range(tasks))
        self.statuses[name] = ConnectorStatus("main", name, State.RUNNING, type, tasks=each)

    def fail(self, trace: str, name: str = "dw-sink", type: str = "sink", tasks: int = 1) -> None:  # noqa: A002
        each = tuple(TaskStatus(number, State.FAILED, trace=trace) for number in range(tasks))
        self.statuses[name] = ConnectorStatus("main", name, State.RUNNING, type, tasks=each)

    def set_state(self, state: State, name: str = "dw-sink") -> None:
        self.statuses[name] = ConnectorStatus("main", name, state, "sink")

    def drift(self, *, tasks: int = 1) -> None:
        """The drill: a column that the target lacks, a row with it at offset 21."""
        self.learn(CREATED, ADDED)
        self.shapes = (shape("id", "customer", "unexpected_field"),)
        self.fail(DRIFT_TRACE, tasks=tasks)
        self.tick()

    # ── ticks ──

    def learn(self, *records: SchemaRecord) -> None:
        self.tick(tailed=Tailed("main", records))

    def answer(self, result: CallResult = CallResult.ACCEPTED, detail: str = "") -> None:
        self.tick(outcome=Outcome(self.sent[-1], result, self.now, detail))

    def pass_seconds(self, seconds: float, step: float = 1.0) -> None:
        """A tick at each step."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now += timedelta(seconds=step)
            self.tick()

    def tick(
        self,
        tailed: Tailed | None = None,
        outcome: Outcome | None = None,
        request: Request | None = None,
        authorship: Authorship | None = None,
        pushed: tuple[PushedStatus, ...] = (),
    ) -> Judgement:
        seen = self.observation()
        arrivals = Arrivals(
            tailed=(("main", tailed),) if tailed else (),
            outcomes=(outcome,) if outcome else (),
            authors=(authorship,) if authorship else (),
            requests=(request,) if request else (),
            cannot_act=self.cannot_act,
            pushed=pushed,
        )
        judgement = judge(self.memory, seen, arrivals, derive(self.configs.values(), {}), self.policy)
        self.memory, self.last = judgement.memory, judgement
        self.sent += judgement.actions
        self.timeline += judgement.entries
        return judgement

    def observation(self) -> Observation:
        view = ClusterView(
            "main",
            polled_at=self.now,
            connectors=dict(self.statuses),
            configs=dict(self.configs),
            healthy=self.healthy,
            error=self.poll_error,
            failed_at=self.pushed_failed_at,
        )
        databases = {}
        if self.target is not None:
            columns = DatabaseColumns(TARGET_ADDRESS, self.now, {TARGET: table(TARGET, *self.target)})
            databases = {TARGET_ADDRESS: columns}
        return Observation(self.now, {"main": view}, databases, self._probes())

    def _probes(self) -> dict[ConnectorKey, Probe]:
        if not self.probing:
            return {}
        sink = Probe(
            key=SINK,
            at=self.now,
            offsets=Offsets({PARTITION: self.committed}, {PARTITION: self.end}, known=True),
            shapes=self.shapes,
            capped=self.capped,
            waits=self.committed < self.end,
            scan_error=self.scan_error,
            reachable=self.reachable,
            reachable_at=self.now,
        )
        source = Probe(
            key=SOURCE,
            at=self.now,
            offsets=Offsets(source=self.source_offset, known=True),
            reachable=self.reachable,
            reachable_at=self.now,
        )
        return {SINK: sink, SOURCE: source}

    # ── what came of it ──

    @property
    def incident(self) -> Incident:
        (incident,) = self.memory.incidents.values()
        return incident

    @property
    def restarts(self) -> int:
        return sum(action.verb == "restart" for action in self.sent)
