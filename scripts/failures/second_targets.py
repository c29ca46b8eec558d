"""The second set: sinks that MariaDB refuses, in its words and in those of its driver."""

from failures.case import (
    FIX_FIRST,
    FIX_OR_ONCE,
    SINK,
    Registry,
    Truth,
    data,
    drift,
)
from failures.place import KEY, NOTES, Place, struct

CASES = Registry(SINK)
case = CASES.case


@case(data(), "insert.mode=update gives a row the value that another row has in a UNIQUE column")
def second_unique_value_of_another_row(place: Place) -> None:
    place.writer({"insert.mode": "update"}, f"{NOTES}, UNIQUE KEY only_one (note)")
    place.target.execute(f"INSERT INTO {_table(place)} VALUES (1, 'one'), (2, 'two')")
    place.produce_row(2, "one")


@case(data(restart=FIX_OR_ONCE), "a tombstone deletes a row that another table's foreign key holds")
def second_parent_is_held(place: Place) -> None:
    place.writer()
    place.target.execute(f"INSERT INTO {_table(place)} VALUES (1, 'parent')")
    place.target.execute(
        f"CREATE TABLE `{place.spec.target_database}`.children (id INT PRIMARY KEY, parent BIGINT, "
        f"FOREIGN KEY (parent) REFERENCES {_table(place)} (id))"
    )
    place.target.execute(f"INSERT INTO `{place.spec.target_database}`.children VALUES (1, 1)")
    place.produce(None, struct(KEY, {"id": 1}))


@case(data(), "a named CHECK constraint in MariaDB that the value does not hold")
def second_check_constraint(place: Place) -> None:
    place.writer(columns=f"{NOTES}, CONSTRAINT note_is_short CHECK (LENGTH(note) < 3)")
    place.produce_row(note="longer")


@case(data("note", also=("SCHEMA_DRIFT",)), "a JSON column in MariaDB, and a text that is none")
def second_text_that_is_no_json(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note JSON")
    place.produce_row(note="{broken")


@case(Truth("SCHEMA_DRIFT", FIX_FIRST, "audit"), "a trigger at the target writes into a table that was dropped")
def second_trigger_writes_nowhere(place: Place) -> None:
    place.writer()
    database = place.spec.target_database
    place.target.execute(f"CREATE TABLE `{database}`.audit (id BIGINT)")
    place.target.execute(
        f"CREATE TRIGGER `{database}`.audited AFTER INSERT ON {_table(place)} FOR EACH ROW "
        f"INSERT INTO `{database}`.audit VALUES (NEW.id)"
    )
    place.target.execute(f"DROP TABLE `{database}`.audit")
    place.produce_row()


@case(data(), "a trigger at the target that raises an SQLSTATE of its own, 77001")
def second_trigger_with_its_own_state(place: Place) -> None:
    place.writer()
    place.target.execute(
        f"CREATE TRIGGER `{place.spec.target_database}`.refuse BEFORE INSERT ON {_table(place)} FOR EACH ROW "
        "SIGNAL SQLSTATE '77001' SET MESSAGE_TEXT = 'month is closed'"
    )
    place.produce_row()


@case(drift("note"), "the target's column is a UUID, then a text that is none")
def second_text_into_a_uuid(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note UUID")
    place.produce_row(note="not-a-uuid")


@case(data("note", also=("SCHEMA_DRIFT",)), "the target's column is a DATE, then the 30th of February")
def second_day_that_does_not_exist(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note DATE")
    place.produce_row(note="2026-02-30")


@case(
    Truth("SCHEMA_DRIFT", FIX_FIRST, "orders", ("id",), also=("DATA",)),
    "the target's column is UNSIGNED, then a negative number",
)
def second_negative_into_unsigned(place: Place) -> None:
    place.writer(columns="id BIGINT UNSIGNED PRIMARY KEY, note VARCHAR(64)")
    place.produce_row(-5)


@case(drift("note"), "the target's column is generated, in MariaDB")
def second_generated_column(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note VARCHAR(64) AS (CONCAT('n', id)) STORED")
    place.produce_row()


@case(drift("note"), "the target's column is latin1 in MariaDB, then an emoji")
def second_character_set_too_narrow(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note VARCHAR(64) CHARACTER SET latin1")
    place.produce_row(note="\N{OWL}")


@case(Truth("CONFIG", FIX_FIRST, also=("SCHEMA_DRIFT",)), "collection.name.format names a view that takes no rows")
def second_target_is_a_view(place: Place) -> None:
    made = place.writer_not_started({"collection.name.format": "summary"})
    place.target.execute(
        f"CREATE VIEW `{place.spec.target_database}`.summary AS SELECT id, MAX(note) AS note FROM "
        f"{_table(place)} GROUP BY id"
    )
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


@case(
    Truth("RESOURCE", FIX_FIRST, also=("DATA", "SCHEMA_DRIFT")),
    "a column of the target is numbered by a sequence, which has run out",
)
def second_sequence_has_run_out(place: Place) -> None:
    database = place.spec.target_database
    made = place.writer_not_started()
    place.target.execute(f"CREATE SEQUENCE `{database}`.numbers START 1 MINVALUE 1 MAXVALUE 2 NOCYCLE NOCACHE")
    for _ in range(2):
        place.target.execute(f"SELECT NEXTVAL(`{database}`.numbers)")
    place.target.execute(f"GRANT ALL ON `{database}`.* TO 'dw'@'%'")
    place.target.execute(f"ALTER TABLE {_table(place)} ADD number BIGINT DEFAULT (NEXTVAL(`{database}`.numbers))")
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


@case(
    Truth("RESOURCE", ("yes", "once", "after-fix"), also=("CONNECTIVITY", "CONFIG")),
    "max_statement_time=1, and another session holds the row for longer",
    patience=120,
)
def second_statement_took_too_long(place: Place) -> None:
    url = place.jdbc_url("?sessionVariables=max_statement_time=1")
    place.writer({"connection.url": url, "flush.max.retries": "1"})
    place.target.execute(f"INSERT INTO {_table(place)} VALUES (1, 'held')")
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT * FROM {_table(place)} WHERE id = 1 FOR UPDATE")
        place.produce_row(1)
        place.connect.wait_failed(place.sink_name, 100)


@case(
    Truth("CONFIG", FIX_FIRST, also=("SCHEMA_DRIFT",)),
    "schema.evolution=basic, and collection.name.format makes a name of 80 letters",
)
def second_table_name_too_long(place: Place) -> None:
    _start(place, {"schema.evolution": "basic", "collection.name.format": "t" * 80})


@case(
    Truth("RESOURCE", FIX_OR_ONCE, also=("CONNECTIVITY",)),
    "max_allowed_packet of MariaDB is 64 KB, the record 200 KB",
    disturbs=True,
)
def second_row_larger_than_a_packet(place: Place) -> None:
    (before,) = place.target.query("SELECT @@GLOBAL.max_allowed_packet AS size")
    place.target.execute("SET GLOBAL max_allowed_packet = 65536")
    try:
        place.writer(columns="id BIGINT PRIMARY KEY, note MEDIUMTEXT")
        place.produce_row(note="x" * 200_000)
        place.connect.wait_failed(place.sink_name, 60)
    finally:
        place.target.execute(f"SET GLOBAL max_allowed_packet = {before['size']}")


def _table(place: Place) -> str:
    return f"`{place.spec.target_database}`.orders"


def _start(place: Place, config: dict[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())
