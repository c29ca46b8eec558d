"""The seventh set, sinks: what records are written in, and the registry that knows it."""

from failures.case import CONFIG, FIX_FIRST, FIX_OR_ONCE, TRANSIENT, Truth
from failures.seventh_draw import OFTEN, RARE, YEARLY, Event

_CONVERTERS = "Confluent's blog: converters and serialization explained"
_DELETES = {"key": ("record_key",)}
_JSON = {"format": ("json",)}
_AVRO = {"format": ("avro", "avro with headers")}
_AWAY = Truth("REGISTRY", ("yes", *FIX_OR_ONCE))

EVENTS: tuple[Event, ...] = (
    Event(
        "avro-topic-json-sink",
        OFTEN,
        CONFIG,
        "the topic is in Avro, and the sink is put up with the worker's JSON converters",
        _CONVERTERS,
        only=_AVRO,
    ),
    Event(
        "json-topic-avro-sink",
        YEARLY,
        CONFIG,
        "the topic is in JSON, and the sink is put up with Avro converters",
        _CONVERTERS,
        only=_JSON,
    ),
    Event(
        "source-without-schemas",
        OFTEN,
        CONFIG,
        "schemas.enable=false at the source's converters, true at the sink's",
        _CONVERTERS,
        only=_JSON,
    ),
    Event(
        "all-without-schemas",
        YEARLY,
        CONFIG,
        "schemas.enable=false at the converters of source and sink",
        "kafka-connect-jdbc issue 1406",
        only=_JSON,
    ),
    Event(
        "key-as-text",
        YEARLY,
        CONFIG,
        "key.converter of the sink is StringConverter, as in many examples",
        _CONVERTERS,
        only=_DELETES,
    ),
    Event(
        "value-as-text",
        RARE,
        CONFIG,
        "value.converter of the sink is StringConverter",
        _CONVERTERS,
    ),
    Event(
        "registry-away",
        YEARLY,
        _AWAY,
        "the sink starts while nobody listens at the registry's port",
        "Apicurio's documentation; Confluent's blog on converters",
        only=_AVRO,
    ),
    Event(
        "registry-busy",
        RARE,
        Truth("REGISTRY", TRANSIENT),
        "the load balancer before the registry answers 503",
        "Confluent's registry: error codes",
        only={"format": ("avro",)},
    ),
    Event(
        "registry-password",
        YEARLY,
        Truth("AUTH", FIX_FIRST),
        "the registry asks for a password now, 401, and the sink has none",
        "Confluent's registry: security",
        only={"format": ("avro",)},
    ),
    Event(
        "registry-of-another-stage",
        YEARLY,
        Truth("REGISTRY", FIX_OR_ONCE, also=("CONFIG",)),
        "the sink asks another stage's registry, which does not know the schema's id",
        "Confluent's registry: error code 40403",
        only={"format": ("avro",)},
    ),
    Event(
        "schema-deleted",
        RARE,
        Truth("REGISTRY", FIX_OR_ONCE),
        "the subject is deleted for good in the registry, and the sink's worker restarts",
        "Confluent's registry: deleting schemas",
        only={"format": ("avro",)},
    ),
)
