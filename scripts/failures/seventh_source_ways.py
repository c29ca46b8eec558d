"""The seventh set, sources: how each of the drawn events is done to a pipeline of the drawn settings."""

from collections.abc import Mapping

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from stack import StackError, wait_for
from stack.pipeline import Pipeline
from stack.settings import HOST

from failures.place import DEBEZIUM_GRANTS, Place
from failures.seventh_draw import Settings, Way
from failures.strangers import dropping, http, listening

WAYS: dict[str, Way] = {}

HISTORY = "schema.history.internal"
_NOWHERE = "192.0.2.1"
"""Kept for documentation: nobody comes from this address."""
NO_RETRIES = {"errors.max.retries": "0"}
_JSON = "org.apache.kafka.connect.json.JsonConverter"
_AS_THEY_ARE = ("snapshot.mode", "decimal.handling.mode", "time.precision.mode", "snapshot.locking.mode")
_NAMES_FOR_AVRO = {"schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro"}
_UNWRAP = {"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState"}
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


def way(make: Way) -> Way:
    """Under its own name, with dashes."""
    WAYS[make.__name__.replace("_", "-")] = make
    return make


# ── who lets them in ──


@way
def password_rotated(place: Place, settings: Settings) -> None:
    at_the_user(place, settings, "ALTER USER {user} IDENTIFIED BY 'other-4711-secret'")


@way
def user_must_use_tls(place: Place, settings: Settings) -> None:
    plain = {"database.ssl.mode": "disabled", "driver.allowPublicKeyRetrieval": "true"}
    at_the_user(place, settings, "ALTER USER {user} REQUIRE SSL", plain)


@way
def user_bound_to_a_host(place: Place, settings: Settings) -> None:
    elsewhere = f"'{place.user}'@'{_NOWHERE}'"
    at_the_user(place, settings, "RENAME USER {user} TO " + elsewhere)
    try:
        place.connect.wait_failed(place.source_name, 40)
    finally:
        place.source.execute(f"RENAME USER {elsewhere} TO '{place.user}'@'%'")


@way
def grant_reload(place: Place, settings: Settings) -> None:
    place.own_user(place.source, "SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT")
    put(place, prepared(place, settings, place.as_source_user).source_config())


@way
def grant_select(place: Place, settings: Settings) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS.replace("SELECT, ", ""))
    made = prepared(place, settings, place.as_source_user)
    place.source.execute(f"GRANT SELECT (id) ON {table_of(place)} TO '{place.user}'@'%'")
    put(place, made.source_config())


@way
def acl_create(place: Place, settings: Settings) -> None:
    clients = {**place.kafka.clients("producer.override."), **place.kafka.clients("admin.override.")}
    made = prepared(place, settings, clients)
    place.kafka.create_topic(made.spec.prefix)
    place.kafka.allow_topic(made.spec.prefix, "WRITE", "DESCRIBE")
    put(place, made.source_config())
    insert_until_failed(place, made)


# ── the way there ──


@way
def server_down(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.stack.stop("source-db")
    place.restart(place.source_name)
    place.connect.wait_failed(place.source_name, 120)


@way
def firewall_drops(place: Place, settings: Settings) -> None:
    with dropping() as port:
        made = prepared(place, settings, {"database.port": str(port), "connect.timeout.ms": "5000"})
        place.put_unchecked(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 40)


@way
def too_many_connections(place: Place, settings: Settings) -> None:
    reading(place, settings)
    # The one who waits outside could not come in again to set it right.
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.max_connections")
        (before,) = cursor.fetchone() or ()
        cursor.execute("SET GLOBAL max_connections = 1")
        try:
            place.restart(place.source_name)
            place.connect.wait_failed(place.source_name, 60)
        finally:
            cursor.execute(f"SET GLOBAL max_connections = {before}")


@way
def registry_overloaded(place: Place, settings: Settings) -> None:
    with listening(http("503 Service Unavailable", "upstream connect error"), waits_for_request=True) as port:
        url = f"http://{HOST}:{port}/apis/registry/v2"
        urls = {f"{kind}.converter.apicurio.registry.url": url for kind in ("key", "value")}
        made = prepared(place, settings, urls)
        put(place, made.source_config())
        insert_until_failed(place, made)


@way
def registry_down(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.stack.stop("registry")
    made.alter("ADD COLUMN since_then INT")
    made.insert()
    place.connect.wait_failed(place.source_name, 60)


# ── the binlog and the history ──


@way
def row_image_changed(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.source.execute("SET GLOBAL binlog_row_image = 'MINIMAL'")
    try:
        place.restart(place.source_name)
        place.connect.wait_failed(place.source_name, 40)
    finally:
        place.source.execute("SET GLOBAL binlog_row_image = 'FULL'")


@way
def binlog_damaged(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.stop(place.source_name)
    place.damage_binlog(lambda: made.insert(20))
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 40)


@way
def history_deleted(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.kafka.delete_topics([place.spec.history_topic])
    place.restart(place.source_name)


@way
def history_expired(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.delete_records(place.spec.history_topic)
    place.restart(place.source_name)


@way
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


@way
def migration_unknown_words(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.source.execute(statement_of(settings, place.spec.database, table_of(place)))


# Only those that were drawn.
_STATEMENTS = {
    "table function": (
        "CREATE VIEW `{database}`.tags AS SELECT o.id, t.tag FROM {table} o, "
        "JSON_TABLE('[\"a\", \"b\"]', '$[*]' COLUMNS (nr FOR ORDINALITY, tag VARCHAR(20) PATH '$')) AS t"
    )
}


# ── how large, where to ──


@way
def row_too_large(place: Place, settings: Settings) -> None:
    reading(place, settings)
    large = "REPEAT('y', 1100000)"
    insert_value(place, settings, f"JSON_OBJECT('y', {large})" if settings["type"] == "JSON" else large)


@way
def topic_deleted(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.kafka.delete_topics([place.spec.topic])
    made.insert()


@way
def lock_held(place: Place, settings: Settings) -> None:
    made = prepared(place, settings, {"snapshot.lock.timeout.ms": "3000", **NO_RETRIES})
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {table_of(place)} WRITE")
        put(place, made.source_config())
        place.connect.wait_failed(place.source_name, 60)


# ── converters, registry, transforms ──


@way
def registry_refuses_a_column(place: Place, settings: Settings) -> None:
    made = reading(place, settings, column="")
    place.stack.registry.require("BACKWARD", f"{place.spec.topic}-value")
    made.alter(f"ADD COLUMN `{settings['column']}` {settings['type']} NOT NULL")
    insert_value(place, settings, _VALUES[settings["type"]])


@way
def name_not_for_avro(place: Place, settings: Settings) -> None:
    made = prepared(place, settings, dict.fromkeys(_NAMES_FOR_AVRO, "none"), f"{settings['column']}-no")
    put(place, made.source_config())
    insert_until_failed(place, made)


@way
def own_converter_missing(place: Place, settings: Settings) -> None:
    own = {"converters": "isodates", "isodates.type": "com.acme.debezium.IsoDateConverter"}
    put(place, prepared(place, settings, own).source_config())


@way
def time_of_two_days(place: Place, settings: Settings) -> None:
    reading(place, {**settings, "type": "TIME"})
    insert_value(place, settings, "'50:00:00'")


@way
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


@way
def connector_of_mariadb(place: Place, settings: Settings) -> None:
    made = prepared(place, settings)
    theirs = {"connector.class": "io.debezium.connector.mariadb.MariaDbConnector"}
    place.put_unchecked(place.source_name, {**made.source_config(), **theirs})


@way
def prefix_missing(place: Place, settings: Settings) -> None:
    config = prepared(place, settings).source_config()
    put(place, {**_without(config, "topic.prefix"), "database.server.name": place.spec.prefix})


@way
def history_settings_of_version_1(place: Place, settings: Settings) -> None:
    config = prepared(place, settings).source_config()
    old = {
        name.replace(HISTORY, "database.history"): value for name, value in config.items() if name.startswith(HISTORY)
    }
    put(place, {**_without(config, HISTORY), **old})


@way
def lists_exclude_each_other(place: Place, settings: Settings) -> None:
    database = place.spec.database
    lists = {"table.include.list": f"{database}.{place.table}", "table.exclude.list": f"{database}.audit"}
    put(place, prepared(place, settings, lists).source_config())


# ── what they share ──


def _config(place: Place, settings: Settings) -> dict[str, str]:
    """What was drawn, as a source's config."""
    converters = {
        "json": {},
        "bare json": {
            name: value
            for kind in ("key", "value")
            for name, value in {f"{kind}.converter": _JSON, f"{kind}.converter.schemas.enable": "false"}.items()
        },
        "avro": {**place.stack.registry.converters(), **_NAMES_FOR_AVRO},
    }
    return {
        **{name: settings[name] for name in _AS_THEY_ARE},
        **converters[settings["converter"]],
        **(_UNWRAP if settings["unwrap"] == "source" else {}),
    }


def prepared(
    place: Place, settings: Settings, more: Mapping[str, str] | None = None, column: str | None = None
) -> Pipeline:
    """The table with the drawn column, or another, or (of an empty name) none; the source is not there yet."""
    made = place.reader_not_started({**_config(place, settings), **(more or {})})
    name = settings["column"] if column is None else column
    if name:
        made.alter(f"ADD COLUMN `{name}` {settings['type']}")
    return made


def reading(
    place: Place, settings: Settings, more: Mapping[str, str] | None = None, column: str | None = None
) -> Pipeline:
    """A source that has written a row which it read from the binlog."""
    made = prepared(place, settings, more, column)
    place.kafka.create_topic(place.spec.topic)
    place.connect.put(place.source_name, made.source_config())
    copied = 0 if settings["snapshot.mode"] == "no_data" else 5
    place.connect.wait_running(place.source_name, 60)
    place.wait_for_records(copied)

    def has_read_one_more() -> bool:
        made.insert()
        return place.end_offset(place.spec.topic) > copied

    # Where nothing is copied, nothing tells from which row on it reads.
    wait_for(has_read_one_more, 60, f"a row of {place.slug} from the binlog")
    return made


def at_the_user(place: Place, settings: Settings, statement: str, more: Mapping[str, str] | None = None) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    reading(place, settings, {**place.as_source_user, **(more or {})})
    place.source.execute(statement.format(user=f"'{place.user}'@'%'"))
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


def put(place: Place, config: Mapping[str, str]) -> None:
    """Past Connect's checks where they refuse it, as after an upgrade, or on a worker that lost a plugin."""
    try:
        place.connect.put(place.source_name, config)
    except StackError:
        place.put_unchecked(place.source_name, config)


def insert_until_failed(place: Place, made: Pipeline) -> None:
    def has_failed() -> bool:
        made.insert()
        return "FAILED" in place.connect.states(place.source_name)

    wait_for(has_failed, 60, f"{place.source_name} to fail")


def insert_value(place: Place, settings: Settings, value: str) -> None:
    columns = f"customer, amount, `{settings['column']}`"
    place.source.execute(f"INSERT INTO {table_of(place)} ({columns}) VALUES ('x', 1, {value})")


def _without(config: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name: value for name, value in config.items() if not name.startswith(prefix)}


def statement_of(settings: Settings, database: str, table: str) -> str:
    return _STATEMENTS[settings["statement"]].format(database=database, table=table)


def table_of(place: Place) -> str:
    return f"`{place.spec.database}`.`{place.table}`"
