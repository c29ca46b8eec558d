"""Pipelines of the drawn settings, and what is done to many a source of the seventh set and the eighth."""

from collections.abc import Mapping

from stack import StackError, wait_for
from stack.pipeline import Pipeline

from failures.place import DEBEZIUM_GRANTS, Place
from failures.seventh_draw import Settings

HISTORY = "schema.history.internal"
NO_RETRIES = {"errors.max.retries": "0"}
NAMES_FOR_AVRO = {"schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro"}
_JSON = "org.apache.kafka.connect.json.JsonConverter"
_AS_THEY_ARE = ("snapshot.mode", "decimal.handling.mode", "time.precision.mode", "snapshot.locking.mode")
_UNWRAP = {"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState"}
# Only those that were drawn.
_STATEMENTS = {
    "table function": (
        "CREATE VIEW `{database}`.tags AS SELECT o.id, t.tag FROM {table} o, "
        "JSON_TABLE('[\"a\", \"b\"]', '$[*]' COLUMNS (nr FOR ORDINALITY, tag VARCHAR(20) PATH '$')) AS t"
    )
}


def _config(place: Place, settings: Settings) -> dict[str, str]:
    """What was drawn, as a source's config."""
    converters = {
        "json": {},
        "bare json": {
            name: value
            for kind in ("key", "value")
            for name, value in {f"{kind}.converter": _JSON, f"{kind}.converter.schemas.enable": "false"}.items()
        },
        "avro": {**place.stack.registry.converters(), **NAMES_FOR_AVRO},
    }
    return {
        **{name: settings[name] for name in _AS_THEY_ARE},
        **converters[settings["converter"]],
        **(_UNWRAP if settings["unwrap"] == "source" else {}),
    }


def prepared(
    place: Place, settings: Settings, more: Mapping[str, str] | None = None, column: str | None = None
) -> Pipeline:
    """The table with the drawn column, or another, or (of an empty name) none; the source is not there yet."""
    made = place.reader_not_started({**_config(place, settings), **(more or {})})
    name = settings["column"] if column is None else column
    if name:
        made.alter(f"ADD COLUMN `{name}` {settings['type']}")
    return made


def reading(
    place: Place, settings: Settings, more: Mapping[str, str] | None = None, column: str | None = None
) -> Pipeline:
    """A source that has written a row which it read from the binlog."""
    made = prepared(place, settings, more, column)
    place.kafka.create_topic(place.spec.topic)
    place.connect.put(place.source_name, made.source_config())
    copied = 0 if settings["snapshot.mode"] == "no_data" else 5
    place.connect.wait_running(place.source_name, 60)
    place.wait_for_records(copied)

    def has_read_one_more() -> bool:
        made.insert()
        return place.end_offset(place.spec.topic) > copied

    # Where nothing is copied, nothing tells from which row on it reads.
    wait_for(has_read_one_more, 60, f"a row of {place.slug} from the binlog")
    return made


def at_the_user(place: Place, settings: Settings, statement: str, more: Mapping[str, str] | None = None) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    reading(place, settings, {**place.as_source_user, **(more or {})})
    place.source.execute(statement.format(user=f"'{place.user}'@'%'"))
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


def put(place: Place, config: Mapping[str, str]) -> None:
    """Past Connect's checks where they refuse it, as after an upgrade, or on a worker that lost a plugin."""
    try:
        place.connect.put(place.source_name, config)
    except StackError:
        place.put_unchecked(place.source_name, config)


def insert_until_failed(place: Place, made: Pipeline) -> None:
    def has_failed() -> bool:
        made.insert()
        return "FAILED" in place.connect.states(place.source_name)

    wait_for(has_failed, 60, f"{place.source_name} to fail")


def insert_value(place: Place, settings: Settings, value: str) -> None:
    columns = f"customer, amount, `{settings['column']}`"
    place.source.execute(f"INSERT INTO {table_of(place)} ({columns}) VALUES ('x', 1, {value})")


def statement_of(settings: Settings, database: str, table: str) -> str:
    return _STATEMENTS[settings["statement"]].format(database=database, table=table)


def table_of(place: Place) -> str:
    return f"`{place.spec.database}`.`{place.table}`"
