"""Which statements may be run for a person, and at which table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import START, TARGET, Scene, table
from watchdog.model import Column, Diagnosis, Incident, Phase, Request
from watchdog.model.tables import TableId
from watchdog.remedies.applicable import alter_of, changed_since

WAY_OUT = "ALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;"


def broken() -> Scene:
    scene = Scene()
    scene.drift()
    assert scene.incident.diagnosis.way_out == WAY_OUT
    return scene


def with_way_out(statement: str, target: TableId | None = TARGET) -> Incident:
    incident = broken().incident
    diagnosis: Diagnosis = replace(incident.diagnosis, way_out=statement, target=target)
    return replace(incident, diagnosis=diagnosis)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(WAY_OUT, id="add"),
        pytest.param("ALTER TABLE `dw`.`orders` MODIFY COLUMN `amount` decimal(14,2) NOT NULL;", id="modify"),
        pytest.param(
            "ALTER TABLE `dw`.`orders` ADD COLUMN `a``b` enum('x','it''s') NULL, MODIFY COLUMN `n` int unsigned NULL;",
            id="several",
        ),
        pytest.param(
            "ALTER TABLE `dw`.`orders` MODIFY COLUMN `c` varchar(64) CHARACTER SET utf8mb4 NOT NULL;", id="charset"
        ),
    ],
)
def test_what_is_spelled_as_we_spell_it_may_be_run(statement: str) -> None:
    assert alter_of(with_way_out(statement)) == (statement, "")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        pytest.param("", "no ALTER TABLE of a target", id="none"),
        pytest.param("Add the column to the target.", "no ALTER TABLE of a target", id="prose"),
        pytest.param("ALTER TABLE `oltp`.`orders` DROP COLUMN `x`;", "no ALTER TABLE of a target", id="another-table"),
        pytest.param("ALTER TABLE `dw`.`orders` DROP COLUMN `customer`;", "not run from here", id="drop"),
        pytest.param(
            "ALTER TABLE `dw`.`orders` ADD COLUMN `x` int, DROP COLUMN `customer` NULL;",
            "not run",
            id="in-a-type",
        ),
        pytest.param(
            "ALTER TABLE `dw`.`orders` ADD COLUMN `x` int NULL; DROP TABLE `dw`.`orders`;",
            "not run",
            id="two",
        ),
        pytest.param("ALTER TABLE `dw`.`orders` ADD COLUMN `x` int -- NULL;", "not run", id="comment"),
        pytest.param("ALTER TABLE `dw`.`orders` ADD COLUMN `x` enum('a\\') NULL;", "not run", id="escape"),
        pytest.param("ALTER TABLE `dw`.`orders` ADD COLUMN `x` int NULL ENGINE=CSV;", "not run", id="option"),
        pytest.param(f"ALTER TABLE `dw`.`orders` ADD COLUMN `{'x' * 65}` int NULL;", "not run", id="name-too-long"),
    ],
)
def test_nothing_else_may(statement: str, why: str) -> None:
    found, told = alter_of(with_way_out(statement))
    assert (found, why in told) == ("", True)


def test_an_incident_that_is_over_or_has_no_target_has_nothing_to_run() -> None:
    over = replace(with_way_out(WAY_OUT), phase=Phase.RESOLVED)
    assert "over" in alter_of(over)[1]
    assert alter_of(with_way_out(WAY_OUT, None))[0] == ""


ID, NAME = Column("id", "bigint", False), Column("customer", "varchar(64)", charset="utf8mb4")


@pytest.mark.parametrize(
    ("known", "live", "why"),
    [
        pytest.param((ID, NAME), (ID, NAME), "", id="as-it-was"),
        pytest.param((ID, NAME), (ID, replace(NAME, charset=None)), "", id="a-character-set-that-is-not-told"),
        pytest.param((ID, NAME), (ID, NAME, Column("x", "int")), "it got x", id="got-a-column"),
        pytest.param((ID, NAME), (ID,), "it lost customer", id="lost-a-column"),
        pytest.param((ID, NAME), (ID, replace(NAME, type="text")), "customer is another", id="another-type"),
        pytest.param((ID, NAME), (NAME, ID), "another order", id="another-order"),
        pytest.param(None, (ID,), "nothing is known", id="never-seen"),
        pytest.param((ID,), None, "cannot see the table", id="not-there"),
    ],
)
def test_a_table_that_changed_since_is_left_alone(
    known: tuple[Column, ...] | None, live: tuple[Column, ...] | None, why: str
) -> None:
    told = changed_since(known and table(TARGET, *known), live and table(TARGET, *live))
    assert (why in told) if why else told == ""


# ── the journal ──


def asked(scene: Scene, verb: str, **arguments: str) -> Request:
    arguments = {"incident": scene.incident.id, "statement": WAY_OUT, "account": "127.0.0.1:3307 as ddl@%", **arguments}
    request = Request(verb, verb, scene.incident.key, scene.now, arguments=arguments)
    scene.tick(request=request)
    return scene.memory.requests[verb]


def test_intent_and_result_are_in_the_timeline_with_statement_and_account() -> None:
    scene = broken()
    assert asked(scene, "apply").state == "accepted"
    assert asked(scene, "applied", result="done in 0.2 s").state == "accepted"
    told = [entry.text for entry in scene.timeline if "ddl@%" in entry.text]
    assert told == [
        f"a person runs at 127.0.0.1:3307 as ddl@%: {WAY_OUT}",
        f"at 127.0.0.1:3307 as ddl@%: done in 0.2 s: {WAY_OUT}",
    ]
    assert not scene.sent


@pytest.mark.parametrize("late", [False, True], ids=["no-journal", "too-late"])
def test_an_intent_that_is_not_stored_is_refused(late: bool) -> None:
    scene = broken()
    scene.cannot_act = "" if late else "the journal cannot be written"
    if late:
        scene.now = START + timedelta(seconds=1)
        request = Request(
            "apply", "apply", scene.incident.key, START - timedelta(hours=1), arguments={"incident": scene.incident.id}
        )
        scene.tick(request=request)
        answer = scene.memory.requests["apply"]
    else:
        answer = asked(scene, "apply")
    assert answer.state == "refused"
