"""Real `kill -9`s at the exact points that matter: around the call, and in the middle of what a schema topic tells.

The process kills itself there, by a program that differs from `watchdog run` in that one line."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.watchdog_process import REPOSITORY, Watchdog, eventually, never
from tests.worker import Worker, worker
from watchdog.adapters.sqlite import open_journal
from watchdog.codec import from_document
from watchdog.model import Counters, TableId, TimelineEntry
from watchdog.remember import remembered

KILLED_AROUND_THE_CALL = """
import os, signal, sys
from watchdog import act
from watchdog.cli import main

def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "between-intent-and-post":
    act.Hands.do = dies
else:  # The call was made and answered; the answer is on its way to the journal.
    made = act.Hands._outcome
    act.Hands._outcome = lambda self, *call: (made(self, *call), dies())[0]
sys.exit(main(["run"]))
"""


@pytest.fixture
def connect() -> Iterator[Worker]:
    with worker() as running:
        running.add("t-sink")
        yield running


@pytest.mark.parametrize(
    ("point", "sent_before", "sent_after"),
    [
        pytest.param("between-intent-and-post", 0, 1, id="between-intent-and-post"),
        pytest.param("between-post-and-commit", 1, 1, id="between-post-and-commit"),
    ],
)
def test_row_9_killed_around_the_call_it_sends_at_most_one_more_and_loses_nothing(
    connect: Worker, tmp_path: Path, point: str, sent_before: int, sent_after: int
) -> None:
    quick = {"WATCHDOG_TRANSIENT_DELAY_SECONDS": "1", "WATCHDOG_STABILITY_WINDOW_SECONDS": "1"}
    watchdog = Watchdog(tmp_path, connect.url, **quick)
    watchdog.program = ["-c", KILLED_AROUND_THE_CALL, point]
    watchdog.start()
    connect.fail("t-sink")
    assert watchdog.process is not None
    try:
        assert watchdog.process.wait(60) == -9, watchdog.log()
    finally:
        watchdog.kill()  # Nobody else would end one that was not killed.
    assert connect.restarts == ["t-sink"] * sent_before
    before = told(watchdog)
    assert [entry.kind for entry in before][-1] == "intent"
    counted = counters(watchdog)

    watchdog.program = ["-m", "watchdog", "run"]
    with watchdog:
        eventually(lambda: kinds(watchdog)["answer"] > sent_after - sent_before, 60, "the call's fate is told")
        eventually(lambda: len(connect.restarts) >= sent_after, 60, "it is sent after all")
        never(lambda: len(connect.restarts) > sent_after, 3, "one more call than is needed")
        incident = watchdog.incident_of("t-sink", all=True)
        assert incident is not None
        results = [attempt["result"] for attempt in incident["attempts"]]
        assert results == ["unknown", "accepted"][: 1 + sent_after - sent_before]
        assert [entry.kind for entry in told(watchdog)][: len(before)] == [entry.kind for entry in before]
        assert (kinds(watchdog)["opened"], kinds(watchdog)["intent"]) == (1, 1 + sent_after - sent_before)
        assert watchdog.metric("watchdog_restarts_total", outcome="unknown") == 1
        assert all(counters(watchdog).get(name, 0.0) >= count for name, count in counted.items())


def told(watchdog: Watchdog) -> list[TimelineEntry]:
    journal = open_journal(Path(watchdog.environment["WATCHDOG_JOURNAL"]), read_only=True)
    try:
        return list(journal.audit.told(connector="t-sink"))
    finally:
        journal.close()


def kinds(watchdog: Watchdog) -> Counter[str]:
    return Counter(entry.kind for entry in told(watchdog))


def counters(watchdog: Watchdog) -> dict[tuple[str, tuple[str, ...]], float]:
    journal = open_journal(Path(watchdog.environment["WATCHDOG_JOURNAL"]), read_only=True)
    try:
        found = journal.state.load("counters")
        return dict(from_document(Counters, found["counters"]).values) if found else {}
    finally:
        journal.close()


# ── row 10 ──

TABLES = 4
STATEMENTS = 160
READS_THE_TOPIC = f"""
import random, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tests.core.scene import CONFIGS, START, ddl_record, table
from tests.fakes.connect import FakeConnect
from watchdog.adapters.sqlite import open_journal
from watchdog.keeper import Keeper
from watchdog.loop import Loop
from watchdog.model import Column, Poll, TableId, Tailed
from watchdog.observe import ClusterEyes, ClusterPorts, Observatory
from watchdog.observe.workers import Inbox
from watchdog.policy import Policy
from watchdog.pulse import Pulse
from watchdog.remember import remembered
from watchdog.world import Configs

def record(n):
    id = TableId("oltp", f"t{{n % {TABLES}}}")
    columns = [Column(f"c{{k}}", "int") for k in range(n // {TABLES} + 1)]
    return ddl_record(n + 1, f"ADD COLUMN c{{n}} INT", table(id, *columns), table=id)

records = [record(n) for n in range({STATEMENTS})]
chance = random.Random(int(sys.argv[2]))
journal = open_journal(Path(sys.argv[1]))
inbox = Inbox()
now = [START]
eyes = ClusterEyes(ClusterPorts(FakeConnect()), {{}}, inbox, lambda: now[0])
loop = Loop(Observatory({{"main": eyes}}, {{}}, inbox), {{}}, Keeper(journal), Policy(), Pulse(lambda: now[0]))
loop.tick([Configs("main", CONFIGS, whole=True), Poll("main", now[0])])
# As the reader does: from where the journal says that it was.
at = remembered(journal.state.load())[1].get("main", {{}}).get("dataflow-0", 0)
while at < len(records):
    now[0] += timedelta(seconds=1)
    batch = tuple(records[at : at + chance.randint(1, 12)])
    at += len(batch)
    loop.tick([(("main", Tailed("main", batch, {{"dataflow-0": at}})),)])
    print(at, flush=True)
journal.close()
"""


def test_row_10_killed_in_the_middle_of_a_schema_topic_it_records_each_change_exactly_once(tmp_path: Path) -> None:
    path, chance, killed = tmp_path / "journal.sqlite", random.Random(10), 0
    for life in range(40):
        with subprocess.Popen(
            [sys.executable, "-c", READS_THE_TOPIC, str(path), str(life)],
            stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/scripts"},
        ) as reader:  # fmt: skip
            assert reader.stdout is not None
            # Somewhere in the tick after these: between its beginning and the end of its commit.
            for _ in range(chance.randint(2, 8)):
                reader.stdout.readline()
            reader.kill()
            reader.stdout.read()
        if reader.returncode == 0:
            break
        assert reader.returncode == -9
        killed += 1
    assert reader.returncode == 0, "it came to the end of the topic"
    assert killed >= 3
    journal = open_journal(path, read_only=True)
    memory, positions = remembered(journal.state.load())
    assert positions == {"main": {"dataflow-0": STATEMENTS}}
    for number in range(TABLES):
        told = [change.ddl for change in memory.history.of("dataflow", TableId("oltp", f"t{number}"))]
        assert told == [f"ADD COLUMN c{n} INT" for n in range(number, STATEMENTS, TABLES)]
    counted = {labels[1]: n for (name, labels), n in memory.counters.values.items() if name == "schema_changes_total"}
    # Had a position been stored without what was read there, or the other way round, these would differ.
    assert counted == {"new": STATEMENTS}
    journal.close()
