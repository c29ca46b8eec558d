"""Schema records → changes, each once however often it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import ADDED, CREATED, NEW_COLUMN, OLD_COLUMNS, ORDERS, START, UUID, ddl_record, table
from watchdog.history import CHANGES_KEPT_MAX, Arrival, SchemaHistory, absorb
from watchdog.model import Column, Origin, Position, SchemaRecord, TableSchema
from watchdog.positions import is_before


def everything(prefix: str, id: object) -> bool:  # noqa: A002
    return True


def learn(*records: SchemaRecord) -> tuple[SchemaHistory, list[Arrival]]:
    history, arrivals = SchemaHistory(), []
    for record in records:
        history, arrival = absorb(history, record, everything)
        arrivals.append(arrival)
    return history, arrivals


AS_HISTORY = replace(
    ADDED, origin=Origin.HISTORY, position=Position(None, "binlog.000002", 1250), at=ADDED.at.replace(microsecond=0)
)
ADDED = replace(ADDED, position=Position(f"{UUID}:11", "binlog.000002", 1100), at=ADDED.at.replace(microsecond=385000))


def test_a_change_knows_what_it_added() -> None:
    history, arrivals = learn(CREATED, ADDED)
    (change,) = history.of("dataflow", ORDERS)
    assert arrivals == [Arrival.BASELINE, Arrival.NEW]
    assert (change.added, change.removed, change.modified) == (("unexpected_field",), (), ())


@pytest.mark.parametrize("order", [(ADDED, AS_HISTORY), (AS_HISTORY, ADDED)], ids=["topic-first", "history-first"])
def test_both_topics_tell_of_one_change_with_the_better_position(order: tuple[SchemaRecord, ...]) -> None:
    history, arrivals = learn(CREATED, *order)
    (change,) = history.of("dataflow", ORDERS)
    assert arrivals[1:] == [Arrival.NEW, Arrival.TWIN]
    assert change.position.gtid == f"{UUID}:11"
    again, arrivals = learn(CREATED, *order, *order, *order)
    assert arrivals[3:] == [Arrival.REDELIVERED] * 4
    assert again == history


def test_adding_dropping_and_adding_again_are_three_changes() -> None:
    dropped = ddl_record(12, "DROP COLUMN", table(ORDERS, *OLD_COLUMNS))
    again = replace(ADDED, position=Position(f"{UUID}:13", "binlog.000002", 1300))
    history, _ = learn(CREATED, ADDED, dropped, again)
    assert [c.added or c.removed for c in history.of("dataflow", ORDERS)] == [("unexpected_field",)] * 3


def test_a_snapshot_is_how_the_table_is_and_not_a_change() -> None:
    history, _ = learn(CREATED, replace(CREATED, after=table(ORDERS, *OLD_COLUMNS, NEW_COLUMN)))
    assert not history.of("dataflow", ORDERS)
    assert history.table("dataflow", ORDERS) == table(ORDERS, *OLD_COLUMNS, NEW_COLUMN)


def test_a_snapshot_that_comes_by_after_the_other_topics_change_does_not_undo_it() -> None:
    dropped = ddl_record(12, "DROP COLUMN", table(ORDERS, *OLD_COLUMNS))
    history, _ = learn(CREATED, AS_HISTORY, replace(CREATED, origin=Origin.TOPIC), ADDED, dropped)
    assert [change.removed for change in history.of("dataflow", ORDERS)] == [(), ("unexpected_field",)]


def test_a_later_snapshot_is_how_the_table_is_now() -> None:
    later = replace(CREATED, at=ADDED.at + timedelta(seconds=5))
    history, _ = learn(CREATED, ADDED, later)
    assert history.table("dataflow", ORDERS) == table(ORDERS, *OLD_COLUMNS)


def test_a_statement_that_changes_nothing_says_so() -> None:
    history, _ = learn(CREATED, ADDED, ddl_record(12, "ADD COLUMN IF NOT EXISTS", ADDED.after))
    assert [change.changed_nothing for change in history.of("dataflow", ORDERS)] == [False, True]


def test_a_changed_type_is_a_modification() -> None:
    wider = table(ORDERS, OLD_COLUMNS[0], Column("customer", "varchar(200)", False))
    history, _ = learn(CREATED, ddl_record(12, "MODIFY", wider))
    assert history.of("dataflow", ORDERS)[0].modified == ("customer",)


def test_a_dropped_table_is_known_as_dropped() -> None:
    history, _ = learn(CREATED, ddl_record(12, "DROP TABLE orders", None, table=ORDERS, kind="DROP"))
    assert history.table("dataflow", ORDERS) is None
    assert history.of("dataflow", ORDERS)[0].kind == "DROP"


def test_a_statement_without_a_table_is_foreign() -> None:
    _, arrivals = learn(ddl_record(3, "FLUSH TABLES", None, table=None))
    assert arrivals == [Arrival.FOREIGN]


def test_the_number_of_changes_kept_is_bounded() -> None:
    history, _ = learn(*(ddl_record(n, f"ALTER {n}", table(ORDERS, *OLD_COLUMNS), at=START) for n in range(150)))
    assert len(history.of("dataflow", ORDERS)) == CHANGES_KEPT_MAX
    assert history.of("dataflow", ORDERS)[-1].ddl == "ALTER 149"


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        (Position("u:9"), Position("u:10"), True),
        (Position("u:10"), Position("u:9"), False),
        (Position("u:9"), Position("v:10"), None),
        (Position("0-2-9"), Position("0-2-11"), True),
        (Position("u:9"), Position(None, "b.1", 4), None),
        (Position(None, "b.000001", 900), Position(None, "b.000002", 4), True),
        (Position(None, "b.000002", 900), Position(None, "b.000002", 4), False),
        (Position(), Position("u:9"), None),
        (Position("nonsense"), Position("u:9"), None),
    ],
    ids=str,
)
def test_the_order_of_positions_is_told_only_where_there_is_one(
    one: Position, other: Position, before: bool | None
) -> None:
    assert is_before(one, other) is before


@pytest.mark.parametrize(
    ("before", "after", "modified"),
    [
        ("utf8mb3", "utf8mb4", ("note",)),
        ("utf8mb4", "utf8mb4", ()),
        (None, "utf8mb4", ()),
        ("utf8mb4", None, ()),
    ],
)
def test_a_character_set_that_was_not_told_is_no_difference(
    before: str | None, after: str | None, modified: tuple[str, ...]
) -> None:
    def note(charset: str | None) -> TableSchema:
        return table(ORDERS, Column("note", "text", charset=charset))

    old, new = replace(CREATED, after=note(before)), ddl_record(12, "CONVERT TO CHARACTER SET", note(after))
    history, _ = learn(old, new)
    (change,) = history.of("dataflow", ORDERS)
    assert (change.modified, change.changed_nothing) == (modified, not modified)


def test_a_character_set_that_was_not_told_hides_no_other_difference() -> None:
    told, other = Column("note", "text", charset="utf8mb4"), Column("note", "text", False)
    assert not told.same_as(other)
    assert not table(ORDERS, told).same_as(table(ORDERS, told, told))
