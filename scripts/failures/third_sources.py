"""The third set: sources on MySQL."""

from collections.abc import Callable, Mapping

from failures.case import (
    CONFIG,
    DDL_PARSE,
    FIX_FIRST,
    FIX_OR_ONCE,
    SOURCE,
    TRANSIENT,
    Break,
    Registry,
    Truth,
    data,
)
from failures.place import Place
from failures.strangers import listening

CASES = Registry(SOURCE)

_SMT = "org.apache.kafka.connect.transforms"
_DEBEZIUM_SMT = "io.debezium.transforms"
_HISTORY = "schema.history.internal"


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


@case(CONFIG, "topic.creation.default.retention.ms is no number")
def third_retention_is_no_number(place: Place) -> None:
    replicas = {"topic.creation.default.replication.factor": "1", "topic.creation.default.partitions": "1"}
    _put(place, {**replicas, "topic.creation.default.retention.ms": "soon"})


@case(
    Truth("CONFIG", FIX_FIRST, also=("BINLOG_GAP", "HISTORY_LOST")),
    "snapshot.mode=recovery at a source that has no offset",
)
def third_recovery_of_nothing(place: Place) -> None:
    _put(place, {"snapshot.mode": "recovery"})


@case(
    Truth("CONNECTIVITY", ("yes", *FIX_OR_ONCE)),
    "a proxy takes the source's connection, and has no server behind it",
)
def third_proxy_without_a_server(place: Place) -> None:
    with listening() as port:
        _unchecked(place, {"database.port": str(port)})
        place.connect.wait_failed(place.source_name, 40)


@case(CONFIG, "value.converter of a Debezium source is ByteArrayConverter")
def third_rows_as_bytes(place: Place) -> None:
    _put(place, {"value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter"})


@case(Truth("CONFIG", FIX_FIRST, also=("DATA",)), "ValueToKey at a source that writes tombstones")
def third_tombstone_before_a_transform(place: Place) -> None:
    place.reader({"include.schema.changes": "false", **_transform(f"{_SMT}.ValueToKey", {"fields": "op"})})
    place.source.execute(f"DELETE FROM {_table(place)} LIMIT 1")


@case(data(also=("CONFIG",)), "an UPDATE in an outbox, where it is fatal")
def third_update_in_the_outbox(place: Place) -> None:
    routed = f"{place.slug}.outbox"
    place.kafka.create_topic(routed)
    settings = {"table.op.invalid.behavior": "fatal", "route.topic.replacement": routed}
    made = place.reader_not_started(_transform(f"{_DEBEZIUM_SMT}.outbox.EventRouter", settings))
    database = place.spec.database
    place.source.execute(f"DROP TABLE {_table(place)}")
    columns = "id CHAR(36) PRIMARY KEY, aggregatetype TEXT, aggregateid VARCHAR(64), type TEXT, payload TEXT"
    place.source.execute(f"CREATE TABLE `{database}`.outbox ({columns})")
    place.source.execute(f"INSERT INTO `{database}`.outbox VALUES ('1', 'order', '7', 'made', 'x')")
    place.connect.put(place.source_name, made.source_config())
    place.wait_for_records(1, routed)
    place.source.execute(f"UPDATE `{database}`.outbox SET type = 'changed'")


@case(
    Truth("RESOURCE", TRANSIENT, also=("CONNECTIVITY",)),
    "a session holds LOCK TABLES while the first copy wants its lock, snapshot.lock.timeout.ms=2000",
    disturbs=True,
)
def third_snapshot_waits_for_a_lock(place: Place) -> None:
    made = place.reader_not_started({"snapshot.lock.timeout.ms": "2000", "errors.max.retries": "0"})
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {_table(place)} WRITE")
        place.connect.put(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 40)


@case(DDL_PARSE, "CREATE SPATIAL REFERENCE SYSTEM on the source's server", disturbs=True)
def third_spatial_reference_system(place: Place) -> None:
    place.reader()
    definition = (
        'GEOGCS["own",DATUM["own",SPHEROID["own",6378137,298.25]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.017453292519943278],AXIS["Lat",NORTH],AXIS["Lon",EAST]]'
    )
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE `{place.spec.database}`")
        cursor.execute(f"CREATE SPATIAL REFERENCE SYSTEM 990001 NAME 'own' DEFINITION '{definition}'")


def _transform(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    own = {f"transforms.own.{name}": value for name, value in settings.items()}
    return {"transforms": "own", "transforms.own.type": kind, **own}


def _put(place: Place, config: Mapping[str, str]) -> None:
    place.connect.put(place.source_name, place.reader_not_started(config).source_config())


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    place.put_unchecked(place.source_name, place.reader_not_started(config).source_config())


def _unchecked_without(place: Place, setting: str) -> None:
    config = place.reader_not_started().source_config()
    place.put_unchecked(place.source_name, {name: value for name, value in config.items() if name != setting})


def _table(place: Place) -> str:
    return f"`{place.spec.database}`.orders"
