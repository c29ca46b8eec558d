"""What is in the binlog since the stored offset, against the tables of now: when a history of now would be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model import Column, Position, TableId, TableSchema
from watchdog.model.binlog_events import BinlogEvent, RowColumn, RowsOf, Sealed, Statement
from watchdog.recovery.proof import OBJECTIONS_MAX, objections
from watchdog.recovery.rows import in_rows

ORDERS = TableId("oltp", "orders")
OTHER = TableId("crm", "people")
AT = Position(None, "binlog.000007", 1234)
NOW = {
    ORDERS: TableSchema(
        ORDERS,
        (
            Column("id", "bigint", nullable=False),
            Column("customer", "varchar(64)", charset="utf8mb4"),
            Column("amount", "decimal(10,2)"),
            Column("kind", "enum('a','b')", charset="utf8mb4"),
        ),
    ),
    OTHER: TableSchema(OTHER, (Column("id", "int"),)),
}
ROWS = tuple(in_rows(column) for column in NOW[ORDERS].columns)


def _objections(*events: BinlogEvent) -> tuple[str, ...]:
    return objections(events, NOW, lambda table: table.database == "oltp")


def _with(number: int, column: RowColumn) -> RowsOf:
    return RowsOf(AT, ORDERS, (*ROWS[:number], column, *ROWS[number + 1 :]))


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(RowsOf(AT, ORDERS, ROWS), id="rows as the table is now"),
        pytest.param(RowsOf(AT, ORDERS, tuple(replace(c, name=None) for c in ROWS)), id="rows without names"),
        pytest.param(RowsOf(AT, ORDERS, tuple(RowColumn("") for _ in ROWS)), id="rows of which types cannot be told"),
        pytest.param(RowsOf(AT, OTHER, ROWS), id="rows of a table that is not captured"),
        pytest.param(Statement(AT, "crm", "ALTER TABLE people ADD c INT"), id="another table is changed"),
        pytest.param(Statement(AT, "oltp", "TRUNCATE orders"), id="a table is emptied, which leaves its shape"),
        pytest.param(Statement(AT, "oltp", "ALTER TABLE mysql.user ADD c INT"), id="a system table is changed"),
        pytest.param(Statement(AT, "oltp", "GRANT ALL ON orders TO u"), id="a statement that is about no table"),
        pytest.param(Statement(AT, "", "DROP DATABASE crm"), id="a database is dropped that is not captured"),
    ],
)
def test_the_history_of_now_is_right_for_it(event: BinlogEvent) -> None:
    assert _objections(event) == ()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        pytest.param(
            Statement(AT, "oltp", "ALTER TABLE orders ADD c INT"),
            ("binlog.000007:1234", "oltp.orders was changed by: ALTER TABLE orders ADD c INT"),
            id="a captured table is changed, whether it was changed back or not",
        ),
        pytest.param(
            Statement(AT, "crm", "RENAME TABLE people TO oltp.people"), ("oltp.people",), id="one moves in from outside"
        ),
        pytest.param(
            Statement(AT, "crm", "DROP DATABASE oltp"), ("all of oltp was changed",), id="its database is dropped"
        ),
        pytest.param(
            Statement(AT, "crm", "CALL p()"), ("not clear", "CALL p()"), id="nobody knows what a statement did"
        ),
        pytest.param(
            RowsOf(AT, ORDERS, ROWS[:3]),
            ("rows of oltp.orders have 3 columns, the table has 4 now", "sql_log_bin"),
            id="fewer columns: it was altered without the binlog",
        ),
        pytest.param(RowsOf(AT, ORDERS, (*ROWS, ROWS[0])), ("have 5 columns",), id="more columns"),
        pytest.param(RowsOf(AT, TableId("oltp", "gone"), ROWS), ("oltp.gone", "not there now"), id="it is gone"),
        pytest.param(_with(0, RowColumn("int")), ("column 1, id, is a int there and a bigint now",), id="another type"),
        pytest.param(_with(0, RowColumn("bigint", None, True)), ("UNSIGNED there (yes)",), id="another sign"),
        pytest.param(_with(1, RowColumn("varchar", (64,))), ("another size there (64) than it has (256)",), id="size"),
        pytest.param(_with(2, RowColumn("decimal", (12, 2))), ("(12,2) than it has (10,2)",), id="another precision"),
        pytest.param(_with(3, replace(ROWS[3], values=("a", "c"))), ("list of values there (a,c)",), id="values"),
        pytest.param(_with(2, replace(ROWS[2], name="total")), ("was called 'total' there",), id="another name"),
        pytest.param(Sealed(AT, "a compressed transaction"), ("a compressed transaction",), id="what cannot be read"),
    ],
)
def test_the_history_of_now_would_be_wrong_for_it(event: BinlogEvent, words: tuple[str, ...]) -> None:
    (objection,) = _objections(event)
    assert [word for word in words if word not in objection] == []


def test_a_table_is_found_where_the_server_compares_names_without_case() -> None:
    assert _objections(RowsOf(AT, TableId("oltp", "Orders"), ROWS)) == ()


def test_no_text_of_a_statement_that_is_not_understood_is_told() -> None:
    for sql in ("SET STATEMENT x=1 FOR CREATE USER u IDENTIFIED BY 'canary'", 'CALL p("canary")', "CALL p('canary"):
        (objection,) = _objections(Statement(AT, "oltp", sql))
        assert "canary" not in objection
        assert sql[:6] in objection


def test_the_first_objections_are_told_and_a_long_statement_is_cut() -> None:
    statement = Statement(AT, "oltp", f"ALTER TABLE orders COMMENT '{'x' * 10_000}'")
    told = _objections(*[statement] * 100)
    assert len(told) == OBJECTIONS_MAX
    assert max(map(len, told)) < 500


@pytest.mark.parametrize(
    ("column", "in_binlog"),
    [
        (Column("c", "tinyint(1)"), RowColumn("tinyint", None, False, "c")),
        (Column("c", "int(10) unsigned zerofill"), RowColumn("int", None, True, "c")),
        (Column("c", "char(10)", charset="utf8mb3"), RowColumn("char", (30,), None, "c")),
        (Column("c", "varchar(10)", charset="not known"), RowColumn("varchar", None, None, "c")),
        (Column("c", "varbinary(10)"), RowColumn("varchar", (10,), None, "c")),
        (Column("c", "longtext", charset="utf8mb4"), RowColumn("blob", (4,), None, "c")),
        (Column("c", "timestamp"), RowColumn("timestamp", (0,), None, "c")),
        (Column("c", "datetime(6)"), RowColumn("datetime", (6,), None, "c")),
        (Column("c", "bit(9)"), RowColumn("bit", (9,), None, "c")),
        (Column("c", "point"), RowColumn("geometry", None, None, "c")),
        (Column("c", "vector(3)"), RowColumn("", None, None, "c")),
        (Column("c", "inet6"), RowColumn("", None, None, "c")),
        (
            Column("c", "enum('a(b)','it''s')", charset="utf8mb4"),
            RowColumn("enum", (1,), None, "c", ("a(b)", "it's")),
        ),
        (Column("c", "enum('a','')", charset="utf8mb4"), RowColumn("enum", (1,), None, "c")),
        (Column("c", f"enum({','.join(['1'.join(chr(39) * 2)] * 255)})"), RowColumn("enum", (1,), None, "c")),
        (Column("c", f"enum({','.join(['1'.join(chr(39) * 2)] * 256)})"), RowColumn("enum", (2,), None, "c")),
        (Column("c", "set('a','b','c','d','e','f','g','h','i')"), RowColumn("set", (2,), None, "c")),
        (Column("c", f"set({','.join(['1'.join(chr(39) * 2)] * 32)})"), RowColumn("set", (4,), None, "c")),
        (Column("c", f"set({','.join(['1'.join(chr(39) * 2)] * 33)})"), RowColumn("set", (8,), None, "c")),
    ],
)
def test_a_column_is_told_as_the_rows_would(column: Column, in_binlog: RowColumn) -> None:
    assert in_rows(column) == in_binlog
