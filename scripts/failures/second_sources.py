"""The second set: sources. MariaDB's log and statements, settings, producers, the registry."""

from collections.abc import Mapping

from stack.ports import any_free
from stack.settings import HOST

from failures.case import (
    AUTH,
    BINLOG_GAP,
    CONFIG,
    DDL_PARSE,
    FIX_FIRST,
    FIX_OR_ONCE,
    SOURCE,
    WRONG_ADDRESS,
    Registry,
    Truth,
    drift,
)
from failures.place import DEBEZIUM_GRANTS, Place

CASES = Registry(SOURCE)
case = CASES.case

_SMT = "org.apache.kafka.connect.transforms"
_FILE_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
_NO_REGISTRY = Truth("REGISTRY", FIX_OR_ONCE, also=("CONNECTIVITY",))


@case(BINLOG_GAP, "the stored gtid is of a MariaDB that this one does not know")
def second_gtid_of_another_server(place: Place) -> None:
    _at_offset(place, {"file": place.binlog(), "pos": 4, "gtids": "0-99-999999"})


@case(AUTH, "no BINLOG MONITOR for the source's user in MariaDB")
def second_may_not_ask_for_positions(place: Place) -> None:
    place.own_user(place.source, "SELECT, RELOAD, SHOW DATABASES, LOCK TABLES, REPLICATION SLAVE")
    _put(place, place.as_source_user)


@case(AUTH, "no REPLICATION SLAVE for the source's user in MariaDB")
def second_may_not_read_the_log(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS.replace("REPLICATION SLAVE, ", ""))
    _put(place, place.as_source_user)


@case(AUTH, "another password than MariaDB's in the source's config", patience=60)
def second_source_password_wrong(place: Place) -> None:
    _put_unchecked(place, {"database.password": "wrong"})


@case(WRONG_ADDRESS, "nobody listens on the port of the source's MariaDB")
def second_source_port_wrong(place: Place) -> None:
    _put_unchecked(place, {"database.port": str(any_free())})


@case(CONFIG, "database.ssl.mode=required, which is the MySQL connector's word and none of MariaDB's")
def second_ssl_mode_of_the_other_connector(place: Place) -> None:
    _put_unchecked(place, {"database.ssl.mode": "required"})


@case(Truth("CONFIG", FIX_FIRST, also=("CONNECTIVITY",)), "database.ssl.mode=trust, and MariaDB knows no TLS")
def second_source_server_without_tls(place: Place) -> None:
    _put_unchecked(place, {"database.ssl.mode": "trust"})


@case(CONFIG, "database.initial.statements sets a variable that MariaDB does not have")
def second_initial_statement_wrong(place: Place) -> None:
    _put_unchecked(place, {"database.initial.statements": "SET SESSION no_such_thing=1"})


@case(CONFIG, "database.include.list together with database.exclude.list", patience=40)
def second_both_lists(place: Place) -> None:
    _put_unchecked(place, {"database.exclude.list": "other"})


@case(CONFIG, "skipped.operations has a letter that does not exist", patience=40)
def second_skipped_operations_unknown(place: Place) -> None:
    _put_unchecked(place, {"skipped.operations": "x"})


@case(CONFIG, "snapshot.mode=custom without a name", patience=40)
def second_custom_snapshot_without_name(place: Place) -> None:
    _put_unchecked(place, {"snapshot.mode": "custom"})


@case(CONFIG, "a column is to be hashed by an algorithm that does not exist", patience=60)
def second_hash_unknown(place: Place) -> None:
    _put_unchecked(place, {"column.mask.hash.v2.SHA-999.with.salt.s": f"{place.spec.database}.orders.customer"})


@case(CONFIG, "topic.naming.strategy names a class that is nowhere", patience=40)
def second_naming_strategy_missing(place: Place) -> None:
    _put_unchecked(place, {"topic.naming.strategy": "org.example.NoSuchStrategy"})


@case(Truth("CONFIG", FIX_FIRST, also=("HISTORY_LOST",)), "the file of a FileSchemaHistory is a folder", patience=60)
def second_history_file_is_a_folder(place: Place) -> None:
    file_history = "io.debezium.storage.file.history.FileSchemaHistory"
    _put_unchecked(place, {"schema.history.internal": file_history, "schema.history.internal.file.filename": "/usr"})


@case(CONFIG, "ByLogicalTableRouter without its topic.regex", patience=40)
def second_router_without_regex(place: Place) -> None:
    settings = {"topic.replacement": "all"}
    _put_unchecked(place, _transform("io.debezium.transforms.ByLogicalTableRouter", settings))


@case(CONFIG, "a topic name of 300 letters")
def second_topic_name_too_long(place: Place) -> None:
    settings = {"regex": ".*", "replacement": "t" * 300}
    _put(place, _transform(f"{_SMT}.RegexRouter", settings))


@case(CONFIG, "producer.override.transactional.id at a source that makes no transactions")
def second_transactional_id(place: Place) -> None:
    _put(place, {"producer.override.transactional.id": place.slug})


@case(CONFIG, "producer.override with enable.idempotence=true and acks=1", patience=40)
def second_idempotence_without_all_acks(place: Place) -> None:
    _put(place, {"producer.override.enable.idempotence": "true", "producer.override.acks": "1"})


@case(CONFIG, "the producer's trust store is no file", patience=60)
def second_trust_store_missing(place: Place) -> None:
    store = {"security.protocol": "SSL", "ssl.truststore.location": "/etc/no-such.jks"}
    _put(place, {f"producer.override.{name}": value for name, value in store.items()})


@case(CONFIG, "batch.size of a file source is no number", patience=40)
def second_file_source_without_batch(place: Place) -> None:
    config = {"connector.class": _FILE_SOURCE, "file": "/etc/hostname", "topic": place.slug, "batch.size": "none"}
    place.put_unchecked(place.source_name, {**config, "tasks.max": "1"})


@case(_NO_REGISTRY, "nobody listens where the source's registry should be", patience=90)
def second_registry_is_away_from_the_source(place: Place) -> None:
    url = f"http://{HOST}:{any_free()}/apis/registry/v2"
    _put(place, {**_avro(place), **{f"{kind}.converter.apicurio.registry.url": url for kind in ("key", "value")}})


@case(Truth("CONFIG", FIX_FIRST, also=("REGISTRY",)), "auto-register=false, and nobody has registered a schema")
def second_schema_not_registered(place: Place) -> None:
    prefix = "converter.apicurio.registry.auto-register"
    _put(place, {**_avro(place), f"key.{prefix}": "false", f"value.{prefix}": "false"})


@case(
    Truth("REGISTRY_INCOMPATIBLE", FIX_FIRST, "orders", ("must",)),
    "ADD COLUMN must NOT NULL without a default; the registry requires BACKWARD",
    patience=90,
)
def second_registry_refuses_a_column(place: Place) -> None:
    made = place.reader(_avro(place))
    subject = f"{place.spec.topic}-value"
    place.stack.registry.require("BACKWARD", subject)
    made.alter("ADD COLUMN must INT NOT NULL")
    place.source.execute(f"INSERT INTO {_table(place)} (customer, amount, must) VALUES ('x', 1, 2)")


@case(drift(), "DROP COLUMN with sql_log_bin=0 in MariaDB, then a row")
def second_unlogged_drop_column(place: Place) -> None:
    pipeline = place.reader()
    place.unlogged(f"ALTER TABLE {_table(place)} DROP COLUMN status")
    pipeline.insert()


@case(DDL_PARSE, "CREATE TABLE with WITHOUT OVERLAPS", disturbs=True)
def second_period_without_overlaps(place: Place) -> None:
    _ddl(place, "t (id INT, a DATE, b DATE, PERIOD FOR p (a, b), UNIQUE (id, p WITHOUT OVERLAPS))")


@case(DDL_PARSE, "CREATE PACKAGE in sql_mode=ORACLE", disturbs=True)
def second_oracle_package(place: Place) -> None:
    place.reader()
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ORACLE")
        cursor.execute(f"CREATE PACKAGE {place.spec.database}.p AS FUNCTION f RETURN INT; END")


@case(BINLOG_GAP, "RESET MASTER under the stopped source of MariaDB, and it is resumed", disturbs=True)
def second_binlog_reset(place: Place) -> None:
    pipeline = place.reader()
    place.stop(place.source_name)
    place.source.kill_connections("debezium")
    place.source.execute("RESET MASTER")
    pipeline.insert()
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 60)


def _avro(place: Place) -> dict[str, str]:
    adjusted = {"schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro"}
    return {**place.stack.registry.converters(confluent=True), **adjusted}


def _ddl(place: Place, table: str) -> None:
    place.reader()
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE `{place.spec.database}`")
        cursor.execute(f"CREATE TABLE {table}")


def _at_offset(place: Place, offset: Mapping[str, object]) -> None:
    place.reader()
    place.stop(place.source_name)
    place.move(place.source_name, {"offsets": [{"partition": {"server": place.spec.prefix}, "offset": dict(offset)}]})
    place.resume(place.source_name)


def _table(place: Place) -> str:
    return f"`{place.spec.database}`.orders"


def _transform(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    own = {f"transforms.own.{name}": value for name, value in settings.items()}
    return {"transforms": "own", "transforms.own.type": kind, **own}


def _put(place: Place, config: Mapping[str, str]) -> None:
    place.connect.put(place.source_name, place.reader_not_started(config).source_config())


def _put_unchecked(place: Place, config: Mapping[str, str]) -> None:
    place.put_unchecked(place.source_name, place.reader_not_started(config).source_config())
