"""Whom a failure is blamed on, row by row: kinds of misfit, clocks, positions, and what is not the source's doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.core.scene import (
    CONFIGS,
    DRIFT_TRACE,
    OLD_COLUMNS,
    ORDERS,
    PARTITION,
    SINK,
    START,
    TARGET,
    TARGET_ADDRESS,
    UUID,
    Scene,
    ddl_record,
    shape,
    table,
)
from watchdog.correlate import Surroundings, correlate
from watchdog.correlate.order import made_before
from watchdog.diagnose import diagnose
from watchdog.history import SchemaHistory, absorb
from watchdog.model import (
    Column,
    DatabaseColumns,
    Diagnosis,
    Origin,
    Place,
    Position,
    Probe,
    RecordShape,
    SchemaChange,
    SchemaRecord,
    TableId,
)
from watchdog.target_history import TargetHistory, looked
from watchdog.topology import derive

ID, CUSTOMER = OLD_COLUMNS
QTY, BIG_QTY = Column("qty", "int", False), Column("qty", "bigint", False)
NOTE, WIDE_NOTE = Column("note", "varchar(20)"), Column("note", "varchar(200)")
A, B = Column("a", "int"), Column("b", "date")
BASE = (ID, CUSTOMER, QTY, NOTE)
CREATED = ddl_record(1, "CREATE TABLE orders", table(ORDERS, *BASE), kind="CREATE", snapshot=True)
SQL = "java.sql.SQLException: {}\n\tat x.Y.z(Y.java:1)\n"


def altered(number: int, ddl: str, *columns: Column, **changed: object) -> SchemaRecord:
    return ddl_record(number, ddl, table(ORDERS, *columns), **changed)


def place(number: int, offset: int = 21) -> Place:
    return Place(offset, Position(f"{UUID}:{number}", "binlog.000002", number * 100), at(number))


def at(number: int) -> datetime:
    return START - timedelta(seconds=100 - number)


def records(*columns: Column, number: int, **more: object) -> RecordShape:
    found = shape(*(column.name for column in columns), first_at=at(number), **more)
    return replace(found, first_position=place(number).position)


def history_of(*told: SchemaRecord) -> SchemaHistory:
    history = SchemaHistory()
    for record in told:
        history, _ = absorb(history, record, lambda prefix, id_: True)
    return history


def blamed(
    told: tuple[SchemaRecord, ...],
    shapes: tuple[RecordShape, ...] | None,
    target: tuple[Column, ...] | None = BASE,
    trace: str = DRIFT_TRACE,
    **around: object,
) -> Diagnosis:
    """What is made of it; `target` None: it cannot be seen."""
    seen = {TARGET_ADDRESS: DatabaseColumns(TARGET_ADDRESS, START, {TARGET: table(TARGET, *target)})} if target else {}
    given: dict[str, object] = {
        "topology": derive(CONFIGS.values(), {}),
        "history": history_of(*told),
        "databases": seen,
        "probe": Probe(SINK, START, shapes=shapes),
        "since": START,
        **around,
    }
    return correlate(SINK, diagnose(trace, "sink"), Surroundings(**given))  # type: ignore[arg-type]


def ddl(diagnosis: Diagnosis) -> str | None:
    return diagnosis.change.ddl if diagnosis.change else None


LONG = {"note": ((5, place(10)), (90, place(15, 23)))}
CASES: Mapping[str, tuple[tuple[SchemaRecord, ...], RecordShape, str]] = {
    "the one before the first stuck record, of two that added it": (
        (altered(11, "ADD b", *BASE, B), altered(13, "DROP b", *BASE), altered(14, "ADD b AGAIN", *BASE, B)),
        records(*BASE, B, number=12),
        "ADD b",
    ),
    "the one that added it again": (
        (altered(11, "ADD b", *BASE, B), altered(13, "DROP b", *BASE), altered(14, "ADD b AGAIN", *BASE, B)),
        records(*BASE, B, number=15),
        "ADD b AGAIN",
    ),
    "the rename": (
        (altered(11, "RENAME customer", ID, replace(CUSTOMER, name="client"), QTY, NOTE),),
        records(ID, replace(CUSTOMER, name="client"), QTY, NOTE, number=12),
        "RENAME customer",
    ),
    "the drop of a column that the target requires": (
        (altered(11, "DROP qty", ID, CUSTOMER, NOTE), altered(12, "ADD INDEX", ID, CUSTOMER, NOTE)),
        records(ID, CUSTOMER, NOTE, number=13),
        "DROP qty",
    ),
    "the one that widened the text, though good records of the same shape came before it": (
        (altered(11, "WIDEN", ID, CUSTOMER, QTY, WIDE_NOTE),),
        records(*BASE, number=10, lengths=LONG),
        "WIDEN",
    ),
    "not the one that made wide what was wide enough": (
        (
            altered(11, "WIDEN", ID, CUSTOMER, QTY, WIDE_NOTE),
            altered(12, "WIDEN MORE", ID, CUSTOMER, QTY, Column("note", "text")),
        ),
        records(*BASE, number=10, lengths=LONG),
        "WIDEN",
    ),
    "the one that widened the number": (
        (
            altered(11, "WIDEN qty", ID, CUSTOMER, BIG_QTY, NOTE),
            altered(12, "DEFAULT", ID, CUSTOMER, replace(BIG_QTY, default="7"), NOTE),
        ),
        records(*BASE, number=10, bits={"qty": ((3, place(10)), (33, place(15, 22)))}),
        "WIDEN qty",
    ),
    "the one that let NULL in": (
        (
            altered(11, "NULL customer", ID, replace(CUSTOMER, nullable=True), QTY, NOTE),
            altered(12, "COMMENT", ID, replace(CUSTOMER, nullable=True), QTY, NOTE),
        ),
        records(*BASE, number=10, nulls=frozenset({"customer"}), first_null={"customer": place(15, 23)}),
        "NULL customer",
    ),
    "the CREATE of a table that was made anew with the column": (
        (ddl_record(11, "DROP", None, table=ORDERS, kind="DROP"), altered(12, "CREATE", *BASE, B, kind="CREATE")),
        records(*BASE, B, number=13),
        "CREATE",
    ),
}


@pytest.mark.parametrize(("told", "waiting", "guilty"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("origin", list(Origin))
def test_blamed_is(told: tuple[SchemaRecord, ...], waiting: RecordShape, guilty: str, origin: Origin) -> None:
    """By the public topic with its gtids, and by the history alone, whose statements have none."""
    if origin is Origin.HISTORY:
        told = tuple(
            replace(r, origin=origin, position=replace(r.position, gtid=None), at=r.at.replace(microsecond=0))
            for r in told
        )
    diagnosis = blamed((CREATED, *told), (waiting,))
    assert ddl(diagnosis) == guilty
    assert diagnosis.confidence > 0.95
    assert any("by its position in the binlog" in line for line in diagnosis.evidence)


@pytest.mark.parametrize(("there", "guilty"), [(A, "ADD b"), (B, "ADD a")], ids=["the-second", "the-first"])
def test_of_two_candidates_on_one_table_the_one_with_the_failing_column_wins(there: Column, guilty: str) -> None:
    told = (CREATED, altered(11, "ADD a", *BASE, A), altered(12, "ADD b", *BASE, A, B))
    assert ddl(blamed(told, (records(*BASE, A, B, number=13),), target=(*BASE, there))) == guilty


def test_a_later_statement_is_never_blamed_whatever_it_did_to_the_column() -> None:
    """The record was there before: somebody dropped the column at the target, and it was added anew at the source."""
    later = (altered(30, "DROP note", ID, CUSTOMER, QTY), altered(31, "ADD note", *BASE))
    diagnosis = blamed((CREATED, *later), (records(*BASE, number=12),), target=(ID, CUSTOMER, QTY))
    assert diagnosis.change is None
    assert diagnosis.columns == ("note",)


def test_records_that_the_sink_has_not_seen_yet_make_nobody_guilty() -> None:
    """The first stuck record fails of the target's own doing; a statement made later spoils later ones only."""
    diagnosis = blamed(
        (CREATED, altered(20, "ADD a", *BASE, A)),
        (records(*BASE, number=12), records(*BASE, A, number=21, first=30, last=30)),
        target=(ID, CUSTOMER, QTY),
    )
    assert diagnosis.change is None
    assert set(diagnosis.columns) == {"note", "a"}


def test_each_column_gets_the_type_that_its_own_statement_gave_it() -> None:
    told = (CREATED, altered(11, "ADD a", *BASE, A), altered(13, "ADD b", *BASE, A, B))
    shapes = (records(*BASE, A, number=12), records(*BASE, A, B, number=14, first=22, last=22))
    diagnosis = blamed(told, shapes)
    assert ddl(diagnosis) == "ADD a"
    assert diagnosis.way_out == "ALTER TABLE `dw`.`orders` ADD COLUMN `a` int NULL, ADD COLUMN `b` date NULL;"
    assert any(line.startswith("b came by another statement") for line in diagnosis.evidence)


def test_a_number_out_of_range_is_not_remedied_before_the_target_is_wide_enough() -> None:
    waiting = (records(*BASE, number=12, last=25, bits={"qty": ((33, place(15, 22)),)}),)
    told = (CREATED, altered(11, "WIDEN qty", ID, CUSTOMER, BIG_QTY, NOTE))
    trace = SQL.format("Out of range value for column 'qty' at row 1")
    diagnosis = blamed(told, waiting, trace=trace)
    assert (diagnosis.remedied, diagnosis.stuck) == (False, {PARTITION: (22, 25)})
    assert diagnosis.way_out == "ALTER TABLE `dw`.`orders` MODIFY COLUMN `qty` bigint NOT NULL;"
    assert blamed(told, waiting, target=(ID, CUSTOMER, BIG_QTY, NOTE), trace=trace).remedied is True


# ── when nothing at the source did it ──


def looks(*seen: tuple[float, tuple[Column, ...] | None]) -> TargetHistory:
    targets = TargetHistory()
    for seconds, columns in seen:
        tables = {} if columns is None else {TARGET: table(TARGET, *columns)}
        look = DatabaseColumns(TARGET_ADDRESS, START + timedelta(seconds=seconds), tables)
        targets = looked(targets, look, [(TARGET, "")])
    return targets


def test_a_failure_with_no_ddl_at_all_says_so() -> None:
    diagnosis = blamed((CREATED,), (records(*BASE, number=12),), target=(ID, CUSTOMER, QTY))
    assert diagnosis.change is None
    said = (
        "no logged statement at the source made this (note): the target's own table was changed, or was made without it"
    )
    assert said in diagnosis.evidence


def test_what_was_seen_of_the_targets_own_change_is_told() -> None:
    targets = looks((-90, BASE), (-60, BASE), (-30, (ID, CUSTOMER, QTY)))
    diagnosis = blamed((CREATED,), (records(*BASE, number=12),), target=(ID, CUSTOMER, QTY), targets=targets)
    assert "no logged statement at the source made this (note): the target's own table changed" in diagnosis.evidence
    assert (
        "`dw.orders` at 127.0.0.1:3307 was changed after 2026-03-01 11:59:00 and before 2026-03-01 11:59:30 UTC, "
        "by our clock: lost note"
    ) in diagnosis.evidence


def test_a_column_that_the_target_had_and_lost_is_not_blamed_on_the_statement_that_once_added_it() -> None:
    told = (CREATED, altered(11, "ADD a", *BASE, A))
    known = history_of(*told).of("dataflow", ORDERS)[-1].id
    with_a, without = table(TARGET, *BASE, A), table(TARGET, *BASE)
    targets = TargetHistory()
    for seconds, schema in ((-60, with_a), (-30, without)):
        look = DatabaseColumns(TARGET_ADDRESS, START + timedelta(seconds=seconds), {TARGET: schema})
        targets = looked(targets, look, [(TARGET, known)])
    waiting = (records(*BASE, A, number=50),)
    assert blamed(told, waiting, targets=targets).change is None
    # Where nobody saw it, the statement is all that there is to go by.
    assert ddl(blamed(told, waiting)) == "ADD a"
    # One that came after the target lost the column did break it.
    anew = (*told, altered(40, "DROP a", *BASE), altered(41, "ADD a AGAIN", *BASE, A))
    assert ddl(blamed(anew, waiting, targets=targets)) == "ADD a AGAIN"


@pytest.mark.parametrize(
    ("before", "after", "waiting", "told"),
    [
        pytest.param(
            BASE,
            (ID, CUSTOMER, QTY, replace(NOTE, type="varchar(3)")),
            {"lengths": {"note": ((9, place(12)),)}},
            "note was varchar(20) NULL and is varchar(3) NULL",
            id="narrowed",
        ),
        pytest.param(
            BASE,
            (*BASE, replace(A, nullable=False)),
            {},
            "got a (int NOT NULL)",
            id="requires-more",
        ),
        pytest.param(
            (ID, replace(CUSTOMER, nullable=True), QTY, NOTE),
            BASE,
            {"nulls": frozenset({"customer"})},
            "customer was varchar(64) NULL and is varchar(64) NOT NULL",
            id="null-no-more",
        ),
    ],
)
def test_each_way_in_which_a_target_may_close_is_seen(
    before: tuple[Column, ...], after: tuple[Column, ...], waiting: dict[str, object], told: str
) -> None:
    targets = looks((-60, before), (-30, after))
    diagnosis = blamed((CREATED,), (records(*BASE, number=12, **waiting),), target=after, targets=targets)
    assert diagnosis.change is None
    assert any(line.endswith(told) for line in diagnosis.evidence)


def test_a_target_that_is_not_to_be_seen_any_more_is_told_once() -> None:
    targets = looks((-90, BASE), (-60, None), (-30, None))
    (change,) = targets.tables[TARGET_ADDRESS, TARGET].changes
    assert change.after is None
    assert "dropped, or the grant on it was taken away" in change.told


def test_before_anything_was_read_of_the_table_nothing_is_claimed() -> None:
    diagnosis = blamed((), (records(*BASE, A, number=12),))
    assert diagnosis.change is None
    assert any("nothing has been read yet of oltp.orders" in line for line in diagnosis.evidence)


# ── clocks and age ──


def test_a_ddl_two_days_older_than_the_failure_is_found() -> None:
    told = (CREATED, altered(11, "ADD a", *BASE, A, at=START - timedelta(days=2)))
    diagnosis = blamed(told, (records(*BASE, A, number=12),))
    assert (ddl(diagnosis), diagnosis.confidence) == ("ADD a", 0.98)


@pytest.mark.parametrize("seconds", [-90, 0, 90])
@pytest.mark.parametrize("positions", [True, False])
def test_clocks_that_are_90_s_apart_change_nothing(seconds: int, positions: bool) -> None:
    """MySQL's clock against ours and Connect's; without positions, too, as flattened records have none."""
    told = (CREATED, altered(11, "ADD a", *BASE, A, at=START + timedelta(seconds=seconds - 1)))
    waiting = shape(*(c.name for c in (*BASE, A)), gtid=12 if positions else None)
    assert ddl(blamed(told, (waiting,))) == "ADD a"


def test_without_positions_a_statement_from_long_after_the_failure_is_not_blamed() -> None:
    told = (CREATED, altered(11, "ADD a", *BASE, A, at=START + timedelta(minutes=10)))
    assert blamed(told, (shape(*(c.name for c in (*BASE, A)), gtid=None),)).change is None


CHANGE = SchemaChange("c", "dataflow", ORDERS, Position(f"{UUID}:9", "binlog.000002", 900), at(50), "", "", None, None)


@pytest.mark.parametrize(
    ("position", "later", "before"),
    [
        pytest.param(Position(f"{UUID}:10", "binlog.000002", 4), -60, True, id="gtids-whatever-the-clock-says"),
        pytest.param(Position(f"{UUID}:8", "binlog.000003", 4), 60, False, id="gtids-not-files"),
        pytest.param(Position(None, "binlog.000002", 950), -60, True, id="files-where-the-record-has-no-gtid"),
        pytest.param(Position(None, "binlog.000002", 850), 60, False, id="files-before"),
        pytest.param(Position("other:1", "binlog.000001", 4), 600, True, id="two-servers-long-after"),
        pytest.param(Position("other:1", "binlog.000001", 4), 60, None, id="two-servers-within-their-clocks"),
        pytest.param(Position(), 60, True, id="only-the-database's-clock"),
        pytest.param(Position(), -60, False, id="only-the-database's-clock-before"),
        pytest.param(Position(), 0, None, id="the-same-second"),
    ],
)
def test_whether_a_statement_came_before_a_record(position: Position, later: int, before: bool | None) -> None:
    assert made_before(CHANGE, Place(0, position, CHANGE.at + timedelta(seconds=later)))[0] is before


# ── when the target cannot be seen ──


@pytest.mark.parametrize(
    ("message", "shapes", "guilty", "columns"),
    [
        pytest.param(
            "Cannot alter table orders because schema evolution is disabled",
            (
                records(*BASE, number=10),
                records(*BASE, A, number=12, first=22),
                records(*BASE, A, B, number=14, first=23),
            ),
            "ADD a",
            ("a",),
            id="the field that is new among the records that wait",
        ),
        pytest.param(
            "Cannot alter table orders because schema evolution is disabled",
            (records(*BASE, A, B, number=14),),
            "ADD b",
            ("b",),
            id="the latest before all that wait",
        ),
        pytest.param(
            "Unknown column 'a' in 'field list'", (records(*BASE, A, B, number=14),), "ADD a", ("a",), id="named"
        ),
        pytest.param(
            "Data truncation: Data too long for column 'note' at row 1",
            (records(*BASE, number=10, lengths={"note": ((5, place(10)), (90, place(17, 25)))}),),
            "WIDEN",
            ("note",),
            id="too long",
        ),
        pytest.param(
            "Column 'note' cannot be null", (records(*BASE, number=10),), None, ("note",), id="nobody let it in"
        ),
    ],
)
def test_of_a_target_that_cannot_be_seen_the_trace_and_the_records_have_to_do(
    message: str, shapes: tuple[RecordShape, ...], guilty: str | None, columns: tuple[str, ...]
) -> None:
    told = (
        CREATED,
        altered(11, "ADD a", *BASE, A),
        altered(13, "ADD b", *BASE, A, B),
        altered(16, "WIDEN", ID, CUSTOMER, QTY, WIDE_NOTE, A, B),
        altered(30, "ADD c AFTER THE FAILURE", ID, CUSTOMER, QTY, WIDE_NOTE, A, B, Column("c", "int")),
    )
    diagnosis = blamed(told, shapes, target=None, trace=SQL.format(message))
    assert (ddl(diagnosis), diagnosis.columns) == (guilty, columns)
    assert diagnosis.confidence <= 0.9
    assert any("is not visible from here" in line for line in diagnosis.evidence)


def test_age_only_counts_where_nothing_else_ties_the_statement_to_the_failure() -> None:
    trace = SQL.format("Table 'dw.orders' doesn't exist")
    ages = {}
    for days in (0, 3):
        told = (CREATED, altered(11, "ADD a", *BASE, A, at=START - timedelta(days=days, seconds=5)))
        ages[days] = blamed(told, None, target=None, trace=trace)
    assert (ddl(ages[0]), ddl(ages[3])) == ("ADD a", "ADD a")
    assert ages[3].confidence < ages[0].confidence


def test_200_unrelated_statements_around_the_guilty_one_change_nothing() -> None:
    scene = Scene()
    noise = [ddl_record(n, f"ALTER TABLE t{n}", table(unrelated(n), ID, A), table=unrelated(n)) for n in range(2, 202)]
    guilty = ddl_record(102, "ALTER TABLE orders ADD a", table(ORDERS, *OLD_COLUMNS, A))
    start = replace(CREATED, after=table(ORDERS, *OLD_COLUMNS))
    scene.learn(start, *noise[:100], guilty, *noise[100:])
    scene.shapes = (shape("id", "customer", "a", gtid=103),)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert ddl(scene.incident.diagnosis) == "ALTER TABLE orders ADD a"


def unrelated(number: int) -> TableId:
    return TableId("oltp", f"t{number}")
