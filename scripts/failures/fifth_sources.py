"""The fifth set: sources, their history, their binlog, who they are, and what they are told to do."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from stack import StackError, wait_for
from stack.settings import HOST

from failures.case import (
    AUTH,
    BINLOG_GAP,
    CONFIG,
    DDL_PARSE,
    FIX_FIRST,
    FIX_OR_ONCE,
    HISTORY_LOST,
    SOURCE,
    UNREACHABLE,
    Break,
    Registry,
    Truth,
    drift,
)
from failures.place import DEBEZIUM_GRANTS, Place
from failures.strangers import http, listening

CASES = Registry(SOURCE)

_HISTORY = "schema.history.internal"


def case(truth: Truth, made_by: str, *, disturbs: bool = False, patience: float = 60) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=patience)


# ── tables ──


@case(drift(), "the table comes back from a dump, which is not logged, with one column more; then a row")
def fifth_restored_from_a_dump(place: Place) -> None:
    made = place.reader()
    table = _table(place)
    place.unlogged(f"CREATE TABLE `{place.spec.database}`.old LIKE {table}")
    place.unlogged(f"DROP TABLE {table}")
    place.unlogged(f"CREATE TABLE {table} LIKE `{place.spec.database}`.old")
    place.unlogged(f"ALTER TABLE {table} ADD COLUMN loyalty INT AFTER customer")
    made.insert()


@case(
    Truth("REGISTRY_INCOMPATIBLE", FIX_FIRST, "orders", ("status",)),
    "a VARCHAR becomes an INT at the source; the registry requires BACKWARD",
)
def fifth_registry_refuses_another_type(place: Place) -> None:
    adjusted = {"schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro"}
    made = place.reader({**place.stack.registry.converters(confluent=True), **adjusted})
    place.stack.registry.require("BACKWARD", f"{place.spec.topic}-value")
    place.source.execute(f"UPDATE {_table(place)} SET status = '1'")
    made.alter("MODIFY status INT NOT NULL DEFAULT 1")
    made.insert()


# ── who they are ──


@case(AUTH, "what answers as the source's registry forbids to register: 403")
def fifth_registry_forbids_writing(place: Place) -> None:
    body = '{"error_code": 40301, "message": "User is not allowed to write the subject"}'
    with listening(http("403 Forbidden", body, "application/json"), waits_for_request=True) as port:
        url = f"http://{HOST}:{port}/apis/registry/v2"
        avro = place.stack.registry.converters(confluent=True)
        _put(place, {**avro, **{f"{kind}.converter.apicurio.registry.url": url for kind in ("key", "value")}})
        place.connect.wait_failed(place.source_name, 60)


@case(AUTH, "the source's password was changed at its server, and its task restarts")
def fifth_password_was_rotated(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    place.reader(place.as_source_user)
    place.source.execute(f"ALTER USER '{place.user}'@'%' IDENTIFIED BY 'other-4711-secret'")
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


@case(AUTH, "an incremental snapshot is asked for, and the source may not write its signal table")
def fifth_may_not_write_watermarks(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    database = place.slug[:50]
    made = place.reader_not_started({**place.as_source_user, "signal.data.collection": f"{database}.signals"})
    place.source.execute(f"CREATE TABLE `{database}`.signals (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32), data TEXT)")
    place.kafka.create_topic(place.spec.topic)
    place.connect.put(place.source_name, made.source_config())
    place.wait_for_records(5)
    wanted = f'{{"data-collections": ["{database}.orders"], "type": "incremental"}}'
    place.source.execute(f"INSERT INTO `{database}`.signals VALUES ('1', 'execute-snapshot', '{wanted}')")


# ── the way to their server ──


@case(UNREACHABLE, "KILL at the connection of the first copy, which waits for a table", disturbs=True)
def fifth_snapshot_was_killed(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    config = {**place.as_source_user, "snapshot.locking.mode": "none", "errors.max.retries": "0"}
    made = place.reader_not_started(config)
    running = "SELECT id FROM information_schema.processlist WHERE user = %s AND command = 'Query' AND time > 1"

    def is_over() -> bool:
        for thread in place.source.query(running, [place.user]):
            with suppress(StackError):  # gone by itself
                place.source.execute(f"KILL {int(thread['id'])}")
        with suppress(StackError):  # not known yet
            return "FAILED" in place.connect.states(place.source_name)
        return False

    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {_table(place)} WRITE")
        place.connect.put(place.source_name, made.source_config())
        wait_for(is_over, 60, f"{place.source_name} to fail")


@case(Truth("CONFIG", FIX_OR_ONCE), "the port stands in database.hostname, behind a colon")
def fifth_port_in_the_hostname(place: Place) -> None:
    _unchecked(place, {"database.hostname": f"{HOST}:{place.source.port}"})


@case(
    Truth("CONFIG", FIX_OR_ONCE), "the schema history's clients come to a SASL listener and know of none", patience=120
)
def fifth_history_clients_without_login(place: Place) -> None:
    _unchecked(place, {f"{_HISTORY}.kafka.bootstrap.servers": place.kafka.guarded_servers})


# ── what they are told to do ──


@case(CONFIG, "message.key.columns names a column that the table does not have")
def fifth_message_key_misspelled(place: Place) -> None:
    _put(place, {"message.key.columns": f"{place.slug[:50]}.orders:custmer"})


@case(CONFIG, "time.precision.mode is misspelled")
def fifth_time_precision_misspelled(place: Place) -> None:
    _unchecked(place, {"time.precision.mode": "adaptve"})


@case(CONFIG, "driver.connectionTimeZone of the source is no time zone")
def fifth_source_time_zone_unknown(place: Place) -> None:
    _unchecked(place, {"driver.connectionTimeZone": "Mars/Phobos"})


@case(CONFIG, "signals are to come by Kafka, and neither topic nor servers are told")
def fifth_signal_channel_without_topic(place: Place) -> None:
    _unchecked(place, {"signal.enabled.channels": "source,kafka"})


@case(CONFIG, "two columns have the same name once Avro's rules are kept")
def fifth_two_names_become_one(place: Place) -> None:
    made = place.reader_not_started({"field.name.adjustment.mode": "avro"})
    place.source.execute(f"ALTER TABLE {_table(place)} ADD COLUMN `order-no` INT, ADD COLUMN order_no INT")
    place.connect.put(place.source_name, made.source_config())


@case(CONFIG, "snapshot.select.statement.overrides names a table, and no statement for it")
def fifth_override_without_statement(place: Place) -> None:
    _put(place, {"snapshot.select.statement.overrides": f"{place.slug[:50]}.orders"})


@case(CONFIG, "the topic wants two replicas in sync, and has one")
def fifth_topic_wants_more_replicas(place: Place) -> None:
    hurried = {"delivery.timeout.ms": "6000", "request.timeout.ms": "3000"}
    made = place.reader_not_started({f"producer.override.{name}": value for name, value in hurried.items()})
    place.kafka.create_topic(place.spec.topic, config={"min.insync.replicas": "2"})
    place.connect.put(place.source_name, made.source_config())


# ── their history ──


@case(HISTORY_LOST, "the schema history is kept in memory, and the task restarts")
def fifth_history_kept_in_memory(place: Place) -> None:
    made = place.reader({_HISTORY: "io.debezium.relational.history.MemorySchemaHistory"})
    place.restart(place.source_name)
    made.insert()


@case(HISTORY_LOST, "the file of the schema history was removed while the source was stopped")
def fifth_history_file_removed(place: Place) -> None:
    file = place.stack.settings.directory / f"{place.slug}.history"
    store = "io.debezium.storage.file.history.FileSchemaHistory"
    place.reader({_HISTORY: store, f"{_HISTORY}.file.filename": str(file)})
    place.stop(place.source_name)
    file.unlink()
    place.resume(place.source_name)


@case(HISTORY_LOST, "topic.prefix was changed, and the offsets were carried over to it")
def fifth_prefix_renamed_with_its_offsets(place: Place) -> None:
    made = place.reader()
    place.stop(place.source_name)
    config = {**made.source_config(), "topic.prefix": f"{place.slug}.renamed"}
    (known,) = place.connect.call("GET", f"/connectors/{place.source_name}/offsets")["offsets"]
    place.connect.call("PUT", f"/connectors/{place.source_name}/config", config)
    partition = {**known["partition"], "server": config["topic.prefix"]}
    place.move(place.source_name, {"offsets": [{"partition": partition, "offset": known["offset"]}]})
    place.resume(place.source_name)


# ── their binlog ──


@case(BINLOG_GAP, "the server lost the end of its binlog in a crash: the offset lies behind it, and knows no gtids")
def fifth_position_behind_the_end(place: Place) -> None:
    place.reader()
    place.stop(place.source_name)
    offset = {"file": place.binlog(), "pos": 999_999_999, "ts_sec": 1}
    partition = {"server": place.spec.prefix}
    place.move(place.source_name, {"offsets": [{"partition": partition, "offset": offset}]})
    place.resume(place.source_name)


@case(BINLOG_GAP, "after a failover the source is led to a server that never had its transactions")
def fifth_failed_over_to_a_stranger(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    place.own_user(place.target, DEBEZIUM_GRANTS)
    made = place.reader(place.as_source_user)
    place.stop(place.source_name)
    moved = {**made.source_config(), "database.port": str(place.target.port)}
    place.connect.call("PUT", f"/connectors/{place.source_name}/config", moved)
    place.resume(place.source_name)


# ── statements of others, which each source of the server reads ──


@case(DDL_PARSE, "a generated column with JSON_VALUE … RETURNING … ON EMPTY", disturbs=True)
def fifth_column_of_json_value(place: Place) -> None:
    city = "JSON_VALUE(doc, '$.city' RETURNING CHAR(32) DEFAULT 'none' ON EMPTY ERROR ON ERROR)"
    _statement(place, f"ALTER TABLE {{table}} ADD COLUMN doc JSON, ADD COLUMN city VARCHAR(32) AS ({city}) STORED")


@case(DDL_PARSE, "an index over the elements of a JSON array", disturbs=True)
def fifth_index_over_an_array(place: Place) -> None:
    _statement(
        place,
        "ALTER TABLE {table} ADD COLUMN doc JSON",
        "CREATE INDEX tags ON {table} ((CAST(doc->'$.tags' AS CHAR(20) ARRAY)))",
    )


@case(DDL_PARSE, "ANALYZE TABLE … UPDATE HISTOGRAM … AUTO UPDATE", disturbs=True)
def fifth_histogram_by_itself(place: Place) -> None:
    _statement(place, "ANALYZE TABLE {table} UPDATE HISTOGRAM ON amount WITH 8 BUCKETS AUTO UPDATE")


@case(DDL_PARSE, "ALTER TABLE … AUTOEXTEND_SIZE", disturbs=True)
def fifth_table_grows_in_steps(place: Place) -> None:
    _statement(place, "ALTER TABLE {table} AUTOEXTEND_SIZE = 4M")


@case(DDL_PARSE, "ALTER TABLE … ADD COLUMN with ENGINE_ATTRIBUTE and a COMMENT", disturbs=True)
def fifth_attribute_for_the_engine(place: Place) -> None:
    _statement(place, "ALTER TABLE {table} ADD COLUMN note TEXT COMMENT 'free', SECONDARY_ENGINE_ATTRIBUTE = '{{}}'")


def _statement(place: Place, *statements: str) -> None:
    made = place.reader()
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE `{place.spec.database}`")
        for statement in statements:
            cursor.execute(statement.format(table=_table(place)))
    made.insert()


def _put(place: Place, config: Mapping[str, str]) -> None:
    place.connect.put(place.source_name, place.reader_not_started(config).source_config())


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    place.put_unchecked(place.source_name, place.reader_not_started(config).source_config())


def _table(place: Place) -> str:
    return f"`{place.spec.database}`.orders"
