"""The third set: settings of sinks, of their transforms and of their consumers."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from confluent_kafka import Consumer

from failures.case import CONFIG, FIX_FIRST, FIX_OR_ONCE, SINK, Break, Registry, Truth, data
from failures.place import KEY, Place, struct

CASES = Registry(SINK)

_SMT = "org.apache.kafka.connect.transforms"
_DEBEZIUM_SMT = "io.debezium.transforms"
_KEY_1 = struct(KEY, {"id": 1})
_DATA_OR_CONFIG = data(also=("CONFIG",))


def case(truth: Truth, made_by: str) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, patience=40)


@case(CONFIG, "use.time.zone is no time zone")
def third_zone_of_another_planet(place: Place) -> None:
    _start_unchecked(place, {"use.time.zone": "Mars/Olympus"})


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


def _guarded(place: Place) -> dict[str, str]:
    return place.kafka.clients("consumer.override.")


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
