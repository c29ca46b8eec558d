"""`policies:` as it is written → what holds for a connector; windows, back-offs, and every mistake with its line."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_settings import MINIMAL, from_text, problems
from watchdog.model import Advice, Category, Cause, ConnectorKey
from watchdog.policy import Mode, Policy, Terms
from watchdog.policy.backoff import Backoff, Pace, conflict_seconds
from watchdog.policy.windows import open_until
from watchdog.settings.in_force import policy_of
from watchdog.settings.policies import window

SINK = ConnectorKey("default", "orders-sink")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def policy(text: str) -> Policy:
    return policy_of(from_text(MINIMAL + text), dry_run=False)


def test_without_any_policy_everything_is_as_it_was() -> None:
    assert policy("").terms(SINK) == Terms()


def test_each_setting_is_taken_from_the_first_policy_that_fits_and_says_it() -> None:
    found = policy(
        """\
attempts_max: 5
policies:
  - connector: orders-*
    mode: propose
  - connector: payments-*
    never: true
  - connector: "*"
    mode: observe
    attempts_max: 3
  - connector: orders-sink
    attempts_max: 99
    stability_window_seconds: 7
""",
    )
    terms = found.terms(SINK)
    assert (terms.mode, terms.attempts_max, terms.stability_window_seconds) == (Mode.PROPOSE, 3, 7.0)
    assert not terms.never
    said = found.said(SINK)
    assert said["mode"][1] == "w.yaml:5: policies[0]"
    assert said["attempts_max"][1] == "w.yaml:9: policies[2]"
    assert said["backoff"] == (Backoff(), "")


def test_a_dry_run_observes_whatever_the_policies_say() -> None:
    settings = from_text(MINIMAL + "policies: [{connector: '*', mode: auto}]\n")
    assert policy_of(settings, dry_run=True).terms(SINK).mode is Mode.OBSERVE


def test_the_budget_of_a_cluster_goes_before_that_of_all() -> None:
    text = "clusters:\n - {name: eu, connect_url: http://a, restarts_per_minute: 3}\n - {name: us, connect_url: http://b}\n"
    found = policy_of(from_text(text + "restarts_per_minute: 12\n"), dry_run=False)
    assert (found.budget("eu"), found.budget("us")) == (3, 12)


@pytest.mark.parametrize(
    ("causes", "category", "signature", "acts"),
    [
        pytest.param("", Category.UNKNOWN, "", True, id="no list: all"),
        pytest.param("causes: [CONNECTIVITY]", Category.CONNECTIVITY, "MY-1", True, id="by category"),
        pytest.param("causes: [HIS-03]", Category.HISTORY_LOST, "HIS-03", True, id="by signature"),
        pytest.param("causes: [HIS-03]", Category.HISTORY_LOST, "HIS-02", False, id="another signature"),
        pytest.param("causes: [AUTH]", Category.CONNECTIVITY, "", False, id="another category"),
    ],
)
def test_an_own_list_of_causes(causes: str, category: Category, signature: str, acts: bool) -> None:
    terms = policy(f"policies:\n  - connector: '*'\n    mode: auto\n    {causes}\n").terms(SINK)
    assert terms.acts_on(Cause(category, Advice.ONCE, "", signature=signature)) is acts


# Back-off.


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        pytest.param("n2+n", [0, 120, 360, 720, 1200, 1800, 2520, 3360, 3600, 3600], id="squares"),
        pytest.param("[1, 5]", [0, 1, 5, 5], id="list"),
        pytest.param("[0]", [0, 0, 0], id="no pause at all"),
        pytest.param("{base_seconds: 10, cap_seconds: 60, jitter: 0}", [0, 10, 20, 40, 60, 60], id="exponential"),
    ],
)
def test_the_pauses_after_useless_restarts(text: str, pauses: list[float]) -> None:
    chosen = policy(f"backoff: {text}\n").terms(SINK).backoff
    assert [chosen.pause_seconds(useless) for useless in range(len(pauses))] == pauses


def test_jitter_differs_between_incidents_and_not_between_ticks() -> None:
    chosen = Backoff(Pace.EXPONENTIAL, base_seconds=100.0, cap_seconds=1000.0, jitter=0.2)
    first = [chosen.pause_seconds(2, f"id-{number}") for number in range(100)]
    assert first == [chosen.pause_seconds(2, f"id-{number}") for number in range(100)]
    assert len(set(first)) > 90
    assert 160 <= min(first) < 170 < 230 < max(first) <= 240


def test_no_jitter_goes_over_the_cap() -> None:
    chosen = Backoff(Pace.EXPONENTIAL, base_seconds=100.0, cap_seconds=1000.0, jitter=1.0)
    assert max(chosen.pause_seconds(9, f"id-{number}") for number in range(100)) == 1000.0


@pytest.mark.parametrize("environ", ["n2+n", "[0, 60]", "exponential", "0,60"])
def test_a_backoff_can_be_given_by_environment(environ: str) -> None:
    assert isinstance(from_text(MINIMAL, WATCHDOG_BACKOFF=environ).backoff, Backoff)


# Windows. 2026-11-28 is a Saturday.


@pytest.mark.parametrize(
    ("text", "now", "ends"),
    [
        pytest.param("Sat 02:00-04:00 UTC", "2026-11-28T02:00Z", "2026-11-28T04:00Z", id="its first moment"),
        pytest.param("Sat 02:00-04:00 UTC", "2026-11-28T04:00Z", None, id="its end is outside"),
        pytest.param("Sat 02:00-04:00 UTC", "2026-11-27T03:00Z", None, id="another day"),
        pytest.param("Fri 22:00-05:00", "2026-11-28T04:59Z", "2026-11-28T05:00Z", id="over midnight"),
        pytest.param("Fri 22:00-05:00", "2026-11-27T04:59Z", None, id="the night before"),
        pytest.param("Mon-Fri 08:00-09:00", "2026-11-25T08:30Z", "2026-11-25T09:00Z", id="several days"),
        pytest.param("Sat-Mon 08:00-09:00", "2026-11-29T08:30Z", "2026-11-29T09:00Z", id="over the weekend"),
        pytest.param("Mon,Sat 08:00-09:00", "2026-11-28T08:30Z", "2026-11-28T09:00Z", id="a list of days"),
        pytest.param("daily 00:00-24:00", "2026-11-28T23:59Z", "2026-11-29T00:00Z", id="the whole day"),
        pytest.param("Sat 02:00-04:00 Europe/Berlin", "2026-11-28T01:30Z", "2026-11-28T03:00Z", id="a zone in winter"),
        pytest.param("Sat 02:00-04:00 Europe/Berlin", "2026-07-04T00:30Z", "2026-07-04T02:00Z", id="a zone in summer"),
        pytest.param("Sun 01:00-04:00 Europe/Berlin", "2026-10-25T02:30Z", "2026-10-25T03:00Z", id="the long night"),
        pytest.param(
            "Fri 20:00-22:00 America/New_York", "2026-11-28T02:00Z", "2026-11-28T03:00Z", id="yesterday there"
        ),
        pytest.param(
            "2026-11-28 02:00 until 2026-11-29 03:00 UTC", "2026-11-29T02:59Z", "2026-11-29T03:00Z", id="once"
        ),
        pytest.param("2026-11-28 until 2026-11-29", "2026-11-28T00:00Z", "2026-11-29T00:00Z", id="whole days"),
        pytest.param("2026-11-28 until 2026-11-29", "2026-11-29T00:00Z", None, id="over"),
        pytest.param(
            "2026-11-28T02:00+05:00 until 2026-11-28T03:00+05:00", "2026-11-27T21:30Z", "2026-11-27T22:00Z", id="offset"
        ),
    ],
)
def test_a_window_is_open_until(text: str, now: str, ends: str | None) -> None:
    expected = datetime.fromisoformat(ends) if ends else None
    assert window(text).ends(datetime.fromisoformat(now).astimezone(UTC)) == expected


def test_of_windows_that_overlap_the_last_one_to_end_counts() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    windows = (
        window("daily 11:00-13:00"),
        window("2026-03-01 11:00 until 2026-03-01 18:00"),
        window("daily 14:00-23:00"),
    )
    for each in (windows, windows[::-1]):
        assert open_until(each, now) == datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def test_a_window_may_be_written_as_from_until_and_zone() -> None:
    terms = policy(
        "policies:\n  - connector: '*'\n    silences:\n"
        "      - from: 2026-11-28 02:00\n        until: 2026-11-28 04:00\n"
        "        zone: Europe/Berlin\n"
    ).terms(SINK)
    (silence,) = terms.silences
    assert silence.ends(datetime(2026, 11, 28, 1, 30, tzinfo=UTC)) == datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


ALL = """\
policies:
  - connector: orders-*
    cluster: def*
    mode: propose
    never: false
    causes: [AUTH, HIS-03]
    attempts_max: 4
    backoff: {base_seconds: 5, cap_seconds: 60, jitter: 0.5}
    stability_window_seconds: 10
    maintenance: [Sat 02:00-04:00 UTC, 2026-12-24 until 2026-12-27 Europe/Berlin]
    silences: [daily 01:00-02:00]
  - connector: orders-sink
    resume: true
    backoff: [1, 2]
backoff: n2+n
"""


def test_what_is_shown_can_be_given_again() -> None:
    before = from_text(MINIMAL + ALL)
    again = from_text(yaml.safe_dump(before.shown()))
    assert policy_of(again, dry_run=False).terms(SINK) == policy_of(before, dry_run=False).terms(SINK)
    assert again.shown() == before.shown()


def entry(line: str) -> str:
    return f"policies:\n  - connector: x-*\n    mode: auto\n    {line}\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param("mode: off", "w.yaml:6: policies[0].mode: is given twice", id="twice"),
        pytest.param(
            "resume: true", "w.yaml:6: policies[0].resume: ends what a person decided", id="resume by pattern"
        ),
        pytest.param("causes: [AUHT]", "w.yaml:6: policies[0].causes[0]: there is neither", id="unknown cause"),
        pytest.param("causes: [AUHT]", "did you mean AUTH?", id="what it may be"),
        pytest.param("backoff: squares", "w.yaml:6: policies[0].backoff: must be n2+n", id="no preset"),
        pytest.param("backoff: [1, x]", "w.yaml:6: policies[0].backoff: must be n2+n", id="no number"),
        pytest.param("backoff: [99999]", "99999 is not between 0 and 21600", id="too long a pause"),
        pytest.param("backoff: [nan]", "nan is not between", id="not a number"),
        pytest.param("backoff: {base: 3}", "w.yaml:6: policies[0].backoff: must be", id="unknown key of a backoff"),
        pytest.param("maintenance: [Sat]", "w.yaml:6: policies[0].maintenance[0]: must be such as", id="no window"),
        pytest.param("maintenance: [Sat 25:00-26:00]", "no such time of the day: 25:00", id="no time"),
        pytest.param("maintenance: [Abc 01:00-02:00]", "no day of the week 'Abc'", id="no day"),
        pytest.param("maintenance: [Sat 01:00-02:00 Moon/Sea]", "no time zone 'Moon/Sea'", id="no zone"),
        pytest.param("maintenance: [Sat 01:00-02:00 ../../etc]", "no time zone '../../etc'", id="a path is no zone"),
        pytest.param("maintenance: [2026-12-24 until 2026-12-23]", "ends before it begins", id="backwards"),
        pytest.param("maintenance: [2026-13-24 until 2026-12-23]", "must be such as", id="no date"),
        pytest.param("maintenance: [{from: 2026-12-24}]", "must be such as", id="no end"),
        pytest.param("silences: Sat 01:00-02:00", "policies[0].silences: must be a list", id="no list"),
        pytest.param("attempts_max: 0", "w.yaml:6: policies[0].attempts_max: must be greater", id="no attempt"),
        pytest.param("nevr: true", "w.yaml:6: policies[0].nevr: is no setting: did you mean never?", id="unknown key"),
    ],
)
def test_what_is_wrong_in_a_policy_is_told_by_line_and_key(line: str, told: str) -> None:
    (problem,) = problems(MINIMAL + entry(line))
    assert told in problem


def test_every_mistake_in_the_policies_is_told_at_once() -> None:
    text = (
        entry("resume: true\n    maintenance: [never, Sat 1-2]\n    backoff: x")
        + "backoff: y\nrestarts_per_minute: 0\n"
    )
    found = problems(MINIMAL + text)
    assert [problem.split(": ")[1] for problem in found] == [
        "policies[0].resume",
        "policies[0].maintenance[0]",
        "policies[0].maintenance[1]",
        "policies[0].backoff",
        "backoff",
        "restarts_per_minute",
    ]


def test_the_squares_grow_until_their_cap() -> None:
    pauses: list[Any] = [Backoff().pause_seconds(useless) for useless in range(30)]
    assert all(one <= other for one, other in pairwise(pauses))


def test_the_pauses_after_each_409_in_a_row_grow_to_half_a_minute() -> None:
    assert [conflict_seconds(count) for count in (1, 2, 3, 4, 5, 6, 1000)] == [2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("backoff", "words"),
    [
        (Backoff(), "n2+n: n² + n minutes, capped at 60"),
        (Backoff(Pace.LIST, steps=(5.0, 9.0)), "a list of 2 pauses, the last one goes on"),
        (Backoff(Pace.EXPONENTIAL, jitter=0), "exponential: 30 s, doubled each time, capped at 3600 s"),
        (Backoff(Pace.EXPONENTIAL), "exponential: 30 s, doubled each time, capped at 3600 s, give or take 20%"),
    ],
)
def test_a_backoff_in_words(backoff: Backoff, words: str) -> None:
    assert str(backoff) == words
