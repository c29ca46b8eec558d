"""Over more than 200 generated histories on the real stack: who is blamed is guilty, and who is guilty is blamed."""

import pytest
from correlation.cli import PRECISION_MIN, RECALL_MIN, measures, play, report
from stack import Stack

ROUNDS, TABLES = 11, 20


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_precision_and_recall_of_the_blame_over_more_than_200_generated_histories(stack: Stack) -> None:
    said = play(stack, range(ROUNDS), TABLES)
    print(report(said, TABLES))
    assert sum(each.failed for each in said) >= 200
    precision, recall = measures(said)
    assert precision >= PRECISION_MIN
    assert recall >= RECALL_MIN
