"""The third set: records, converters and the registry, at sinks."""

from collections.abc import Callable, Mapping

from failures.case import FIX_FIRST, FIX_OR_ONCE, SINK, TRANSIENT, Break, Registry, Truth, data
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


def _named(kind: str, name: str) -> dict[str, object]:
    return {"field": "note", "type": kind, "name": name, "version": 1, "optional": True}


def _send(place: Place, note: dict[str, object], value: object, kind: str = "TEXT") -> None:
    place.writer(columns=f"id BIGINT PRIMARY KEY, note {kind}")
    place.produce(struct([*KEY, note], {"id": 1, "note": value}), _KEY_1)


def _start(place: Place, config: Mapping[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())
