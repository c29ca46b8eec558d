"""The fourth set: tables, at source and target, that have grown apart."""

from collections.abc import Callable

from stack.pipeline import Pipeline

from failures.case import FIX_FIRST, SINK, SOURCE, Break, Registry, Truth, data, drift
from failures.place import KEY, NOTES, Place, Schema, struct

CASES = Registry(SINK)
SOURCES = Registry(SOURCE)

_BASIC = {"schema.evolution": "basic"}
_KEY_1 = struct(KEY, {"id": 1})


def case(truth: Truth, made_by: str) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, patience=40)


@case(drift("total"), "MODIFY to BIGINT UNSIGNED at the source only, then a value above the signed range")
def fourth_unsigned_at_the_source_only(place: Place) -> None:
    precise = {"bigint.unsigned.handling.mode": "precise"}
    place.pipeline(source=precise, columns="id BIGINT PRIMARY KEY, total BIGINT").alter("MODIFY total BIGINT UNSIGNED")
    _insert(place, "1, 18446744073709551615")


@case(drift("order_id"), "the key's column is renamed at the source only")
def fourth_key_renamed_at_the_source(place: Place) -> None:
    _in_step(place, NOTES, "1, 'n'").alter("RENAME COLUMN id TO order_id")
    _insert(place, "2, 'n'")


@case(drift("id"), "DROP PRIMARY KEY at the source")
def fourth_key_dropped_at_the_source(place: Place) -> None:
    _in_step(place, NOTES, "1, 'n'").alter("DROP PRIMARY KEY")
    _insert(place, "2, 'n'")


@case(drift("id"), "numbered keys become UUIDs at the source, the target's key is a BIGINT")
def fourth_key_became_a_uuid(place: Place) -> None:
    place.pipeline(columns=NOTES).alter("MODIFY id CHAR(36)")
    _insert(place, "UUID(), 'n'")


@case(drift("tags"), "a member is added to a SET at the source only")
def fourth_set_lacks_a_member(place: Place) -> None:
    made = place.pipeline(columns="id BIGINT PRIMARY KEY, tags SET('new', 'sale')")
    made.alter("MODIFY tags SET('new', 'sale', 'last')")
    _insert(place, "1, 'new,last'")


@case(drift("flags"), "a BIT(4) becomes a BIT(16) at the source only")
def fourth_bits_too_many(place: Place) -> None:
    _in_step(place, "id BIGINT PRIMARY KEY, flags BIT(4)", "1, b'1'").alter("MODIFY flags BIT(16)")
    _insert(place, "2, b'1111000011110000'")


@case(drift("stock"), "a number becomes a JSON document at the source only")
def fourth_number_became_a_document(place: Place) -> None:
    _in_step(place, "id BIGINT PRIMARY KEY, stock INT", "1, NULL").alter("MODIFY stock JSON")
    _insert(place, "2, '{\"here\": 7}'")


@case(drift("initial"), "a generated column, and the target's table is made by the very same statement")
def fourth_generated_on_both_sides(place: Place) -> None:
    place.pipeline(columns=f"{NOTES}, initial CHAR(1) AS (LEFT(note, 1)) STORED")
    place.source.execute(f"INSERT INTO `{place.spec.database}`.orders (id, note) VALUES (1, 'n')")


@case(drift("branch"), "ADD COLUMN branch NOT NULL without a default, at the target only")
def fourth_target_asks_for_more(place: Place) -> None:
    place.writer()
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute(f"ALTER TABLE {_table(place)} ADD COLUMN branch INT NOT NULL")
    place.produce_row(2)


@case(drift("extra", table="facade"), "a new field, schema.evolution=basic, and collection.name.format names a view")
def fourth_view_cannot_be_altered(place: Place) -> None:
    made = place.writer_not_started({**_BASIC, "collection.name.format": "facade"})
    place.target.execute(f"CREATE VIEW `{place.spec.target_database}`.facade AS SELECT id, note FROM {_table(place)}")
    more: Schema = [*KEY, {"field": "extra", "type": "string", "optional": True}]
    place.produce(struct(more, {"id": 1, "extra": "x"}), _KEY_1)
    place.connect.put(place.sink_name, made.sink_config())


@case(drift("note"), "a field becomes a struct, and its column is a text")
def fourth_struct_for_a_column(place: Place) -> None:
    place.writer()
    inner = [{"field": "street", "type": "string", "optional": True}]
    note: Schema = [{"field": "note", "type": "struct", "fields": inner, "name": "address", "optional": True}]
    place.produce(struct([*KEY, *note], {"id": 1, "note": {"street": "x"}}), _KEY_1)


@case(drift(), "RENAME TABLE at the target under the running sink; schema.evolution=none")
def fourth_table_renamed_at_the_target(place: Place) -> None:
    place.writer()
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute(f"RENAME TABLE {_table(place)} TO `{place.spec.target_database}`.orders_old")
    place.produce_row(2)


@case(data("lasted"), "a TIME of 100 hours in MySQL, on its way to a TIME")
def fourth_time_of_more_than_a_day(place: Place) -> None:
    place.pipeline(columns="id BIGINT PRIMARY KEY, lasted TIME")
    _insert(place, "1, '100:00:00'")


@SOURCES.case(
    Truth("SCHEMA_DRIFT", FIX_FIRST, "orders_new"), "RENAME TABLE with sql_log_bin=0, then a row of it", patience=40
)
def fourth_unlogged_rename_of_a_table(place: Place) -> None:
    place.reader()
    database = place.spec.database
    place.unlogged(f"RENAME TABLE `{database}`.orders TO `{database}`.orders_new")
    place.source.execute(f"INSERT INTO `{database}`.orders_new (customer, amount) VALUES ('x', 1)")


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
