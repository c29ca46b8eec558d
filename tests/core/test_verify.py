"""Did it really recover: what proves that data flows again, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import SINK, START
from watchdog import lifecycle
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Code,
    ConnectorStatus,
    Incident,
    Offsets,
    Probe,
    State,
    Symptom,
    TaskStatus,
    Verdict,
)
from watchdog.policy import Policy
from watchdog.verify import progress, verify

CAUSE = Cause(Category.UNKNOWN, Advice.ONCE, "odd")
RUNNING = ConnectorStatus("main", "dw-sink", State.RUNNING, "sink", tasks=(TaskStatus(0, State.RUNNING),))
NOTHING = Offsets()
POLICY = Policy(stability_window_seconds=5.0)


def restarted(baseline: Offsets = NOTHING, stuck: dict[str, tuple[int, int]] | None = None) -> Incident:
    """RUNNING since the start; `stuck`: by partition, the first and the last record that it failed on."""
    opened = lifecycle.opened(SINK, (Symptom(Code.TASK_FAILED, SINK, 0, ""),), CAUSE, START - timedelta(seconds=60))
    diagnosis = replace(opened.diagnosis, stuck=stuck or {})
    return replace(opened, diagnosis=diagnosis, baseline=baseline, verifying_since=START, running_since=START)


def sink(end: int = 25, *, known: bool = True, **committed: int) -> Offsets:
    """`a=21`: what is committed of the partition `a`; the records of each end at `end`."""
    return Offsets(dict(committed), dict.fromkeys(committed, end), known=known)


def source(text: str) -> Offsets:
    return Offsets(source=text, known=True)


STUCK = {"a": (21, 23)}


@pytest.mark.parametrize(
    ("incident", "offsets", "proof"),
    [
        pytest.param(restarted(stuck=STUCK), sink(a=24), "passed the records", id="past what it was stuck on"),
        pytest.param(restarted(stuck=STUCK), sink(a=23), "", id="at the last of them"),
        pytest.param(restarted(stuck=STUCK), sink(a=23, end=23), "", id="at the last of them, which is the end"),
        pytest.param(restarted(stuck={**STUCK, "b": (1, 1)}), sink(a=24, b=1), "", id="past it in one partition"),
        pytest.param(restarted(stuck=STUCK), sink(b=24), "", id="nothing is committed there"),
        pytest.param(restarted(stuck=STUCK), sink(a=24, known=False), "", id="its offsets cannot be read"),
        pytest.param(restarted(source("x")), source("y"), "the source's offset moved on", id="a source moved"),
        pytest.param(restarted(source("x")), source("x"), "", id="a source stands"),
        pytest.param(restarted(), source("y"), "", id="a source of which no earlier offset is known"),
        pytest.param(restarted(), sink(a=25), "read its topics to the end", id="everything is read"),
        pytest.param(restarted(), sink(a=25, b=24), "", id="everything is read of one partition"),
        pytest.param(restarted(sink(a=21)), sink(a=22), "committed offsets moved on", id="a sink moved"),
        pytest.param(restarted(sink(a=21)), sink(a=21), "", id="a sink stands"),
        pytest.param(
            restarted(sink()), sink(a=1), "committed offsets moved on", id="a sink committed for the first time"
        ),
        pytest.param(restarted(), sink(a=22), "", id="a sink of which no earlier offset is known"),
        pytest.param(restarted(), sink(), "", id="nothing is known"),
    ],
)
def test_what_proves_that_data_flows_again(incident: Incident, offsets: Offsets, proof: str) -> None:
    found = progress(incident, Probe(SINK, START, offsets=offsets))
    assert (proof in found) if proof else (found == "")


def test_what_was_read_before_the_restart_proves_nothing() -> None:
    late = Probe(SINK, START, offsets=sink(a=25))
    assert progress(restarted(), late)
    assert progress(restarted(), replace(late, at=START - timedelta(seconds=1))) == ""
    assert progress(replace(restarted(), verifying_since=None), late) == ""
    assert progress(restarted(), None) == ""


PROOF = Probe(SINK, START, offsets=sink(a=25))
NONE = Probe(SINK, START, offsets=sink(a=21))


@pytest.mark.parametrize(
    ("incident", "status", "probe", "seconds", "verdict"),
    [
        pytest.param(restarted(), RUNNING, PROOF, 4.9, Verdict.VERIFY, id="proved, and not stable yet"),
        pytest.param(restarted(), RUNNING, PROOF, 5, Verdict.RECOVERED, id="proved and stable"),
        pytest.param(
            restarted(), replace(RUNNING, state=State.UNASSIGNED), PROOF, 50, Verdict.VERIFY, id="not all of it runs"
        ),
        pytest.param(restarted(), RUNNING, NONE, 119, Verdict.VERIFY, id="no sign, within two flushes"),
        pytest.param(restarted(), RUNNING, NONE, 120, Verdict.RECOVERED, id="no sign, and nothing that waits"),
        pytest.param(restarted(), RUNNING, None, 120, Verdict.RECOVERED, id="nobody can look"),
        pytest.param(restarted(), RUNNING, replace(NONE, waits=True), 9999, Verdict.VERIFY, id="records wait"),
        pytest.param(restarted(stuck=STUCK), RUNNING, NONE, 9999, Verdict.VERIFY, id="not past what it was stuck on"),
    ],
)
def test_it_is_recovered_only_when_it_is_stable_and_nothing_speaks_against_it(
    incident: Incident, status: ConnectorStatus, probe: Probe | None, seconds: float, verdict: Verdict
) -> None:
    assert verify(incident, status, probe, POLICY, START + timedelta(seconds=seconds))[0] is verdict


def test_where_offsets_are_flushed_often_three_windows_without_a_sign_are_enough() -> None:
    policy = replace(POLICY, flush_interval_seconds=lambda _: 1.0)
    told = [verify(restarted(), RUNNING, NONE, policy, START + timedelta(seconds=each))[0] for each in (14, 15)]
    assert told == [Verdict.VERIFY, Verdict.RECOVERED]


@pytest.mark.parametrize("seen_after", [None, -1, 4])
def test_time_in_which_nobody_saw_it_proves_nothing(seen_after: int | None) -> None:
    seen_at = None if seen_after is None else START + timedelta(seconds=seen_after)
    proof = Probe(SINK, START + timedelta(seconds=1), sink(a=25))
    assert verify(restarted(), RUNNING, proof, POLICY, seen_at)[0] is Verdict.VERIFY
    assert verify(restarted(), RUNNING, proof, POLICY, START + timedelta(seconds=5))[0] is Verdict.RECOVERED
