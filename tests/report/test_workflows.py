"""Steps of workflows, as lines and as metrics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.reports import NOW
from watchdog.model import ConnectorKey, Counters, Observation, Report, Workflow
from watchdog.report import samples
from watchdog.report.lines import edges

BEGUN = Workflow("w1", "quarantine", ConnectorKey("prod", "dw-sink"), NOW)


def report(*workflows: Workflow) -> Report:
    return Report(Observation(NOW), workflows=workflows, ready=True)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((), (BEGUN,), [("info", "[w1] dw-sink quarantine, look")]),
        ((BEGUN,), (BEGUN,), []),
        ((BEGUN,), (replace(BEGUN, taking=True),), []),
        (
            (BEGUN,),
            (replace(BEGUN, step="copy", detail="5 records"),),
            [("info", "[w1] dw-sink quarantine, copy: 5 records")],
        ),
        (
            (BEGUN,),
            (replace(BEGUN, tried=1, detail="no connection"),),
            [("warning", "[w1] dw-sink quarantine, look: no connection")],
        ),
        (
            (BEGUN,),
            (replace(BEGUN, ended_at=NOW, result="done", detail="all over"),),
            [("info", "[w1] dw-sink quarantine, done: all over")],
        ),
        (
            (BEGUN,),
            (replace(BEGUN, ended_at=NOW, result="refused", detail="\x1b[31mno"),),
            [("warning", "[w1] dw-sink quarantine, refused: no")],
        ),
        ((), (replace(BEGUN, ended_at=NOW, result="done"),), []),
    ],
)
def test_each_step_is_told_once(
    before: tuple[Workflow, ...], after: tuple[Workflow, ...], said: list[tuple[str, str]]
) -> None:
    assert [(line.level, line.text) for line in edges(report(*before), report(*after))] == said


def test_what_is_under_way_is_a_metric_and_what_ended_is_none() -> None:
    other = replace(BEGUN, id="w2", kind="recover", key=ConnectorKey("prod", "source"), ended_at=NOW, result="done")
    assert list(samples.workflows(report(BEGUN, other))) == [(("prod", "dw-sink", "quarantine"), 1.0)]


def test_ends_are_counted() -> None:
    counted = Counters().plus("workflows_total", "prod", "dw-sink", "quarantine", "done")
    told = samples.counted(replace(report(), counters=counted), "workflows_total")
    assert list(told) == [(("prod", "dw-sink", "quarantine", "done"), 1.0)]
