"""The seventh set, sinks: how each event that was drawn is done, to tables, rows and what is busy at the target."""

from failures.place import Place
from failures.seventh_draw import Settings
from failures.seventh_flow import (
    TYPES,
    VALUES,
    columns,
    insert,
    source_table,
    start,
    target_table,
)

_LONG = 120
"""Seconds until a sink has tried as often as its settings say."""
_WIDER = {"number": "BIGINT", "small": "INT", "amount": "DECIMAL(14,2)"}
_LARGE = {"number": "3000000000", "small": "100000", "amount": "1234567.89"}
_NARROWER = {"text": "VARCHAR(10)", "code": "CHAR(2)", "number": "TINYINT", "amount": "DECIMAL(4,2)"}
_OF_OLD_WIDTH = {"text": "'by the end of the year'", "code": "'abcd'", "number": "70000", "amount": "1234.50"}


# ── tables ──


def column_added(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    start(place, settings, shape=columns(settings, without=True)).alter(f"ADD COLUMN {column} {TYPES[kind]}")
    insert(place, 2, **{column: VALUES[kind]})


def number_widened(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    start(place, settings).alter(f"MODIFY {column} {_WIDER[kind]}")
    insert(place, 2, **{column: _LARGE[kind]})


def made_nullable(place: Place, settings: Settings) -> None:
    column, kind = settings["column"], settings["kind"]
    required = columns(settings, null=f"NOT NULL DEFAULT {VALUES[kind]}")
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


# ── rows ──


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
