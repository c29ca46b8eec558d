"""Sets of gtids: whether one server's purged transactions are all among those that a source has read."""

from __future__ import annotations

import pytest

from watchdog.positions import is_subset

A, B = "d25dd68c-e91e-11f1-913f-02fc00000001", "E25DD68C-E91E-11F1-913F-02FC00000002"


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        pytest.param("", f"{A}:1-5", True, id="nothing is in everything"),
        pytest.param(f"{A}:1-5", "", False, id="something is not in nothing"),
        pytest.param(f"{A}:2-4", f"{A}:1-5", True, id="within"),
        pytest.param(f"{A}:1-6", f"{A}:1-5", False, id="one more"),
        pytest.param(f"{A}:3", f"{A}:1-2:4-5", False, id="in a gap"),
        pytest.param(f"{A}:1-2:4", f"{A}:1-2:4-5", True, id="several ranges"),
        pytest.param(f"{A}:1-5", f"{A}:1-2:3-5", True, id="ranges that touch are one"),
        pytest.param(
            f"{A}:1-5,\n {B}:1", f"{B.lower()}:1-3,{A}:1-9", True, id="several servers, in any order and case"
        ),
        pytest.param(f"{A}:1,{B}:9", f"{A}:1-9", False, id="another server"),
        pytest.param(f"{A}:1-3:blue:1-2", f"{A}:1-5:blue:1-9", True, id="a tag"),
        pytest.param(f"{A}:blue:1-2", f"{A}:1-5", False, id="a tag is another sequence"),
        pytest.param("0-2-11", "0-1-12", True, id="MariaDB: all of a domain up to that one"),
        pytest.param("0-1-13,1-1-2", "0-1-12,1-1-2", False, id="MariaDB: further"),
        pytest.param("2-1-1", "0-1-12", False, id="MariaDB: another domain"),
        pytest.param("nonsense", f"{A}:1", None, id="what cannot be read"),
        pytest.param(f"{A}:1", f"{A}:1-x", None, id="a range that is none"),
    ],
)
def test_a_set_of_gtids_is_within_another(part: str, whole: str, expected: bool | None) -> None:
    assert is_subset(part, whole) is expected
