"""A sink in memory that takes records until it meets one that its table does not: for the steps of a quarantine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.connect import FakeConnect
from tests.fakes.control import FakeControl
from tests.fakes.database import FakeDatabase
from tests.fakes.quarantine import FakeQuarantine, shape_of
from watchdog.detect.targets import misfits
from watchdog.errors import PortError
from watchdog.model import (
    Column,
    ConnectorKey,
    Offsets,
    RecordId,
    State,
    StepResult,
    TableId,
    TableSchema,
    Workflow,
    split_partition,
)
from watchdog.model.workflows import DONE, REFUSED, UNDO, UNDONE
from watchdog.workflows import Procedure
from watchdog.workflows.narrowed import POLL_KEY
from watchdog.workflows.quarantine import QuarantineSteps
from watchdog.workflows.replay import ReplaySteps
from watchdog.workflows.sinks import SinkEyes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINK = ConnectorKey("main", "dw-sink")
TOPIC = "dataflow.oltp.orders"
CONFIG = {
    "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
    "topics": TOPIC,
    "connection.url": "jdbc:mysql://db:3306/dw",
    "collection.name.format": "orders",
    "insert.mode": "upsert",
    "primary.key.mode": "record_key",
    "max.poll.records": "not-this-one",
}
ORDERS = TableSchema(TableId("dw", "orders"), (Column("id", "bigint", False), Column("name", "varchar(4)")), ("id",))
BATCH = 500
STEPS_MAX = 300


class Crash(Exception):
    """Where a process was killed."""


@dataclass
class World:
    """`run` takes the steps of one workflow to its end; between two of them the sink takes what it can."""

    now: datetime = NOW
    rows: dict[str, str] = field(default_factory=dict)
    """What is in the table: key → name."""
    steps: list[str] = field(default_factory=list)
    between: Callable[[str], None] = lambda step: None
    """Called after each step with its name: what others do meanwhile."""
    workflow: Workflow = Workflow("w1", "quarantine", SINK, NOW)
    table: TableSchema = ORDERS
    stubborn: frozenset[RecordId] = frozenset()
    """Records that the sink fails on though they fit."""

    def __post_init__(self) -> None:
        self.connect = FakeConnect(clock=lambda: self.now)
        self.connect.add(SINK.connector, config=CONFIG)
        self.control = FakeControl(self.connect)
        self.quarantine = FakeQuarantine()
        self.database = FakeDatabase("db:3306")
        self.database.put(self.table)

    # ── what a test sets up ──

    def write(self, key: int, name: str | None, partition: int = 0) -> RecordId:
        """None: a delete."""
        fields = None if name is None else {"id": key, "name": name}
        return self.quarantine.write(TOPIC, str(key), fields, partition)

    def widen(self) -> None:
        self.table = replace(ORDERS, columns=(ORDERS.columns[0], Column("name", "varchar(64)")))
        self.database.put(self.table)

    # ── the steps ──

    def procedure(self) -> Procedure:
        eyes = SinkEyes(self.connect, self.quarantine, [self.database], 10_000)
        if self.workflow.kind == "replay":
            return ReplaySteps(eyes, self.quarantine)
        return QuarantineSteps(eyes, self.control, self.quarantine, lambda: self.now, 1.0)

    def begin(self, kind: str = "quarantine", **arguments: Any) -> None:
        self.workflow = Workflow("w1", kind, SINK, self.now, arguments=arguments)

    def run(self, kind: str = "quarantine", **arguments: Any) -> Workflow:
        self.begin(kind, **arguments)
        return self.go_on()

    def go_on(self) -> Workflow:
        """To the end. Raises `Crash` where one was set up; then it may be called again, as by a new process."""
        procedure = self.procedure()
        while self.workflow.open:
            self.sink_runs()
            step = self.workflow.step
            self.steps.append(step)
            assert len(self.steps) < STEPS_MAX, f"it goes round in circles: {self.steps[-20:]}"
            self._fold(self._taken(procedure))
            self.between(step)
        return self.workflow

    def _taken(self, procedure: Procedure) -> StepResult:
        workflow = self.workflow
        try:
            return procedure.take(workflow)
        except PortError as error:
            return StepResult(workflow.id, workflow.step, workflow.step, error=str(error))

    def _fold(self, result: StepResult) -> None:
        """As the judge does, without its journal."""
        workflow = self.workflow
        self.now += timedelta(seconds=result.pause_seconds or 0.1)
        if result.error and (workflow.undoing or (result.again and workflow.tried < 7)):
            self.workflow = replace(workflow, tried=workflow.tried + 1)
        elif result.error and workflow.changed:
            data = {**workflow.data, "why": result.error}
            self.workflow = replace(workflow, step=UNDO, undoing=True, tried=0, data=data)
        elif result.error:
            self.workflow = replace(workflow, ended_at=self.now, result=REFUSED, detail=result.error)
        else:
            undoing = workflow.undoing or result.next == UNDO
            ended = None if result.next else self.now
            self.workflow = replace(
                workflow,
                step=result.next or workflow.step,
                data={**workflow.data, **result.data},
                changed=workflow.changed or result.changes,
                undoing=undoing,
                tried=0,
                detail=result.detail or workflow.detail,
                ended_at=ended,
                result=result.result or (UNDONE if undoing else DONE) if ended else "",
            )

    # ── the sink ──

    def sink_runs(self) -> None:
        """Poll by poll in each partition, until it has all or fails; what it took is committed."""
        status = self.connect.connectors[SINK.connector]
        if status.state is not State.RUNNING or status.failed:
            return
        batch = int(self.connect.raw_configs[SINK.connector].get(POLL_KEY, BATCH))
        committed = dict(self.connect.offsets_by_name[SINK.connector].committed)
        for place, records in self.quarantine.topics.items():
            while (at := committed.get(place, 0)) < len(records) and not self._failed():
                for offset in range(at, min(at + batch, len(records))):
                    self._take(RecordId(*split_partition(place), offset))
                if not self._failed():
                    committed[place] = min(at + batch, len(records))
        self.connect.offsets_by_name[SINK.connector] = Offsets(committed, known=True)

    def _take(self, where: RecordId) -> None:
        row = self.quarantine.topics[where.place][where.offset]
        if row is None or self._failed():
            return
        shape = shape_of(where, row.fields)
        if where in self.stubborn or (shape and any(misfits(shape, self.table))):
            self.connect.fail(SINK.connector, f"java.sql.SQLException: no {where.offset}", again=False)
        elif row.fields is None:
            self.rows.pop(row.key, None)
        else:
            self.rows[row.key] = str(row.fields["name"])

    def _failed(self) -> bool:
        return self.connect.connectors[SINK.connector].failed


def wanted_rows(world: World, without: list[RecordId]) -> dict[str, str]:
    """What the table holds once every record but those was taken, in their order."""
    rows: dict[str, str] = {}
    for place, records in world.quarantine.topics.items():
        for offset, row in enumerate(records):
            if row is None or RecordId(*split_partition(place), offset) in without:
                continue
            rows.pop(row.key, None)
            if row.fields is not None:
                rows[row.key] = str(row.fields["name"])
    return rows
