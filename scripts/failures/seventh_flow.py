"""A pipeline of the settings that were drawn for a sink: table → topic → table, whole, before it is broken."""

from collections.abc import Mapping

from stack.pipeline import Pipeline

from failures.place import Place
from failures.seventh_draw import Settings

TYPES = {
    "text": "VARCHAR(40)",
    "code": "CHAR(4)",
    "bytes": "VARBINARY(8)",
    "number": "INT",
    "small": "SMALLINT",
    "amount": "DECIMAL(6,2)",
    "day": "DATE",
    "moment": "DATETIME(3)",
    "stamp": "TIMESTAMP(3)",
    "document": "JSON",
    "flag": "BOOLEAN",
    "choice": "ENUM('new', 'paid')",
}
"""Of a column, by its kind."""
VALUES = {
    "text": "'as agreed'",
    "code": "'ab'",
    "bytes": "x'0a0b'",
    "number": "12",
    "small": "12",
    "amount": "12.50",
    "day": "'2026-10-05'",
    "moment": "'2026-10-05 10:20:30.5'",
    "stamp": "'2026-10-05 10:20:30.5'",
    "document": "'{\"since\": 2024}'",
    "flag": "1",
    "choice": "'paid'",
}
"""What every column of the kind takes, as SQL."""

_UNWRAP = {"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState"}
_ADJUSTED = {"schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro"}
_BASE = "id BIGINT PRIMARY KEY, name VARCHAR(64) NOT NULL, created_at DATETIME NOT NULL"


def columns(settings: Settings, *, null: str = "NULL", without: bool = False) -> str:
    """`without` the column that was drawn."""
    own = "" if without else f", {settings['column']} {TYPES[settings['kind']]} {null}"
    return _BASE + own


def source_of(place: Place, settings: Settings) -> dict[str, str]:
    """On top of the source's own config."""
    unwraps = settings["unwrap"] == "source"
    return {
        **converters(place, settings),
        **(_ADJUSTED if settings["format"] != "json" else {}),
        **(_UNWRAP if unwraps else {}),
        "decimal.handling.mode": settings["decimals"],
        "time.precision.mode": settings["times"],
    }


def sink_of(place: Place, settings: Settings) -> dict[str, str]:
    """On top of the sink's own config."""
    by_value = {"primary.key.fields": "id", "delete.enabled": "false"}
    return {
        **converters(place, settings),
        **(_UNWRAP if settings["unwrap"] == "sink" else {}),
        "insert.mode": settings["insert"],
        "primary.key.mode": settings["key"],
        **(by_value if settings["key"] == "record_value" else {}),
        "schema.evolution": settings["evolution"],
        "flush.max.retries": settings["retries"],
    }


def converters(place: Place, settings: Settings) -> dict[str, str]:
    """None for JSON: those are the worker's own."""
    if settings["format"] == "json":
        return {}
    return place.stack.registry.converters(confluent=settings["format"] == "avro")


def start(
    place: Place, settings: Settings, sink: Mapping[str, str] | None = None, shape: str | None = None
) -> Pipeline:
    """Whole: its first row has come to the target. `shape` is of the columns at both ends."""
    made = feed(place, settings, sink, shape)
    run(place, made)
    return made


def run(place: Place, made: Pipeline) -> None:
    """The sink, until the first row has come to the target."""
    place.connect.put(place.sink_name, made.sink_config())
    place.connect.wait_running(place.sink_name, 60)
    place.wait_for_rows(1)


def feed(place: Place, settings: Settings, sink: Mapping[str, str] | None = None, shape: str | None = None) -> Pipeline:
    """The source alone: its first row is in the topic, read from the binlog."""
    source = source_of(place, settings)
    made = place.prepare({**sink_of(place, settings), **(sink or {})}, source, shape or columns(settings))
    place.kafka.create_topic(place.spec.prefix)
    place.connect.put(place.source_name, made.source_config())
    place.connect.wait_running(place.source_name, 60)
    place.wait_for_records(1, place.spec.prefix)  # its copy of the schema: a table altered before would fail it
    insert(place, 1)
    place.wait_for_records(1)
    return made


def insert(place: Place, number: int, **others: str) -> None:
    """At the source; `others` are columns with their values as SQL."""
    values = {"id": str(number), "name": f"'name {number}'", "created_at": "'2026-10-05 10:20:30'", **others}
    place.source.execute(
        f"INSERT INTO {source_table(place)} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
    )


def reconfigure(place: Place, made: Pipeline, **settings: str) -> None:
    """The sink, with other values for some options: dots of their names are written as `__`."""
    place.connect.put(place.sink_name, changed(made, **settings))


def changed(made: Pipeline, **settings: str) -> dict[str, str]:
    return {**made.sink_config(), **{name.replace("__", "."): value for name, value in settings.items()}}


def source_table(place: Place) -> str:
    return f"`{place.spec.database}`.`{place.spec.table}`"


def target_table(place: Place) -> str:
    return f"`{place.spec.target_database}`.`{place.spec.table}`"
