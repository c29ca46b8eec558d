"""The seventh set, sinks: how each event that was drawn is done, to accounts, ways and registries."""

from stack.ports import any_free
from stack.settings import HOST

from failures.place import Place
from failures.seventh_draw import Settings
from failures.seventh_flow import (
    TYPES,
    VALUES,
    columns,
    feed,
    insert,
    reconfigure,
    run,
    source_table,
    start,
    target_table,
)
from failures.strangers import http, listening

_LONG = 120
"""Seconds until a sink has tried as often as its settings say."""
_ANOTHER = "another-4711-secret"
_KINDS = ("key", "value")


# ── accounts ──


def password_rotated(place: Place, settings: Settings) -> None:
    _start_as_own_user(place, settings)
    place.target.execute(f"ALTER USER '{place.user}'@'%' IDENTIFIED BY '{_ANOTHER}'")
    place.restart(place.sink_name)


def password_mistyped(place: Place, settings: Settings) -> None:
    reconfigure(place, start(place, settings), connection__password=_ANOTHER)


def user_dropped(place: Place, settings: Settings) -> None:
    _start_as_own_user(place, settings)
    place.target.execute(f"DROP USER '{place.user}'@'%'")
    place.target.kill_connections(place.user)
    insert(place, 2)
    place.connect.wait_failed(place.sink_name, _LONG)


def may_not_insert(place: Place, settings: Settings) -> None:
    made = feed(place, settings, place.as_sink_user)
    place.own_user(place.target, "SELECT", f"`{place.spec.target_database}`.*")
    place.connect.put(place.sink_name, made.sink_config())


def may_not_alter(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    place.own_user(place.target, "SELECT, INSERT, UPDATE, DELETE", "*.*")
    made = start(place, settings, place.as_sink_user, columns(settings, without=True))
    made.alter(f"ADD COLUMN {column} {TYPES[kind]}")
    insert(place, 2, **{column: VALUES[kind]})


def password_rotated_under_the_sink(place: Place, settings: Settings) -> None:
    _start_as_own_user(place, settings)
    place.target.execute(f"ALTER USER '{place.user}'@'%' IDENTIFIED BY '{_ANOTHER}'")
    place.target.kill_connections(place.user)
    insert(place, 2)
    place.connect.wait_failed(place.sink_name, _LONG)


def may_not_delete(place: Place, settings: Settings) -> None:
    place.own_user(place.target, "SELECT, INSERT, UPDATE")
    start(place, settings, place.as_sink_user)
    place.source.execute(f"DELETE FROM {source_table(place)} WHERE id = 1")


def insert_revoked(place: Place, settings: Settings) -> None:
    """On the table: of a right on its database an open connection notices nothing."""
    made = feed(place, settings, place.as_sink_user)
    place.own_user(place.target, "SELECT, INSERT, UPDATE, DELETE", target_table(place))
    run(place, made)
    place.target.execute(f"REVOKE INSERT, UPDATE ON {target_table(place)} FROM '{place.user}'@'%'")
    insert(place, 2)


def key_not_to_be_fetched(place: Place, settings: Settings) -> None:
    place.own_user(place.target, "ALL")
    made = feed(place, settings, place.as_sink_user)
    reconfigure(place, made, connection__url=place.jdbc_url("?sslMode=DISABLED"))


def broker_password_rotated(place: Place, settings: Settings) -> None:
    made = feed(place, settings, place.kafka.clients("consumer.override.", _ANOTHER))
    place.connect.put(place.sink_name, made.sink_config())


def topic_not_allowed(place: Place, settings: Settings) -> None:
    made = feed(place, settings, place.kafka.clients("consumer.override."))
    place.connect.put(place.sink_name, made.sink_config())


def _start_as_own_user(place: Place, settings: Settings) -> None:
    place.own_user(place.target, "ALL")
    start(place, settings, place.as_sink_user)


# ── the way to the target ──


def target_killed(place: Place, settings: Settings) -> None:
    start(place, settings)
    place.stack.stop("target-db", kill=True)
    insert(place, 2)
    place.connect.wait_failed(place.sink_name, _LONG)


def port_closed(place: Place, settings: Settings) -> None:
    reconfigure(place, start(place, settings), connection__url=place.jdbc_url(port=any_free()))


def host_renamed(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    reconfigure(place, made, connection__url=place.jdbc_url(host="dw-1.invalid"))


def certificate_of_another_authority(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    reconfigure(place, made, connection__url=place.jdbc_url("?sslMode=VERIFY_CA"))


def proxy_without_a_server(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    with listening() as port:
        reconfigure(place, made, connection__url=place.jdbc_url(port=port))
        place.connect.wait_failed(place.sink_name, _LONG)


# ── the registry ──


def registry_away(place: Place, settings: Settings) -> None:
    _with_registry_at(place, settings, any_free())


def registry_password(place: Place, settings: Settings) -> None:
    body = '{"error_code": 401, "message": "Unauthorized"}'
    with listening(http("401 Unauthorized", body, "application/json"), waits_for_request=True) as port:
        _with_registry_at(place, settings, port)
        place.connect.wait_failed(place.sink_name, _LONG)


def registry_of_another_stage(place: Place, settings: Settings) -> None:
    """The records have ids that the sink's registry has never given."""
    topic = f"{place.slug}.mirrored"
    made = feed(place, settings, {"topics": topic})
    key, value = place.last_record()
    place.kafka.create_topic(topic)
    place.produce(_with_id(90002, value), _with_id(90001, key), topic)
    place.connect.put(place.sink_name, made.sink_config())


def schema_deleted(place: Place, settings: Settings) -> None:
    """With no record read anew: the next one's schema is asked for by a task that has not seen it."""
    start(place, settings)
    place.stack.registry.forget(place.spec.topic)
    insert(place, 2)
    place.wait_for_rows(2)
    place.restart(place.sink_name)
    place.connect.wait_running(place.sink_name, 60)
    insert(place, 3)


def _with_id(number: int, avro: bytes) -> bytes:
    """In Confluent's wire format."""
    return b"\x00" + number.to_bytes(4) + avro[5:]


def _with_registry_at(place: Place, settings: Settings, port: int) -> None:
    url = f"http://{HOST}:{port}/apis/registry/v2"
    made = feed(place, settings, {f"{kind}.converter.apicurio.registry.url": url for kind in _KINDS})
    place.connect.put(place.sink_name, made.sink_config())
