"""The eighth set, sources: how those events are done that the same lots bring next, and did not bring before."""

from collections.abc import Callable
from contextlib import suppress

from stack import StackError, wait_for
from stack.ports import any_free
from stack.settings import HOST

from failures.place import DEBEZIUM_GRANTS, Place
from failures.seventh_draw import Settings, Way
from failures.seventh_source_flow import (
    HISTORY,
    NO_RETRIES,
    at_the_user,
    insert_until_failed,
    insert_value,
    prepared,
    put,
    reading,
    statement_of,
    table_of,
)
from failures.strangers import http, listening

# ── who lets them in, and the way there ──


def password_expired(place: Place, settings: Settings) -> None:
    at_the_user(place, settings, "ALTER USER {user} PASSWORD EXPIRE")


def sasl_password_rotated(place: Place, settings: Settings) -> None:
    put(
        place, prepared(place, settings, place.kafka.clients("producer.override.", "other-4711-secret")).source_config()
    )


def registry_wants_a_login(place: Place, settings: Settings) -> None:
    body = '{"error_code": 401, "message": "Unauthorized"}'
    with listening(http("401 Unauthorized", body, "application/json"), waits_for_request=True) as port:
        url = f"http://{HOST}:{port}/apis/registry/v2"
        urls = {f"{kind}.converter.apicurio.registry.url": url for kind in ("key", "value")}
        made = prepared(place, settings, urls)
        put(place, made.source_config())
        insert_until_failed(place, made)


def proxy_without_backend(place: Place, settings: Settings) -> None:
    with listening() as port:
        made = prepared(place, settings, {"database.port": str(port)})
        place.put_unchecked(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 40)


def history_servers_gone(place: Place, settings: Settings) -> None:
    nowhere = {
        f"{HISTORY}.kafka.bootstrap.servers": f"{HOST}:{any_free()}",
        f"{HISTORY}.kafka.create.timeout.ms": "5000",
        f"{HISTORY}.kafka.query.timeout.ms": "3000",
        f"{HISTORY}.producer.max.block.ms": "5000",
    }
    put(place, prepared(place, settings, nowhere).source_config())


def copy_killed(place: Place, settings: Settings) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    made = prepared(place, settings, {**place.as_source_user, **NO_RETRIES})
    running = "SELECT id FROM information_schema.processlist WHERE user = %s AND command = 'Query' AND time > 1"

    def is_over() -> bool:
        for thread in place.source.query(running, [place.user]):
            with suppress(StackError):  # gone by itself
                place.source.execute(f"KILL {int(thread['id'])}")
        return "FAILED" in place.connect.states(place.source_name)

    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {table_of(place)} WRITE")
        put(place, made.source_config())
        wait_for(is_over, 60, f"{place.source_name} to fail")


# ── the binlog, and what is in it ──


def binlog_reset(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.stop(place.source_name)
    place.source.execute("RESET BINARY LOGS AND GTIDS")
    made.insert()
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 40)


def binlog_format_changed(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.source.execute("SET GLOBAL binlog_format = 'STATEMENT'")
    try:
        place.restart(place.source_name)
        place.connect.wait_failed(place.source_name, 40)
    finally:
        place.source.execute("SET GLOBAL binlog_format = 'ROW'")


def neighbour_unknown_words(place: Place, settings: Settings) -> None:
    reading(place, settings)
    theirs = f"{place.spec.database}_team"
    place.source.execute(f"CREATE DATABASE `{theirs}`")
    try:
        place.source.execute(f"CREATE TABLE `{theirs}`.theirs (id INT PRIMARY KEY)")
        place.source.execute(statement_of(settings, theirs, f"`{theirs}`.theirs"))
        place.connect.wait_failed(place.source_name, 40)
    finally:
        place.source.execute(f"DROP DATABASE `{theirs}`")


def unlogged_add(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.unlogged(f"ALTER TABLE {table_of(place)} ADD COLUMN since_then INT")
    made.insert()


def zero_date(place: Place, settings: Settings) -> None:
    made = reading(place, {**settings, "type": "DATETIME(3) NOT NULL DEFAULT '2000-01-01'"})
    columns = f"customer, amount, `{settings['column']}`"
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute(f"INSERT INTO {table_of(place)} ({columns}) VALUES ('x', 1, '0000-00-00 00:00:00')")
    made.insert()


# ── how large, how many; the registry ──


def buffer_too_small(place: Place, settings: Settings) -> None:
    small = {"producer.override.max.request.size": "5000000", "producer.override.buffer.memory": "1000000"}
    reading(place, settings, small)
    insert_value(place, settings, "REPEAT('y', 1100000)")


def replicas_as_in_production(place: Place, settings: Settings) -> None:
    three = {"topic.creation.default.replication.factor": "3", "topic.creation.default.partitions": "6"}
    put(place, prepared(place, settings, three).source_config())


def registry_refuses_a_type(place: Place, settings: Settings) -> None:
    made = reading(place, {**settings, "type": "INT"})
    place.stack.registry.require("BACKWARD", f"{place.spec.topic}-value")
    made.alter(f"MODIFY `{settings['column']}` VARCHAR(40)")
    insert_value(place, settings, "'x'")


def schemas_not_registered(place: Place, settings: Settings) -> None:
    by_hand = {f"{kind}.converter.apicurio.registry.auto-register": "false" for kind in ("key", "value")}
    put(place, prepared(place, settings, by_hand).source_config())


# ── what they are told ──


def _told(more: Callable[[Place], dict[str, str]]) -> Way:
    def make(place: Place, settings: Settings) -> None:
        put(place, prepared(place, settings, more(place)).source_config())

    return make


def _override(place: Place) -> dict[str, str]:
    name = "snapshot.select.statement.overrides"
    table = f"{place.spec.database}.{place.table}"
    return {name: table, f"{name}.{table}": f"SELECT id, customer, colour FROM {table_of(place)}"}


override_of_no_column = _told(_override)
word_misspelled = _told(lambda _: {"decimal.handling.mode": "doubles"})
snapshot_mode_gone = _told(lambda _: {"snapshot.mode": "schema_only"})
server_id_no_number = _told(lambda _: {"database.server.id": "source-1"})
