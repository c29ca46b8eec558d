"""The seventh set, sinks: how each event that was drawn is done, to tables, rows and what is busy at the target."""

from failures import rival
from failures.place import KEY, Place, struct
from failures.seventh_draw import Settings
from failures.seventh_flow import (
    TYPES,
    VALUES,
    columns,
    feed,
    insert,
    sink_of,
    source_table,
    start,
    target_table,
)

_LONG = 120
"""Seconds until a sink has tried as often as its settings say."""
_WIDER = {"number": "BIGINT", "small": "INT", "amount": "DECIMAL(14,2)", "text": "VARCHAR(200)"}
_LARGE = {
    "number": "3000000000",
    "small": "100000",
    "amount": "1234567.89",
    "text": "REPEAT('as agreed, and ', 5)",
}
_NARROWER = {"text": "VARCHAR(10)", "code": "CHAR(2)", "number": "TINYINT", "amount": "DECIMAL(4,2)"}
_OF_OLD_WIDTH = {"text": "'by the end of the year'", "code": "'abcd'", "number": "70000", "amount": "1234.50"}


# ── tables ──


def column_added(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    start(place, settings, shape=columns(settings, without=True)).alter(f"ADD COLUMN {column} {TYPES[kind]}")
    insert(place, 2, **{column: VALUES[kind]})


def number_widened(place: Place, settings: Settings) -> None:
    _widen(place, settings, _WIDER[settings["kind"]])


def text_widened(place: Place, settings: Settings) -> None:
    _widen(place, settings, _WIDER[settings["kind"]])


def made_unsigned(place: Place, settings: Settings) -> None:
    _widen(place, settings, "INT UNSIGNED")


def _widen(place: Place, settings: Settings, kind: str) -> None:
    column = settings["column"]
    start(place, settings).alter(f"MODIFY {column} {kind}")
    insert(place, 2, **{column: _LARGE[settings["kind"]]})


def column_renamed(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    start(place, settings).alter(f"RENAME COLUMN {column} TO first_{column}")
    insert(place, 2, **{f"first_{column}": VALUES[kind]})


def made_nullable(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    default = f"({VALUES[kind]})" if kind == "document" else VALUES[kind]  # of JSON the server takes no other
    required = columns(settings, null=f"NOT NULL DEFAULT {default}")
    start(place, settings, shape=required).alter(f"MODIFY {column} {TYPES[kind]} NULL")
    insert(place, 2, **{column: "NULL"})


def choice_added(place: Place, settings: Settings) -> None:
    column = settings["column"]
    start(place, settings).alter(f"MODIFY {column} ENUM('new', 'paid', 'void')")
    insert(place, 2, **{column: "'void'"})


def key_became_text(place: Place, settings: Settings) -> None:
    start(place, settings).alter("MODIFY id CHAR(36)")
    insert(place, 2, id="UUID()")


def target_narrowed(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    start(place, settings).alter_target(f"MODIFY {column} {_NARROWER[kind]}")
    insert(place, 2, **{column: _OF_OLD_WIDTH[kind]})


def target_of_another_type(place: Place, settings: Settings) -> None:
    column = settings["column"]
    start(place, settings).alter_target(f"MODIFY {column} DATE")
    insert(place, 2, **{column: "'next week'"})


def trigger_writes_to_a_dropped_table(place: Place, settings: Settings) -> None:
    start(place, settings)
    log = f"`{place.spec.target_database}`.changes_log"
    place.target.execute(f"CREATE TABLE {log} (row_id BIGINT)")
    place.target.execute(
        f"CREATE TRIGGER `{place.spec.target_database}`.keep_log AFTER INSERT ON {target_table(place)} FOR EACH ROW "
        f"INSERT INTO {log} VALUES (NEW.id)"
    )
    place.target.execute(f"DROP TABLE {log}")
    insert(place, 2)


# ── rows ──


def rows_already_there(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    place.target.execute(f"INSERT INTO {target_table(place)} (id, name, created_at) VALUES (1, 'name 1', NOW())")
    place.connect.put(place.sink_name, made.sink_config())


def unique_value_twice(place: Place, settings: Settings) -> None:
    start(place, settings).alter_target("ADD UNIQUE INDEX name_once (name)")
    insert(place, 2, name="'name 1'")


def table_without_a_key(place: Place, settings: Settings) -> None:
    made = feed(place, settings, shape=columns(settings).replace(" PRIMARY KEY", " NOT NULL"))
    place.connect.put(place.sink_name, made.sink_config())


def trigger_refuses(place: Place, settings: Settings) -> None:
    start(place, settings)
    place.target.execute(
        f"CREATE TRIGGER `{place.spec.target_database}`.guard BEFORE INSERT ON {target_table(place)} FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the period is closed'"
    )
    insert(place, 2)


def check_refuses(place: Place, settings: Settings) -> None:
    start(place, settings).alter_target("ADD CONSTRAINT name_is_short CHECK (CHAR_LENGTH(name) < 20)")
    insert(place, 2, name="'a name of more than twenty letters'")


def no_partition_for_it(place: Place, settings: Settings) -> None:
    made = start(place, settings)
    made.alter_target("DROP PRIMARY KEY, ADD PRIMARY KEY (id, created_at)")
    made.alter_target(
        "PARTITION BY RANGE COLUMNS (created_at) (PARTITION p202610 VALUES LESS THAN ('2026-11-01 00:00:00'))"
    )
    insert(place, 2, created_at="'2026-11-03 08:00:00'")


def record_cut_off(place: Place, settings: Settings) -> None:
    start(place, settings)
    key, value = place.last_record()
    place.produce(value[: len(value) // 2], key)


def no_json_by_hand(place: Place, settings: Settings) -> None:
    start(place, settings)
    place.produce(b"test")


def no_avro_by_hand(place: Place, settings: Settings) -> None:
    start(place, settings)
    place.produce(b'{"id": 2, "name": "name 2", "created_at": "2026-10-05 10:20:30"}')


def nested_records(place: Place, settings: Settings) -> None:
    """The sink is to add what its table lacks."""
    address = {"field": "address", "type": "struct", "fields": [{"field": "city", "type": "string"}], "optional": True}
    tags = {"field": "tags", "type": "array", "items": {"type": "string"}, "optional": True}
    made = place.prepare(sink_of(place, settings), {}, "id BIGINT PRIMARY KEY")
    row = {"id": 1, "address": {"city": "Hue"}, "tags": ["new", "paid"]}
    place.produce(struct([*KEY, address, tags], row), struct(KEY, {"id": 1}))
    place.connect.put(place.sink_name, made.sink_config())


# ── what is busy ──


def row_locked(place: Place, settings: Settings) -> None:
    start(place, settings, {"connection.url": place.jdbc_url("?sessionVariables=innodb_lock_wait_timeout=2")})
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT * FROM {target_table(place)} WHERE id = 1 FOR UPDATE")
        place.source.execute(f"UPDATE {source_table(place)} SET name = 'another' WHERE id = 1")
        place.connect.wait_failed(place.sink_name, _LONG)


def table_locked(place: Place, settings: Settings) -> None:
    start(place, settings, {"connection.url": place.jdbc_url("?sessionVariables=lock_wait_timeout=2")})
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {target_table(place)} WRITE")
        insert(place, 2)
        place.connect.wait_failed(place.sink_name, _LONG)


def deadlock(place: Place, settings: Settings) -> None:
    made = feed(place, settings)
    insert(place, 2)
    place.wait_for_records(2)
    rows = "(1, 'held', NOW()), (2, 'held', NOW())"
    place.target.execute(f"INSERT INTO {target_table(place)} (id, name, created_at) VALUES {rows}")
    rival.deadlock(place, made)
