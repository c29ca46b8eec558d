"""The fifth set: a target's tables and what belongs to them, the records that come, and a target that is busy."""

from collections.abc import Callable

from stack.pipeline import Pipeline

from failures.case import CONFIG, RESOURCE, SINK, TRANSIENT, Break, Registry, Truth, data, drift
from failures.place import KEY, NOTES, ROW, Place, Schema, struct
from failures.rival import deadlock

CASES = Registry(SINK)

_BASIC = {"schema.evolution": "basic"}
_HELD_UP = Truth("RESOURCE", TRANSIENT)
_KEY_1 = struct(KEY, {"id": 1})


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


@case(drift("amount"), "a DECIMAL becomes a VARCHAR at the source only, then 'on request'")
def fifth_amount_became_a_text(place: Place) -> None:
    _in_step(place, "id BIGINT PRIMARY KEY, amount DECIMAL(10,2)", "1, 5").alter("MODIFY amount VARCHAR(20)")
    _insert(place, "2, 'on request'")


@case(drift("price"), "a DECIMAL(6,2) becomes a DECIMAL(12,2) at the source only")
def fifth_more_digits_at_the_source(place: Place) -> None:
    _in_step(place, "id BIGINT PRIMARY KEY, price DECIMAL(6,2)", "1, 5").alter("MODIFY price DECIMAL(12,2)")
    _insert(place, "2, 1234567.89")


@case(drift("note"), "RENAME COLUMN at the target only, under the running sink")
def fifth_column_renamed_at_the_target(place: Place) -> None:
    _writes_one(place)
    place.target.execute(f"ALTER TABLE {_table(place)} RENAME COLUMN note TO remark")
    place.produce_row(2)


@case(drift("extra"), "schema.evolution=basic, and a new field that must not be NULL and has no default")
def fifth_required_column_under_evolution(place: Place) -> None:
    _writes_one(place, _BASIC)
    more: Schema = [*ROW, {"field": "extra", "type": "string", "optional": False}]
    place.produce(struct(more, {"id": 2, "note": "n", "extra": "x"}), struct(KEY, {"id": 2}))


@case(drift("due"), "the column is a DATETIME at the source and a TIMESTAMP at the target, then a day in 2045")
def fifth_year_2038(place: Place) -> None:
    _in_step(place, "id BIGINT PRIMARY KEY, due DATETIME", "1, '2030-01-01'").alter_target("MODIFY due TIMESTAMP NULL")
    _insert(place, "2, '2045-01-01'")


@case(drift("spot"), "a POINT without a spatial reference system at the source, with 4326 at the target")
def fifth_srid_of_the_column(place: Place) -> None:
    made = place.pipeline(columns="id BIGINT PRIMARY KEY, spot POINT NULL")
    made.alter_target("MODIFY spot POINT SRID 4326 NULL")
    _insert(place, "1, POINT(1, 2)")


@case(drift(table=None), "a trigger at the target calls a procedure that was dropped")
def fifth_trigger_calls_a_dropped_procedure(place: Place) -> None:
    database = f"`{place.spec.target_database}`"
    place.writer()
    place.target.execute(f"CREATE PROCEDURE {database}.count_it() SET @counted = 1")
    place.target.execute(
        f"CREATE TRIGGER {database}.counted AFTER INSERT ON {_table(place)} FOR EACH ROW CALL count_it()"
    )
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute(f"DROP PROCEDURE {database}.count_it")
    place.produce_row(2)


@case(CONFIG, "field.include.list of the sink leaves out a column that must not be NULL")
def fifth_fields_left_out(place: Place) -> None:
    made = place.writer_not_started({"field.include.list": "id"}, "id BIGINT PRIMARY KEY, note VARCHAR(64) NOT NULL")
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


@case(Truth("CONFIG", ("no", "after-fix", "once")), "ALTER DATABASE READ ONLY = 1 at the target, as for a migration")
def fifth_database_made_read_only(place: Place) -> None:
    _writes_one(place)
    database = f"`{place.spec.target_database}`"
    place.target.execute(f"ALTER DATABASE {database} READ ONLY = 1")
    try:
        place.produce_row(2)
        place.connect.wait_failed(place.sink_name, 40)
    finally:
        place.target.execute(f"ALTER DATABASE {database} READ ONLY = 0")


@case(data("qty"), "a record whose schema says int32, and whose value is a text")
def fifth_payload_unlike_its_schema(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, qty INT")
    qty: Schema = [*KEY, {"field": "qty", "type": "int32", "optional": True}]
    place.produce(struct(qty, {"id": 1, "qty": "many"}), _KEY_1)


@case(data(), "a record in which a producer wrote NaN, which is no JSON")
def fifth_not_a_number_in_json(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, rate DOUBLE")
    place.produce(_rate("NaN"), _KEY_1)


@case(data("rate"), "a number beyond a double's range, which is infinite when it is read")
def fifth_infinite_number(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, rate DOUBLE")
    place.produce(_rate("1e999"), _KEY_1)


@case(data("day"), "a Date that is written as a text")
def fifth_date_that_is_a_text(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, day DATE")
    date = "org.apache.kafka.connect.data.Date"
    day: Schema = [*KEY, {"field": "day", "type": "int32", "name": date, "version": 1, "optional": True}]
    place.produce(struct(day, {"id": 1, "day": "2026-01-31"}), _KEY_1)


@case(RESOURCE, "max_binlog_cache_size of the target is 4 KB, the record 60 KB", disturbs=True)
def fifth_transaction_larger_than_the_log_takes(place: Place) -> None:
    (before,) = place.target.query("SELECT @@GLOBAL.max_binlog_cache_size AS most, @@GLOBAL.binlog_cache_size AS size")
    place.target.execute("SET GLOBAL binlog_cache_size = 4096")
    place.target.execute("SET GLOBAL max_binlog_cache_size = 4096")
    try:
        place.writer(columns="id BIGINT PRIMARY KEY, note TEXT")
        place.produce_row(1, "n" * 60_000)
        place.connect.wait_failed(place.sink_name, 40)
    finally:
        place.target.execute(f"SET GLOBAL max_binlog_cache_size = {before['most']}")
        place.target.execute(f"SET GLOBAL binlog_cache_size = {before['size']}")


@case(_HELD_UP, "deadlocks with another writer, as often as the sink tries again")
def fifth_deadlock_with_another_writer(place: Place) -> None:
    made = place.writer_not_started({"flush.max.retries": "1"})
    place.target.execute(f"INSERT INTO {_table(place)} VALUES (1, 'held'), (2, 'held')")
    place.produce_row(1)
    place.produce_row(2)
    deadlock(place, made)


@case(_HELD_UP, "a backup holds LOCK INSTANCE at the target, and schema.evolution=basic wants to ALTER", disturbs=True)
def fifth_backup_holds_the_instance(place: Place) -> None:
    _writes_one(place, {**_BASIC, "connection.url": place.jdbc_url("?sessionVariables=lock_wait_timeout=1")})
    more: Schema = [*ROW, {"field": "extra", "type": "string", "optional": True}]
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK INSTANCE FOR BACKUP")
        place.produce(struct(more, {"id": 2, "note": "n", "extra": "x"}), struct(KEY, {"id": 2}))
        place.connect.wait_failed(place.sink_name, 40)


def _rate(number: str) -> bytes:
    """As it is written, whether JSON knows it or not."""
    rate: Schema = [*KEY, {"field": "rate", "type": "double", "optional": True}]
    return struct(rate, {"id": 1, "rate": "RATE"}).replace(b'"RATE"', number.encode())


def _writes_one(place: Place, config: dict[str, str] | None = None) -> None:
    place.writer(config, NOTES)
    place.produce_row(1)
    place.wait_for_rows(1)


def _in_step(place: Place, columns: str, row: str) -> Pipeline:
    """Past the first copy: a table that is altered under it fails the source."""
    made = place.pipeline(columns=columns)
    _insert(place, row)
    place.wait_for_rows(1)
    return made


def _insert(place: Place, values: str) -> None:
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders VALUES ({values})")


def _table(place: Place) -> str:
    return f"`{place.spec.target_database}`.orders"
