"""An incident's life, where a moment or a word decides: whether a FAILED is news, and who a recovery is owed to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.scene import SINK, START
from watchdog.lifecycle import answered, how_recovered, opened, really_failing, resolved, still_failing, well
from watchdog.model import (
    Action,
    Advice,
    Attempt,
    CallResult,
    Category,
    Cause,
    Code,
    Incident,
    Outcome,
    Phase,
    Resolution,
    Symptom,
)
from watchdog.policy import Policy

CAUSE = Cause(Category.UNKNOWN, Advice.ONCE, "odd")
OURS, NOT_OURS = Resolution.RECOVERED, Resolution.RECOVERED_NOT_BY_US


def incident(result: CallResult | None = CallResult.ACCEPTED, helped: bool | None = None, **changed: Any) -> Incident:
    """Failed at the start; with one restart, unless `result` is None."""
    attempts = (Attempt(1, START, "watchdog", result, helped=helped),) if result else ()
    first = opened(SINK, (Symptom(Code.TASK_FAILED, SINK, 0, ""),), CAUSE, START)
    return replace(first, **{"attempts": attempts, "verifying_since": START, **changed})


@pytest.mark.parametrize(
    ("after", "polled_seconds", "news"),
    [
        pytest.param(incident(), 5, False, id="the state from before the call may still be shown"),
        pytest.param(incident(), 5.1, True, id="it settled"),
        pytest.param(incident(CallResult.UNKNOWN), 10, False, id="a call without an answer may come late"),
        pytest.param(incident(CallResult.UNKNOWN), 10.1, True, id="that settled, too"),
        pytest.param(incident(None), 5.1, True, id="it ran, and not by us"),
        pytest.param(incident(not_failed_seen=True), 0, True, id="it was seen to run since"),
        pytest.param(incident(verifying_since=None), 60, False, id="nothing was answered yet"),
        pytest.param(incident(), None, False, id="the cluster was not seen yet"),
    ],
)
def test_whether_a_failed_after_a_restart_is_news(after: Incident, polled_seconds: float | None, news: bool) -> None:
    polled_at = None if polled_seconds is None else START + timedelta(seconds=polled_seconds)
    assert really_failing(after, polled_at, Policy()) is news


@pytest.mark.parametrize(
    ("before", "owed_to"),
    [
        pytest.param(incident(), OURS, id="our restart"),
        pytest.param(incident(CallResult.UNKNOWN), OURS, id="our restart, though no answer came"),
        pytest.param(incident(CallResult.REFUSED), NOT_OURS, id="our restart was refused"),
        pytest.param(incident(CallResult.PENDING), NOT_OURS, id="our restart was not sent yet"),
        pytest.param(incident(helped=False), NOT_OURS, id="our restart was useless, and something else helped"),
        pytest.param(incident(None), NOT_OURS, id="nothing was done"),
        pytest.param(incident(None, workflow="quarantine"), OURS, id="our workflow"),
        pytest.param(incident(None, resume_sent_at=START), OURS, id="our resuming"),
        pytest.param(
            incident(None, resume_sent_at=START - timedelta(seconds=1)),
            NOT_OURS,
            id="we resumed it, and it failed since",
        ),
        pytest.param(incident(helped=True, recovered_at=START), OURS, id="well by our restart, open for the others"),
        pytest.param(incident(recovered_at=START), NOT_OURS, id="well before our restart, open for the others"),
    ],
)
def test_whom_a_recovery_is_owed_to(before: Incident, owed_to: Resolution) -> None:
    assert how_recovered(before) is owed_to


def test_a_restart_helped_only_where_the_recovery_is_owed_to_it() -> None:
    assert resolved(incident(), OURS, START).attempts[-1].helped is True
    assert well(incident(), START).attempts[-1].helped is True
    for end in (NOT_OURS, Resolution.GONE):
        assert resolved(incident(), end, START).attempts[-1].helped is None
    assert resolved(incident(helped=False), OURS, START).attempts[-1].helped is False
    assert well(incident(helped=False), START).attempts[-1].helped is False


USELESS = Attempt(1, START - timedelta(seconds=900), "watchdog", CallResult.ACCEPTED, helped=False)
SENT = Attempt(2, START, "watchdog")


@pytest.mark.parametrize(
    ("result", "phase", "attempts", "conflicts", "not_before"),
    [
        (CallResult.ACCEPTED, Phase.VERIFYING, [None, CallResult.ACCEPTED], 0, None),
        (CallResult.UNKNOWN, Phase.VERIFYING, [None, CallResult.UNKNOWN], 0, None),
        (CallResult.REFUSED, Phase.OPEN, [None, CallResult.REFUSED], 0, None),
        # The third in a row, and no attempt; those before it stay.
        (CallResult.CONFLICT, Phase.OPEN, [None], 3, 8),
    ],
)
def test_what_the_answer_to_a_restart_makes_of_the_incident(
    result: CallResult, phase: Phase, attempts: list[CallResult | None], conflicts: int, not_before: int | None
) -> None:
    before = incident(
        attempts=(USELESS, SENT), phase=Phase.RESTARTING, conflicts=2, not_before=START, verifying_since=None
    )
    after = answered(before, Outcome(Action("restart", SINK, before.id), result, START))
    assert (after.phase, after.conflicts) == (phase, conflicts)
    assert after.not_before == (None if not_before is None else START + timedelta(seconds=not_before))
    assert [None if each == USELESS else each.result for each in after.attempts] == attempts
    assert after.verifying_since == (START if phase is Phase.VERIFYING else None)


def test_an_answer_to_what_is_not_awaited_changes_nothing() -> None:
    for before in (incident(phase=Phase.VERIFYING), incident(None, phase=Phase.RESTARTING)):
        assert answered(before, Outcome(Action("restart", SINK, before.id), CallResult.REFUSED, START)) is before


def test_tasks_that_fail_later_join_and_the_same_again_is_no_news() -> None:
    before = incident()
    one, two = (Symptom(Code.TASK_FAILED, SINK, task, "") for task in (0, 1))
    assert len(before.id) == 8
    assert still_failing(before, (one,)) is before
    assert still_failing(before, (one, two)).tasks == (0, 1)
    assert still_failing(before, (replace(one, trace="x.Odd: other"),)).trace == "x.Odd: other"
    assert still_failing(before, (replace(one, task=None),)).tasks == ()
