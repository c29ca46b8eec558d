"""What Debezium wrote (3.5.0.Final, MySQL 9.7) while the statements of gh-ost and of pt-online-schema-change were run,
and a swap in two steps: one change of the real table each, and nothing of the helpers.

`data/online_changes` holds both of its topics as they were, of a source with
`table.include.list=osc.orders,osc.items,osc.steps`; one with `database.include.list=osc` wrote the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watchdog.adapters.debezium import parse, records_of
from watchdog.history import Arrival, Captures, SchemaHistory, absorb
from watchdog.memory import Memory
from watchdog.model import Origin, SchemaRecord, TableId
from watchdog.redact import Redactor
from watchdog.remember import Notebook, documents_of, remembered

DATA = Path(__file__).parents[1] / "data" / "online_changes"
WRITTEN_AT = datetime(2026, 11, 25, tzinfo=UTC)
ORDERS, ITEMS, STEPS = (TableId("osc", name) for name in ("orders", "items", "steps"))


def records(origin: Origin) -> list[SchemaRecord]:
    lines = (DATA / f"{origin}.jsonl").read_bytes().splitlines()
    read = (records_of(parse(line), "osc", origin, WRITTEN_AT, Redactor()) for line in lines)
    return list(itertools.chain.from_iterable(read))


TOPIC, HISTORY = records(Origin.TOPIC), records(Origin.HISTORY)


def listed(prefix: str, table: TableId) -> bool:
    return table in (ORDERS, ITEMS, STEPS)


def whole_database(prefix: str, table: TableId) -> bool:
    return table.database == "osc"


def learn(
    told: Iterable[SchemaRecord], captures: Captures = listed, history: SchemaHistory | None = None
) -> tuple[SchemaHistory, list[Arrival]]:
    history, arrivals = history or SchemaHistory(), []
    for record in told:
        history, arrival = absorb(history, record, captures)
        arrivals.append(arrival)
    return history, arrivals


def side_by_side(one: list[SchemaRecord], other: list[SchemaRecord]) -> list[SchemaRecord]:
    return [record for pair in zip(one, other, strict=True) for record in pair]


ORDERS_OF_ARRIVAL = {
    "the public topic alone": TOPIC,
    "the history alone": HISTORY,
    "the public topic first": TOPIC + HISTORY,
    "the history first": HISTORY + TOPIC,
    "side by side": side_by_side(TOPIC, HISTORY),
    "all of it again": TOPIC + HISTORY + TOPIC + HISTORY,
}


@pytest.mark.parametrize("captures", [listed, whole_database])
@pytest.mark.parametrize("told", ORDERS_OF_ARRIVAL.values(), ids=ORDERS_OF_ARRIVAL)
def test_a_ghost_or_percona_style_swap_is_one_change_of_the_real_table(
    told: list[SchemaRecord], captures: Captures
) -> None:
    history, arrivals = learn(told, captures)
    (swap,) = history.of("osc", ORDERS)
    assert (swap.kind, swap.added, swap.removed, swap.modified) == ("ALTER", ("unexpected_field",), (), ())
    assert swap.told == (
        "alter /* gh-ost */ table `osc`.`_orders_gho` ADD COLUMN unexpected_field VARCHAR(64); "
        "rename /* gh-ost */ table `osc`.`_orders_gho` to `osc`.`orders`"
    )
    swap, comment, drop = history.of("osc", ITEMS)
    assert (swap.added, swap.modified) == (("note",), ("customer",))
    assert swap.told == (
        "ALTER TABLE `osc`.`_items_new` MODIFY customer VARCHAR(200) NOT NULL, ADD COLUMN note TEXT; "
        "RENAME TABLE `osc`.`_items_new` TO `osc`.`items`"
    )
    assert (comment.changed_nothing, comment.statements, drop.kind) == (True, (), "DROP")
    swap, later = history.of("osc", STEPS)
    assert (swap.added, swap.statements) == (("extra",), ("alter table _steps_gho add column extra int",))
    assert (later.added, later.statements) == (("two_days",), ())
    assert arrivals.count(Arrival.NEW) == 1 + 3 + 2


@pytest.mark.parametrize("captures", [listed, whole_database])
def test_helper_tables_are_no_tables_of_the_source_and_have_no_changes(captures: Captures) -> None:
    history, arrivals = learn(TOPIC + HISTORY, captures)
    assert {table for _, table in history.tables} == {ORDERS, ITEMS, STEPS}
    assert {table for _, table in history.changes} == {ORDERS, ITEMS, STEPS}
    assert arrivals.count(Arrival.HELPER) == 16
    assert history.is_helper("osc", TableId("osc", "_orders_gho"))
    assert not history.is_helper("osc", ORDERS)


def test_the_swaps_have_the_gtids_of_the_renames() -> None:
    history, _ = learn(HISTORY + TOPIC)
    by_ddl = {record.ddl: record.position for record in TOPIC}
    for table in (ORDERS, ITEMS, STEPS):
        swap = history.of("osc", table)[0]
        assert swap.position == by_ddl[swap.ddl]
        assert swap.position.gtid


@pytest.mark.parametrize("told", [TOPIC, HISTORY], ids=["topic", "history"])
def test_a_swap_seen_half_way_leaves_the_table_as_it_was_and_converges(told: list[SchemaRecord]) -> None:
    """Every record is a place to stop at, also with a restart there: what comes later makes it the same."""
    whole, _ = learn(told)
    for stop in range(len(told)):
        half, _ = learn(told[:stop])
        names = {table.table for (_, table) in half.tables}
        assert names <= {"orders", "items", "steps"}, f"after record {stop}"
        assert not any(change.before is None for changes in half.changes.values() for change in changes)
        resumed = _restarted(half)
        assert learn(told[stop:], history=resumed)[0] == whole


def _restarted(history: SchemaHistory) -> SchemaHistory:
    documents = documents_of(Notebook().differences(Memory(history=history), {}))
    return remembered(documents)[0].history


def _swap_at(told: list[SchemaRecord]) -> int:
    return next(n for n, record in enumerate(told) if record.table == ORDERS and "rename" in record.ddl)


def test_a_swap_that_is_told_before_the_other_topic_told_of_the_helper_is_completed() -> None:
    start = [record for record in TOPIC if record.snapshot]
    history, _ = learn([*start, TOPIC[_swap_at(TOPIC)]])
    (swap,) = history.of("osc", ORDERS)
    assert (swap.added, swap.statements) == (("unexpected_field",), ())
    history, _ = learn(HISTORY, history=history)
    (swap,) = history.of("osc", ORDERS)
    assert swap.statements == ("alter /* gh-ost */ table `osc`.`_orders_gho` ADD COLUMN unexpected_field VARCHAR(64)",)


def test_a_second_run_tells_only_its_own_statement() -> None:
    """The helper of the second run has the name of the first one's."""
    first, _ = learn(TOPIC)
    start, end = next(n for n, r in enumerate(TOPIC) if r.ddl.startswith("create /* gh-ost */")), _swap_at(TOPIC) + 1
    again = [
        replace(
            record,
            position=replace(
                record.position, gtid=f"{record.position.gtid}00", pos=(record.position.pos or 0) + 90_000
            ),
            ddl=record.ddl.replace("unexpected_field VARCHAR(64)", "unexpected_field VARCHAR(65)"),
        )
        for record in TOPIC[start:end]
    ]
    history, _ = learn(again, history=first)
    assert [len(change.statements) for change in history.of("osc", ORDERS)] == [1, 1]
    assert "VARCHAR(65)" in history.of("osc", ORDERS)[-1].told


# ── by names ──


def named(base: SchemaRecord, name: str, **changed: object) -> SchemaRecord:
    table = TableId("osc", name)
    after = replace(base.after, id=table) if base.after else None
    return replace(base, table=table, after=after, **changed)  # type: ignore[arg-type]


CREATED = next(record for record in TOPIC if record.table == ORDERS and record.kind == "CREATE")
FIRST_HELPERS = ("_orders_gho", "_orders_ghc", "_orders_del", "_orders_20261125103147_del", "_orders_new")
MORE_HELPERS = ("__orders_new", "_orders_old", "__orders_old", "_orders_chkpnt", "__osc_new_orders", "__osc_chg_orders")


@pytest.mark.parametrize("name", FIRST_HELPERS + MORE_HELPERS)
def test_a_name_makes_a_helper_only_where_its_real_table_is(name: str) -> None:
    made = named(CREATED, name, snapshot=False, ddl=f"CREATE TABLE {name}")
    alone, arrivals = learn([made], whole_database)
    assert arrivals == [Arrival.NEW]
    assert len(alone.of("osc", TableId("osc", name))) == 1
    beside, arrivals = learn([CREATED, made], whole_database)
    assert arrivals == [Arrival.BASELINE, Arrival.HELPER]
    assert [table for _, table in beside.tables] == [ORDERS]


@pytest.mark.parametrize("name", ["orders_new", "orders_old", "_orders_news", "_orders", "old", "_del", "__new"])
def test_other_names_are_no_helpers(name: str) -> None:
    made = named(CREATED, name, snapshot=False)
    assert learn([CREATED, made], whole_database)[1][-1] is Arrival.NEW


def test_a_helper_in_a_snapshot_is_told_before_its_real_table_and_is_known_for_one_afterwards() -> None:
    history, _ = learn([named(CREATED, "_orders_gho"), CREATED], whole_database)
    assert [table for _, table in history.tables] == [ORDERS]
    assert [table for _, table in _restarted(history).tables] == [ORDERS]


def test_a_helper_of_a_table_that_is_not_captured_is_foreign() -> None:
    def items_only(prefix: str, table: TableId) -> bool:
        return table == ITEMS

    _, arrivals = learn(TOPIC, items_only)
    assert arrivals.count(Arrival.HELPER) == 4


def test_a_table_that_was_dropped_for_its_new_self_is_compared_with_how_it_was() -> None:
    """`--alter-foreign-keys-method=drop_swap` drops the table and renames the other one to it."""
    at = _swap_at(TOPIC)
    drop = replace(TOPIC[at - 1], table=ORDERS, kind="DROP", after=None, ddl="DROP TABLE orders")
    history, _ = learn([*TOPIC[: at - 1], drop, TOPIC[at]])
    dropped, swap = history.of("osc", ORDERS)
    assert (dropped.kind, swap.added) == ("DROP", ("unexpected_field",))


def test_a_whole_rename_in_one_statement_is_read_as_well() -> None:
    """Other versions may tell the statement as it was written."""
    text = "RENAME TABLE `osc`.`orders` TO `osc`.`_orders_del`, `osc`.`_orders_gho` TO `osc`.`orders`"
    told = [replace(r, ddl=text) if "rename" in r.ddl and "orders" in r.ddl else r for r in TOPIC]
    (swap,) = learn(told)[0].of("osc", ORDERS)
    assert swap.statements == ("alter /* gh-ost */ table `osc`.`_orders_gho` ADD COLUMN unexpected_field VARCHAR(64)",)


def test_journaled_changes_from_before_statements_were_kept_can_still_be_read() -> None:
    documents = documents_of(Notebook().differences(Memory(history=learn(TOPIC)[0]), {}))
    for document in documents.values():
        for change in document.get("changes", ()):
            change.pop("statements", None)
    assert remembered(documents)[0].history.of("osc", ORDERS)
