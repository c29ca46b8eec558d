"""The seventh set, sources: how each of the drawn events is done to what they read, write and are told."""

from collections.abc import Mapping

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from stack import wait_for

from failures.place import Place
from failures.seventh_draw import Settings
from failures.seventh_source_flow import (
    HISTORY,
    NAMES_FOR_AVRO,
    NO_RETRIES,
    insert_until_failed,
    insert_value,
    prepared,
    put,
    reading,
    statement_of,
    table_of,
)

_VALUES = {
    "VARCHAR(40)": "'x'",
    "INT": "7",
    "DECIMAL(12,4)": "1.5",
    "DATETIME(3)": "'2026-11-26 05:00:00'",
    "JSON": "'{}'",
    "TEXT": "'x'",
    "BIGINT UNSIGNED": "7",
    "ENUM('a','b')": "'a'",
}

# ── the binlog and the history ──


def row_image_changed(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.source.execute("SET GLOBAL binlog_row_image = 'MINIMAL'")
    try:
        place.restart(place.source_name)
        place.connect.wait_failed(place.source_name, 40)
    finally:
        place.source.execute("SET GLOBAL binlog_row_image = 'FULL'")


def binlog_damaged(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.stop(place.source_name)
    place.damage_binlog(lambda: made.insert(20))
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 40)


def history_deleted(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.kafka.delete_topics([place.spec.history_topic])
    place.restart(place.source_name)


def history_expired(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.delete_records(place.spec.history_topic)
    place.restart(place.source_name)


def history_expired_in_part(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    topic = place.spec.history_topic
    before = place.end_offset(topic)
    made.alter("ADD COLUMN since_then INT")
    wait_for(lambda: place.end_offset(topic) > before, 40, f"a record in {topic}")
    admin = AdminClient({"bootstrap.servers": place.kafka.bootstrap_servers})
    for answer in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        answer.result(10)
    place.restart(place.source_name)
    made.insert()


def migration_unknown_words(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.source.execute(statement_of(settings, place.spec.database, table_of(place)))


# ── how large, where to ──


def row_too_large(place: Place, settings: Settings) -> None:
    reading(place, settings)
    large = "REPEAT('y', 1100000)"
    insert_value(place, settings, f"JSON_OBJECT('y', {large})" if settings["type"] == "JSON" else large)


def topic_deleted(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.kafka.delete_topics([place.spec.topic])
    made.insert()


def lock_held(place: Place, settings: Settings) -> None:
    made = prepared(place, settings, {"snapshot.lock.timeout.ms": "3000", **NO_RETRIES})
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {table_of(place)} WRITE")
        put(place, made.source_config())
        place.connect.wait_failed(place.source_name, 60)


# ── converters, registry, transforms ──


def registry_refuses_a_column(place: Place, settings: Settings) -> None:
    made = reading(place, settings, column="")
    place.stack.registry.require("BACKWARD", f"{place.spec.topic}-value")
    made.alter(f"ADD COLUMN `{settings['column']}` {settings['type']} NOT NULL")
    insert_value(place, settings, _VALUES[settings["type"]])


def name_not_for_avro(place: Place, settings: Settings) -> None:
    made = prepared(place, settings, dict.fromkeys(NAMES_FOR_AVRO, "none"), f"{settings['column']}-no")
    put(place, made.source_config())
    insert_until_failed(place, made)


def own_converter_missing(place: Place, settings: Settings) -> None:
    own = {"converters": "isodates", "isodates.type": "com.acme.debezium.IsoDateConverter"}
    put(place, prepared(place, settings, own).source_config())


def time_of_two_days(place: Place, settings: Settings) -> None:
    reading(place, {**settings, "type": "TIME"})
    insert_value(place, settings, "'50:00:00'")


def transform_option_wrong(place: Place, settings: Settings) -> None:
    kafka = "org.apache.kafka.connect.transforms"
    column = settings["column"]
    own = (
        {"type": f"{kafka}.TimestampConverter$Value", "field": column, "target.type": "datetime"}
        if settings["decimal.handling.mode"] == "precise"
        else {"type": f"{kafka}.Cast$Value", "spec": f"{column}:varchar"}
    )
    made = prepared(place, settings, {f"transforms.own.{name}": value for name, value in own.items()})
    put(place, {**made.source_config(), "transforms": "own"})


# ── what they are told ──


def connector_of_mariadb(place: Place, settings: Settings) -> None:
    made = prepared(place, settings)
    theirs = {"connector.class": "io.debezium.connector.mariadb.MariaDbConnector"}
    place.put_unchecked(place.source_name, {**made.source_config(), **theirs})


def prefix_missing(place: Place, settings: Settings) -> None:
    config = prepared(place, settings).source_config()
    put(place, {**_without(config, "topic.prefix"), "database.server.name": place.spec.prefix})


def history_settings_of_version_1(place: Place, settings: Settings) -> None:
    config = prepared(place, settings).source_config()
    old = {
        name.replace(HISTORY, "database.history"): value for name, value in config.items() if name.startswith(HISTORY)
    }
    put(place, {**_without(config, HISTORY), **old})


def lists_exclude_each_other(place: Place, settings: Settings) -> None:
    database = place.spec.database
    lists = {"table.include.list": f"{database}.{place.table}", "table.exclude.list": f"{database}.audit"}
    put(place, prepared(place, settings, lists).source_config())


def _without(config: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name: value for name, value in config.items() if not name.startswith(prefix)}
