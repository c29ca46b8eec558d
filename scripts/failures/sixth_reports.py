"""The sixth set: failures that users report in public, broken in the same way (`tests/data/reports/sampled.jsonl`)."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from stack import database, wait_for
from stack.pipeline import Pipeline
from stack.settings import HOST

from failures.case import (
    AUTH,
    BINLOG_GAP,
    CONFIG,
    DDL_PARSE,
    FIX_OR_ONCE,
    HISTORY_LOST,
    RESOURCE,
    SINK,
    SOURCE,
    TRANSIENT,
    UNREACHABLE,
    Break,
    Registry,
    Truth,
    data,
    drift,
)
from failures.place import DEBEZIUM_GRANTS, KEY, Place, Schema, struct

SOURCES = Registry(SOURCE)
SINKS = Registry(SINK)

_NO_RETRIES = {"errors.max.retries": "0"}
_KEY_1 = struct(KEY, {"id": 1})


def source(truth: Truth, made_by: str, *, disturbs: bool = False, patience: float = 60) -> Callable[[Break], Break]:
    return SOURCES.case(truth, made_by, disturbs=disturbs, patience=patience)


def sink(truth: Truth, made_by: str) -> Callable[[Break], Break]:
    return SINKS.case(truth, made_by, patience=40)


# ── sinks ──


@sink(drift(), "table-unknown: the table is not there, and the sink may not make it")
def sixth_table_unknown(place: Place) -> None:
    made = place.writer_not_started({"schema.evolution": "none"})
    place.target.execute(f"DROP TABLE `{place.spec.target_database}`.orders")
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


@sink(CONFIG, "driver-missing: the driver that connection.url asks for is not in the plugin's folder")
def sixth_driver_missing(place: Place) -> None:
    url = f"jdbc:clickhouse://{HOST}:{place.target.port}/demo"
    place.connect.put(place.sink_name, place.writer_not_started({"connection.url": url}).sink_config())


@sink(CONFIG, "schema-change-topic-in-the-sink: the sink also reads the source's schema change topic")
def sixth_schema_change_topic_in_the_sink(place: Place) -> None:
    made = place.reader()
    place.target.execute(f"CREATE DATABASE IF NOT EXISTS `{place.spec.target_database}`")
    place.connect.put(place.sink_name, {**made.sink_config(), "topics": place.spec.prefix})


@sink(data(), "schema-without-a-type: the schema in a JSON record has no type")
def sixth_schema_without_a_type(place: Place) -> None:
    place.writer()
    place.produce(json.dumps({"schema": {}, "payload": {"id": 1, "note": "n"}}).encode(), _KEY_1)


@sink(CONFIG, "map-without-a-schema: JSON without schemas, and the sink's converter expects none")
def sixth_map_without_a_schema(place: Place) -> None:
    converter = "org.apache.kafka.connect.json.JsonConverter"
    place.writer({"value.converter": converter, "value.converter.schemas.enable": "false"})
    place.produce(b'{"id": 1, "note": "n"}', _KEY_1)


@sink(CONFIG, "struct-in-a-record: a record with a struct in it, which no transform has flattened")
def sixth_struct_in_a_record(place: Place) -> None:
    place.writer()
    inner: Schema = [{"field": "oid", "type": "string", "optional": False}]
    note = {"field": "note", "type": "struct", "fields": inner, "optional": False, "name": "note"}
    place.produce(struct([*KEY, note], {"id": 1, "note": {"oid": "643d3f"}}), _KEY_1)


# ── sources, each with what is its own ──


@source(Truth("CONFIG", FIX_OR_ONCE), "server-id-twice: another source with the same database.server.id", patience=120)
def sixth_server_id_twice(place: Place) -> None:
    same = {"database.server.id": "888888", **_NO_RETRIES}
    place.reader(same)
    place.second_reader(same)


@source(UNREACHABLE, "incremental-snapshot-on-a-closed-connection: wait_timeout, and then a signal")
def sixth_incremental_snapshot_on_a_closed_connection(place: Place) -> None:
    place.own_user(place.source, f"{DEBEZIUM_GRANTS}, INSERT, UPDATE, DELETE")
    name = place.slug[:50]
    config = {"signal.data.collection": f"{name}.signals", "driver.sessionVariables": "wait_timeout=5"}
    made = place.reader_not_started({**place.as_source_user, **config, **_NO_RETRIES})
    place.source.execute(f"CREATE TABLE `{name}`.signals (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32), data TEXT)")
    place.kafka.create_topic(place.spec.topic)
    place.connect.put(place.source_name, made.source_config())
    place.wait_for_records(5)
    idle = "SELECT 1 FROM information_schema.processlist WHERE user = %s AND command = 'Sleep'"
    wait_for(lambda: not place.source.query(idle, [place.user]), 40, "the source's idle connections to be cut")
    wanted = f'{{"data-collections": ["{name}.orders"], "type": "incremental"}}'
    place.source.execute(f"INSERT INTO `{name}`.signals VALUES ('1', 'execute-snapshot', '{wanted}')")


@source(drift(table="notes"), "schema-not-known: a CREATE TABLE that the binlog does not have, then a row")
def sixth_schema_not_known(place: Place) -> None:
    name = place.slug[:50]
    place.reader({"table.include.list": f"{name}.orders,{name}.notes"})
    place.unlogged(f"CREATE TABLE `{name}`.notes (id BIGINT PRIMARY KEY)")
    place.source.execute(f"INSERT INTO `{name}`.notes VALUES (1)")


@source(HISTORY_LOST, "history-missing: the schema history topic is deleted, and the task restarts")
def sixth_history_missing(place: Place) -> None:
    place.reader()
    place.kafka.delete_topics([place.spec.history_topic])
    place.restart(place.source_name)


@source(
    BINLOG_GAP,
    "position-behind-the-file: the server fails, and another takes its place that does not have the position",
)
def sixth_position_behind_the_file(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    place.own_user(place.target, DEBEZIUM_GRANTS)
    made = place.reader(place.as_source_user)
    place.stop(place.source_name)
    moved = {**made.source_config(), "database.port": str(place.target.port)}
    place.connect.call("PUT", f"/connectors/{place.source_name}/config", moved)
    place.resume(place.source_name)


@source(AUTH, "replication-client-missing: GRANT ALL on the database, RELOAD, and no REPLICATION CLIENT")
def sixth_replication_client_missing(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS.replace(", REPLICATION CLIENT", ""))
    made = place.reader_not_started({**place.as_source_user, **_NO_RETRIES})
    place.connect.put(place.source_name, made.source_config())


@source(RESOURCE, "message-too-large: a row larger than max.request.size, which is as it is by default")
def sixth_message_too_large(place: Place) -> None:
    place.reader().alter("ADD COLUMN picture MEDIUMTEXT")
    columns, values = "customer, amount, picture", "'x', 1, REPEAT('y', 1100000)"
    place.source.execute(f"INSERT INTO {_orders(place)} ({columns}) VALUES ({values})")


# ── sources, each with what is everybody's at its server ──


@source(CONFIG, "read-only-without-gtids: read.only=true, and the server's GTID mode is off", disturbs=True)
def sixth_read_only_without_gtids(place: Place) -> None:
    signals = {"signal.enabled.channels": "kafka", "signal.kafka.topic": f"{place.slug}.signals"}
    servers = {"signal.kafka.bootstrap.servers": place.kafka.bootstrap_servers}
    place.kafka.create_topic(f"{place.slug}.signals")
    made = place.reader_not_started({"read.only": "true", **signals, **servers, **_NO_RETRIES})
    with _gtid_mode_off(place):
        place.connect.put(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 60)


@source(CONFIG, "replica-without-binlog, binlog-off: the server writes no binlog", disturbs=True, patience=10)
def sixth_binlog_off(place: Place) -> None:
    made = place.reader_not_started(_NO_RETRIES)
    with _other_options(place, "--skip-log-bin"):
        place.connect.put(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 60)


@source(CONFIG, "binlog-format-not-row: binlog_format=STATEMENT at the server, and the task restarts", disturbs=True)
def sixth_binlog_format_not_row(place: Place) -> None:
    place.reader()
    place.source.execute("SET GLOBAL binlog_format = 'STATEMENT'")
    try:
        place.restart(place.source_name)
        place.connect.wait_failed(place.source_name, 60)
    finally:
        place.source.execute("SET GLOBAL binlog_format = 'ROW'")


@source(
    Truth("RESOURCE", TRANSIENT),
    "snapshot-waits-for-a-lock: somebody holds the table for longer than snapshot.lock.timeout.ms",
    disturbs=True,
)
def sixth_snapshot_waits_for_a_lock(place: Place) -> None:
    made = place.reader_not_started({"snapshot.lock.timeout.ms": "2000", **_NO_RETRIES})
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {_orders(place)} WRITE")
        place.connect.put(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 60)


@source(
    BINLOG_GAP, "binlog-file-gone: stopped for longer than the binlog is kept; the offset knows no gtids", disturbs=True
)
def sixth_binlog_file_gone(place: Place) -> None:
    made = place.reader()
    place.stop(place.source_name)
    _move(place, {"file": place.binlog(), "pos": 4, "ts_sec": 1})
    made.insert()
    place.purge_binlogs()
    place.resume(place.source_name)


@source(BINLOG_GAP, "gtids-purged: stopped for longer than the binlog is kept; the offset knows gtids", disturbs=True)
def sixth_gtids_purged(place: Place) -> None:
    made = place.reader()
    place.stop(place.source_name)
    made.insert()
    place.purge_binlogs()
    place.resume(place.source_name)


@source(BINLOG_GAP, "first-log-file-not-found: the binlogs are cleaned up, and begin anew", disturbs=True)
def sixth_first_log_file_not_found(place: Place) -> None:
    made = place.reader()
    place.source.execute("FLUSH BINARY LOGS")
    made.insert()
    place.wait_for_records(7)
    place.stop(place.source_name)
    place.source.execute("RESET BINARY LOGS AND GTIDS")
    made.insert()
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 60)


@source(data(restart=FIX_OR_ONCE), "next-byte-unreadable: bytes in the binlog that nobody can read", disturbs=True)
def sixth_next_byte_unreadable(place: Place) -> None:
    made = _stopped(place)
    place.damage_binlog(lambda: made.insert(20))
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 60)


@source(BINLOG_GAP, "binlog-cut-by-a-full-disk: a binlog file ends in the middle of an event", disturbs=True)
def sixth_binlog_cut_by_a_full_disk(place: Place) -> None:
    made = _stopped(place)
    place.source.execute("FLUSH BINARY LOGS")
    cut = place.stack.settings.directory / place.source.name / place.binlog()
    made.insert(20)
    place.source.execute("FLUSH BINARY LOGS")
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 60)


@source(DDL_PARSE, "grant-unparseable: GRANT GROUP_REPLICATION_STREAM to another user of the server", disturbs=True)
def sixth_grant_unparseable(place: Place) -> None:
    place.reader()
    place.own_user(place.source, "")
    place.source.execute(f"GRANT GROUP_REPLICATION_STREAM ON *.* TO '{place.user}'@'%'")


@source(UNREACHABLE, "rows-without-their-table-map: MySQL hangs up on a source that reads too slowly", disturbs=True)
def sixth_rows_without_their_table_map(place: Place) -> None:
    place.reader({"max.queue.size": "2", "max.batch.size": "1", **_NO_RETRIES}).alter("ADD COLUMN picture MEDIUMTEXT")
    place.source.execute("SET GLOBAL net_write_timeout = 1")
    try:
        place.source.kill_connections("dbz")
        place.restart(place.source_name)
        place.connect.wait_running(place.source_name)
        place.connect.call("PUT", f"/connectors/{place.source_name}/pause")
        many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
        columns = "customer, amount, picture"
        place.source.execute(
            f"INSERT INTO {_orders(place)} ({columns}) {many} SELECT 'x', 1, REPEAT('y', 50000) FROM n"
        )
        dumps = "SELECT 1 FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%%' AND user = %s"
        wait_for(lambda: not place.source.query(dumps, ["dbz"]), 30, "the server to hang up")
    finally:
        place.resume(place.source_name)
        place.source.execute("SET GLOBAL net_write_timeout = 60")


# ── what they share ──


def _stopped(place: Place) -> Pipeline:
    made = place.reader()
    place.stop(place.source_name)
    return made


def _move(place: Place, offset: Mapping[str, object]) -> None:
    partition = {"server": place.spec.prefix}
    place.move(place.source_name, {"offsets": [{"partition": partition, "offset": offset}]})


def _orders(place: Place) -> str:
    return f"`{place.spec.database}`.orders"


@contextmanager
def _gtid_mode_off(place: Place) -> Iterator[None]:
    for mode in ("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"):
        place.source.execute(f"SET GLOBAL gtid_mode = {mode}")
    try:
        yield
    finally:
        for mode in ("OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"):
            place.source.execute(f"SET GLOBAL gtid_mode = {mode}")


@contextmanager
def _other_options(place: Place, *options: str) -> Iterator[None]:
    """The source server with options of its own; it is stopped afterwards, and started again as it was."""
    usual = database._OPTIONS
    place.stack.stop("source-db")
    database._OPTIONS = (*usual, *options)
    try:
        place.source.start()
        place.source.wait_ready()
        yield
    finally:
        database._OPTIONS = usual
        place.stack.stop("source-db")
