"""The seventh set, sinks: how each event that was drawn is done, to accounts, ways, registries and configs."""

from stack.ports import any_free
from stack.settings import HOST

from failures.place import Place
from failures.seventh_draw import Settings
from failures.seventh_flow import TYPES, VALUES, changed, columns, converters, feed, insert, reconfigure, sink_of, start
from failures.strangers import http, listening

_LONG = 120
"""Seconds until a sink has tried as often as its settings say."""
_ANOTHER = "another-4711-secret"
_JSON = "org.apache.kafka.connect.json.JsonConverter"
_CONFLUENT = "io.confluent.connect.avro.AvroConverter"
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


def key_not_to_be_fetched(place: Place, settings: Settings) -> None:
    place.own_user(place.target, "ALL")
    made = feed(place, settings, place.as_sink_user)
    reconfigure(place, made, connection__url=place.jdbc_url("?sslMode=DISABLED"))


def broker_password_rotated(place: Place, settings: Settings) -> None:
    made = feed(place, settings, place.kafka.clients("consumer.override.", _ANOTHER))
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


def _with_id(number: int, avro: bytes) -> bytes:
    """In Confluent's wire format."""
    return b"\x00" + number.to_bytes(4) + avro[5:]


def _with_registry_at(place: Place, settings: Settings, port: int) -> None:
    url = f"http://{HOST}:{port}/apis/registry/v2"
    made = feed(place, settings, {f"{kind}.converter.apicurio.registry.url": url for kind in _KINDS})
    place.connect.put(place.sink_name, made.sink_config())


# ── configs ──


def avro_topic_json_sink(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    avro = converters(place, settings)
    config = {name: value for name, value in made.sink_config().items() if name not in avro}
    place.connect.put(place.sink_name, config)


def source_without_schemas(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    plain = {f"{kind}.converter": _JSON for kind in _KINDS}
    bare = {f"{kind}.converter.schemas.enable": "false" for kind in _KINDS}
    place.connect.put(place.source_name, {**made.source_config(), **plain, **bare})
    place.connect.wait_running(place.source_name, 60)
    insert(place, 2)
    place.connect.put(place.sink_name, made.sink_config())


def converter_missing(place: Place, settings: Settings) -> None:
    made = start(place, settings)
    avro = {f"{kind}.converter": _CONFLUENT for kind in _KINDS}
    urls = {f"{kind}.converter.schema.registry.url": place.stack.registry.confluent_url for kind in _KINDS}
    place.put_unchecked(place.sink_name, {**made.sink_config(), **avro, **urls})


def url_option_mistyped(place: Place, settings: Settings) -> None:
    reconfigure(place, start(place, settings), connection__url=place.jdbc_url("?sslMode=REQUIRE"))


def schema_changes_read_too(place: Place, settings: Settings) -> None:
    """A sink for many tables, as they are written: topics by a pattern, tables by the last word of the topic."""
    route = {"type": "org.apache.kafka.connect.transforms.RegexRouter", "regex": r".*\.([^.]+)", "replacement": "$1"}
    before = sink_of(place, settings).get("transforms")
    many = {
        "topics.regex": f"{place.slug}.*",
        "collection.name.format": "${topic}",
        "transforms": f"{before},route" if before else "route",
        **{f"transforms.route.{name}": value for name, value in route.items()},
    }
    made = feed(place, settings, many)
    place.connect.put(place.sink_name, {name: value for name, value in made.sink_config().items() if name != "topics"})


def cast_of_text(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    made = start(place, settings)
    before = made.sink_config().get("transforms")
    cast = {
        "transforms": f"{before},cast" if before else "cast",
        "transforms.cast.type": "org.apache.kafka.connect.transforms.Cast$Value",
        "transforms.cast.spec": f"{column}:int32",
    }
    place.connect.put(place.sink_name, {**changed(made), **cast})
    insert(place, 2, **{column: VALUES[kind]})


def dead_letters_need_three_brokers(place: Place, settings: Settings) -> None:
    letters = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": f"{place.slug}.dead"}
    made = feed(place, settings, letters)
    place.connect.put(place.sink_name, made.sink_config())
