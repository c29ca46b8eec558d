"""Waiting records against the table they would be written to."""

from __future__ import annotations

import pytest

from tests.core.scene import TARGET, shape, table
from watchdog.detect import MisfitKind, misfits
from watchdog.model import Column, RecordShape
from watchdog.remedies import quoted

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
            shape("id", "a", longest={"a": 65}),
            (ID, Column("a", "varchar(64)")),
            [(MisfitKind.TOO_LONG, "a")],
            id="too-long",
        ),
        pytest.param(shape("id", "a", longest={"a": 64}), (ID, Column("a", "varchar(64)")), [], id="just-long-enough"),
        pytest.param(shape("id", "a", longest={"a": 9999}), (ID, Column("a", "longtext")), [], id="no-limit"),
    ],
)
def test_why_a_table_would_refuse_records(
    record: RecordShape, columns: tuple[Column, ...], wanted: list[tuple[MisfitKind, str]]
) -> None:
    assert [(misfit.kind, misfit.column) for misfit in misfits(record, table(TARGET, *columns))] == wanted


def test_a_hostile_name_stays_one_identifier() -> None:
    assert quoted("we`ird; drop table x") == "`we``ird; drop table x`"
