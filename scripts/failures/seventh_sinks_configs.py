"""The seventh set, sinks: how each event that was drawn is done, to what they are told."""

from stack.pipeline import Pipeline
from stack.settings import HOST

from failures.place import Place
from failures.seventh_draw import Settings
from failures.seventh_flow import VALUES, changed, columns, converters, feed, insert, reconfigure, sink_of, start

_JSON = "org.apache.kafka.connect.json.JsonConverter"
_CONFLUENT = "io.confluent.connect.avro.AvroConverter"
_KINDS = ("key", "value")


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
    place.connect.put(place.sink_name, _transformed(made, "Cast$Value", spec=f"{column}:int32"))
    insert(place, 2, **{column: VALUES[kind]})


def date_pattern_wrong(place: Place, settings: Settings) -> None:
    column = settings["column"]
    made = start(place, settings)
    pattern = {"field": column, "format": "yyyy-MM-dd", "target.type": "Timestamp"}
    place.connect.put(place.sink_name, _transformed(made, "TimestampConverter$Value", **pattern))
    insert(place, 2, **{column: "'05/10/2026'"})


def transform_names_no_field(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    place.connect.put(place.sink_name, _transformed(made, "ValueToKey", fields=f"{settings['table']}_id"))


def key_field_mistyped(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    reconfigure(place, made, primary__key__fields=f"{settings['table']}_id")


def field_list_leaves_out(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    made = start(place, settings, shape=columns(settings, null=f"NOT NULL DEFAULT {VALUES[kind]}"))
    made.alter_target(f"ALTER COLUMN {column} DROP DEFAULT")
    reconfigure(place, made, field__include__list="id,name,created_at")
    insert(place, 2)


def driver_not_there(place: Place, settings: Settings) -> None:
    """Db2's is the one that its maker has to be asked for."""
    reconfigure(place, feed(place, settings), connection__url=f"jdbc:db2://{HOST}:50000/DW")


def time_zone_unknown(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    reconfigure(place, made, connection__url=place.jdbc_url("?connectionTimeZone=Asia/Hanoi"))


def dead_letters_need_three_brokers(place: Place, settings: Settings) -> None:
    letters = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": f"{place.slug}.dead"}
    made = feed(place, settings, letters)
    place.connect.put(place.sink_name, made.sink_config())


def _transformed(made: Pipeline, kind: str, **options: str) -> dict[str, str]:
    """The sink's config with one more transform, after those that it has."""
    before = made.sink_config().get("transforms")
    return {
        **changed(made),
        "transforms": f"{before},more" if before else "more",
        "transforms.more.type": f"org.apache.kafka.connect.transforms.{kind}",
        **{f"transforms.more.{name}": value for name, value in options.items()},
    }
