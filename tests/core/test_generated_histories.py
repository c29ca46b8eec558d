"""Hundreds of generated histories whose guilty statement is known: the same that `scripts/correlation` plays on the
real stack, here on a pretended one."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from correlation.histories import GUILTY, NOBODY, History, Maker, histories

from tests.core.pretend import Pretend
from watchdog.model import Origin

COUNT = 150
WAYS = {
    "as it is": {},
    "MySQL's clock 90 s behind ours": {"skew_seconds": 90.0},
    "MySQL's clock 90 s ahead of ours": {"skew_seconds": -90.0},
    "days between the statements": {"gap_seconds_max": 5 * 86_400.0},
    "everything within seconds": {"gap_seconds_max": 1.2},
    "no public schema change topic": {"topics": (Origin.HISTORY,)},
    "no gtids": {"gtids": False},
}


def judged(seed: int, history: History, given: dict[str, object]) -> tuple[str, str] | None:
    """The guilty statement and the blamed one, None when no record was refused."""
    pretend = Pretend(random.Random(seed), **given)  # type: ignore[arg-type]
    pretend.run(history)
    diagnosis = pretend.diagnosis()
    if diagnosis is None:
        return None
    return history.truth.replace("{t}", "orders"), diagnosis.change.told if diagnosis.change else ""


@pytest.mark.parametrize("given", WAYS.values(), ids=WAYS)
def test_of_generated_histories_the_guilty_statement_is_blamed_and_no_other(given: dict[str, object]) -> None:
    drawn = histories(7, COUNT)
    results = [(history, judged(number, history, given)) for number, history in enumerate(drawn)]
    failed = [(history.kind, *result) for history, result in results if result is not None]
    assert len(failed) >= 0.95 * COUNT
    wrong = Counter(kind for kind, truth, said in failed if (truth not in said if truth else said))
    blamed = [(truth, said) for _, truth, said in failed if said]
    guilty = [(truth, said) for _, truth, said in failed if truth]
    precision = sum(bool(truth) and truth in said for truth, said in blamed) / len(blamed)
    recall = sum(truth in said for truth, said in guilty) / len(guilty)
    assert precision >= 0.99, (precision, wrong)
    assert recall >= 0.95, (recall, wrong)


@pytest.mark.parametrize("kind", [*GUILTY, *NOBODY], ids=lambda kind: kind.__name__)
def test_each_kind_of_history_is_judged_right(kind: object) -> None:
    for seed in range(6):
        history = kind(Maker(random.Random(seed)))  # type: ignore[operator]
        result = judged(seed, history, {})
        assert result is not None, f"seed {seed}: no record was refused"
        truth, said = result
        assert truth in said if truth else not said, f"seed {seed}"
