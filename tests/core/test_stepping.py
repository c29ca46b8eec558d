"""How a sink gets past records that it cannot take, and which of them may go back to their topic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model import Kept, RecordId, Selection, Since, Unfit, WaitingRecord
from watchdog.stepping import ahead, offsets_can_be_changed, past, poll_size, replayable


def at(offset: int, partition: int = 0) -> RecordId:
    return RecordId("orders", partition, offset)


def seen(*unfit: RecordId, first_fit: dict[str, int] | None = None) -> Selection:
    return Selection(tuple(Unfit(each, "too long") for each in sorted(unfit)), first_fit or {})


@pytest.mark.parametrize(
    ("selection", "known", "wanted"),
    [
        pytest.param(seen(at(5), first_fit={"orders-0": 6}), [at(5)], {"orders-0": 6}, id="the-first"),
        pytest.param(seen(at(5), first_fit={"orders-0": 4}), [at(5)], {}, id="not-while-one-that-fits-stands-before"),
        pytest.param(seen(at(5), first_fit={"orders-0": 6}), [], {}, id="not-what-was-not-copied"),
        pytest.param(seen(at(5)), [at(5)], {"orders-0": 6}, id="nothing-behind-it"),
        pytest.param(
            seen(at(5), at(6), at(9), first_fit={"orders-0": 7}),
            [at(5), at(6), at(9)],
            {"orders-0": 7},
            id="a-run-at-once-and-not-what-comes-after-it",
        ),
        pytest.param(seen(at(5), at(8)), [at(5), at(8)], {"orders-0": 9}, id="over-a-gap-in-the-offsets"),
        pytest.param(seen(at(5), at(6), at(7)), [at(5), at(7)], {"orders-0": 6}, id="up-to-one-that-was-not-copied"),
        pytest.param(
            seen(at(5), at(2, 1), at(7, 2), first_fit={"orders-0": 6, "orders-1": 1, "orders-2": 8}),
            [at(5), at(2, 1), at(7, 2)],
            {"orders-0": 6, "orders-2": 8},
            id="each-partition-by-itself",
        ),
    ],
)
def test_a_sink_is_moved_only_past_what_stands_first_and_was_copied(
    selection: Selection, known: list[RecordId], wanted: dict[str, int]
) -> None:
    assert past(selection, known) == wanted


@pytest.mark.parametrize(
    ("selection", "offsets", "wanted"),
    [
        pytest.param(seen(at(5), at(9, 1)), {"orders-0": 0, "orders-1": 6}, 3, id="the-smallest-distance"),
        pytest.param(seen(at(5), at(7)), {"orders-0": 6}, 1, id="from-where-it-is-moved-to"),
        pytest.param(seen(at(5), first_fit={"orders-0": 1}), {}, 4, id="from-the-first-where-nothing-is-committed"),
        pytest.param(seen(at(500)), {"orders-0": 0}, 100, id="not-more-than-it-takes-by-itself"),
        pytest.param(seen(), {"orders-0": 3}, 100, id="nothing-ahead"),
        pytest.param(seen(at(5)), {"orders-0": 5}, 1, id="one-at-least"),
    ],
)
def test_a_poll_ends_before_the_next_that_does_not_fit(
    selection: Selection, offsets: dict[str, int], wanted: int
) -> None:
    assert poll_size(selection, offsets, 100) == wanted


def test_what_is_ahead_of_a_sink() -> None:
    records = [at(5), at(6), at(0, 1)]
    assert ahead(records, {"orders-0": 6}) == (at(6), at(0, 1))
    assert ahead(records, {"orders-0": 7, "orders-1": 1}) == ()


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("3.6.0", True),
        ("3.5.2", False),
        ("2.8.1", False),
        ("4.0.0", True),
        ("3.10.0", True),
        ("7.6.0-ccs", True),
        ("7.5.3-ce", False),
        ("8.0.0-ccs", True),
        ("", None),
        ("unknown", None),
    ],
)
def test_offsets_can_be_changed_from_connect_3_6_on(version: str, wanted: bool | None) -> None:
    assert offsets_can_be_changed(version) is wanted


KEPT = Kept(at(5), "too long", "7", True, "quarantine-0@0", None, WaitingRecord(at(5), "7", None))
FREE = Since(original=True)


@pytest.mark.parametrize(
    ("kept", "since", "misfit", "why"),
    [
        pytest.param(KEPT, FREE, "", "", id="the-newest-of-its-key-that-fits"),
        pytest.param(replace(KEPT, has_key=False), FREE, "", "no key", id="no-key"),
        pytest.param(KEPT, Since(True, at(9)), "", "written again later, by orders-0@9", id="updated"),
        pytest.param(KEPT, Since(True, at(9), later_deletes=True), "", "deleted later, by orders-0@9", id="deleted"),
        pytest.param(KEPT, Since(True, at(9), replayed=at(9)), "", "before, as orders-0@9", id="replayed"),
        pytest.param(KEPT, Since(True, at(12), replayed=at(9)), "", "before, as orders-0@9", id="replayed-and-updated"),
        pytest.param(KEPT, Since(False), "", "no longer has it", id="expired"),
        pytest.param(KEPT, None, "", "no longer has it", id="topic-gone"),
        pytest.param(KEPT, FREE, "still too long", "does not take it: still too long", id="still-unfit"),
        pytest.param(replace(KEPT, waiting=None), FREE, "", "cannot be read", id="unreadable"),
    ],
)
def test_only_what_is_the_newest_of_its_key_and_fits_now_goes_back(
    kept: Kept, since: Since | None, misfit: str, why: str
) -> None:
    found = replayable([kept], {} if since is None else {kept.id: since}, lambda record: misfit)
    assert list(found.chosen) == ([] if why else [kept])
    assert [why in told for _, told in found.left] == ([True] if why else [])
