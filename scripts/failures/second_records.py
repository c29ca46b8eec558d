"""The second set: records, converters, transforms, settings and the registry, at sinks."""

from collections.abc import Mapping

from confluent_kafka import Producer
from stack.ports import any_free
from stack.settings import HOST

from failures.case import CONFIG, FIX_FIRST, FIX_OR_ONCE, SINK, Registry, Truth, data
from failures.place import KEY, Place, struct

CASES = Registry(SINK)
case = CASES.case

_CONVERTERS = "org.apache.kafka.connect.converters"
_SMT = "org.apache.kafka.connect.transforms"
_FILE_SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"
_DATA_OR_CONFIG = data(also=("CONFIG",))
_NO_SUCH_SCHEMA = Truth("REGISTRY", FIX_OR_ONCE, also=("DATA", "CONFIG"))
_NO_REGISTRY = Truth("REGISTRY", FIX_OR_ONCE, also=("CONNECTIVITY",))


@case(CONFIG, "value.converter is ByteArrayConverter at a JDBC sink")
def second_bytes_and_no_columns(place: Place) -> None:
    place.writer({"value.converter": f"{_CONVERTERS}.ByteArrayConverter"})
    place.produce_row()


@case(_DATA_OR_CONFIG, "a value that is no Avro, before Apicurio's converter with ids in the headers")
def second_no_avro_and_no_header(place: Place) -> None:
    _avro_sink(place)
    place.produce(b"hello, this is no avro", struct(KEY, {"id": 1}))


@case(_DATA_OR_CONFIG, "a value that is no Avro, before Apicurio's converter with Confluent's wire format")
def second_no_magic_byte(place: Place) -> None:
    _avro_sink(place, confluent=True)
    place.produce(b"hello, this is no avro", struct(KEY, {"id": 1}))


@case(_NO_SUCH_SCHEMA, "an id in Confluent's wire format that the registry does not know")
def second_id_that_the_registry_does_not_know(place: Place) -> None:
    _avro_sink(place, confluent=True)
    place.produce(b"\x00" + (987654).to_bytes(4) + b"\x02\x02n", struct(KEY, {"id": 1}))


@case(data(), "Avro with a known id that is cut off behind it")
def second_avro_is_cut_off(place: Place) -> None:
    _avro_sink(place, confluent=True)
    fields = '[{"name": "id", "type": "long"}, {"name": "note", "type": "string"}]'
    schema = f'{{"type": "record", "name": "Row", "fields": {fields}}}'
    registry = place.stack.registry
    number = registry.call("POST", f"/subjects/{place.spec.topic}-value/versions", {"schema": schema})["id"]
    place.produce(b"\x00" + int(number).to_bytes(4) + b"\x02\x64no", struct(KEY, {"id": 1}))


@case(_NO_REGISTRY, "nobody listens where the sink's registry should be", patience=90)
def second_registry_is_away_from_the_sink(place: Place) -> None:
    url = f"http://{HOST}:{any_free()}/apis/registry/v2"
    _avro_sink(place, confluent=True, url=url)
    place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", struct(KEY, {"id": 1}))


@case(Truth("CONFIG", FIX_FIRST, also=("REGISTRY",)), "the path in the registry's URL is wrong", patience=90)
def second_registry_path_wrong(place: Place) -> None:
    _avro_sink(place, confluent=True, url=f"{place.stack.registry.url}/registry/api")
    place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", struct(KEY, {"id": 1}))


@case(CONFIG, "MaskField at a field that is an array, with a replacement")
def second_mask_an_array(place: Place) -> None:
    _file_sink(place, _transform("MaskField$Value", {"fields": "words", "replacement": "x"}))
    words = {"field": "words", "type": "array", "items": {"type": "string", "optional": False}, "optional": False}
    place.produce(struct([*KEY, words], {"id": 1, "words": ["a"]}), struct(KEY, {"id": 1}))


@case(Truth("CONFIG", FIX_FIRST, also=("DATA", "SCHEMA_DRIFT")), "SetSchemaMetadata at records without schema")
def second_schema_name_for_no_schema(place: Place) -> None:
    json = {
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
    }
    _file_sink(place, {**json, **_transform("SetSchemaMetadata$Value", {"schema.name": "n"})})
    place.produce(b'{"id": 1}', struct(KEY, {"id": 1}))


@case(_DATA_OR_CONFIG, "header.converter is IntegerConverter, the header a text")
def second_header_of_another_kind(place: Place) -> None:
    _file_sink(place, {"header.converter": f"{_CONVERTERS}.IntegerConverter"})
    producer = Producer({"bootstrap.servers": place.kafka.bootstrap_servers})
    producer.produce(place.spec.topic, struct(KEY, {"id": 1}), headers={"trace": b"text of a header"})
    producer.flush(10)


@case(CONFIG, "a transform asks for a predicate that is not defined", patience=40)
def second_predicate_not_defined(place: Place) -> None:
    _unchecked(place, {**_transform("Filter", {}), "transforms.own.predicate": "nowhere"})


@case(CONFIG, "the pattern of a predicate is no regular expression", patience=40)
def second_predicate_is_no_regex(place: Place) -> None:
    predicate = {
        "predicates": "named",
        "predicates.named.type": f"{_SMT}.predicates.TopicNameMatches",
        "predicates.named.pattern": "(orders",
    }
    _unchecked(place, {**_transform("Filter", {}), "transforms.own.predicate": "named", **predicate})


@case(CONFIG, "HeaderFrom with two fields and one header", patience=40)
def second_headers_and_fields_differ(place: Place) -> None:
    settings = {"fields": "id,note", "headers": "one", "operation": "copy"}
    _unchecked(place, _transform("HeaderFrom$Value", settings))


@case(CONFIG, "topics and topics.regex in one config", patience=40)
def second_topics_named_twice(place: Place) -> None:
    _unchecked(place, {"topics.regex": "orders.*"})


@case(CONFIG, "the dead letter topic is the sink's own topic", patience=40)
def second_dead_letters_into_its_own_topic(place: Place) -> None:
    _unchecked(place, {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": place.spec.topic})


@case(CONFIG, "connector.plugin.version asks for a version that is not installed", patience=40)
def second_plugin_of_another_version(place: Place) -> None:
    _unchecked(place, {"connector.plugin.version": "[9.9.0]"})


@case(CONFIG, "the file of a file sink is a folder")
def second_file_is_a_folder(place: Place) -> None:
    _file_sink_to(place, "/usr")


@case(Truth("CONFIG", FIX_FIRST, also=("AUTH",)), "the file of a file sink is one that nobody may write")
def second_file_may_not_be_written(place: Place) -> None:
    _file_sink_to(place, "/proc/sys/kernel/version")


@case(CONFIG, "session.timeout.ms together with group.protocol=consumer", patience=40)
def second_setting_of_the_other_group_protocol(place: Place) -> None:
    overrides = {"consumer.override.group.protocol": "consumer", "consumer.override.session.timeout.ms": "9000"}
    _unchecked(place, overrides)


@case(Truth("CONFIG", FIX_OR_ONCE), "two tasks with the same group.instance.id", patience=90)
def second_member_with_the_same_name(place: Place) -> None:
    made = place.writer_not_started({"consumer.override.group.instance.id": "only-one", "tasks.max": "2"})
    place.connect.put(place.sink_name, made.sink_config())


@case(
    Truth("CONFIG", FIX_FIRST, also=("DATA", "BINLOG_GAP")),
    "the sink's offset lies before the first record that retention has left, and auto.offset.reset=none",
    patience=90,
)
def second_offset_behind_retention(place: Place) -> None:
    made = place.writer_not_started({"consumer.override.auto.offset.reset": "earliest"})
    place.connect.put(place.sink_name, made.sink_config())
    place.produce_row(1)
    place.wait_for_rows(1)
    place.stop(place.sink_name)
    for number in range(2, 6):
        place.produce_row(number)
    place.delete_records(place.spec.topic)
    place.connect.put(place.sink_name, {**made.sink_config(), "consumer.override.auto.offset.reset": "none"})
    place.resume(place.sink_name)


def _avro_sink(place: Place, *, confluent: bool = False, url: str = "") -> None:
    config = place.stack.registry.converters(confluent=confluent, kinds=["value"])
    place.writer({**config, **({"value.converter.apicurio.registry.url": url} if url else {})})


def _file_sink(place: Place, config: Mapping[str, str]) -> None:
    place.writer_not_started()
    plain = {"connector.class": _FILE_SINK, "file": "/dev/null", "topics": place.spec.topic, "tasks.max": "1"}
    place.connect.put(place.sink_name, {**plain, **config})


def _file_sink_to(place: Place, file: str) -> None:
    _file_sink(place, {"file": file})
    place.produce_row()


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    made = place.writer_not_started(config)
    place.put_unchecked(place.sink_name, made.sink_config())


def _transform(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "transforms": "own",
        "transforms.own.type": f"{_SMT}.{kind}",
        **{f"transforms.own.{name}": value for name, value in settings.items()},
    }
