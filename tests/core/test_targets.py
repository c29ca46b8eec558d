"""Waiting records against the table they would be written to."""

from __future__ import annotations

import pytest

from tests.core.scene import TARGET, shape, table
from watchdog.detect import MisfitKind, misfits
from watchdog.model import Column, Place, RecordShape
from watchdog.remedies.alter import quoted

ID = Column("id", "bigint", False, generated=True)


@pytest.mark.parametrize(
    ("record", "columns", "wanted"),
    [
        pytest.param(shape("id", "a"), (ID, Column("a", "int")), [], id="fits"),
        pytest.param(shape("id", "A"), (ID, Column("a", "int")), [], id="fits-without-case"),
        pytest.param(shape("id", "a"), (ID,), [(MisfitKind.MISSING, "a")], id="missing"),
        pytest.param(shape("id"), (ID, Column("a", "int")), [], id="nullable-is-not-required"),
        pytest.param(shape("id"), (ID, Column("a", "int", False)), [(MisfitKind.REQUIRED, "a")], id="required"),
        pytest.param(shape("id"), (ID, Column("a", "int", False, "0")), [], id="a-default-is-enough"),
        pytest.param(
            shape("id", "a", nulls=frozenset({"a"})),
            (ID, Column("a", "int", False, "0")),
            [(MisfitKind.NULL, "a")],
            id="null-is-refused-in-spite-of-a-default",
        ),
        pytest.param(
            shape("id", "a", lengths={"a": ((65, Place(21)),)}),
            (ID, Column("a", "varchar(64)")),
            [(MisfitKind.TOO_LONG, "a")],
            id="too-long",
        ),
        pytest.param(
            shape("id", "a", lengths={"a": ((64, Place(21)),)}), (ID, Column("a", "varchar(64)")), [], id="long-enough"
        ),
        pytest.param(
            shape("id", "a", lengths={"a": ((9999, Place(21)),)}), (ID, Column("a", "longtext")), [], id="no-limit"
        ),
        pytest.param(
            shape("id", "a", bits={"a": ((32, Place(21)),)}),
            (ID, Column("a", "int")),
            [(MisfitKind.OUT_OF_RANGE, "a")],
            id="out-of-range",
        ),
        pytest.param(shape("id", "a", bits={"a": ((31, Place(21)),)}), (ID, Column("a", "int")), [], id="in-range"),
        pytest.param(
            shape("id", "a", bits={"a": ((32, Place(21)),)}), (ID, Column("a", "int unsigned")), [], id="unsigned"
        ),
        pytest.param(
            shape("id", "a", bits={"a": ((64, Place(21)),)}), (ID, Column("a", "varchar(64)")), [], id="not-a-number"
        ),
    ],
)
def test_why_a_table_would_refuse_records(
    record: RecordShape, columns: tuple[Column, ...], wanted: list[tuple[MisfitKind, str]]
) -> None:
    assert [(misfit.kind, misfit.column) for misfit in misfits(record, table(TARGET, *columns))] == wanted


def test_the_first_record_that_does_not_fit_is_told_of_each_misfit() -> None:
    """Records of one shape may fit at first: it is not the first of the shape that counts."""
    record = shape(
        "id",
        "text",
        "number",
        "none",
        lengths={"text": ((3, Place(21)), (70, Place(24)), (900, Place(30)))},
        bits={"number": ((4, Place(21)), (40, Place(26)))},
        nulls=frozenset({"none"}),
        first_null={"none": Place(28)},
    )
    columns = (Column("text", "varchar(64)"), Column("number", "int"), Column("none", "int", False))
    found = misfits(record, table(TARGET, ID, *columns, Column("more", "int", False)))
    assert {misfit.column: misfit.place.offset for misfit in found} == {
        "text": 24,
        "number": 26,
        "none": 28,
        "more": 21,
    }


def test_a_hostile_name_stays_one_identifier() -> None:
    assert quoted("we`ird; drop table x") == "`we``ird; drop table x`"
