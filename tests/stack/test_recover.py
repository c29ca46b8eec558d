"""`watchdog recover` on real MySQL, Debezium and Kafka: it works where nothing happened, and refuses where something
did that the tables of now do not show."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.contract.kafka_worlds import QUIET
from tests.stack.topics import delete_records
from tests.stack.watchdog_process import REPOSITORY, Watchdog, eventually
from watchdog import app
from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.model import Category, Incident, Resolution
from watchdog.settings import Settings, load

SPEC = Spec("rec", "rec", target_database="rec_dw", source="rec-source", sink="rec-sink")
TOPIC_KEY = "schema.history.internal.kafka.topic"

pytestmark = pytest.mark.usefixtures("needs_mysql")


@pytest.fixture(scope="module")
def own(_running_stack: Stack) -> Iterator[Pipeline]:
    _running_stack.source.execute("GRANT REPLICATION SLAVE ON *.* TO 'watchdog'@'%'")
    pipeline = _running_stack.pipeline_of(SPEC)
    pipeline.reset()
    yield pipeline
    topics = [name for name in pipeline.kafka.topics() if name.startswith(SPEC.history_topic)]
    pipeline.delete()
    pipeline.kafka.delete_topics(topics)


@pytest.fixture
def pipeline(stack: Stack, own: Pipeline) -> Pipeline:
    if "FAILED" in own.connect.states(SPEC.source):
        own.reset()
    own.wait_in_step()
    return own


@pytest.fixture
def watchdog(stack: Stack, tmp_path: Path) -> Watchdog:
    """One that is not started: its settings, its journal, its verbs."""
    return Watchdog(tmp_path, stack.connect_url, stack.bootstrap_servers, (stack.source_url, stack.target_url))


def history_of(pipeline: Pipeline) -> str:
    return (pipeline.connect.config(SPEC.source) or {})[TOPIC_KEY]


def stop(pipeline: Pipeline) -> None:
    pipeline.connect.call("PUT", f"/connectors/{SPEC.source}/stop")
    eventually(lambda: pipeline.connect.states(SPEC.source) == {"STOPPED"}, 30, "the source is STOPPED")


def start(pipeline: Pipeline) -> None:
    pipeline.connect.call("PUT", f"/connectors/{SPEC.source}/resume")


def truncate(stack: Stack, topic: str) -> None:
    """As a broker does whose retention is finite: the newest record stays."""
    brokers = KafkaBrokers(stack.bootstrap_servers, {})
    (end,) = brokers.topics([topic])[topic].end.values()
    brokers.close()
    delete_records(AdminClient({"bootstrap.servers": stack.bootstrap_servers}, logger=QUIET), topic, end - 1)


def fails(pipeline: Pipeline) -> str:
    start(pipeline)
    return pipeline.connect.wait_failed(SPEC.source, 60)


def unlogged(pipeline: Pipeline, change: str) -> None:
    with pipeline.source.session(SPEC.database) as execute:
        execute("SET sql_log_bin = 0")
        execute(f"ALTER TABLE orders {change}")


def rows(pipeline: Pipeline) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    query = "SELECT id, customer, amount, status FROM `{}`.orders ORDER BY id"
    source = pipeline.source.query(query.format(SPEC.database))
    return source, pipeline.target.query(query.format(SPEC.target_database))


def failure_of(watchdog: Watchdog, open: bool = True) -> Incident | None:  # noqa: A002
    """The source's incident, as it is in the journal."""
    found = app.incidents(settings_of(watchdog), all=True)
    own = [each for each in found if each.key.connector == SPEC.source and each.code.is_failure]
    return next((each for each in own if each.open is open), None)


def settings_of(watchdog: Watchdog) -> Settings:
    return load(None, watchdog.environment)


def test_row_39_a_deleted_history_is_rebuilt_and_every_row_arrives(pipeline: Pipeline, watchdog: Watchdog) -> None:
    before = pipeline.connect.config(SPEC.source) or {}
    stop(pipeline)
    pipeline.insert(20)
    pipeline.kafka.delete_topics([history_of(pipeline)])
    assert "history topic is missing" in fails(pipeline)
    may, told = app.recovery_preview(settings_of(watchdog), SPEC.source, None, prove=True, snapshot=False, say=print)
    assert (may, "safe to rebuild" in told) == (True, True), told
    with watchdog:
        incident = eventually(lambda: failure_of(watchdog), 30, "an incident")
        assert incident.diagnosis.cause.category is Category.HISTORY_LOST
        assert f"`watchdog recover {SPEC.source}` rebuilds" in incident.diagnosis.way_out
        done = watchdog.cli("recover", SPEC.source, "--yes")
        assert done.returncode == 0, done.stderr
        assert f"schema history is in {SPEC.history_topic}.rebuilt-" in done.stdout
        ended = eventually(lambda: failure_of(watchdog, open=False), 60, "it is recovered")
    assert (ended.resolution, ended.attempts) == (Resolution.RECOVERED, ())
    pipeline.insert(20)
    pipeline.wait_in_step()
    source, target = rows(pipeline)
    assert source == target
    after = pipeline.connect.config(SPEC.source) or {}
    assert after.pop(TOPIC_KEY).startswith(f"{SPEC.history_topic}.rebuilt-")
    assert after == {key: value for key, value in before.items() if key != TOPIC_KEY}
    # The new history is one to go on with: with a statement, and with another start.
    pipeline.alter("ADD COLUMN note VARCHAR(20)")
    pipeline.alter_target("ADD COLUMN note VARCHAR(20)")
    pipeline.insert(1)
    pipeline.wait_in_step()
    stop(pipeline)
    pipeline.insert(1)
    start(pipeline)
    pipeline.wait_in_step()


def test_a_truncated_one_is_rebuilt_by_whoever_comes_after_a_kill_in_the_middle(
    pipeline: Pipeline, watchdog: Watchdog, stack: Stack
) -> None:
    old = history_of(pipeline)
    stop(pipeline)
    truncate(stack, old)
    pipeline.insert(20)
    fails(pipeline)
    killed = subprocess.Popen(
        [sys.executable, "-m", "watchdog", "recover", SPEC.source, "--yes"],
        env=watchdog.environment,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert killed.stderr is not None
    wait_for_step("rebuild", killed.stderr)
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    assert (pipeline.connect.config(SPEC.source) or {}).get("snapshot.mode") == "recovery"
    with watchdog:
        eventually(lambda: "recover, done" in watchdog.log(), 90, "the next one ends it")
    assert "snapshot.mode" not in (pipeline.connect.config(SPEC.source) or {})
    assert history_of(pipeline) != old
    assert old in pipeline.kafka.topics()
    pipeline.wait_in_step()
    source, target = rows(pipeline)
    assert source == target


def wait_for_step(step: str, lines: IO[str]) -> None:
    told = []
    for line in lines:
        told.append(line)
        if line.startswith(f"{step}:"):
            return
    raise AssertionError(f"step {step} never came:\n{''.join(told)}")


def refused(watchdog: Watchdog, pipeline: Pipeline) -> str:
    """Why; and nothing was touched."""
    before = (pipeline.connect.config(SPEC.source), pipeline.connect.states(SPEC.source))
    request = app.ask(settings_of(watchdog), "recover", SPEC.source, None)
    assert request.state == "refused"
    assert (pipeline.connect.config(SPEC.source), pipeline.connect.states(SPEC.source)) == before
    return request.detail


def test_a_stale_one_is_rebuilt_where_only_rows_of_the_new_shape_are_to_be_read(
    pipeline: Pipeline, watchdog: Watchdog
) -> None:
    unlogged(pipeline, "ADD COLUMN secret INT")
    pipeline.alter_target("ADD COLUMN secret INT")
    pipeline.insert(3)
    assert "internal schema size" in pipeline.connect.wait_failed(SPEC.source, 60)
    assert app.ask(settings_of(watchdog), "recover", SPEC.source, None).state == "accepted"
    pipeline.wait_in_step()
    source, target = rows(pipeline)
    assert source == target


def test_it_refuses_after_an_alter_and_back_and_after_an_unlogged_one_and_a_copy_is_the_way_out(
    pipeline: Pipeline, watchdog: Watchdog
) -> None:
    stop(pipeline)
    pipeline.alter("ADD COLUMN extra INT")
    pipeline.insert(1)
    pipeline.alter("DROP COLUMN extra")
    pipeline.kafka.delete_topics([history_of(pipeline)])
    fails(pipeline)
    why = refused(watchdog, pipeline)
    assert "rec.orders was changed by: ALTER TABLE `rec`.`orders` ADD COLUMN extra INT" in why
    assert f"watchdog recover {SPEC.source} --snapshot" in why
    told: list[str] = []
    copied = app.ask(settings_of(watchdog), "recover", SPEC.source, None, {"snapshot": True}, told.append)
    assert copied.state == "accepted", copied.detail
    assert any("rows of 1 tables come again, as reads (op=r)" in line for line in told)
    pipeline.wait_in_step()
    # Rows of the old shape are still to be read, and no statement tells of the change.
    width = len(pipeline.source.query(f"SHOW COLUMNS FROM `{SPEC.database}`.orders"))
    stop(pipeline)
    pipeline.insert(1)
    unlogged(pipeline, "ADD COLUMN hidden INT")
    pipeline.insert(1)
    pipeline.kafka.delete_topics([history_of(pipeline)])
    fails(pipeline)
    why = refused(watchdog, pipeline)
    assert f"have {width} columns, the table has {width + 1} now, and the binlog does not say who changed it" in why
    unlogged(pipeline, "DROP COLUMN hidden")
    assert f"have {width + 1} columns, the table has {width} now" in refused(watchdog, pipeline)
