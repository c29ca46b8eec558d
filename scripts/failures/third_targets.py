"""The third set: sinks that MySQL refuses."""

from collections.abc import Callable

from failures.case import FIX_FIRST, SINK, TRANSIENT, Break, Registry, Truth, data
from failures.place import KEY, Place, Schema, struct

CASES = Registry(SINK)

_DRIFT = Truth("SCHEMA_DRIFT", FIX_FIRST, "orders", ("note",), also=("DATA", "CONFIG"))
_HELD_UP = Truth("RESOURCE", TRANSIENT, also=("CONNECTIVITY",))


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


@case(data("note", also=("SCHEMA_DRIFT",)), "a JSON column in MySQL, and a text that is none")
def third_text_that_is_no_document(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note JSON")
    place.produce_row(note="{broken")


@case(_DRIFT, "the target's column is a DATETIME, then an ISO time that ends with Z")
def third_iso_time_into_datetime(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note DATETIME")
    place.produce_row(note="2026-01-31T10:00:00Z")


@case(_DRIFT, "the target's column is a POINT, then a text")
def third_text_into_a_point(place: Place) -> None:
    place.writer(columns="id BIGINT PRIMARY KEY, note POINT")
    place.produce_row(note="somewhere")


@case(
    Truth("SCHEMA_DRIFT", FIX_FIRST, also=("CONFIG", "DATA")),
    "schema.evolution=basic, and a new field whose name has 70 letters",
)
def third_name_of_a_new_field_too_long(place: Place) -> None:
    place.writer({"schema.evolution": "basic"})
    long: Schema = [*KEY, {"field": "f" * 70, "type": "string", "optional": True}]
    place.produce(struct(long, {"id": 1, "f" * 70: "n"}), struct(KEY, {"id": 1}))


@case(
    Truth("SCHEMA_DRIFT", FIX_FIRST, also=("CONFIG", "RESOURCE")),
    "schema.evolution=basic has to make a table whose key is of five texts",
)
def third_key_of_a_new_table_too_long(place: Place) -> None:
    made = place.writer_not_started({"schema.evolution": "basic", "collection.name.format": "fresh"})
    names = ["a", "b", "c", "d", "e"]
    key: Schema = [{"field": name, "type": "string", "optional": False} for name in names]
    row = dict.fromkeys(names, "x")
    place.produce(struct(key, row), struct(key, row))
    place.connect.put(place.sink_name, made.sink_config())


@case(Truth("SCHEMA_DRIFT", FIX_FIRST), "a trigger at the target fills a column that was renamed in its audit table")
def third_trigger_fills_a_renamed_column(place: Place) -> None:
    place.writer()
    database = place.spec.target_database
    place.target.execute(f"CREATE TABLE `{database}`.audit (id BIGINT, seen TEXT)")
    place.target.execute(
        f"CREATE TRIGGER `{database}`.audited AFTER INSERT ON {_table(place)} FOR EACH ROW "
        f"INSERT INTO `{database}`.audit (id, seen) VALUES (NEW.id, NEW.note)"
    )
    place.target.execute(f"ALTER TABLE `{database}`.audit RENAME COLUMN seen TO noted")
    place.produce_row()


@case(Truth("AUTH", FIX_FIRST, also=("CONFIG", "SCHEMA_DRIFT")), "the definer of a trigger at the target is gone")
def third_trigger_of_a_user_who_left(place: Place) -> None:
    place.writer()
    place.target.execute(
        f"CREATE DEFINER='left_the_company'@'%' TRIGGER `{place.spec.target_database}`.own BEFORE INSERT "
        f"ON {_table(place)} FOR EACH ROW SET NEW.note = 'x'"
    )
    place.produce_row()


@case(
    Truth("SCHEMA_DRIFT", FIX_FIRST, also=("AUTH", "CONFIG")),
    "collection.name.format names a view, and a column was dropped under it",
)
def third_view_of_a_dropped_column(place: Place) -> None:
    made = place.writer_not_started({"collection.name.format": "facade"})
    place.target.execute(f"ALTER TABLE {_table(place)} ADD extra INT")
    place.target.execute(
        f"CREATE VIEW `{place.spec.target_database}`.facade AS SELECT id, note, extra FROM {_table(place)}"
    )
    place.target.execute(f"ALTER TABLE {_table(place)} DROP extra")
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


def _table(place: Place) -> str:
    return f"`{place.spec.target_database}`.orders"
