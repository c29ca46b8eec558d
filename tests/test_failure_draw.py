"""A set of failures that is drawn by lot, and how its figures are counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from failures.case import AUTH, CONFIG, SOURCE
from failures.figures import figures, interval, words
from failures.measure import Judged
from failures.seventh_draw import COUNT, OFTEN, RARE, Axes, Event, cases_of, draw
from stack import StackError

from watchdog.model import Advice, Category, Cause

ROTATED = Event("password-rotated", OFTEN, AUTH, "the password is rotated", "a page")
DROPPED = Event("user-dropped", RARE, AUTH, "the user is dropped", "a page", about=("table", "column"))
AVRO = Event("registry", RARE, CONFIG, "no registry", "a page", {"converter": ("avro",), "answer": ("401", "503")})
AXES: Axes = {"converter": ("json", "avro"), "table": ("orders", "stock"), "column": ("sku", "note", "size")}


def test_the_same_lot_is_drawn_by_everybody_and_another_for_the_other_side() -> None:
    events = (ROTATED, DROPPED, AVRO)
    assert draw("source", events, AXES, 10) == draw("source", events, AXES, 10)
    assert [one.settings for one in draw("source", events, AXES, 10)] != [
        one.settings for one in draw("sink", events, AXES, 10)
    ]


def test_the_next_set_is_what_the_same_lot_brings_after_the_first() -> None:
    both = draw("source", (ROTATED, DROPPED, AVRO), AXES, 24)
    assert draw("source", (ROTATED, DROPPED, AVRO), AXES, 12, after=12) == both[12:]
    assert [one.name.partition("-")[0] for one in both] == ["seventh"] * 24
    one = draw("source", (ROTATED,), {**AXES, "number": tuple(map(str, range(100_000)))}, 1, after=COUNT)[0]
    assert one.name == "eighth-source-41-password-rotated"


def test_an_event_comes_as_often_as_it_weighs() -> None:
    many: Axes = {**AXES, "number": tuple(map(str, range(100_000)))}
    drawn = Counter(one.event.name for one in draw("source", (ROTATED, DROPPED), many, 600))
    assert drawn["password-rotated"] / 600 == pytest.approx(5 / 6, abs=0.05)


def test_an_event_never_comes_twice_with_the_same_settings() -> None:
    drawn = draw("source", (ROTATED,), AXES, 12)
    assert len({tuple(one.settings.items()) for one in drawn}) == 12


def test_settings_without_which_an_event_cannot_happen_are_always_drawn_for_it() -> None:
    drawn = draw("source", (AVRO,), AXES, 12)
    assert {one.settings["converter"] for one in drawn} == {"avro"}
    assert {one.settings["answer"] for one in drawn} == {"401", "503"}
    assert {one.settings["table"] for one in drawn} == {"orders", "stock"}


def test_the_truth_names_what_of_the_settings_the_event_is_about() -> None:
    (rotated,) = draw("source", (ROTATED,), AXES, 1)
    (dropped,) = draw("source", (DROPPED,), AXES, 1)
    assert (rotated.truth.table, rotated.truth.columns) == (None, ())
    assert (dropped.truth.table, dropped.truth.columns) == (dropped.settings["table"], (dropped.settings["column"],))


class Slot:
    """As much of a place as these ways want."""

    slug, table = "seventh_source_01", "orders"

    def call_table(self, name: str) -> None:
        self.table = name


def test_a_case_is_broken_in_its_own_way_on_its_own_table() -> None:
    seen: list[tuple[str, object]] = []
    drawn = draw("source", (ROTATED,), AXES, 1)
    (case,) = cases_of(drawn, {ROTATED.name: lambda place, settings: seen.append((place.table, settings))})
    case.make(Slot())  # type: ignore[arg-type]
    assert seen == [(drawn[0].settings["table"], drawn[0].settings)]
    assert (case.name, case.side) == ("seventh-source-01-password-rotated", SOURCE)


def test_a_drawn_event_that_cannot_be_made_says_so() -> None:
    (case,) = cases_of(draw("source", (ROTATED,), AXES, 1), {})
    with pytest.raises(StackError, match="nothing on this stack does to seventh_source_01"):
        case.make(Slot())  # type: ignore[arg-type]


# ── figures ──


def failed(trace: str, case: str = "seventh-source-01-x", made_by: str = "x [json, orders, sku]") -> dict[str, Any]:
    part = {"state": "FAILED", "trace": trace}
    return {"case": case, "made_by": made_by, "status": {"connector": {"state": "RUNNING"}, "tasks": [part]}}


def judged(right: bool) -> Judged:
    said = Cause(Category.AUTH if right else Category.DATA, "", Advice.NO)
    return Judged("c", "m", {"category": "AUTH", "also": [], "restart": ["no"]}, said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("a.B: no field sku in orders", "a.B: no field … in …", id="what was drawn"),
        pytest.param("a.json.B: no json", "a.json.B: no json", id="no setting, which may be part of a class"),
        pytest.param("a.B: no skus", "a.B: no skus", id="no part of a word"),
        pytest.param("a.B: Access denied for 'u1'@'%' [x, y]", "a.B: Access denied for …@… …", id="what is quoted"),
        pytest.param("a.B: The message is 1100212 bytes", "a.B: The message is # bytes", id="numbers"),
        pytest.param("a.B: no topic seventh_source_01_x", "a.B: no topic …", id="the case's own name"),
    ],
)
def test_innermost_words_are_without_names_and_numbers(line: str, said: str) -> None:
    assert words(failed(f"outer.C: x\n\tat q\nCaused by: {line}\n\tat r.S(T.java:1)\n\t... 9 more")) == said


@pytest.mark.parametrize(
    ("right", "total", "low", "high"), [(20, 22, 0.72, 0.97), (25, 32, 0.61, 0.89), (0, 3, 0, 0.56)]
)
def test_the_interval_is_wilsons(right: int, total: int, low: float, high: float) -> None:
    assert interval(right, total) == pytest.approx((low, high), abs=0.005)


def test_equal_words_count_once_and_as_right_only_if_each_of_them_is() -> None:
    documents = [failed("a.B: 1 sku"), failed("a.B: 2 sku"), failed("a.C: gone"), failed("a.D: old")]
    told = figures(documents, [judged(True), judged(False), judged(True), judged(True)], [failed("a.D: old")])
    assert [line.partition(" (")[0] for line in told.splitlines()] == [
        "all: category right 3 of 4",
        "equal innermost words counted once: category right 2 of 3",
        "words that no earlier set has, counted once: category right 1 of 2",
        "words that no earlier set has, all: category right 2 of 3",
    ]
