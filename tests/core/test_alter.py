"""The ALTER that is proposed for a target, clause by clause: whoever runs it must not have to run another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.scene import ORDERS, SINK, SOURCE, TARGET, TARGET_ADDRESS, shape, table
from watchdog.detect import Misfit, MisfitKind
from watchdog.model import Column
from watchdog.remedies.alter import alter_target
from watchdog.topology import Route

ROUTE = Route("dataflow.oltp.orders", SINK, SOURCE, "dataflow", ORDERS, TARGET, TARGET_ADDRESS)
THERE = table(TARGET, Column("c", "varchar(64)", nullable=False), Column("n", "int"))
K = MisfitKind


def misfit(kind: MisfitKind, column: str = "c", needed: int = 0, first: int = 21) -> Misfit:
    return Misfit(kind, column, shape("c", "n", first=first, last=first), needed)


@pytest.mark.parametrize(
    ("found", "source", "clause"),
    [
        pytest.param(misfit(K.MISSING, "x"), None, "ADD COLUMN `x` text NULL", id="missing"),
        pytest.param(
            misfit(K.MISSING, "x"), Column("x", "int", nullable=False), "ADD COLUMN `x` int NULL", id="missing-as-it-is"
        ),
        pytest.param(
            misfit(K.TOO_LONG, needed=80),
            Column("c", "varchar(100)"),
            "MODIFY COLUMN `c` varchar(100) NOT NULL",
            id="as-long-as-the-source",
        ),
        pytest.param(
            misfit(K.TOO_LONG, needed=80),
            Column("c", "varchar(64)"),
            "MODIFY COLUMN `c` varchar(255) NOT NULL",
            id="the-source-was-made-short-again",
        ),
        pytest.param(
            misfit(K.TOO_LONG, needed=16_383), None, "MODIFY COLUMN `c` varchar(16383) NOT NULL", id="the-longest"
        ),
        pytest.param(misfit(K.TOO_LONG, needed=16_384), None, "MODIFY COLUMN `c` longtext NOT NULL", id="longer"),
        pytest.param(misfit(K.TOO_LONG), None, "", id="nobody-knows-how-long"),
        pytest.param(misfit(K.OUT_OF_RANGE, "n", 40), None, "MODIFY COLUMN `n` bigint", id="large"),
        pytest.param(
            misfit(K.OUT_OF_RANGE, "n", 40),
            Column("n", "int unsigned"),
            "MODIFY COLUMN `n` bigint",
            id="the-source-was-made-small-again",
        ),
        pytest.param(
            misfit(K.OUT_OF_RANGE, "n", 32),
            Column("n", "int unsigned"),
            "MODIFY COLUMN `n` int unsigned",
            id="as-large-as-the-source",
        ),
        pytest.param(
            misfit(K.NO_CHOICE), Column("c", "enum('a','b')"), "MODIFY COLUMN `c` enum('a','b') NOT NULL", id="a-choice"
        ),
        pytest.param(misfit(K.NO_CHOICE), None, "", id="nobody-knows-the-choices"),
        pytest.param(
            misfit(K.CHARSET), None, "MODIFY COLUMN `c` varchar(64) CHARACTER SET utf8mb4 NOT NULL", id="a-character"
        ),
        pytest.param(misfit(K.NULL), None, "MODIFY COLUMN `c` varchar(64) NULL", id="null"),
        pytest.param(misfit(K.REQUIRED), None, "MODIFY COLUMN `c` varchar(64) NULL", id="required"),
    ],
)
def test_the_clause_for_what_does_not_fit(found: Misfit, source: Column | None, clause: str) -> None:
    statement = alter_target(ROUTE, [found], THERE, {source.name: source} if source else {})
    assert statement == (f"ALTER TABLE `dw`.`orders` {clause};" if clause else "")


def test_one_clause_for_each_column_however_many_records_say_so() -> None:
    found = [misfit(K.NULL), misfit(K.NULL, "C", first=30), misfit(K.MISSING, "x")]
    assert alter_target(ROUTE, found, THERE, {}) == (
        "ALTER TABLE `dw`.`orders` MODIFY COLUMN `C` varchar(64) NULL, ADD COLUMN `x` text NULL;"
    )
    assert alter_target(replace(ROUTE, target=None), found, THERE, {}) == ""
