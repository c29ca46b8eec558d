"""The third set: records, converters, transforms and settings of sinks."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from confluent_kafka import Consumer

from failures.case import CONFIG, FIX_FIRST, FIX_OR_ONCE, SINK, TRANSIENT, Break, Registry, Truth, data
from failures.place import KEY, Place, Schema, struct
from failures.strangers import http, listening

CASES = Registry(SINK)

_SMT = "org.apache.kafka.connect.transforms"
_DEBEZIUM_SMT = "io.debezium.transforms"
_KEY_1 = struct(KEY, {"id": 1})
_DATA_OR_CONFIG = data(also=("CONFIG",))


def case(truth: Truth, made_by: str) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, patience=40)


@case(
    Truth("SCHEMA_DRIFT", FIX_FIRST, "orders", ("note",), also=("DATA", "CONFIG")),
    "a field becomes an array, and its column is a text",
)
def third_array_for_a_column(place: Place) -> None:
    words: dict[str, object] = {"type": "array", "items": {"type": "string", "optional": False}}
    _send(place, {"field": "note", "optional": True, **words}, ["a", "b"])


@case(data("note"), "a ZonedTimestamp that is no time")
def third_zoned_timestamp_unreadable(place: Place) -> None:
    _send(place, _named("string", "io.debezium.time.ZonedTimestamp"), "31.01.2026 at noon", "DATETIME(6)")


@case(data("note", also=("SCHEMA_DRIFT",)), "a MicroTimestamp of the year 200000")
def third_timestamp_of_a_far_year(place: Place) -> None:
    _send(place, _named("int64", "io.debezium.time.MicroTimestamp"), 6_249_000_000_000_000_000, "DATETIME(6)")


@case(_DATA_OR_CONFIG, "a Decimal in the record's schema without its scale")
def third_decimal_without_scale(place: Place) -> None:
    _send(place, _named("bytes", "org.apache.kafka.connect.data.Decimal"), "AQ==", "DECIMAL(10, 2)")


@case(data(), "bytes in JSON that are no base64")
def third_bytes_that_are_no_base64(place: Place) -> None:
    _send(place, {"field": "note", "type": "bytes", "optional": True}, "%% no base64 %%", "BLOB")


@case(Truth("CONFIG", FIX_FIRST, also=("DATA",)), "the key is a bare number, and primary.key.fields is not set")
def third_key_is_a_bare_number(place: Place) -> None:
    place.writer()
    row: Schema = [*KEY, {"field": "note", "type": "string", "optional": True}]
    key = b'{"schema": {"type": "int64", "optional": false}, "payload": 1}'
    place.produce(struct(row, {"id": 1, "note": "n"}), key)


@case(Truth("CONFIG", FIX_FIRST, also=("DATA",)), "CloudEventsConverter at a topic of plain JSON")
def third_no_cloud_event(place: Place) -> None:
    kinds = {"serializer.type": "json", "data.serializer.type": "json"}
    converter = {f"value.converter.{name}": value for name, value in kinds.items()}
    _start(place, {"value.converter": "io.debezium.converters.CloudEventsConverter", **converter})


@case(CONFIG, "value.converter.encoding of a StringConverter does not exist")
def third_encoding_does_not_exist(place: Place) -> None:
    converter = "org.apache.kafka.connect.storage.StringConverter"
    _start(place, {"value.converter": converter, "value.converter.encoding": "UTF-99"})


@case(Truth("CONFIG", FIX_FIRST, also=("DATA",)), "collection.name.format takes a part of a source that is not there")
def third_table_named_by_what_is_not_there(place: Place) -> None:
    _start(place, {"collection.name.format": "${source.tbl}"})


@case(CONFIG, "delete.enabled=true with primary.key.mode=record_value")
def third_deletes_without_record_key(place: Place) -> None:
    _unchecked(place, {"primary.key.mode": "record_value", "primary.key.fields": "id"})


@case(CONFIG, "no connection.url")
def third_url_is_missing(place: Place) -> None:
    made = place.writer_not_started()
    place.put_unchecked(place.sink_name, {k: v for k, v in made.sink_config().items() if k != "connection.url"})


@case(CONFIG, "use.time.zone is no time zone")
def third_zone_of_another_planet(place: Place) -> None:
    _start_unchecked(place, {"use.time.zone": "Mars/Olympus"})


@case(CONFIG, "connection.pool.min_size is larger than max_size")
def third_pool_upside_down(place: Place) -> None:
    _start_unchecked(place, {"connection.pool.min_size": "9", "connection.pool.max_size": "2"})


@case(CONFIG, "Debezium's Filter, whose jar is not among the connector's")
def third_scripting_not_installed(place: Place) -> None:
    settings = {"language": "jsr223.groovy", "condition": "true"}
    _unchecked(place, _transform(f"{_DEBEZIUM_SMT}.Filter", settings))


@case(CONFIG, "TimezoneConverter to a time zone that does not exist")
def third_converted_to_no_zone(place: Place) -> None:
    _start_unchecked(place, _transform(f"{_DEBEZIUM_SMT}.TimezoneConverter", {"converted.timezone": "Mars/Olympus"}))


@case(CONFIG, "a Cast to a type that does not exist")
def third_cast_to_no_type(place: Place) -> None:
    _unchecked(place, _transform(f"{_SMT}.Cast$Value", {"spec": "note:decimal"}))


@case(CONFIG, "a TimestampConverter to a text without a format")
def third_time_without_a_format(place: Place) -> None:
    _unchecked(place, _transform(f"{_SMT}.TimestampConverter$Value", {"field": "note", "target.type": "string"}))


@case(CONFIG, "the regex of a RegexRouter is none")
def third_router_of_no_regex(place: Place) -> None:
    _unchecked(place, _transform(f"{_SMT}.RegexRouter", {"regex": "*orders", "replacement": "x"}))


@case(CONFIG, "a transform is named in transforms, and has no type")
def third_transform_of_no_type(place: Place) -> None:
    _unchecked(place, {"transforms": "unwrap"})


@case(Truth("CONFIG", FIX_FIRST, also=("AUTH",)), "SASL at the sink's consumer, and no sasl.jaas.config")
def third_login_without_jaas(place: Place) -> None:
    _start(place, {**_guarded(place), "consumer.override.sasl.jaas.config": ""})


@case(Truth("CONFIG", FIX_FIRST, also=("AUTH",)), "the login module in sasl.jaas.config is misspelled")
def third_login_module_misspelled(place: Place) -> None:
    module = "org.apache.kafka.common.security.plain.PlainLogin required username='x' password='y';"
    _start(place, {**_guarded(place), "consumer.override.sasl.jaas.config": module.replace("'", '"')})


@case(Truth("AUTH", FIX_FIRST, also=("CONFIG",)), "the sink's consumer wants SCRAM, the broker knows PLAIN")
def third_mechanism_of_no_use(place: Place) -> None:
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required username='clerk' password='another';"
    scram = {"sasl.mechanism": "SCRAM-SHA-256", "sasl.jaas.config": module.replace("'", '"')}
    _start(place, {**_guarded(place), **{f"consumer.override.{name}": value for name, value in scram.items()}})


@case(Truth("CONFIG", FIX_FIRST, also=("AUTH",)), "the password of the trust store of the sink's consumer is wrong")
def third_trust_store_stays_shut(place: Place) -> None:
    store = Path(shutil.which("java") or "").resolve().parents[1] / "lib/security/cacerts"
    ssl = {"security.protocol": "SSL", "ssl.truststore.location": str(store), "ssl.truststore.password": "wrong"}
    _start(place, {f"consumer.override.{name}": value for name, value in ssl.items()})


@case(CONFIG, "partition.assignment.strategy names a class that is nowhere")
def third_assignor_is_nowhere(place: Place) -> None:
    _unchecked(place, {"consumer.override.partition.assignment.strategy": "org.example.FairAssignor"})


@case(Truth("CONFIG", FIX_OR_ONCE, also=("CONNECTIVITY",)), "somebody else reads in the sink's group in another way")
def third_group_of_somebody_else(place: Place) -> None:
    settings = {"bootstrap.servers": place.kafka.bootstrap_servers, "group.id": f"connect-{place.sink_name}"}
    made = place.writer_not_started({"consumer.override.partition.assignment.strategy": _RANGE})
    other = Consumer({**settings, "partition.assignment.strategy": "roundrobin"})
    try:
        other.subscribe([place.spec.topic])
        for _ in range(6):
            other.poll(1)
        place.connect.put(place.sink_name, made.sink_config())
        place.connect.wait_failed(place.sink_name, 40)
    finally:
        other.close()


_RANGE = "org.apache.kafka.clients.consumer.RangeAssignor"


@case(Truth("AUTH", FIX_FIRST, also=("REGISTRY",)), "the sink's registry wants a login: 401")
def third_registry_wants_a_login(place: Place) -> None:
    answer = http("401 Unauthorized", '{"error_code": 40101, "message": "Unauthorized"}', "application/json")
    _read_avro(place, answer)


@case(Truth("REGISTRY", TRANSIENT, also=("CONNECTIVITY",)), "a gateway says 503 where the sink's registry should be")
def third_gateway_without_registry(place: Place) -> None:
    _read_avro(place, http("503 Service Unavailable", "<html><h1>503 Service Unavailable</h1></html>"))


@case(Truth("REGISTRY", FIX_OR_ONCE, also=("CONFIG",)), "a login page comes where the sink's registry should be")
def third_login_page_for_registry(place: Place) -> None:
    _read_avro(place, http("200 OK", "<!DOCTYPE html><html><title>Sign in</title></html>"))


@case(
    Truth("REGISTRY", FIX_FIRST, also=("CONFIG", "CONNECTIVITY")), "https in the registry's URL, and plain HTTP there"
)
def third_registry_without_tls(place: Place) -> None:
    _avro(place, f"https://127.0.0.1:{place.connect.port}/apis/registry/v2")


def _read_avro(place: Place, answer: bytes) -> None:
    with listening(answer, waits_for_request=True) as port:
        _avro(place, f"http://127.0.0.1:{port}/apis/registry/v2")
        place.connect.wait_failed(place.sink_name, 40)


def _avro(place: Place, url: str) -> None:
    config = place.stack.registry.converters(confluent=True, kinds=["value"])
    made = place.writer_not_started({**config, "value.converter.apicurio.registry.url": url})
    place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", _KEY_1)
    place.connect.put(place.sink_name, made.sink_config())


def _guarded(place: Place) -> dict[str, str]:
    return place.kafka.clients("consumer.override.")


def _named(kind: str, name: str) -> dict[str, object]:
    return {"field": "note", "type": kind, "name": name, "version": 1, "optional": True}


def _send(place: Place, note: dict[str, object], value: object, kind: str = "TEXT") -> None:
    place.writer(columns=f"id BIGINT PRIMARY KEY, note {kind}")
    place.produce(struct([*KEY, note], {"id": 1, "note": value}), _KEY_1)


def _transform(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    own = {f"transforms.own.{name}": value for name, value in settings.items()}
    return {"transforms": "own", "transforms.own.type": kind, **own}


def _start(place: Place, config: Mapping[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


def _start_unchecked(place: Place, config: Mapping[str, str]) -> None:
    _unchecked(place, config)
    place.produce_row()


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    place.put_unchecked(place.sink_name, place.writer_not_started(config).sink_config())
