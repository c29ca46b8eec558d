"""Shell: one call of a step of `recover`: what it stands on, and the answers that can be made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from watchdog.model import ConnectorConfig, ConnectorStatus, Position, SourceOffset, StepResult, Workflow
from watchdog.model.workflows import DONE, UNDO
from watchdog.ports import BinlogReader, Brokers, Connect, Control, Database, SchemaFeed
from watchdog.progress import source_offset
from watchdog.recovery.plan import COPYING_MODES, MODE_KEY, NotRecoverable
from watchdog.topology import SourceLink
from watchdog.topology.sources import source_of
from watchdog.workflows.proving import Proof

PAUSE_SECONDS = 1.0
LOOKS_MAX = 900
"""Looks that bring nothing new, before it is given up: a quarter of an hour."""
_TRACE_MAX = 500


@dataclass(frozen=True, slots=True)
class RecoverPorts:
    """Of one Connect cluster; databases and binlogs by `host:port`. `history`: makes a reader of schema topics."""

    connect: Connect
    control: Control
    brokers: Brokers
    history: Callable[[], SchemaFeed]
    databases: Mapping[str, Database]
    binlogs: Mapping[str, BinlogReader]


class Step:
    def __init__(self, workflow: Workflow, ports: RecoverPorts) -> None:
        self.workflow = workflow
        self.name = workflow.key.connector
        self.data = workflow.data
        self._ports = ports

    # What it stands on.

    def config(self) -> ConnectorConfig:
        found = self._ports.connect.configs([self.name]).get(self.name)
        if found is None:
            raise NotRecoverable(f"there is no connector {self.name}, or Connect cannot address it")
        return found

    def source(self) -> SourceLink:
        if (found := source_of(self.config())) is None:
            raise NotRecoverable("it is no Debezium source any more")
        return found

    def state(self) -> ConnectorStatus:
        return self._ports.control.state(self.name)

    def offset(self, prefix: str) -> SourceOffset | None:
        """As it is stored now."""
        return source_offset(self._ports.connect.offsets(self.name).source, prefix)

    def start(self, prefix: str) -> Position:
        """What was stored when it was looked at first: the binlog is read from there, or from later on."""
        offset = source_offset(str(self.data["offset"]), prefix)
        if offset is None:
            raise NotRecoverable("no offset of it is stored")
        return offset.position

    def proof_of(self, step: str) -> str:
        """By what the columns of a proof are kept."""
        return f"{self.workflow.id}:{step}"

    @property
    def copies(self) -> bool:
        return self.workflow.arguments.get("snapshot") is True

    @property
    def only_checks(self) -> bool:
        return self.workflow.arguments.get("check") is True

    @property
    def before(self) -> Mapping[str, str | None]:
        """The keys of its configuration that are changed, as they were."""
        found: Mapping[str, str | None] = self.data["before"]
        return found

    @property
    def topic_key(self) -> str:
        return next(key for key in self.before if key != MODE_KEY)

    @property
    def keeps_its_mode(self) -> bool:
        """It copies all by itself when it has no offset: its mode need not be changed."""
        return self.copies and (self.before[MODE_KEY] or "") in COPYING_MODES

    # Answers.

    def go(self, to: str, detail: str = "", data: Mapping[str, Any] | None = None, changes: bool = False) -> StepResult:
        return self._result(to, detail, data or {}, changes=changes)

    def again(self, detail: str, data: Mapping[str, Any] | None = None, pause: float = 0.0) -> StepResult:
        return self._result(self.workflow.step, detail, data or {}, pause_seconds=pause)

    def wait(self, detail: str, seen: object) -> StepResult:
        """Not yet. Given up when `seen` has been the same for too long."""
        looks = int(self.data.get("looks", 0)) + 1 if self.data.get("seen") == seen else 1
        if looks > LOOKS_MAX:
            return self.back(f"nothing came of it for {LOOKS_MAX * PAUSE_SECONDS:.0f} s: {detail}")
        return self.again(detail, {"seen": seen, "looks": looks}, PAUSE_SECONDS)

    def back(self, why: str) -> StepResult:
        return self._result(UNDO, why, {"why": why})

    def over(self, detail: str, result: str = DONE, data: Mapping[str, Any] | None = None) -> StepResult:
        return self._result("", detail, data or {}, result=result)

    def _result(self, to: str, detail: str, data: Mapping[str, Any], **more: Any) -> StepResult:
        return StepResult(self.workflow.id, self.workflow.step, to, detail=detail, data=data, **more)


def trace_of(status: ConnectorStatus) -> str:
    """The last cause of what failed, on one line."""
    traces = [status.trace, *(task.trace for task in status.failed_tasks)]
    lines = [line for trace in traces if trace for line in trace.splitlines() if line and not line[0].isspace()]
    return (lines[-1] if lines else "no trace")[:_TRACE_MAX]


def end_of(step: Step, proof: str) -> Position:
    end = step.data[proof]["end"]
    return Position(None, end["file"], end["pos"])


def against(step: Step, proof: Proof) -> str:
    return (
        f"a history of now would be wrong for what is still to be read: {'; '.join(proof.objections)}."
        f" What helps is a new copy: `watchdog recover {step.name} --snapshot` says what it costs"
    )
