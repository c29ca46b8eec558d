"""Sets of gtids as MySQL and MariaDB spell them, and who has read how far."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model import Position
from watchdog.positions import has_passed, is_subset, missing

U = "e7f2a218-e755-11f1-99e1-02fc00000001"
V = "e7f2a218-e755-11f1-99e1-02fc00000002"


@pytest.mark.parametrize(
    ("executed", "gtid", "wanted"),
    [
        pytest.param(f"{U}:1-5", f"{U}:5", True, id="inside"),
        pytest.param(f"{U}:1-5", f"{U}:6", False, id="behind"),
        pytest.param(f"{U}:1-5:7", f"{U}:7", True, id="alone"),
        pytest.param(f"{U}:1-5:7", f"{U}:6", False, id="in-a-gap"),
        pytest.param(f"{U}:1-5:6-9", f"{U}:4-7", True, id="intervals-that-touch-are-one"),
        pytest.param(f"{U}:1-5:7-9", f"{U}:4-7", False, id="across-a-gap"),
        pytest.param(f"{U}:1-5,\n{V}:1-3", f"{V}:2", True, id="another-server-on-the-next-line"),
        pytest.param(f"{U}:1-5", f"{V}:2", False, id="a-server-that-is-not-there"),
        pytest.param(f"{U}:1-5", f"{U}:1-5,{V}:1", False, id="not-all-of-a-set"),
        pytest.param(U.upper() + ":1-5", f"{U}:2", True, id="case-does-not-matter"),
        pytest.param(f"{U}:1-5:backup:1-3", f"{U}:backup:2", True, id="tagged"),
        pytest.param(f"{U}:1-5:backup:1-3", f"{U}:4", True, id="not-tagged-beside-tagged"),
        pytest.param(f"{U}:1-5", f"{U}:backup:2", False, id="a-tag-that-is-not-there"),
        pytest.param(f"{U}:backup:1-3:5:other:9", f"{U}:backup:5,{U}:other:9", True, id="two-tags"),
        pytest.param("0-1-5,1-2-7", "0-1-5", True, id="mariadb"),
        pytest.param("0-1-5,1-2-7", "0-3-4", True, id="mariadb-a-domain-has-one-order-whoever-wrote"),
        pytest.param("0-1-5,1-2-7", "1-2-8", False, id="mariadb-behind"),
        pytest.param("0-1-5", "2-1-1", False, id="mariadb-another-domain"),
        pytest.param(f"{U}:1-5", "", True, id="nothing-is-in-everything"),
        pytest.param("", f"{U}:1", False, id="nothing-holds-nothing"),
        pytest.param("what; drop table x", f"{U}:1", None, id="no-gtids"),
    ],
)
def test_what_a_set_holds(executed: str, gtid: str, wanted: bool | None) -> None:
    assert is_subset(gtid, executed) is wanted


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_a_set_holds_another_when_it_holds_each_of_it(one: set[int], other: set[int]) -> None:
    written = ["" if not numbers else f"{U}:" + ":".join(map(str, numbers)) for numbers in (one, other)]
    assert is_subset(written[1], written[0]) is (other <= one)
    assert missing(written[1], written[0]) == len(other - one)


@given(st.text(max_size=60))
def test_any_text_is_a_set_or_none(text: str) -> None:
    is_subset(text, text)
    missing(text, text)


@pytest.mark.parametrize(
    ("read", "place", "wanted"),
    [
        (Position(f"{U}:1-9"), Position(f"{U}:1-9"), True),
        (Position(f"{U}:1-8"), Position(f"{U}:1-9"), False),
        (Position(f"{U}:1-9", "a.000001", 4), Position(f"{U}:1-8", "b.000009", 4), True),
        (Position(f"{U}:1-9"), Position(None, "a.000001", 4), None),
        (Position(None, "a.000001", 4), Position(None, "a.000001", 4), True),
        (Position(None, "a.000001", 4), Position(None, "a.000001", 5), False),
        (Position(None, "a.999999", 4), Position(None, "a.1000000", 4), False),
        (Position(None, "a.1000000", 4), Position(None, "a.999999", 400), True),
        (Position(), Position(None, "a.000001", 4), None),
    ],
)
def test_who_has_read_how_far(read: Position, place: Position, wanted: bool | None) -> None:
    assert has_passed(read, place) is wanted
