"""Two shapes of one table, and what a sink makes of what is different."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.compare import (
    Effect,
    Judged,
    Kind,
    Relation,
    SinkRules,
    belief_differences,
    changed_just_now,
    differences,
    is_read_to,
    judged_by_debezium,
    judged_by_sink,
    relation,
)
from watchdog.compare.types import fits, parsed
from watchdog.model import Binlog, Column, Position, SchemaChange, Severity, SourceOffset, TableId, TableSchema
from watchdog.topology import SinkSettings

ORDERS = TableId("oltp", "orders")
ID = Column("id", "bigint", False, generated=True)


def table(*columns: Column, key: tuple[str, ...] = ("id",)) -> TableSchema:
    return TableSchema(ORDERS, (ID, *columns), key)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("int", "bigint", Relation.WIDENED),
        ("bigint", "int", Relation.NARROWED),
        ("int", "int unsigned", Relation.CHANGED),
        ("int unsigned", "bigint", Relation.WIDENED),
        ("bigint unsigned", "bigint", Relation.CHANGED),
        ("tinyint(1)", "tinyint", Relation.SAME),
        ("tinyint(1)", "smallint", Relation.WIDENED),
        ("int(5) unsigned zerofill", "int unsigned", Relation.SAME),
        ("decimal(10,2)", "decimal(12,2)", Relation.WIDENED),
        ("decimal(10,2)", "decimal(10,4)", Relation.CHANGED),
        ("decimal(10,2)", "decimal(12,4)", Relation.WIDENED),
        ("decimal(10,2)", "decimal(10,0)", Relation.CHANGED),
        ("decimal(10,2)", "decimal(8,0)", Relation.NARROWED),
        ("int", "decimal(10,0)", Relation.WIDENED),
        ("int", "decimal(9,0)", Relation.NARROWED),
        ("decimal(9,0)", "int", Relation.WIDENED),
        ("float", "double", Relation.WIDENED),
        ("double", "float", Relation.NARROWED),
        ("float(7,2)", "float", Relation.WIDENED),
        ("mediumint", "float", Relation.WIDENED),
        ("int", "float", Relation.CHANGED),
        ("int", "double", Relation.WIDENED),
        ("decimal(10,2)", "double", Relation.CHANGED),
        ("varchar(64)", "varchar(255)", Relation.WIDENED),
        ("varchar(64)", "varchar(32)", Relation.NARROWED),
        ("char(3)", "varchar(3)", Relation.SAME),
        ("varchar(63)", "tinytext", Relation.WIDENED),
        ("varchar(64)", "tinytext", Relation.CHANGED),
        ("tinytext", "varchar(255)", Relation.WIDENED),
        ("varchar(16383)", "text", Relation.WIDENED),
        ("text", "varchar(255)", Relation.NARROWED),
        ("text", "mediumtext", Relation.WIDENED),
        ("json", "longtext", Relation.WIDENED),
        ("longtext", "json", Relation.NARROWED),
        ("json", "text", Relation.CHANGED),
        ("binary(16)", "varbinary(32)", Relation.WIDENED),
        ("varbinary(255)", "tinyblob", Relation.SAME),
        ("blob", "text", Relation.CHANGED),
        ("bit(1)", "bit(8)", Relation.WIDENED),
        ("bit(1)", "tinyint(1)", Relation.CHANGED),
        ("date", "datetime", Relation.WIDENED),
        ("datetime", "datetime(6)", Relation.WIDENED),
        ("datetime(6)", "datetime(3)", Relation.NARROWED),
        ("timestamp", "datetime", Relation.WIDENED),
        ("timestamp(6)", "datetime", Relation.CHANGED),
        ("time", "datetime", Relation.CHANGED),
        ("year", "int", Relation.WIDENED),
        ("enum('a','b')", "enum('a','b','c')", Relation.WIDENED),
        ("enum('a','b')", "enum('b')", Relation.NARROWED),
        ("enum('a','b')", "enum('b','a')", Relation.SAME),
        ("enum('a','b')", "enum('a','c')", Relation.CHANGED),
        ("enum('it''s','(,)')", "varchar(4)", Relation.WIDENED),
        ("enum('it''s','(,)')", "varchar(3)", Relation.CHANGED),
        ("set('a','b')", "varchar(3)", Relation.WIDENED),
        ("set('a','b')", "varchar(2)", Relation.CHANGED),
        ("varchar(10)", "int", Relation.CHANGED),
        ("point", "point", Relation.SAME),
        ("point", "geometry", Relation.CHANGED),
        ("vector(3)", "vector(4)", Relation.CHANGED),
        ("weird); drop table x", "int", Relation.CHANGED),
    ],
)
def test_what_became_of_a_type(before: str, after: str, wanted: Relation) -> None:
    assert relation(before, after) is wanted
    other_way = {Relation.WIDENED: Relation.NARROWED, Relation.NARROWED: Relation.WIDENED}
    assert relation(after, before) is other_way.get(wanted, wanted)


_INTEGERS = st.sampled_from(["tinyint", "tinyint(1)", "smallint", "mediumint", "int", "bigint"])
_TYPES = st.one_of(
    st.builds("{}{}".format, _INTEGERS, st.sampled_from(["", " unsigned"])),
    st.builds(lambda p, s: f"decimal({p},{min(p, s)})", st.integers(1, 65), st.integers(0, 30)),
    st.builds("{}({})".format, st.sampled_from(["char", "varchar", "binary", "varbinary"]), st.integers(1, 255)),
    st.builds("{}({})".format, st.sampled_from(["datetime", "timestamp", "time"]), st.integers(1, 6)),
    st.sampled_from(["date", "datetime", "year", "float", "double", "json", "tinytext", "text", "blob", "longtext"]),
    st.builds(lambda v: f"enum({','.join(map(repr, sorted(v)))})", st.sets(st.sampled_from("abc"), min_size=1)),
)


@given(_TYPES, _TYPES, _TYPES)
def test_a_type_that_fits_what_fits_a_third_fits_the_third(one: str, two: str, three: str) -> None:
    a, b, c = parsed(one), parsed(two), parsed(three)
    assert fits(a, a)
    if fits(a, b) and fits(b, c):
        assert fits(a, c)


@given(st.text(max_size=80))
def test_any_text_is_a_type_that_fits_itself(text: str) -> None:
    assert relation(text, text + "") is Relation.SAME
    relation(text, "varchar(64)")
    relation(f"enum({text})", "enum('a')")


A = Column("a", "varchar(64)")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        pytest.param(table(A), table(A), [], id="alike"),
        pytest.param(table(A), table(Column("A", "varchar(64)")), [], id="case-is-no-difference"),
        pytest.param(table(), table(A), [(Kind.ADDED_OPTIONAL, "a")], id="added"),
        pytest.param(table(), table(Column("a", "int", False, "0")), [(Kind.ADDED_OPTIONAL, "a")], id="has-a-default"),
        pytest.param(table(), table(Column("a", "int", False)), [(Kind.ADDED_REQUIRED, "a")], id="added-required"),
        pytest.param(table(A), table(), [(Kind.REMOVED, "a")], id="removed"),
        pytest.param(table(A), table(Column("b", "varchar(64)")), [(Kind.RENAMED, "b")], id="renamed"),
        pytest.param(
            table(A, Column("x", "int")),
            table(Column("x", "int"), Column("b", "varchar(64)")),
            [(Kind.RENAMED, "b")],
            id="the-only-pair-of-a-type-is-a-rename-wherever-it-stands",
        ),
        pytest.param(
            table(A),
            table(Column("b", "int")),
            [(Kind.REMOVED, "a"), (Kind.ADDED_OPTIONAL, "b")],
            id="another-type-is-no-rename",
        ),
        pytest.param(
            table(A, Column("b", "varchar(64)")),
            table(Column("b2", "varchar(64)"), Column("c2", "varchar(64)")),
            [(Kind.RENAMED, "b2"), (Kind.RENAMED, "c2")],
            id="two-renamed-in-their-places",
        ),
        pytest.param(
            table(A, Column("x", "int"), Column("b", "varchar(64)")),
            table(Column("x", "int"), Column("c", "varchar(64)")),
            [(Kind.REMOVED, "a"), (Kind.REMOVED, "b"), (Kind.ADDED_OPTIONAL, "c")],
            id="which-of-two-was-renamed-is-not-guessed",
        ),
        pytest.param(table(A), table(Column("a", "varchar(32)")), [(Kind.TYPE_NARROWED, "a")], id="narrowed"),
        pytest.param(table(A), table(Column("a", "varchar(99)")), [(Kind.TYPE_WIDENED, "a")], id="widened"),
        pytest.param(table(A), table(Column("a", "int")), [(Kind.TYPE_CHANGED, "a")], id="changed"),
        pytest.param(
            table(Column("a", "tinyint")), table(Column("a", "tinyint(1)")), [], id="bool-is-how-a-tinyint-is-spelled"
        ),
        pytest.param(
            table(Column("a", "enum('x','y')")),
            table(Column("a", "enum('y','x')")),
            [(Kind.VALUES_REORDERED, "a")],
            id="values-reordered",
        ),
        pytest.param(
            table(Column("a", "enum('x','y')")),
            table(Column("a", "enum('x','y','z')")),
            [(Kind.VALUES_ADDED, "a")],
            id="values-added",
        ),
        pytest.param(
            table(Column("a", "set('x','y')")),
            table(Column("a", "set('x')")),
            [(Kind.VALUES_REMOVED, "a")],
            id="values-removed",
        ),
        pytest.param(table(A), table(Column("a", "varchar(64)", False)), [(Kind.NOW_REQUIRED, "a")], id="required"),
        pytest.param(
            table(Column("a", "int", False)), table(Column("a", "int")), [(Kind.NOW_NULLABLE, "a")], id="nullable"
        ),
        pytest.param(table(A), table(Column("a", "varchar(64)", True, "x")), [(Kind.DEFAULT, "a")], id="default"),
        pytest.param(
            table(Column("a", "varchar(64)", charset="latin1")),
            table(Column("a", "varchar(64)", charset="utf8mb4")),
            [(Kind.CHARSET, "a")],
            id="charset",
        ),
        pytest.param(
            table(A), table(Column("a", "varchar(64)", charset="utf8mb4")), [], id="a-charset-not-told-is-no-difference"
        ),
        pytest.param(table(A), table(A, key=("id", "a")), [(Kind.PRIMARY_KEY, "")], id="primary-key"),
        pytest.param(table(A), table(A, key=("ID",)), [], id="a-key-is-compared-without-case"),
        pytest.param(
            table(A, Column("b", "int")), table(Column("b", "int"), A), [(Kind.ORDER, "")], id="order"
        ),
        pytest.param(
            table(A, Column("b", "int")),
            table(Column("n", "int"), A, Column("b", "int")),
            [(Kind.ADDED_OPTIONAL, "n")],
            id="a-new-first-column-is-no-new-order",
        ),
    ],
)  # fmt: skip
def test_what_is_different(before: TableSchema, after: TableSchema, wanted: list[tuple[Kind, str]]) -> None:
    assert [(each.kind, each.column) for each in differences(before, after)] == wanted


def test_hostile_names_are_data() -> None:
    weird = Column("we`ird'; drop table x -- \x1b[31m", "varchar(64)")
    (found,) = differences(table(), table(weird))
    assert (found.kind, found.column) == (Kind.ADDED_OPTIONAL, weird.name)


NONE = SinkRules(mode="upsert", key_mode="record_key")
BASIC = SinkRules(True, "schema.evolution=basic", "upsert", "record_key")
UPDATE = SinkRules(mode="update")


def judged(target: TableSchema, source: TableSchema, rules: SinkRules = NONE, *sent: str) -> list[Judged]:
    return [judged_by_sink(each, rules, sent) for each in differences(target, source)]


@pytest.mark.parametrize(
    ("target", "source", "rules", "sent", "effect"),
    [
        pytest.param((), (A,), NONE, (), Effect.FAILS, id="a-column-that-the-target-lacks"),
        pytest.param((), (A,), BASIC, (), Effect.ADAPTS, id="which-the-sink-may-add"),
        pytest.param(
            (), (Column("a", "int", False),), BASIC, (), Effect.FAILS, id="not-if-it-is-required-without-a-default"
        ),
        pytest.param(
            (), (Column("a", "int", False, "0"),), BASIC, (), Effect.ADAPTS, id="a-default-makes-it-addable"
        ),
        pytest.param((A,), (), NONE, ("a",), Effect.NULLS, id="dropped-at-the-source-and-nullable"),
        pytest.param(
            (Column("A", "int", False, "7"),), (), NONE, ("a",), Effect.NULLS, id="dropped-and-the-target-has-a-default"
        ),
        pytest.param((A,), (), NONE, (), Effect.FINE, id="a-column-of-the-targets-own"),
        pytest.param((Column("a", "int", False),), (), NONE, (), Effect.FAILS, id="dropped-and-required"),
        pytest.param((Column("a", "int", False),), (), UPDATE, (), Effect.FINE, id="updates-leave-it-as-it-is"),
        pytest.param(
            (Column("a", "int", False, generated=True),), (), NONE, ("a",), Effect.FINE, id="the-server-fills-it"
        ),
        pytest.param((A,), (Column("b", "varchar(64)"),), NONE, (), Effect.FAILS, id="renamed"),
        pytest.param((A,), (Column("b", "varchar(64)"),), BASIC, (), Effect.NULLS, id="renamed-and-added-by-the-sink"),
        pytest.param(
            (A,), (Column("a", "varchar(64)", False),), NONE, (), Effect.FINE, id="a-target-that-allows-more-nulls"
        ),
        pytest.param(
            (Column("a", "int", False),), (Column("a", "int"),), NONE, (), Effect.MAY_FAIL, id="a-null-is-refused"
        ),
        pytest.param((A,), (Column("a", "varchar(65)"),), NONE, (), Effect.MAY_FAIL, id="too-long"),
        pytest.param((A,), (Column("a", "varchar(63)"),), NONE, (), Effect.FINE, id="a-target-that-is-wider"),
        pytest.param(
            (Column("a", "decimal(10,2)"),), (Column("a", "decimal(10,4)"),), NONE, (), Effect.LOSES, id="rounded"
        ),
        pytest.param(
            (Column("a", "decimal(10,2)"),), (Column("a", "decimal(12,2)"),), NONE, (), Effect.MAY_FAIL, id="too-great"
        ),
        pytest.param((Column("a", "datetime"),), (Column("a", "datetime(6)"),), NONE, (), Effect.LOSES, id="fractions"),
        pytest.param((Column("a", "datetime"),), (Column("a", "timestamp"),), NONE, (), Effect.FINE, id="a-timestamp"),
        pytest.param((Column("a", "int"),), (A,), NONE, (), Effect.FAILS, id="a-text-is-no-number"),
        pytest.param((A,), (Column("a", "int"),), NONE, (), Effect.MAY_FAIL, id="a-number-as-text"),
        pytest.param(
            (Column("a", "enum('x')"),), (Column("a", "enum('x','y')"),), NONE, (), Effect.MAY_FAIL, id="enum-value"
        ),
        pytest.param((Column("a", "point"),), (A,), NONE, (), Effect.UNKNOWN, id="not-known"),
        pytest.param((A,), (Column("a", "varchar(64)", True, "x"),), NONE, (), Effect.FINE, id="default"),
        pytest.param(
            (Column("a", "text", charset="latin1"),),
            (Column("a", "text", charset="utf8mb4"),),
            NONE,
            (),
            Effect.MAY_FAIL,
            id="characters-that-the-target-lacks",
        ),
        pytest.param(
            (Column("a", "text", charset="utf8mb4"),),
            (Column("a", "text", charset="latin1"),),
            NONE,
            (),
            Effect.FINE,
            id="a-greater-character-set",
        ),
    ],
)  # fmt: skip
def test_what_a_sink_makes_of_it(
    target: tuple[Column, ...], source: tuple[Column, ...], rules: SinkRules, sent: tuple[str, ...], effect: Effect
) -> None:
    (one,) = judged(table(*target), table(*source), rules, *sent)
    assert one.effect is effect
    assert len(one.reason) > 20


def test_another_key_is_silent_loss_for_an_upsert_and_nothing_for_an_insert() -> None:
    target, source = table(A), table(A, key=("id", "a"))
    assert [each.effect for each in judged(target, source)] == [Effect.LOSES]
    assert [each.effect for each in judged(target, source, SinkRules())] == [Effect.FINE]


def test_what_fails_is_breaking_and_what_is_silent_is_risky() -> None:
    severities = {effect: Judged(effect, "").severity for effect in Effect}
    breaking = {effect for effect, severity in severities.items() if severity is Severity.BREAKING}
    assert breaking == {Effect.FAILS, Effect.REFUSES, Effect.CORRUPTS}
    assert {e for e, severity in severities.items() if severity is Severity.SAFE} == {Effect.FINE, Effect.ADAPTS}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (SinkSettings("debezium-jdbc"), SinkRules(False, "schema.evolution=none", "insert", "none")),
        (
            SinkSettings("debezium-jdbc", "upsert", adds_columns=True, key_mode="record_key"),
            SinkRules(True, "schema.evolution=basic", "upsert", "record_key"),
        ),
        (
            SinkSettings("confluent-jdbc", adds_columns=True, key_mode="kafka"),
            SinkRules(True, "auto.evolve=true", "insert", "kafka"),
        ),
    ],
)
def test_what_a_sink_was_told_to_do_in_its_own_words(settings: SinkSettings, wanted: SinkRules) -> None:
    assert SinkRules.of(settings) == wanted


@pytest.mark.parametrize(
    ("believed", "live", "effect"),
    [
        pytest.param((), (A,), Effect.FAILS, id="a-column-more-than-it-knows"),
        pytest.param((A,), (), Effect.FAILS, id="a-column-less"),
        pytest.param((A,), (Column("b", "varchar(64)"),), Effect.CORRUPTS, id="renamed"),
        pytest.param((A,), (Column("a", "varchar(99)"),), Effect.CORRUPTS, id="another-type"),
        pytest.param((Column("a", "int", False),), (Column("a", "int"),), Effect.MAY_FAIL, id="a-null-is-refused"),
        pytest.param((A,), (Column("a", "varchar(64)", False),), Effect.FINE, id="no-more-nulls"),
        pytest.param(
            (Column("a", "enum('x','y')"),), (Column("a", "enum('y','x')"),), Effect.CORRUPTS, id="enum-reordered"
        ),
        pytest.param(
            (Column("a", "enum('x')"),), (Column("a", "enum('x','y')"),), Effect.LOSES, id="enum-value-not-known"
        ),
    ],
)
def test_what_happens_to_the_next_row_of_a_table_that_debezium_believes_to_be_another(
    believed: tuple[Column, ...], live: tuple[Column, ...], effect: Effect
) -> None:
    one, other = table(*believed), table(*live)
    (difference,) = belief_differences(one, other)
    assert judged_by_debezium(difference, one, other).effect is effect


def test_two_columns_for_two_others_are_read_under_the_wrong_names() -> None:
    one, other = table(A, Column("n", "int")), table(Column("b", "text"), Column("c", "date"))
    judged = {judged_by_debezium(each, one, other).effect for each in belief_differences(one, other)}
    assert judged == {Effect.CORRUPTS}


def test_a_unique_key_that_debezium_takes_for_the_primary_key_is_no_difference() -> None:
    assert belief_differences(table(A, key=("a",)), table(A, key=())) == ()
    assert [each.kind for each in belief_differences(table(A, key=("a",)), table(A))] == [Kind.PRIMARY_KEY]


U = "e7f2a218-e755-11f1-99e1-02fc00000001"
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def offset(gtids: str | None, file: str = "binlog.000002", pos: int = 100, text: str = "") -> SourceOffset:
    return SourceOffset(Position(gtids, file, pos), text=text)


@pytest.mark.parametrize(
    ("read", "place", "wanted"),
    [
        pytest.param(offset(f"{U}:1-9"), Position(f"{U}:1-9"), True, id="all-of-it"),
        pytest.param(offset(f"{U}:1-9"), Position(f"{U}:1-12"), False, id="three-behind"),
        pytest.param(
            offset(f"{U}:1-8", text='{"row":1,"event":2}'),
            Position(f"{U}:1-9", "binlog.000002", 300),
            True,
            id="in-the-rows-of-the-last-one",
        ),
        pytest.param(
            offset(f"{U}:1-8", text='{"row":0,"event":0}'),
            Position(f"{U}:1-9", "binlog.000002", 300),
            False,
            id="before-the-last-one",
        ),
        pytest.param(
            offset(f"{U}:1-8", pos=300), Position(f"{U}:1-9", "binlog.000002", 300), True, id="behind-a-statement"
        ),
        pytest.param(
            offset(f"{U}:1-8", "binlog.000001", 300),
            Position(f"{U}:1-9", "binlog.000002", 300),
            False,
            id="that-place-in-another-file",
        ),
        pytest.param(offset(None), Position(None, "binlog.000002", 100), True, id="without-gtids"),
        pytest.param(offset(None), Position(None, "binlog.000002", 101), False, id="without-gtids-behind"),
        pytest.param(None, Position(f"{U}:1-9"), None, id="no-offset"),
        pytest.param(offset(f"{U}:1-9"), Position(), None, id="no-binlog"),
    ],
)  # fmt: skip
def test_whether_a_source_has_read_to_a_place(read: SourceOffset | None, place: Position, wanted: bool | None) -> None:
    assert is_read_to(read, place) is wanted


@pytest.mark.parametrize(("seconds", "wanted"), [(-5, True), (3, True), (60, False)])
def test_columns_may_have_been_read_before_a_change_of_that_moment(seconds: int, wanted: bool) -> None:
    change = SchemaChange("1", "p", ORDERS, Position(), AT, "ALTER", "ALTER", None, None)
    assert changed_just_now(change, Binlog(Position(), now=AT + timedelta(seconds=seconds))) is wanted
    assert not changed_just_now(None, Binlog(Position(), now=AT))
    assert not changed_just_now(change, None)
