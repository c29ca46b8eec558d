"""One round on the real stack: a source, tables with a sink each, their histories mixed, and what was said of them."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.watchdogs import Watchdog
from stack import Pipeline, Stack, wait_for
from stack.errors import StackError
from stack.pipeline import Spec
from stack.settings import REPOSITORY

from correlation.histories import History, Step, mixed

NOISE_TABLES = 5
LOOK_SECONDS = 2.0
STEP_SECONDS = 240.0
FAILED_SECONDS = 120.0
TICK_SECONDS = 1.5


@dataclass(frozen=True)
class Case:
    table: str
    pipeline: Pipeline
    history: History

    @property
    def sink(self) -> str:
        return self.pipeline.spec.sink


@dataclass(frozen=True)
class Said:
    """What the watchdog said of one sink, beside what was done."""

    kind: str
    truth: str
    columns: tuple[str, ...]
    failed: bool
    ddl: str = ""
    said_columns: tuple[str, ...] = ()
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()
    category: str = ""

    @property
    def right(self) -> bool:
        return _same(self.truth, self.ddl) if self.truth else not self.ddl

    @property
    def right_columns(self) -> bool:
        return set(self.columns) <= set(self.said_columns)


def _same(truth: str, ddl: str) -> bool:
    """Debezium tells the statement as it was written; a swap with what ran before it."""
    return " ".join(truth.split()).lower() in " ".join(ddl.split()).lower()


class Round:
    """`number` names its database, topics and connectors: every round has its own."""

    def __init__(self, stack: Stack, number: int, histories: list[History]) -> None:
        self._stack, self._number = stack, number
        self._database = f"gen{number}"
        self._cases = [self._case(index, history) for index, history in enumerate(histories)]

    def run(self, seed: int, watchdog: "Looking") -> list[Said]:
        try:
            self._make_databases()
            with (
                self._stack.source.session(self._database) as self._source,
                self._stack.target.session(f"{self._database}_dw") as self._target,
            ):
                return self._played(seed, watchdog)
        finally:
            self._end()

    def _played(self, seed: int, watchdog: "Looking") -> list[Said]:
        self._begin()
        self._begin_late()
        watchdog.wait_for_a_look(self._stack)
        self._play(seed, watchdog)
        failed = self._wait_failed()
        self._play_after(failed)
        return self._said(watchdog, failed)

    def _case(self, index: int, history: History) -> Case:
        table = f"t{index:02}"
        spec = Spec(
            prefix=self._database,
            database=self._database,
            table=table,
            target_database=f"{self._database}_dw",
            source=f"{self._database}-source",
            sink=f"{self._database}-{table}-sink",
            columns=history.source_columns,
            # A sink takes 32 connections at once by default: too many for the server.
            sink_config={"connection.pool.min_size": "1", "connection.pool.acquire_increment": "1"},
        )
        return Case(table, self._stack.pipeline_of(spec), history)

    # ── tables and connectors ──

    def _make_databases(self) -> None:
        for server, database in (
            (self._stack.source, self._database),
            (self._stack.target, f"{self._database}_dw"),
        ):
            server.execute(f"CREATE DATABASE `{database}`")
            server.execute(f"GRANT SELECT ON `{database}`.* TO 'watchdog'@'%'")
        self._stack.target.execute(f"GRANT ALL ON `{self._database}_dw`.* TO 'dw'@'%'")

    def _begin(self) -> None:
        for number in range(NOISE_TABLES):
            self._source(f"CREATE TABLE noise{number} (id INT PRIMARY KEY)")
        for case in self._cases:
            self._on_target(case, f"CREATE TABLE {{t}} ({case.history.target_columns})")
            if not case.history.late:
                self._on_source(case, f"CREATE TABLE {{t}} ({case.history.source_columns})")
                self._on_source(case, "INSERT INTO {t} (customer, note) VALUES ('first', 'row')")
            self._stack.kafka.create_topic(case.pipeline.spec.topic)
        first = self._cases[0].pipeline
        self._stack.connect.put(first.spec.source, first.source_config())
        self._at_once(lambda case: self._stack.connect.call("PUT", _config(case), case.pipeline.sink_config()))
        for case in self._cases:
            if not case.history.late:
                case.pipeline.wait_in_step(STEP_SECONDS)

    def _begin_late(self) -> None:
        late = [case for case in self._cases if case.history.late]
        for case in late:
            self._on_source(case, f"CREATE TABLE {{t}} ({case.history.source_columns})")
        for case in late:
            if case.history.source_columns == case.history.target_columns:
                self._on_source(case, "INSERT INTO {t} (customer, note) VALUES ('first', 'row')")
                case.pipeline.wait_in_step(STEP_SECONDS)

    def _end(self) -> None:
        connect, spec = self._stack.connect, self._cases[0].pipeline.spec
        there = set(connect.names())
        self._at_once(lambda case: case.sink in there and connect.call("DELETE", f"/connectors/{case.sink}"))
        connect.delete(spec.source)
        topics = [case.pipeline.spec.topic for case in self._cases]
        self._stack.kafka.delete_topics([*topics, spec.prefix, spec.history_topic])
        self._stack.source.execute(f"DROP DATABASE IF EXISTS `{self._database}`")
        self._stack.target.execute(f"DROP DATABASE IF EXISTS `{self._database}_dw`")

    # ── what is done ──

    def _play(self, seed: int, watchdog: "Looking") -> None:
        lines = [list(case.history.steps) for case in self._cases]
        noise = [Step("noise", sql) for sql in self._noise(seed)]
        for number, step in mixed(seed, [*lines, noise]):
            if step.side == "noise":
                self._source(step.sql)
            else:
                self._do(self._cases[number], step, watchdog)

    def _noise(self, seed: int) -> list[str]:
        chance, table = random.Random(seed), "noise"
        return [f"ALTER TABLE {table}{chance.randrange(NOISE_TABLES)} ADD COLUMN c{number} INT" for number in range(40)]

    def _do(self, case: Case, step: Step, watchdog: "Looking") -> None:
        match step.side:
            case "source":
                self._on_source(case, step.sql)
            case "target":
                self._on_target(case, step.sql)
            case "flow":
                case.pipeline.wait_in_step(STEP_SECONDS)
            case "look":
                watchdog.wait_for_a_look(self._stack)

    def _play_after(self, failed: set[str]) -> None:
        for case in self._cases:
            if case.sink in failed:
                for step in case.history.after:
                    self._on_source(case, step.sql)

    def _on_source(self, case: Case, sql: str) -> None:
        self._source(sql.replace("{t}", case.table))

    def _on_target(self, case: Case, sql: str) -> None:
        self._target(sql.replace("{t}", case.table))

    def _at_once(self, deed: Callable[[Case], object]) -> None:
        """Connect balances its work anew for each connector, but once for several that come together."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(deed, self._cases))

    # ── what came of it ──

    def _wait_failed(self) -> set[str]:
        wanted = {case.sink for case in self._cases}
        failed: set[str] = set()

        def all_failed() -> bool:
            failed.update(sink for sink in wanted - failed if "FAILED" in self._stack.connect.states(sink))
            return failed == wanted

        # What did not fail is told as such.
        with suppress(StackError):
            wait_for(all_failed, FAILED_SECONDS, every=1.0)
        return failed

    def _said(self, watchdog: "Looking", failed: set[str]) -> list[Said]:
        incidents = watchdog.settled(failed)
        return [self._of(case, case.sink in failed, incidents.get(case.sink)) for case in self._cases]

    def _of(self, case: Case, failed: bool, incident: Mapping[str, Any] | None) -> Said:
        history = case.history
        truth = history.truth.replace("{t}", case.table)
        if incident is None:
            return Said(history.kind, truth, history.columns, failed)
        return Said(
            kind=history.kind,
            truth=truth,
            columns=history.columns,
            failed=failed,
            ddl=incident["ddl"] or "",
            said_columns=tuple(incident["columns"]),
            confidence=incident["confidence"],
            evidence=tuple(incident["evidence"]),
            category=incident["category"],
        )


def _config(case: Case) -> str:
    return f"/connectors/{case.sink}/config"


class Looking(Watchdog):
    """A real watchdog in mode observe, with everything to see, that looks at the columns more often than usual."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        config = folder / "watchdog.yaml"
        urls = [stack.source_url, stack.target_url]
        entries = "\n".join(f"  - url: {url}\n    poll_interval_seconds: {LOOK_SECONDS:g}" for url in urls)
        config.write_text(f"databases:\n{entries}\n")
        given = {"CONNECT_URL": stack.connect_url, "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers}
        super().__init__(folder, {**given, "WATCHDOG_CONFIG": str(config)})

    def wait_for_a_look(self, stack: Stack) -> None:
        """Until it has looked at the target's columns again, begun after now."""
        asked_at = time.time()
        wait_for(lambda: self._look_at(stack) > asked_at, STEP_SECONDS, "a look at the target's columns", every=0.5)
        # What was seen is judged with the next tick.
        time.sleep(TICK_SECONDS)

    def _look_at(self, stack: Stack) -> float:
        """Unix seconds at which the last look at the target's columns began, by its age in `/readyz`."""
        document = json.loads(self._get("/readyz")[1])
        ages = [s["age_seconds"] for s in document["sources"] if s["name"].endswith(f":{stack.target.port}")]
        return time.time() - ages[0] if ages and ages[0] is not None else 0.0

    def settled(self, sinks: set[str]) -> dict[str, Any]:
        """The incident of each sink, once the evidence of all has stood still for a while."""
        before: dict[str, Any] = {}
        still = 0

        def stands_still() -> bool:
            nonlocal before, still
            now = {each["connector"]: each for each in self.incidents() if each["connector"] in sinks}
            same = {c: (i["ddl"], i["evidence"]) for c, i in now.items()} == {
                c: (i["ddl"], i["evidence"]) for c, i in before.items()
            }
            before, still = now, still + 1 if same else 0
            return still >= 3 and now.keys() >= sinks

        with suppress(StackError):
            wait_for(stands_still, FAILED_SECONDS, every=2.0)
        return before

    def incidents(self) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "watchdog", "incidents", "-o", "json"]
        done = subprocess.run(
            command, env=self._environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found
