"""Each cause that has a remedy, on the real stack in mode auto: broken, held without a call, remedied, recovered; with
every restart call counted. Where a person decides, the test plays the person.

What has a test of its own elsewhere: a missing column (rows 36 to 38), databases that are down, the registry.
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
from confluent_kafka import Consumer, Producer, TopicPartition
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.logins import PASSWORD, logins, pipeline_with_logins
from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import Watchdog, eventually, never

SOURCE_USER, SINK_USER = "remedies_source", "remedies_sink"
SPEC = Spec(
    prefix="remedies",
    database="remedies",
    target_database="remedies_dw",
    source="remedies-source",
    sink="remedies-sink",
    **logins(SOURCE_USER, SINK_USER),
)
SKIP = {"schema.history.internal.skip.unparseable.ddl": "true"}
HELD_SECONDS = 4.0


@dataclass
class Bench:
    stack: Stack
    pipeline: Pipeline
    watchdog: Watchdog
    kept: list[tuple[bytes | None, bytes | None]]
    """A topic's records, where a case puts them aside."""


@dataclass(frozen=True)
class Case:
    """`says`: what the hold has to say. `restarts`: the watchdog's own calls once it is remedied; 0 where Connect
    restarts the connector by itself for what the person did."""

    connector: str
    categories: tuple[str, ...]
    break_it: Callable[[Bench], None]
    says: str
    remedy: Callable[[Bench], None]
    restarts: int = 1


@pytest.fixture
def pipeline(stack: Stack) -> Iterator[Pipeline]:
    with pipeline_with_logins(stack, SPEC) as own:
        yield own


@pytest.fixture
def watchdog(stack: Stack, proxy: RecordingProxy, pipeline: Pipeline, tmp_path: Path) -> Iterator[Watchdog]:
    """It knows that the worker flushes offsets each second, and looks at them as often."""
    cluster = {
        "name": "default",
        "connect_url": proxy.url,
        "kafka_bootstrap_servers": stack.bootstrap_servers,
        "offset_flush_interval_seconds": 1,
    }
    settings = {
        "WATCHDOG_CLUSTERS": json.dumps([cluster]),
        "WATCHDOG_MODE": "auto",
        "WATCHDOG_TRANSIENT_DELAY_SECONDS": "1",
        "WATCHDOG_STABILITY_WINDOW_SECONDS": "2",
        "WATCHDOG_PROGRESS_INTERVAL_SECONDS": "1",
    }
    databases = [
        {"url": stack.source_url},
        {"url": stack.target_url, "apply_url": stack.target.url("", "root", "root")},
    ]
    with Watchdog(tmp_path, "", **settings, WATCHDOG_DATABASES=json.dumps(databases)) as running:
        yield running


# ── the target does not take a value ──


def a_number_that_the_target_cannot_hold(bench: Bench) -> None:
    bench.pipeline.alter("MODIFY COLUMN amount DECIMAL(14,2) NOT NULL")
    insert(bench, amount="123456789012.50")


def apply_the_way_out(bench: Bench) -> None:
    """With an account that was configured for it, while the loop runs and holds the journal."""
    one = next(one for one in bench.watchdog.incidents() if one["kind"] == "task-failed")
    statement = f"ALTER TABLE `{SPEC.target_database}`.`orders` MODIFY COLUMN `amount` decimal(14,2) NOT NULL;"
    assert one["way_out"] == statement
    refused = bench.watchdog.cli("apply", one["id"])
    assert (refused.returncode, refused.stdout.strip()) == (2, statement)
    done = bench.watchdog.cli("apply", one["id"], "--yes")
    assert (done.returncode, done.stdout.strip()) == (0, statement), done.stderr
    told = [(entry["kind"], entry["text"]) for entry in bench.watchdog.timeline(one["id"]) if "root@" in entry["text"]]
    assert [kind for kind, _ in told] == ["intent", "answer"]
    assert all(statement in text for _, text in told)


def a_letter_that_the_target_cannot_hold(bench: Bench) -> None:
    bench.pipeline.alter_target("MODIFY COLUMN customer VARCHAR(64) CHARACTER SET latin1 NOT NULL")
    insert(bench, customer="Łukasz")


def a_character_set_that_has_it(bench: Bench) -> None:
    bench.pipeline.alter_target("MODIFY COLUMN customer VARCHAR(64) CHARACTER SET utf8mb4 NOT NULL")


def insert(bench: Bench, customer: str = "An", amount: str = "1.50") -> None:
    table = f"`{SPEC.database}`.`{SPEC.table}`"
    bench.stack.source.execute(f"INSERT INTO {table} (customer, amount) VALUES (%s, %s)", (customer, amount))


# ── somebody is not let in, or may not do what it has to ──


def take_the_grant_away(bench: Bench) -> None:
    bench.stack.target.execute(f"REVOKE ALL ON `{SPEC.target_database}`.* FROM '{SINK_USER}'@'%'")
    bench.stack.target.execute(f"GRANT SELECT ON `{SPEC.target_database}`.* TO '{SINK_USER}'@'%'")
    # An open connection keeps what it was granted on its database.
    bench.stack.target.kill_connections(SINK_USER)
    bench.stack.connect.restart(SPEC.sink, only_failed=False)
    bench.pipeline.insert()


def give_the_grant_back(bench: Bench) -> None:
    bench.stack.target.execute(f"GRANT ALL ON `{SPEC.target_database}`.* TO '{SINK_USER}'@'%'")


def change_the_password(bench: Bench) -> None:
    bench.stack.source.execute(f"ALTER USER '{SOURCE_USER}'@'%' IDENTIFIED BY 'another'")
    bench.stack.source.kill_connections(SOURCE_USER)
    # Debezium tries on quietly for minutes, RUNNING; somebody who restarts it makes it show.
    bench.stack.connect.restart(SPEC.source, only_failed=False)


def change_it_back(bench: Bench) -> None:
    bench.stack.source.execute(f"ALTER USER '{SOURCE_USER}'@'%' IDENTIFIED BY '{PASSWORD}'")


# ── the source's own memory ──


def delete_the_history(bench: Bench) -> None:
    bench.kept[:] = records_of(bench.stack, SPEC.history_topic)
    bench.stack.kafka.delete_topics([SPEC.history_topic])
    bench.stack.connect.restart(SPEC.source, only_failed=False)


def bring_the_history_back(bench: Bench) -> None:
    bench.stack.kafka.create_topic(SPEC.history_topic, 1, {"retention.ms": "-1"})
    producer = Producer({"bootstrap.servers": bench.stack.bootstrap_servers})
    for key, value in bench.kept:
        producer.produce(SPEC.history_topic, value=value, key=key, partition=0)
    assert producer.flush(10) == 0


def purge_the_binlog(bench: Bench) -> None:
    """While the source is stopped; the stack's own source has read past all of it."""
    connect, server = bench.stack.connect, bench.stack.source
    connect.call("PUT", f"/connectors/{SPEC.source}/stop")
    eventually(lambda: not connect.status(SPEC.source)["tasks"] or None, 60, "the source is stopped")
    bench.pipeline.insert(3)
    server.execute("FLUSH BINARY LOGS")
    bench.stack.pipeline.insert()
    bench.stack.pipeline.wait_in_step()
    time.sleep(2.5)  # Two of the worker's flushes: what it stored is behind what goes now.
    server.execute("FLUSH BINARY LOGS")
    last = server.query("SHOW BINARY LOGS")[-1]["Log_name"]
    server.execute(f"PURGE BINARY LOGS TO '{last}'")
    connect.call("PUT", f"/connectors/{SPEC.source}/resume")


def decide_on_a_new_snapshot(bench: Bench) -> None:
    connect = bench.stack.connect
    connect.call("PUT", f"/connectors/{SPEC.source}/stop")
    eventually(lambda: not connect.status(SPEC.source)["tasks"] or None, 60, "the source is stopped")
    eventually(lambda: connect._forget_offsets(SPEC.source) or None, 60, "its offsets are reset")
    connect.call("PUT", f"/connectors/{SPEC.source}/resume")


def a_statement_that_debezium_cannot_parse(bench: Bench) -> None:
    bench.stack.source.execute(
        f"CREATE JSON RELATIONAL DUALITY VIEW `{SPEC.database}`.doc AS "
        f"SELECT JSON_DUALITY_OBJECT('_id': id, 'customer': customer) FROM `{SPEC.database}`.orders"
    )


@contextmanager
def without_the_stacks_own_source(stack: Stack) -> Iterator[None]:
    """It would stumble over the statement as well, and keep it in its history if it passed over it: it begins anew."""
    connect, other = stack.connect, stack.pipeline
    connect.call("PUT", f"/connectors/{other.spec.source}/stop")
    try:
        yield
    finally:
        other.reset()


def skip_the_statement(bench: Bench) -> None:
    bench.stack.connect.put(SPEC.source, {**bench.pipeline.source_config(), **SKIP})


def records_of(stack: Stack, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    consumer = Consumer({"bootstrap.servers": stack.bootstrap_servers, "group.id": "none", "enable.auto.commit": False})
    try:
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        consumer.assign([TopicPartition(topic, 0, 0)])
        found = [message for _ in range(end) if (message := consumer.poll(10)) is not None and not message.error()]
        return [(message.key(), message.value()) for message in found]  # type: ignore[misc]
    finally:
        consumer.close()


DECIMAL = Case(
    SPEC.sink, ("SCHEMA_DRIFT",), a_number_that_the_target_cannot_hold, "takes every record that waits (amount)",
    apply_the_way_out,
)  # fmt: skip
LETTER = Case(
    SPEC.sink, ("SCHEMA_DRIFT",), a_letter_that_the_target_cannot_hold, "takes every record that waits (customer)",
    a_character_set_that_has_it,
)  # fmt: skip
GRANT = Case(SPEC.sink, ("AUTH",), take_the_grant_away, "command denied to user", give_the_grant_back)
PASSWORD_CHANGED = Case(SPEC.source, ("AUTH",), change_the_password, "Access denied", change_it_back)
HISTORY = Case(SPEC.source, ("HISTORY_LOST",), delete_the_history, "schema-history.remedies", bring_the_history_back)
BINLOG = Case(SPEC.source, ("BINLOG_GAP",), purge_the_binlog, "the source stands at", decide_on_a_new_snapshot, 0)
UNPARSED = Case(
    SPEC.source, ("DDL_PARSE",), a_statement_that_debezium_cannot_parse, "other settings", skip_the_statement, 0
)


def broken_held_remedied(bench: Bench, case: Case, proxy: RecordingProxy, watchdog: Watchdog) -> dict[str, Any]:
    """The incident once it is over; no restart was useless, and every row arrived."""
    case.break_it(bench)

    def failure() -> dict[str, Any] | None:
        # Beside it there may be a finding of what will be missed at the next start.
        found = [one for one in watchdog.incidents(all=True) if one["connector"] == case.connector]
        return next((one for one in found if one["kind"] in ("task-failed", "connector-failed")), None)

    def held() -> dict[str, Any] | None:
        one = failure()
        fits = one and one["category"] in case.categories and one["verdict"] == "hold" and case.says in one["reason"]
        return one if fits else None

    incident = eventually(
        held, 40, lambda: f"{case.connector} is held, saying “{case.says}”; the log:\n{watchdog.log()}"
    )
    never(lambda: proxy.restarts(case.connector), HELD_SECONDS, "a restart before the remedy")
    assert any(probe["asked_at"] for probe in incident["probes"]) or not incident["probes"]
    remedied_at = time.time()
    case.remedy(bench)
    bench.pipeline.insert()
    resolved = eventually(
        lambda: ((one := failure()) and one["state"] == "resolved" and one) or None,
        60,
        lambda: f"{case.connector} is recovered; the log:\n{watchdog.log()}",
    )
    assert resolved["id"] == incident["id"]
    assert resolved["resolution"] == ("recovered" if case.restarts else "recovered-not-by-us")
    sent = proxy.restarts(case.connector)
    assert [call.path.rpartition("?")[2] for call in sent] == ["includeTasks=true&onlyFailed=true"] * case.restarts
    assert all(call.at > remedied_at for call in sent)
    assert watchdog.metric("watchdog_useless_restarts_total", connector=case.connector) in (None, 0)
    eventually(lambda: bench.pipeline.source_ids() == bench.pipeline.target_ids() or None, 60, "every row is there")
    return resolved


@pytest.mark.parametrize(
    "case", [pytest.param(DECIMAL, id="too-large"), pytest.param(LETTER, id="charset"), pytest.param(GRANT, id="grant")]
)
def test_a_sink_is_restarted_once_and_only_when_its_remedy_holds(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog, case: Case
) -> None:
    broken_held_remedied(Bench(stack, pipeline, watchdog, []), case, proxy, watchdog)


def test_row_43_a_password_changed_and_changed_back_brings_one_restart_within_seconds(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    broken_held_remedied(Bench(stack, pipeline, watchdog, []), PASSWORD_CHANGED, proxy, watchdog)
    # Nothing was sent before Connect's own validation had connected for real.
    (restart,) = proxy.restarts(SPEC.source)
    asked = [call.at for call in proxy.calls if call.path.endswith("/config/validate")]
    assert 0 <= restart.at - max(at for at in asked if at < restart.at) < 10


def test_a_history_that_is_there_again_from_its_beginning_brings_one_restart(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    resolved = broken_held_remedied(Bench(stack, pipeline, watchdog, []), HISTORY, proxy, watchdog)
    assert "watchdog recover" in resolved["way_out"] or "snapshot.mode=recovery" in resolved["way_out"]


def test_row_22_a_purged_binlog_is_told_with_both_positions_and_no_restart_is_sent(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    bench = Bench(stack, pipeline, watchdog, [])
    one = broken_held_remedied(bench, BINLOG, proxy, watchdog)
    held = next(e["text"] for e in watchdog.timeline(one["id"]) if "the source stands at" in e["text"])
    assert "purged" in held
    assert "snapshot" in held


@pytest.mark.usefixtures("needs_mysql")
def test_a_statement_that_cannot_be_parsed_waits_for_other_settings(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    with without_the_stacks_own_source(stack):
        broken_held_remedied(Bench(stack, pipeline, watchdog, []), UNPARSED, proxy, watchdog)
