"""Whom failures are blamed on, on the real stack: with noise around, clocks apart, helper tables, and nobody to blame.

All of it is done at once and looked at once: one source, a table for each story, a sink (or five) for each table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.watchdog_process import Watchdog, eventually
from watchdog.adapters.debezium import RECORD_BYTES_MAX

FEW = {"connection.pool.min_size": "1", "connection.pool.acquire_increment": "1"}
"""Connections of each sink: by default it takes 32 at once, which is too many for the server."""
SPEC = Spec(
    prefix="corr", database="corr", target_database="corr_dw", source="corr-source", sink="corr-sink", sink_config=FEW
)
TABLES = ("noise", "swap", "percona", "nobody", "lost", "old", "ahead", "behind")
SHARED = tuple(f"corr-noise-{number}" for number in range(1, 5))
"""Sinks that read the topic of `noise` as well, each into a table of its own."""
COLUMNS = "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(64) NOT NULL, note VARCHAR(20)"
TWO_DAYS = 2 * 86_400
TEN_MEGABYTES = 10 * 1024 * 1024
GUILTY = "ALTER TABLE noise ADD COLUMN guilty VARCHAR(64)"
Sql = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """What the watchdog said of each sink, and what it said meanwhile."""

    incidents: dict[str, dict[str, Any]]
    watchdog: Watchdog
    bad_offsets: range

    def of(self, table: str) -> dict[str, Any]:
        return self.incidents[f"corr-{table}-sink"]


@pytest.fixture(scope="module")
def pipelines(_running_stack: Stack) -> Iterator[dict[str, Pipeline]]:
    stack = _running_stack
    own = {
        table: stack.pipeline_of(replace(SPEC, table=table, sink=f"corr-{table}-sink", columns=COLUMNS))
        for table in TABLES
    }
    _delete(stack, own)
    # A schema change topic in which a record of 10 MB has room.
    stack.kafka.create_topic(SPEC.prefix, config={"max.message.bytes": str(2 * TEN_MEGABYTES)})
    for server, database in ((stack.source, SPEC.database), (stack.target, SPEC.target_database)):
        server.execute(f"CREATE DATABASE {database}")
        server.execute(f"GRANT SELECT ON {database}.* TO 'watchdog'@'%'")
        with server.session(database) as run:
            for table in TABLES:
                run(f"CREATE TABLE {table} ({COLUMNS})")
    stack.target.execute(f"GRANT ALL ON {SPEC.target_database}.* TO 'dw'@'%'")
    with stack.target.session(SPEC.target_database) as run:
        for name in SHARED:
            run(f"CREATE TABLE `{name}` ({COLUMNS})")
    for each in own.values():
        stack.kafka.create_topic(each.spec.topic)
    stack.connect.put(SPEC.source, own["noise"].source_config())
    sinks = {each.spec.sink: each.sink_config() for each in own.values()}
    sinks |= {name: {**own["noise"].sink_config(), "collection.name.format": name} for name in SHARED}
    _at_once(sinks, lambda name: stack.connect.call("PUT", f"/connectors/{name}/config", sinks[name]))
    stack.connect.wait_running(SPEC.source)
    yield own
    _delete(stack, own)


def _delete(stack: Stack, own: dict[str, Pipeline]) -> None:
    _at_once([*SHARED, *(each.spec.sink for each in own.values()), SPEC.source], stack.connect.delete)
    for each in own.values():
        each.delete()


def _at_once(names: Iterable[str], deed: Callable[[str], object]) -> None:
    """Connect balances its work anew for each connector, but once for several that come together."""
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(deed, names))


@pytest.fixture(scope="module")
def told(
    _running_stack: Stack, pipelines: dict[str, Pipeline], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    stack = _running_stack
    watchdog = _watchdog(stack, tmp_path_factory.mktemp("correlation"))
    # With so many connectors at once the machine is busy: the first look may take its time.
    watchdog.start(ready_seconds=90)
    with ExitStack() as ending, stack.source.session(SPEC.database) as run:
        ending.callback(lambda: (watchdog.stop(30), print(watchdog.log())))
        for table in TABLES:
            run(f"INSERT INTO {table} (customer, note) VALUES ('An', 'one')")
        for each in pipelines.values():
            each.wait_in_step()
        seen_at = time.time()
        eventually(lambda: _looked_at(watchdog, stack) > seen_at, 60, "the targets are looked at")
        bad = _write_what_is_no_schema_change(stack)
        _play(stack, run)
        sinks = [*(each.spec.sink for each in pipelines.values()), *SHARED]
        incidents = eventually(lambda: _all_explained(watchdog, sinks), 120, "every sink has its incident")
        yield Told(incidents, watchdog, bad)


def _watchdog(stack: Stack, folder: Path) -> Watchdog:
    config = folder / "watchdog.yaml"
    urls = "\n".join(f"  - url: {url}\n    poll_interval_seconds: 1" for url in (stack.source_url, stack.target_url))
    config.write_text(f"databases:\n{urls}\n")
    given = {"WATCHDOG_CONFIG": str(config), "WATCHDOG_MODE": "observe"}
    return Watchdog(folder, stack.connect_url, stack.bootstrap_servers, **given)


def _looked_at(watchdog: Watchdog, stack: Stack) -> float:
    sources = watchdog.get("/readyz").json()["sources"]
    age = next(s["age_seconds"] for s in sources if s["name"].endswith(f":{stack.target.port}"))
    return time.time() - age if age is not None else 0.0


def _all_explained(watchdog: Watchdog, sinks: list[str]) -> dict[str, dict[str, Any]] | None:
    failures = [each for each in watchdog.incidents() if each["kind"] == "task-failed"]
    # At first only the trace is there to go by; then the records that wait have been read.
    found = {each["connector"]: each for each in failures if each["stuck"]}
    return found if set(sinks) <= found.keys() else None


def _play(stack: Stack, run: Sql) -> None:
    with stack.target.session(SPEC.target_database) as target:
        target("ALTER TABLE nobody MODIFY note VARCHAR(3)")
        target("ALTER TABLE lost DROP COLUMN note")
        for name in ("noise", *(f"`{name}`" for name in SHARED)):
            target(f"ALTER TABLE {name} ADD COLUMN innocent INT")
    run("CREATE TABLE unrelated (id INT PRIMARY KEY)")
    for number in range(100):
        run(f"ALTER TABLE unrelated ADD COLUMN c{number} INT")
    run("ALTER TABLE noise ADD COLUMN innocent INT")
    run(GUILTY)
    run("ALTER TABLE noise COMMENT 'nothing', ADD INDEX by_customer (customer)")
    for number in range(100):
        run(f"ALTER TABLE unrelated DROP COLUMN c{number}")
    _swap(run, "swap", "_swap_gho", "_swap_del")
    _swap(run, "percona", "_percona_new", "_percona_old")
    for table, seconds in (("old", -TWO_DAYS), ("ahead", 90), ("behind", -90)):
        # What the binlog, and with it Debezium, tells as the time of the commit.
        run(f"SET @@session.original_commit_timestamp = {int((time.time() + seconds) * 1e6)}")
        run(f"ALTER TABLE {table} ADD COLUMN by_clock INT")
        if table != "old":
            run(f"INSERT INTO {table} (customer) VALUES ('An')")
    run(f"SET @@session.original_commit_timestamp = {int(time.time() * 1e6)}")
    for table in ("noise", "swap", "percona", "nobody", "lost", "old"):
        run(f"INSERT INTO {table} (customer, note) VALUES ('An', 'second')")


def _swap(run: Sql, table: str, helper: str, old: str) -> None:
    run(f"CREATE TABLE {helper} LIKE {table}")
    run(f"ALTER TABLE {helper} ADD COLUMN swapped INT")
    run(f"INSERT INTO {helper} (id, customer, note) SELECT id, customer, note FROM {table}")
    run(f"RENAME TABLE {table} TO {old}, {helper} TO {table}")
    run(f"DROP TABLE {old}")


def _write_what_is_no_schema_change(stack: Stack) -> range:
    """Into the public topic; their offsets."""
    change = {"type": "ALTER", "id": '"corr"."noise"', "table": None}
    sound = {"source": {"pos": 1}, "ddl": "x", "databaseName": "corr", "tableChanges": [change]}
    values = [
        None,
        b"no JSON",
        b"\0\0\0\0\x07" + b"avro" * 20,
        orjson.dumps({"source": {}, "ddl": "no tableChanges"}),
        orjson.dumps({**sound, "tableChanges": [{**change, "type": "TRUNCATE"}]}),
        orjson.dumps({**sound, "ddl": "x" * TEN_MEGABYTES}),
    ]
    offsets: list[int] = []
    producer = Producer({"bootstrap.servers": stack.bootstrap_servers, "message.max.bytes": 2 * TEN_MEGABYTES})
    for value in values:
        producer.produce(SPEC.prefix, value, on_delivery=lambda error, message: offsets.append(message.offset()))
    assert producer.flush(30) == 0
    assert min(offsets) >= 0, "the broker refused one"
    return range(min(offsets), max(offsets) + 1)


def test_the_guilty_statement_is_found_among_200_and_another_candidate(told: Told) -> None:
    incident = told.of("noise")
    assert (incident["ddl"], incident["columns"]) == (GUILTY, ["guilty"])
    assert incident["confidence"] > 0.95
    assert any("by its position in the binlog" in line for line in incident["evidence"])


def test_all_that_one_statement_broke_is_one_incident_with_its_members(told: Told) -> None:
    """Row 45, with five sinks; 20 of them are in the core's tests."""
    every = ["corr-noise-sink", *SHARED]
    assert {told.incidents[name]["ddl"] for name in every} == {GUILTY}
    (root,) = [told.incidents[name] for name in every if not told.incidents[name]["merged_into"]]
    assert sorted({member["connector"] for member in root["members"]}) == sorted(every)
    assert told.watchdog.metric("schema_drift_detected", table="noise") == 1
    # What was found of the same tables with nothing failed yet is part of it, too.
    found = [each for each in told.watchdog.incidents() if each["table"] == "corr.noise"]
    assert [each["id"] for each in found if not each["merged_into"]] == [root["id"]]


@pytest.mark.parametrize(("table", "helper"), [("swap", "_swap_gho"), ("percona", "_percona_new")])
def test_an_online_schema_change_with_a_rename_swap_is_one_change_of_the_real_table(
    told: Told, table: str, helper: str
) -> None:
    """Row 44: nothing of the helpers, and both statements told."""
    incident = told.of(table)
    assert incident["columns"] == ["swapped"]
    assert f"ALTER TABLE {helper} ADD COLUMN swapped INT; RENAME TABLE" in incident["ddl"]
    assert (incident["table"], incident["severity"]) == (f"corr.{table}", "breaking")
    assert not any("_gho" in each["table"] or "_new" in each["table"] for each in told.incidents.values())


def test_helper_tables_are_counted_apart(told: Told) -> None:
    assert (told.watchdog.metric("watchdog_schema_changes_total", kind="helper") or 0) >= 2 * 4


@pytest.mark.parametrize(
    ("table", "what"),
    [("nobody", "note was varchar(20) NULL and is varchar(3) NULL"), ("lost", "lost note")],
    ids=["narrowed", "dropped"],
)
def test_a_failure_with_no_ddl_at_the_source_says_so_and_what_became_of_the_target(
    told: Told, table: str, what: str
) -> None:
    incident = told.of(table)
    assert (incident["ddl"], incident["columns"]) == (None, ["note"])
    said = "no logged statement at the source made this (note): the target's own table changed"
    assert said in incident["evidence"]
    assert any(line.endswith(what) for line in incident["evidence"])


@pytest.mark.parametrize("table", ["old", "ahead", "behind"])
def test_a_statement_two_days_old_or_of_a_clock_90_s_apart_is_blamed_all_the_same(told: Told, table: str) -> None:
    incident = told.of(table)
    assert (incident["ddl"], incident["columns"]) == (f"ALTER TABLE {table} ADD COLUMN by_clock INT", ["by_clock"])
    assert incident["confidence"] > 0.95
    if table == "old":
        assert _seconds_between(incident["ddl_at"], incident["opened_at"]) == pytest.approx(TWO_DAYS, abs=300)


def _seconds_between(earlier: str, later: str) -> float:

    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_tombstone_non_json_avro_bytes_no_table_changes_unknown_type_and_10_mb_are_quarantined_and_tailing_goes_on(
    told: Told,
) -> None:
    """Row 17: each is told with its offset and counted; what comes after them in that topic is read."""
    log = told.watchdog.log()
    for offset in told.bad_offsets:
        assert f"{SPEC.prefix}-0@{offset}" in log
    assert f"more than the {RECORD_BYTES_MAX:,} that are read" in log
    assert log.count(f"{SPEC.prefix}-0@") == len(told.bad_offsets) == 6
    assert (told.watchdog.metric("watchdog_schema_changes_total", kind="unreadable") or 0) >= 6
    # Only the public topic tells gtids.
    assert ":" in told.of("noise")["ddl_position"]
    assert not told.of("noise")["ddl_position"].startswith("binlog")
