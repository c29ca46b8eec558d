"""Sources whose schema, history or binlog is not what they need."""

import json

from failures.case import BINLOG_GAP, DDL_PARSE, FIX_OR_ONCE, HISTORY_LOST, SOURCE, Registry, Truth, drift
from failures.place import Place

CASES = Registry(SOURCE)
case = CASES.case

_FIX_FIRST = ("no", "after-fix")


@case(DDL_PARSE, "CREATE JSON RELATIONAL DUALITY VIEW in the captured database", disturbs=True)
def duality_view(place: Place) -> None:
    place.reader()
    database = place.spec.database
    place.source.execute(
        f"CREATE JSON RELATIONAL DUALITY VIEW `{database}`.orders_doc AS "
        f"SELECT JSON_DUALITY_OBJECT('_id': id, 'customer': customer) FROM `{database}`.orders"
    )


@case(DDL_PARSE, "CREATE LIBRARY … LANGUAGE JAVASCRIPT in the captured database", disturbs=True)
def javascript_library(place: Place) -> None:
    place.reader()
    code = "$$ export function f() { return 1 } $$"
    place.source.execute(f"CREATE LIBRARY `{place.spec.database}`.helpers LANGUAGE JAVASCRIPT AS {code}")


@case(DDL_PARSE, "a history record with a statement that Debezium cannot parse, and the source restarted")
def history_with_an_unparseable_statement(place: Place) -> None:
    place.reader()
    _write_history(place, "CREATE TABLE notes (id INT PRIMARY KEY) WITH A CHERRY ON TOP")
    place.restart(place.source_name)


@case(drift(), "ADD COLUMN with sql_log_bin=0, then a row")
def unlogged_add_column(place: Place) -> None:
    pipeline = place.reader()
    place.unlogged(f"ALTER TABLE `{place.spec.database}`.orders ADD COLUMN secret INT")
    pipeline.insert()


@case(drift(), "DROP COLUMN with sql_log_bin=0, then a row")
def unlogged_drop_column(place: Place) -> None:
    pipeline = place.reader()
    place.unlogged(f"ALTER TABLE `{place.spec.database}`.orders DROP COLUMN status")
    pipeline.insert()


@case(
    drift("amount"),
    "MODIFY amount to VARCHAR with sql_log_bin=0, then a text; event.converting.failure.handling.mode=fail",
)
def unlogged_change_of_a_type(place: Place) -> None:
    place.reader({"event.converting.failure.handling.mode": "fail"})
    table = f"`{place.spec.database}`.orders"
    place.unlogged(f"ALTER TABLE {table} MODIFY amount VARCHAR(20) NOT NULL")
    place.source.execute(f"INSERT INTO {table} (customer, amount) VALUES ('x', 'twelve')")


@case(
    drift("amount"), "MODIFY amount to JSON with sql_log_bin=0, then a row; event.converting.failure.handling.mode=fail"
)
def unlogged_change_to_json(place: Place) -> None:
    place.reader({"event.converting.failure.handling.mode": "fail"})
    table = f"`{place.spec.database}`.orders"
    place.unlogged(f"ALTER TABLE {table} MODIFY amount JSON NOT NULL")
    place.source.execute(f"INSERT INTO {table} (customer, amount) VALUES ('x', '{{}}')")


@case(drift(table="notes"), "CREATE TABLE with sql_log_bin=0, then a row of it")
def unlogged_create_table(place: Place) -> None:
    place.reader()
    table = f"`{place.spec.database}`.notes"
    place.unlogged(f"CREATE TABLE {table} (id INT PRIMARY KEY)")
    place.source.execute(f"INSERT INTO {table} VALUES (1)")


@case(drift("secret"), "ADD COLUMN with sql_log_bin=0, then a logged CHANGE of that column", disturbs=True)
def unlogged_column_changed(place: Place) -> None:
    pipeline = place.reader()
    place.unlogged(f"ALTER TABLE `{place.spec.database}`.orders ADD COLUMN secret INT")
    pipeline.alter("CHANGE secret open INT")


@case(drift(table="notes"), "CREATE TABLE with sql_log_bin=0, then a logged CREATE UNIQUE INDEX on it", disturbs=True)
def unlogged_table_indexed(place: Place) -> None:
    place.reader()
    table = f"`{place.spec.database}`.notes"
    place.unlogged(f"CREATE TABLE {table} (id INT NOT NULL)")
    place.source.execute(f"CREATE UNIQUE INDEX by_id ON {table} (id)")


@case(drift(table="notes"), "a table taken into table.include.list later, store.only.captured.tables.ddl=true")
def table_captured_later(place: Place) -> None:
    database = place.spec.database
    config = {"schema.history.internal.store.only.captured.tables.ddl": "true"}
    made = place.reader({**config, "table.include.list": f"{database}.orders"})
    place.source.execute(f"CREATE TABLE `{database}`.notes (id INT PRIMARY KEY)")
    made.insert()
    place.wait_for_records(7)
    place.connect.put(place.source_name, {**made.source_config(), "table.include.list": f"{database}.(orders|notes)"})
    place.connect.wait_running(place.source_name)
    place.source.execute(f"INSERT INTO `{database}`.notes VALUES (1)")


@case(HISTORY_LOST, "the schema history topic is deleted, and the source restarted")
def history_topic_deleted(place: Place) -> None:
    place.reader()
    place.kafka.delete_topics([place.spec.history_topic])
    place.restart(place.source_name)


@case(HISTORY_LOST, "the schema history topic is emptied by its retention, and the source restarted")
def history_topic_emptied(place: Place) -> None:
    place.reader()
    place.delete_records(place.spec.history_topic)
    place.restart(place.source_name)


@case(HISTORY_LOST, "another name for the schema history topic in the config")
def history_topic_renamed(place: Place) -> None:
    made = place.reader()
    other = f"{place.spec.history_topic}.v2"
    place.connect.put(place.source_name, {**made.source_config(), "schema.history.internal.kafka.topic": other})


@case(
    Truth("HISTORY_LOST", FIX_OR_ONCE), "a record that is no JSON in the schema history topic, and the source restarted"
)
def history_with_garbage(place: Place) -> None:
    place.reader()
    place.produce(b"\x00\xffgarbage{", topic=place.spec.history_topic)
    place.restart(place.source_name)


@case(HISTORY_LOST, "a history record whose tableChanges are of an unknown kind, and the source restarted")
def history_with_an_unknown_change(place: Place) -> None:
    place.reader()
    change: dict[str, object] = {"type": "MELT", "id": f'"{place.spec.database}"."orders"', "table": {}}
    _write_history(place, "", [change])
    place.restart(place.source_name)


@case(BINLOG_GAP, "the source is stopped, its binlog purged, and it is resumed", disturbs=True)
def binlog_purged(place: Place) -> None:
    pipeline = place.reader()
    place.stop(place.source_name)
    pipeline.insert()
    place.purge_binlogs()
    place.resume(place.source_name)


@case(BINLOG_GAP, "the stored offset names a binlog file that the server does not have")
def offset_names_no_file(place: Place) -> None:
    _at_offset(place, {"file": "binlog.999999", "pos": 4})


@case(BINLOG_GAP, "the stored gtids are of a server that this one does not know, as after a failover")
def gtids_of_another_server(place: Place) -> None:
    gtids = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-500"
    _at_offset(place, {"file": place.binlog(), "pos": 4, "gtids": gtids})


@case(Truth("CONFIG", _FIX_FIRST), "the stored offset, edited by hand, has no file")
def offset_without_file(place: Place) -> None:
    _at_offset(place, {"pos": 4})


@case(BINLOG_GAP, "RESET BINARY LOGS AND GTIDS under the stopped source, and it is resumed", disturbs=True)
def binlog_reset(place: Place) -> None:
    pipeline = place.reader()
    place.stop(place.source_name)
    place.source.execute("RESET BINARY LOGS AND GTIDS")
    pipeline.insert()
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 60)


@case(
    Truth("DATA", FIX_OR_ONCE, also=("CONNECTIVITY",)),
    "bytes in the middle of the active binlog file are overwritten",
    disturbs=True,
)
def binlog_damaged(place: Place) -> None:
    pipeline = place.reader()
    place.stop(place.source_name)
    place.damage_binlog(lambda: pipeline.insert(20))
    place.resume(place.source_name)
    place.connect.wait_failed(place.source_name, 60)


def _at_offset(place: Place, offset: dict[str, object]) -> None:
    place.reader()
    place.stop(place.source_name)
    place.move(place.source_name, {"offsets": [{"partition": {"server": place.spec.prefix}, "offset": offset}]})
    place.resume(place.source_name)


def _write_history(place: Place, ddl: str, changes: list[dict[str, object]] | None = None) -> None:
    record = {
        "source": {"server": place.spec.prefix},
        "position": {"ts_sec": 1, "file": place.binlog(), "pos": 4},
        "ts_ms": 1,
        "databaseName": place.spec.database,
        "ddl": ddl,
        **({"tableChanges": changes} if changes else {}),
    }
    place.produce(json.dumps(record).encode(), topic=place.spec.history_topic)
