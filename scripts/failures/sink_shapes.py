"""Sinks that meet a table of another shape, or a database that refuses the row."""

from stack.pipeline import ORDERS

from failures.case import FIX_OR_ONCE, RESOURCE, SINK, Registry, Truth, data, drift
from failures.place import NOTES, Place

CASES = Registry(SINK)
case = CASES.case

_BASIC = {"schema.evolution": "basic"}


@case(drift("extra"), "ALTER TABLE … ADD COLUMN extra at the source only; schema.evolution=none")
def sink_lacks_a_column(place: Place) -> None:
    pipeline = place.pipeline()
    pipeline.alter("ADD COLUMN extra VARCHAR(64)")
    pipeline.insert()


@case(drift("region"), "ADD COLUMN region NOT NULL without a default at the source; schema.evolution=basic")
def sink_lacks_a_required_column(place: Place) -> None:
    pipeline = place.pipeline(_BASIC)
    pipeline.alter("ADD COLUMN region VARCHAR(20) NOT NULL")
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders (customer, amount, region) VALUES ('x', 1, 'EU')")


@case(drift("customer"), "DROP COLUMN at the source; the target's is NOT NULL without a default")
def target_requires_a_dropped_column(place: Place) -> None:
    pipeline = place.pipeline()
    pipeline.alter("DROP COLUMN customer")
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders (amount) VALUES (1)")


@case(drift("customer"), "RENAME COLUMN customer TO client at the source; schema.evolution=basic")
def column_renamed_at_the_source(place: Place) -> None:
    pipeline = place.pipeline(_BASIC)
    pipeline.alter("RENAME COLUMN customer TO client")
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders (client, amount) VALUES ('x', 1)")


@case(drift("customer"), "a VARCHAR widened at the source only, then a longer value")
def string_too_long(place: Place) -> None:
    place.pipeline().alter("MODIFY customer VARCHAR(200) NOT NULL")
    _insert(place, "REPEAT('x', 150)", "1")


@case(drift("amount"), "a DECIMAL widened at the source only, then a larger value")
def number_out_of_range(place: Place) -> None:
    place.pipeline().alter("MODIFY amount DECIMAL(20,2) NOT NULL")
    _insert(place, "'x'", "123456789012345.67")


@case(drift("customer"), "an INT at the target where the source was changed to VARCHAR, then a text")
def text_into_a_number(place: Place) -> None:
    pipeline = place.pipeline()
    place.target.execute(f"DELETE FROM `{place.spec.target_database}`.orders")
    pipeline.alter_target("MODIFY customer INT NOT NULL")
    _insert(place, "'not a number'", "1")


@case(drift("customer"), "the target's column was changed to DATE, then a text that is none")
def text_into_a_date(place: Place) -> None:
    pipeline = place.pipeline()
    place.target.execute(f"DELETE FROM `{place.spec.target_database}`.orders")
    pipeline.alter_target("MODIFY customer DATE NOT NULL")
    _insert(place, "'next week'", "1")


@case(drift("status"), "a value added to an ENUM at the source only")
def enum_lacks_a_value(place: Place) -> None:
    pipeline = place.pipeline(columns=ORDERS.replace("VARCHAR(16)", "ENUM('NEW','PAID')"))
    pipeline.alter("MODIFY status ENUM('NEW','PAID','VOID') NOT NULL DEFAULT 'NEW'")
    place.source.execute(
        f"INSERT INTO `{place.spec.database}`.orders (customer, amount, status) VALUES ('x', 1, 'VOID')"
    )


@case(drift("customer"), "the target's column is latin1, then an emoji")
def character_set_too_narrow(place: Place) -> None:
    place.pipeline().alter_target("MODIFY customer VARCHAR(64) CHARACTER SET latin1 NOT NULL")
    _insert(place, "'Ann \N{OWL}'", "1")


@case(drift("customer"), "a column made nullable at the source only, then a NULL")
def null_into_not_null(place: Place) -> None:
    place.pipeline().alter("MODIFY customer VARCHAR(64) NULL")
    _insert(place, "NULL", "1")


@case(drift("note"), "NULL in a record for a column that is NOT NULL at the target; the record allows it")
def null_for_a_required_column(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note VARCHAR(64) NOT NULL")
    place.produce_row(note=None)


@case(drift("note"), "DROP COLUMN at the target while the sink runs; schema.evolution=none")
def target_column_dropped(place: Place) -> None:
    place.writer()
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute(f"ALTER TABLE `{place.spec.target_database}`.orders DROP COLUMN note")
    place.produce_row(2)


@case(drift(), "DROP TABLE at the target while the sink runs; schema.evolution=none")
def target_table_dropped(place: Place) -> None:
    place.writer()
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute(f"DROP TABLE `{place.spec.target_database}`.orders")
    place.produce_row(2)


@case(drift("note"), "the target's column was made a generated one")
def target_column_generated(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note VARCHAR(64) AS (CONCAT('n', id)) STORED")
    place.produce_row()


@case(data(), "insert.mode=insert, and a row with that key is there already")
def row_is_there_already(place: Place) -> None:
    place.writer({"insert.mode": "insert"})
    place.target.execute(f"INSERT INTO `{place.spec.target_database}`.orders VALUES (1, 'by hand')")
    place.produce_row(1)


@case(data(restart=FIX_OR_ONCE), "a foreign key at the target, and no parent row")
def foreign_key_without_parent(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note VARCHAR(64)")
    database = place.spec.target_database
    place.target.execute(f"CREATE TABLE `{database}`.parents (note VARCHAR(64) PRIMARY KEY)")
    foreign_key = f"ADD FOREIGN KEY (note) REFERENCES `{database}`.parents (note)"
    place.target.execute(f"ALTER TABLE `{database}`.orders {foreign_key}")
    place.produce_row()


@case(data(), "a CHECK constraint at the target that the value does not hold")
def check_constraint(place: Place) -> None:
    place.writer(columns=f"{NOTES}, CONSTRAINT note_is_short CHECK (LENGTH(note) < 3)")
    place.produce_row(note="longer")


@case(data(), "a trigger at the target that raises SQLSTATE 45000")
def trigger_refuses(place: Place) -> None:
    place.writer()
    database = place.spec.target_database
    place.target.execute(
        f"CREATE TRIGGER `{database}`.refuse BEFORE INSERT ON `{database}`.orders FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'books of this year are closed'"
    )
    place.produce_row()


@case(data(), "a partitioned target table without a partition for the value")
def no_partition_for_the_value(place: Place) -> None:
    place.writer(columns=f"{NOTES}) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10)")
    place.produce_row(99)


@case(
    Truth("RESOURCE", FIX_OR_ONCE, "orders"),
    "a MEMORY table at the target that is full",
)
def target_table_is_full(place: Place) -> None:
    made = place.writer_not_started(columns="id BIGINT PRIMARY KEY, note CHAR(255)")
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute("SET max_heap_table_size = 16384")
        cursor.execute(f"ALTER TABLE `{place.spec.target_database}`.orders ENGINE = MEMORY")
    for number in range(300):
        place.produce_row(number)
    place.connect.put(place.sink_name, made.sink_config())


@case(RESOURCE, "max_allowed_packet of the target is 64 KB, the record 200 KB", disturbs=True)
def row_larger_than_a_packet(place: Place) -> None:
    (before,) = place.target.query("SELECT @@GLOBAL.max_allowed_packet AS size")
    place.target.execute("SET GLOBAL max_allowed_packet = 65536")
    try:
        place.writer(columns="id BIGINT PRIMARY KEY, note MEDIUMTEXT")
        place.produce_row(note="x" * 200_000)
        place.connect.wait_failed(place.sink_name, 60)
    finally:
        place.target.execute(f"SET GLOBAL max_allowed_packet = {before['size']}")


@case(
    Truth("RESOURCE", ("yes", "once", "after-fix")),
    "another session holds the row's lock for longer than innodb_lock_wait_timeout",
    patience=120,
)
def lock_held_by_another(place: Place) -> None:
    url = place.jdbc_url("?sessionVariables=innodb_lock_wait_timeout=1")
    place.writer({"connection.url": url, "flush.max.retries": "1"})
    table = f"`{place.spec.target_database}`.orders"
    place.target.execute(f"INSERT INTO {table} VALUES (1, 'held')")
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT * FROM {table} WHERE id = 1 FOR UPDATE")
        place.produce_row(1)
        place.connect.wait_failed(place.sink_name, 100)


def _insert(place: Place, customer: str, amount: str) -> None:
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders (customer, amount) VALUES ({customer}, {amount})")
