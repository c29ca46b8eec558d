"""The fourth set: the ways to servers and registries, who is let in, settings, and what there is too little of."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from stack.settings import HOST

from failures.case import (
    AUTH,
    CONFIG,
    FIX_FIRST,
    FIX_OR_ONCE,
    SINK,
    TRANSIENT,
    UNREACHABLE,
    WRONG_ADDRESS,
    Break,
    Registry,
    Truth,
)
from failures.place import KEY, Place, struct
from failures.strangers import http, listening

CASES = Registry(SINK)

_KEY_1 = struct(KEY, {"id": 1})
_HELD_UP = Truth("RESOURCE", TRANSIENT)
_NOWHERE = "192.0.2.1"
"""Kept for documentation: nobody has this address."""


def case(truth: Truth, made_by: str) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, patience=40)


@case(Truth("CONNECTIVITY", ("yes", *FIX_OR_ONCE)), "a proxy takes the sink's connection, and has no server behind it")
def fourth_proxy_without_a_target(place: Place) -> None:
    _meet(place, listening())


@case(UNREACHABLE, "the target answers that it is shutting down: 1053")
def fourth_target_is_shutting_down(place: Place) -> None:
    _meet(place, listening(_refusal(1053, "08S01", "Server shutdown in progress")))


@case(Truth("CONNECTIVITY", FIX_FIRST), "the target has blocked the worker after many connection errors: 1129")
def fourth_worker_is_blocked(place: Place) -> None:
    words = "Host '10.0.0.7' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'"
    _meet(place, listening(_refusal(1129, "HY000", words)))


@case(WRONG_ADDRESS, "the address in connection.url is one that nobody has")
def fourth_no_way_to_the_target(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?connectTimeout=2000", host=_NOWHERE)})


@case(AUTH, "the sink's user may INSERT, and not UPDATE; insert.mode=upsert")
def fourth_may_not_update(place: Place) -> None:
    _as_own_user(place, "SELECT, INSERT")


@case(AUTH, "schema.evolution=basic has to make a table, for a user who may not CREATE")
def fourth_may_not_create(place: Place) -> None:
    _as_own_user(
        place, "SELECT, INSERT, UPDATE, ALTER", {"schema.evolution": "basic", "collection.name.format": "fresh"}
    )


@case(AUTH, "the rights of the sink's user come with a role that is not its default")
def fourth_role_is_not_active(place: Place) -> None:
    _as_own_user(place, "")


@case(Truth("REGISTRY", FIX_OR_ONCE), "the host in the URL of the sink's registry has no address")
def fourth_registry_host_unknown(place: Place) -> None:
    _avro(place, "http://registry.invalid:8080/apis/registry/v2")


@case(Truth("REGISTRY", TRANSIENT), "the sink's registry answers 500")
def fourth_registry_fails(place: Place) -> None:
    body = '{"error_code": 500, "message": "Internal Server Error"}'
    with listening(http("500 Internal Server Error", body, "application/json"), waits_for_request=True) as port:
        _avro(place, f"http://{HOST}:{port}/apis/registry/v2")
        place.connect.wait_failed(place.sink_name, 40)


@case(CONFIG, "the topic is in Avro, and the sink's converter is for JSON")
def fourth_avro_before_the_json_converter(place: Place) -> None:
    place.writer()
    place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", _KEY_1)


@case(CONFIG, "insert.mode=upsert with primary.key.mode=none")
def fourth_upsert_without_a_key(place: Place) -> None:
    made = place.writer_not_started({"primary.key.mode": "none", "delete.enabled": "false"})
    place.produce_row()
    place.put_unchecked(place.sink_name, made.sink_config())


@case(CONFIG, "value.converter.schemas.enable is neither true nor false")
def fourth_schemas_maybe(place: Place) -> None:
    json = {"value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "maybe"}
    place.put_unchecked(place.sink_name, place.writer_not_started(json).sink_config())


@case(_HELD_UP, "MAX_UPDATES_PER_HOUR of the sink's user is used up")
def fourth_hour_is_used_up(place: Place) -> None:
    place.own_user(place.target, "ALL")
    place.target.execute(f"ALTER USER '{place.user}'@'%' WITH MAX_UPDATES_PER_HOUR 2")
    place.writer(place.as_sink_user)
    for number in range(6):
        place.produce_row(number)


@case(_HELD_UP, "another session holds LOCK TABLES at the target for longer than lock_wait_timeout")
def fourth_table_is_locked(place: Place) -> None:
    url = place.jdbc_url("?sessionVariables=lock_wait_timeout=1")
    place.writer({"connection.url": url, "flush.max.retries": "1"})
    place.produce_row(1)
    place.wait_for_rows(1)
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES `{place.spec.target_database}`.orders READ")
        place.produce_row(2)
        place.connect.wait_failed(place.sink_name, 40)


def _refusal(number: int, state: str, words: str) -> bytes:
    """What a MySQL server says instead of a greeting."""
    message = words.encode()
    body = b"\xff" + number.to_bytes(2, "little") + (b"" if number in (1040, 1129) else b"#" + state.encode()) + message
    return len(body).to_bytes(3, "little") + b"\x00" + body


def _meet(place: Place, stranger: AbstractContextManager[int]) -> None:
    with stranger as port:
        _start(place, {"connection.url": place.jdbc_url(port=port)})
        place.connect.wait_failed(place.sink_name, 40)


def _as_own_user(place: Place, grants: str, config: Mapping[str, str] | None = None) -> None:
    """Without grants: with all of them, by a role that is not active."""
    made = place.writer_not_started({**place.as_sink_user, **(config or {})})
    place.own_user(place.target, grants, on=f"`{place.spec.target_database}`.*")
    if not grants:
        role = f"'{place.user}_role'"
        place.target.execute(f"CREATE ROLE IF NOT EXISTS {role}")
        place.target.execute(f"GRANT ALL ON `{place.spec.target_database}`.* TO {role}")
        place.target.execute(f"GRANT {role} TO '{place.user}'@'%'")
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


def _avro(place: Place, url: str) -> None:
    config = place.stack.registry.converters(confluent=True, kinds=["value"])
    made = place.writer_not_started({**config, "value.converter.apicurio.registry.url": url})
    place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", _KEY_1)
    place.connect.put(place.sink_name, made.sink_config())


def _start(place: Place, config: Mapping[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())
