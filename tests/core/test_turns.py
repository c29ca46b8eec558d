"""Whose turn it is while many fail together: what one connector's restart tells the others with the same cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.core.scene import START
from watchdog import lifecycle
from watchdog.judge.turns import SETBACKS_MAX, TRIAL_SECONDS_MAX, Turns
from watchdog.model import (
    Advice,
    Attempt,
    CallResult,
    Category,
    Cause,
    Circuit,
    Code,
    ConnectorKey,
    Incident,
    Phase,
    Resolution,
    Symptom,
    Verdict,
)
from watchdog.policy import Policy

NOW = START + timedelta(hours=1)
CAUSE = Cause(Category.UNKNOWN, Advice.ONCE, "no space left")
CIRCUIT = Circuit("main", NOW - timedelta(minutes=30), 12, 20)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def failed(name: str, **changed: Any) -> Incident:
    key = ConnectorKey("main", name)
    incident = lifecycle.opened(key, (Symptom(Code.TASK_FAILED, key, 0, ""),), CAUSE, ago(2000))
    return replace(incident, **{"merged_into": "leader", **changed})


def tried(seconds_ago: float, helped: bool | None = None) -> tuple[Attempt, ...]:
    return (Attempt(1, ago(seconds_ago), "watchdog", CallResult.ACCEPTED, helped=helped),)


def useless(count: int, since: float) -> list[Incident]:
    """Each was restarted, a second after the other, and failed again."""
    return [failed(f"useless-{n}", attempts=tried(since - n, helped=False)) for n in range(count)]


WELL = {"phase": Phase.RESOLVED, "resolution": Resolution.RECOVERED}
TRIED_NOW = failed("b", phase=Phase.VERIFYING, attempts=tried(10))


@pytest.mark.parametrize(
    ("others", "circuit", "verdict"),
    [
        pytest.param([], CIRCUIT, None, id="nobody was tried yet"),
        pytest.param([TRIED_NOW], CIRCUIT, Verdict.HOLD, id="one is tried"),
        pytest.param([TRIED_NOW], None, None, id="they are not many"),
        pytest.param([TRIED_NOW], replace(CIRCUIT, closed_at=ago(60)), None, id="they are not many any more"),
        pytest.param([replace(TRIED_NOW, merged_into="other")], CIRCUIT, None, id="one with another cause is tried"),
        pytest.param([replace(TRIED_NOW, phase=Phase.RESTARTING)], CIRCUIT, Verdict.HOLD, id="its call is under way"),
        pytest.param(
            [replace(TRIED_NOW, attempts=(*tried(3000, helped=False), *tried(10)))],
            CIRCUIT,
            Verdict.HOLD,
            id="one is tried again",
        ),
        pytest.param([replace(TRIED_NOW, attempts=())], CIRCUIT, None, id="one runs again, and not by us"),
        pytest.param(
            [replace(TRIED_NOW, attempts=tried(TRIAL_SECONDS_MAX - 1))],
            CIRCUIT,
            Verdict.HOLD,
            id="one is tried for long",
        ),
        pytest.param(
            [replace(TRIED_NOW, attempts=tried(TRIAL_SECONDS_MAX))], CIRCUIT, None, id="one that does not turn out"
        ),
        pytest.param([failed("a", **WELL, resolved_at=ago(60)), TRIED_NOW], CIRCUIT, None, id="one recovered"),
        pytest.param([failed("a", recovered_at=ago(60)), TRIED_NOW], CIRCUIT, None, id="one is well, and still told"),
        pytest.param(
            [failed("a", **WELL, resolved_at=ago(1900)), TRIED_NOW],
            CIRCUIT,
            Verdict.HOLD,
            id="one recovered before they were many",
        ),
        pytest.param(
            [failed("a", phase=Phase.RESOLVED, resolution=Resolution.GONE, resolved_at=ago(60)), TRIED_NOW],
            CIRCUIT,
            Verdict.HOLD,
            id="one was deleted, which tells nothing of the cause",
        ),
        pytest.param(
            [failed("a", recovered_at=ago(60)), *useless(SETBACKS_MAX - 1, 30)],
            CIRCUIT,
            None,
            id="one recovered, and fewer than three failed again since",
        ),
        pytest.param(
            [failed("a", recovered_at=ago(60)), *useless(SETBACKS_MAX, 30)],
            CIRCUIT,
            Verdict.BACK_OFF,
            id="one recovered, and three failed again since",
        ),
        pytest.param(
            [failed("a", recovered_at=ago(60)), *useless(SETBACKS_MAX, 90)],
            CIRCUIT,
            None,
            id="three failed again, and then one recovered",
        ),
        pytest.param(useless(1, 119), CIRCUIT, Verdict.BACK_OFF, id="one try was useless, two minutes are not over"),
        pytest.param(useless(1, 120), CIRCUIT, None, id="one try was useless, two minutes are over"),
        pytest.param(useless(8, 9000), CIRCUIT, Verdict.EXHAUSTED, id="all the tries for the cause were useless"),
    ],
)
def test_the_turn_of_one_of_many(others: Sequence[Incident], circuit: Circuit | None, verdict: Verdict | None) -> None:
    asked, policy = failed("z"), Policy()
    found = Turns("main", [*others, asked], circuit, policy, NOW).turn(asked, policy.terms(asked.key))
    assert (found and found[0]) == verdict


@pytest.mark.parametrize(
    ("since", "cluster", "sent"),
    [
        pytest.param(59, "main", True, id="within the minute"),
        pytest.param(60, "main", False, id="a minute ago"),
        pytest.param(10, "other", False, id="of another cluster"),
    ],
)
def test_a_budget_counts_what_its_cluster_was_sent_within_a_minute(since: float, cluster: str, sent: bool) -> None:
    asked, policy = failed("z"), Policy(restarts_per_minute=1)
    before = failed("a", key=ConnectorKey(cluster, "a"), attempts=tried(since, helped=False), merged_into=None)
    found = Turns("main", [before, asked], None, policy, NOW).turn(asked, policy.terms(asked.key))
    assert (found is not None) is sent


@pytest.mark.parametrize(
    ("others", "attempts", "well"),
    [
        pytest.param([failed("a", recovered_at=ago(60))], tried(90, helped=False), True, id="another recovered since"),
        pytest.param(
            [failed("a", recovered_at=ago(60))], tried(30, helped=False), False, id="another recovered before"
        ),
        pytest.param([failed("a", recovered_at=ago(60))], (), False, id="it was not tried yet"),
        pytest.param([failed("a")], tried(90, helped=False), False, id="no other recovered"),
        pytest.param(
            [failed("a", recovered_at=ago(60), merged_into="other")],
            tried(90, helped=False),
            False,
            id="one with another cause recovered",
        ),
    ],
)
def test_whether_another_recovered_since_it_was_tried(
    others: Sequence[Incident], attempts: tuple[Attempt, ...], well: bool
) -> None:
    asked = failed("z", attempts=attempts)
    assert Turns("main", [*others, asked], None, Policy(), NOW).others_well(asked) is well
