"""Sinks whose records, converters, transforms or settings do not go together."""

from collections.abc import Mapping

from failures.case import CONFIG, SINK, Registry, data, drift
from failures.place import KEY, ROW, Place, struct

CASES = Registry(SINK)
case = CASES.case

_CONVERTERS = "org.apache.kafka.connect"
_SMT = "org.apache.kafka.connect.transforms"


@case(data(), "bytes that are no JSON in the topic")
def value_is_no_json(place: Place) -> None:
    place.writer()
    place.produce(b"\x00\x01not json at all", struct(KEY, {"id": 1}))


@case(data(), "JSON that is cut in the middle")
def value_is_cut_off(place: Place) -> None:
    place.writer()
    place.produce(struct(ROW, {"id": 1, "note": "n"})[:-9], struct(KEY, {"id": 1}))


@case(CONFIG, "the producer writes JSON without schemas, the sink's converter wants them")
def value_without_schema(place: Place) -> None:
    place.writer()
    place.produce(b'{"id": 1, "note": "n"}', struct(KEY, {"id": 1}))


@case(CONFIG, "schemas.enable=false at a JDBC sink: it gets maps, and no columns")
def sink_without_schemas(place: Place) -> None:
    place.writer(
        {
            "value.converter": f"{_CONVERTERS}.json.JsonConverter",
            "value.converter.schemas.enable": "false",
        }
    )
    place.produce(b'{"id": 1, "note": "n"}', struct(KEY, {"id": 1}))


@case(CONFIG, "key.converter is LongConverter, the keys are JSON")
def key_converter_of_another_kind(place: Place) -> None:
    place.writer({"key.converter": f"{_CONVERTERS}.converters.LongConverter"})
    place.produce_row()


@case(CONFIG, "value.converter is StringConverter, and the JDBC sink wants structs")
def value_converter_of_another_kind(place: Place) -> None:
    place.writer({"value.converter": f"{_CONVERTERS}.storage.StringConverter"})
    place.produce_row()


@case(data(), "a type in the record's schema that the JSON converter does not know")
def schema_of_an_unknown_type(place: Place) -> None:
    place.writer()
    schema = [*KEY, {"field": "note", "type": "varchar", "optional": True}]
    place.produce(struct(schema, {"id": 1, "note": "n"}), struct(KEY, {"id": 1}))


@case(data("note"), "null in the record where its own schema requires a value")
def null_against_its_own_schema(place: Place) -> None:
    place.writer()
    schema = [*KEY, {"field": "note", "type": "string", "optional": False}]
    place.produce(struct(schema, {"id": 1, "note": None}), struct(KEY, {"id": 1}))


@case(data(also=("CONFIG",)), "a record without a key, primary.key.mode=record_key")
def record_without_key(place: Place) -> None:
    place.writer()
    place.produce_row(key=False)


@case(data(also=("CONFIG",)), "a tombstone without a key, delete.enabled=true")
def delete_without_key(place: Place) -> None:
    place.writer()
    place.produce(None)


@case(CONFIG, "primary.key.fields names a field that no record has ever had")
def key_field_misspelled(place: Place) -> None:
    place.writer({"primary.key.mode": "record_value", "primary.key.fields": "idd", "delete.enabled": "false"})
    place.produce_row()


@case(drift("note"), "a ValueToKey transform works until the producer drops its field")
def transform_loses_its_field(place: Place) -> None:
    _transformed(place, f"{_SMT}.ValueToKey", {"fields": "note"})
    place.produce(struct(KEY, {"id": 2}), struct(KEY, {"id": 2}))


@case(drift("note"), "an ExtractField transform works until the producer renames its field")
def extracted_field_renamed(place: Place) -> None:
    _transformed(place, f"{_SMT}.ExtractField$Value", {"field": "note"})
    renamed = [*KEY, {"field": "remark", "type": "string", "optional": True}]
    place.produce(struct(renamed, {"id": 2, "remark": "n"}), struct(KEY, {"id": 2}))


@case(data("note"), "a Cast to int32 works until a value holds letters")
def cast_of_letters(place: Place) -> None:
    _transformed(place, f"{_SMT}.Cast$Value", {"spec": "note:int32"})
    place.produce_row(note="twelve")


@case(data("note"), "a TimestampConverter meets a text of another format")
def timestamp_of_another_format(place: Place) -> None:
    settings = {"field": "note", "target.type": "Timestamp", "format": "yyyy-MM-dd"}
    _transformed(place, f"{_SMT}.TimestampConverter$Value", settings)
    place.produce_row(note="25/11/2026")


@case(CONFIG, "a transform for structs behind a StringConverter")
def transform_of_another_kind_of_value(place: Place) -> None:
    place.writer(
        {
            "value.converter": f"{_CONVERTERS}.storage.StringConverter",
            **_transform(f"{_SMT}.InsertField$Value", {"static.field": "a", "static.value": "b"}),
        }
    )
    place.produce(b"a text", struct(KEY, {"id": 1}))


@case(CONFIG, "a transform whose class is on no worker", patience=40)
def transform_class_missing(place: Place) -> None:
    made = place.writer_not_started(_transform("org.example.Anonymise", {}))
    place.put_unchecked(place.sink_name, made.sink_config())


@case(CONFIG, "the connector's class is on no worker: its plugin was removed", patience=40)
def connector_class_missing(place: Place) -> None:
    made = place.writer_not_started({"connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector"})
    place.put_unchecked(place.sink_name, made.sink_config())


@case(CONFIG, "value.converter is Confluent's Avro converter, which is not installed", patience=40)
def converter_class_missing(place: Place) -> None:
    made = place.writer_not_started({"value.converter": "io.confluent.connect.avro.AvroConverter"})
    place.put_unchecked(place.sink_name, made.sink_config())


@case(CONFIG, "insert.mode has a value that does not exist", patience=40)
def sink_setting_invalid(place: Place) -> None:
    made = place.writer_not_started({"insert.mode": "merge"})
    place.put_unchecked(place.sink_name, made.sink_config())


@case(CONFIG, "neither topics nor topics.regex", patience=40)
def sink_without_topics(place: Place) -> None:
    made = place.writer_not_started()
    config = {name: value for name, value in made.sink_config().items() if name != "topics"}
    place.put_unchecked(place.sink_name, config)


@case(CONFIG, "tasks.max is no number", patience=40)
def tasks_max_is_no_number(place: Place) -> None:
    made = place.writer_not_started()
    place.put_unchecked(place.sink_name, {**made.sink_config(), "tasks.max": "many"})


@case(CONFIG, "a file sink into a folder that does not exist")
def file_sink_without_folder(place: Place) -> None:
    made = place.writer_not_started()
    file_sink = "org.apache.kafka.connect.file.FileStreamSinkConnector"
    config = {"connector.class": file_sink, "topics": place.spec.topic, "file": "/no/such/folder/out.txt"}
    place.produce_row()
    place.connect.put(place.sink_name, {**config, "tasks.max": str(made.spec.tasks)})


@case(CONFIG, "a dead letter topic with three replicas on one broker", patience=90)
def dead_letter_topic_cannot_be_made(place: Place) -> None:
    made = place.writer_not_started(
        {
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": f"{place.slug}.dead",
            "errors.deadletterqueue.topic.replication.factor": "3",
        }
    )
    place.connect.put(place.sink_name, made.sink_config())


def _transformed(place: Place, kind: str, settings: Mapping[str, str]) -> None:
    """A sink with a transform that has worked on one record."""
    file_sink = {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "file": "/dev/null"}
    made = place.writer_not_started()
    place.connect.put(
        place.sink_name,
        {**file_sink, "topics": made.spec.topic, "tasks.max": "1", **_transform(kind, settings)},
    )
    place.connect.wait_running(place.sink_name, 60)
    place.produce_row(1, note="2026" if "Cast" in kind else "2026-11-25")


def _transform(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "transforms": "own",
        "transforms.own.type": kind,
        **{f"transforms.own.{name}": value for name, value in settings.items()},
    }
