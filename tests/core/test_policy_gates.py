"""What a policy or a person says, and what then is and is not done: on scenes whose time is ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.core.scene import (
    ADDED,
    CREATED,
    DENIED_TRACE,
    DOWN_TRACE,
    DRIFT_TRACE,
    NEW_COLUMN,
    ODD_TRACE,
    OLD_COLUMNS,
    SINK,
    START,
    Scene,
    shape,
)
from watchdog.codec import from_document, to_document
from watchdog.model import CallResult, ClusterView, Incident, Phase, Request, Resolution, State, Verdict
from watchdog.policy import Mode, Policy, Rule
from watchdog.policy.backoff import Backoff, Pace
from watchdog.settings.policies import window

FITS = (*OLD_COLUMNS, NEW_COLUMN)


def policy(**given: Any) -> Policy:
    known = {"stability_window_seconds", "transient_delay_seconds", "dry_run"}
    rule = {name: value for name, value in given.items() if name not in known}
    more = {name: value for name, value in given.items() if name in known}
    return Policy(**{"stability_window_seconds": 5.0, **more}, rules=(Rule("dw-*", **rule),) if rule else ())


def drifted(**given: Any) -> Scene:
    """A drift whose column is at the target by now: a restart would help."""
    scene = Scene(policy=policy(**given))
    scene.drift()
    scene.target = FITS
    scene.tick()
    return scene


def request(scene: Scene, verb: str, **arguments: Any) -> Request:
    return Request(
        f"r{len(scene.timeline)}", verb, SINK, scene.now, arguments={"incident": scene.incident.id, **arguments}
    )


def ask(scene: Scene, verb: str, **arguments: Any) -> Request:
    asked = request(scene, verb, **arguments)
    scene.tick(request=asked)
    return scene.memory.requests[asked.id]


def useless(scene: Scene) -> None:
    """The restart that was sent is answered, and the task fails on the same record again."""
    scene.answer()
    trace = scene.incident.trace
    scene.run()
    scene.pass_seconds(1)
    scene.fail(trace)
    scene.pass_seconds(1)


def well(scene: Scene, seconds: float = 7.0) -> None:
    scene.run()
    scene.committed = scene.end
    scene.pass_seconds(seconds, step=1.0 if seconds < 20 else 5.0)


# What the policy holds back.


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"never": True}, "the policy says never", id="never"),
        pytest.param(
            {"causes": ("CONNECTIVITY", "AUTH")}, "acts on CONNECTIVITY, AUTH, not on SCHEMA_DRIFT", id="causes"
        ),
        pytest.param({"mode": Mode.OBSERVE}, "the mode for this connector is observe", id="observe"),
        pytest.param(
            {"maintenance": (window("daily 11:00-13:00"),)},
            "in maintenance until Sun 2026-03-01 13:00 UTC",
            id="window",
        ),
    ],
)
def test_what_the_policy_forbids_is_held_shown_and_still_detected(given: dict[str, Any], said: str) -> None:
    scene = drifted(**given)
    scene.pass_seconds(60)
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.HOLD
    assert said in scene.incident.reason
    assert scene.incident.diagnosis.columns == ("unexpected_field",)
    assert ask(scene, "approve").state == "refused"
    assert scene.restarts == 0


def test_what_was_held_for_maintenance_goes_when_the_window_ends() -> None:
    scene = drifted(maintenance=(window("2026-03-01 11:00 until 2026-03-01 12:01"),))
    scene.pass_seconds(58)
    assert scene.restarts == 0
    scene.pass_seconds(4)
    assert scene.restarts == 1


def test_the_rule_of_one_connector_is_not_that_of_another() -> None:
    scene = Scene(policy=policy(never=True), reachable=True)
    scene.fail(DENIED_TRACE, "oltp-source", "source")
    scene.pass_seconds(2)
    assert scene.restarts == 1


@pytest.mark.parametrize("state", [State.PAUSED, State.STOPPED])
def test_a_person_s_pause_stands_unless_the_policy_names_the_connector(state: State) -> None:
    left = drifted(mode=Mode.OBSERVE)
    left.policy = policy(mode=Mode.AUTO)
    left.set_state(state)
    left.pass_seconds(300, step=20)
    assert left.sent == []
    assert left.incident.verdict is Verdict.LEAVE_ALONE

    named = drifted(mode=Mode.OBSERVE)
    named.policy = policy(resume=True)
    named.set_state(state)
    named.target = OLD_COLUMNS
    named.pass_seconds(120, step=20)
    assert named.sent == []
    named.target = FITS
    named.pass_seconds(30)
    assert [action.verb for action in named.sent] == ["resume"]
    assert "resume dw-sink" in next(e.text for e in named.timeline if e.kind == "intent")
    # Paused again by that person: it is not fought over.
    named.pass_seconds(300, step=20)
    assert len(named.sent) == 1
    known = named.memory.incident_of(SINK)
    assert known is not None
    assert "resumed once" in known.reason
    well(named, 200)
    known = named.memory.incident_of(SINK)
    assert known is not None
    assert known.resolution is Resolution.RECOVERED


# Proposals.


def test_a_proposal_says_what_would_be_done_and_waits() -> None:
    scene = drifted(mode=Mode.PROPOSE)
    scene.pass_seconds(3600, step=60)
    assert scene.restarts == 0
    assert scene.incident.verdict is Verdict.PROPOSE
    assert "would restart the failed tasks of dw-sink now (observed: " in scene.incident.reason
    assert f"`watchdog approve {scene.incident.id}`" in scene.incident.reason
    assert sum(e.text.startswith("propose") for e in scene.timeline) == 1


def down(**given: Any) -> Scene:
    """Nothing tells whether the target is there again: it is tried."""
    scene = Scene(policy=policy(transient_delay_seconds=0.0, **given))
    scene.fail(DOWN_TRACE)
    scene.pass_seconds(2)
    return scene


def test_approve_lets_exactly_that_restart_go_once() -> None:
    scene = down(mode=Mode.PROPOSE)
    # Nobody saw that it would help, and nobody says so.
    assert "observed" not in scene.incident.reason
    asked = ask(scene, "approve")
    assert (asked.state, scene.restarts) == ("sent", 1)
    assert [e.text for e in scene.timeline if e.kind == "request"] == ["a person approved: restart dw-sink"]
    assert scene.incident.attempts[-1].by == "approval"
    useless(scene)
    assert scene.memory.requests[asked.id].state == "accepted"
    scene.pass_seconds(600, step=20)
    # It did not help: what comes next is a proposal of its own.
    assert scene.restarts == 1
    assert scene.incident.verdict is Verdict.PROPOSE


def test_a_proposal_that_does_not_hold_any_more_cannot_be_approved() -> None:
    scene = drifted(mode=Mode.PROPOSE)
    scene.target = OLD_COLUMNS
    asked = ask(scene, "approve")
    assert (asked.state, scene.restarts) == ("refused", 0)
    assert "ALTER TABLE" in asked.detail
    scene.target = FITS
    scene.pass_seconds(60)
    assert scene.restarts == 0


def test_an_approval_that_came_to_nothing_is_none_an_hour_later() -> None:
    scene = drifted(mode=Mode.PROPOSE)
    scene.memory = scene.memory.with_incident(replace(scene.incident, approved_at=scene.now - timedelta(seconds=3601)))
    scene.pass_seconds(60)
    assert scene.restarts == 0


def test_without_a_running_loop_only_what_was_asked_for_is_done() -> None:
    scene = drifted(mode=Mode.PROPOSE)
    scene.policy = replace(scene.policy, dry_run=True)
    scene.pass_seconds(5)
    assert scene.restarts == 0
    assert ask(scene, "approve").state == "sent"
    assert scene.restarts == 1


def test_a_target_that_cannot_be_seen_gets_one_try_when_a_person_says_so() -> None:
    scene = Scene(target=None, policy=policy())
    scene.learn(CREATED, ADDED)
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(60)
    assert scene.restarts == 0
    assert "cannot be told from here" in scene.incident.reason
    assert ask(scene, "approve").state == "sent"
    useless(scene)
    scene.pass_seconds(7200, step=60)
    assert scene.restarts == 1


def test_an_approval_waits_for_the_look_that_may_speak_against_it() -> None:
    scene = Scene(probing=False, policy=policy())
    scene.learn(CREATED, ADDED)
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(30)
    asked = request(scene, "approve")
    scene.tick(request=asked)
    assert scene.restarts == 0
    scene.probing, scene.shapes = True, (shape("id", "customer", "unexpected_field"),)
    scene.now += timedelta(seconds=2)
    scene.tick(request=asked)
    assert scene.memory.requests[asked.id].state == "refused"
    assert scene.restarts == 0


def test_what_was_carried_out_is_not_carried_out_once_more_though_it_is_read_again() -> None:
    scene = drifted(mode=Mode.OBSERVE)
    asked = request(scene, "pause")
    for _ in range(2):
        scene.tick(request=asked)
    assert [action.verb for action in scene.sent] == ["pause"]


def test_an_approval_waits_for_the_first_look_at_its_cluster() -> None:
    """Such as after a restart of ours: what nobody looked at yet is no reason to refuse."""
    scene = drifted(mode=Mode.PROPOSE)
    look, asked = scene.observation, request(scene, "approve")
    scene.observation = lambda: replace(look(), clusters={"main": ClusterView("main")})  # type: ignore[method-assign]
    scene.tick(request=asked)
    assert asked.id not in scene.memory.requests
    scene.observation = look  # type: ignore[method-assign]
    scene.tick(request=asked)
    assert (scene.memory.requests[asked.id].state, scene.restarts) == ("sent", 1)


@pytest.mark.parametrize("verb", ["approve", "silence"])
def test_nothing_is_said_of_an_incident_that_is_over(verb: str) -> None:
    scene = drifted()
    scene.answer()
    well(scene)
    assert not scene.incident.open
    asked = ask(scene, verb, until=(scene.now + timedelta(hours=1)).isoformat())
    assert (asked.state, asked.detail) == ("refused", "the incident is over")


def test_what_runs_already_needs_no_approval() -> None:
    scene = drifted()
    scene.answer()
    scene.run()
    scene.pass_seconds(1)
    assert ask(scene, "approve").state == "refused"
    assert scene.restarts == 1


def test_a_restart_that_a_person_asks_for_while_it_is_proved_begins_the_proof_anew() -> None:
    scene = drifted()
    scene.answer()
    scene.run()
    scene.committed = scene.end
    scene.pass_seconds(4)
    assert ask(scene, "restart").state == "sent"
    scene.answer()
    scene.pass_seconds(4)
    assert scene.incident.phase is Phase.VERIFYING
    scene.pass_seconds(3)
    assert scene.incident.resolution is Resolution.RECOVERED


def test_an_answer_ends_the_count_of_the_409_before_it() -> None:
    scene = drifted()
    for seconds in (2, 4):
        scene.answer(CallResult.CONFLICT)
        scene.pass_seconds(seconds)
    assert (scene.restarts, scene.incident.conflicts) == (3, 2)
    scene.answer()
    assert (scene.incident.conflicts, scene.incident.not_before) == (0, None)


# Giving up.


def given_up() -> Scene:
    scene = down(attempts_max=3, backoff=Backoff(Pace.LIST, steps=(10.0,)))
    for _ in range(3):
        useless(scene)
        scene.pass_seconds(12)
    return scene


def test_giving_up_is_one_line_and_stays_whatever_the_remedy_does() -> None:
    scene = given_up()
    assert (scene.restarts, scene.incident.verdict) == (3, Verdict.EXHAUSTED)
    for reachable in (False, True, False, None):
        scene.reachable = reachable
        scene.pass_seconds(60)
    scene.healthy = False
    scene.pass_seconds(60)
    scene.healthy = True
    scene.pass_seconds(60)
    assert (scene.restarts, scene.incident.verdict) == (3, Verdict.EXHAUSTED)
    assert [e.text.split(":")[0] for e in scene.timeline if e.kind == "decided"].count("exhausted") == 1


def test_approve_begins_again_at_zero() -> None:
    scene = given_up()
    assert ask(scene, "approve").state == "sent"
    assert (scene.restarts, len(scene.incident.attempts), len(scene.incident.counted)) == (4, 4, 1)
    for _ in range(3):
        useless(scene)
        scene.pass_seconds(12)
    assert (scene.restarts, scene.incident.verdict) == (6, Verdict.EXHAUSTED)
    # Numbers go on: the timeline tells each restart apart.
    assert [attempt.number for attempt in scene.incident.attempts] == [1, 2, 3, 4, 5, 6]


def test_approve_of_what_was_given_up_sends_nothing_while_the_cause_is_seen_to_be_there() -> None:
    scene = given_up()
    scene.reachable = False
    scene.pass_seconds(5)
    asked = ask(scene, "approve")
    assert (asked.state, scene.restarts) == ("accepted", 3)
    assert "attempts begin again; waiting until" in asked.detail
    scene.reachable = True
    scene.pass_seconds(2)
    assert scene.restarts == 4


# Flapping.


def test_a_task_that_fails_again_soon_after_it_was_called_recovered_goes_on_counting() -> None:
    scene = Scene(policy=policy(transient_delay_seconds=0.0))
    gaps: list[float] = []
    failed_at = scene.now
    for _ in range(4):
        scene.fail(ODD_TRACE.replace("com.example.Odd", "java.net.Connect"))
        before = scene.restarts
        scene.tick()
        while scene.restarts == before:
            scene.pass_seconds(5, step=5)
            assert scene.now < START + timedelta(hours=2)
        gaps.append((scene.now - failed_at).total_seconds())
        scene.answer()
        well(scene, 9)
        assert scene.incident.resolution is Resolution.RECOVERED
        failed_at = scene.now
    # n² + n minutes since the last restart, which came 10 s or so before it failed again.
    assert [round(gap / 60) for gap in gaps] == [0, 2, 6, 12]
    assert (len(scene.memory.incidents), scene.incident.reopened) == (1, 3)
    assert len(scene.incident.counted) == 4


def test_health_for_longer_than_the_last_interval_ends_the_story() -> None:
    scene = Scene(policy=policy(transient_delay_seconds=0.0))
    down = "java.net.ConnectException: refused\n"
    for _ in range(2):
        scene.fail(down)
        scene.pass_seconds(130)
        scene.answer()
        well(scene, 10)
    assert len(scene.memory.incidents) == 1
    # The last pause was two minutes.
    scene.pass_seconds(115)
    scene.fail(down)
    scene.tick()
    assert len(scene.memory.incidents) == 1
    well(scene, 500)
    scene.fail(down)
    scene.tick()
    assert len(scene.memory.incidents) == 2


def test_a_different_failure_after_the_recovery_is_not_called_useless() -> None:
    scene = drifted()
    scene.answer()
    well(scene)
    scene.fail(DENIED_TRACE)
    scene.tick()
    assert scene.incident.reopened == 1
    assert scene.incident.useless_restarts == 0


def test_running_blips_between_restarts_reset_nothing() -> None:
    scene = drifted(backoff=Backoff(Pace.LIST, steps=(60.0,)))
    for _ in range(5):
        useless(scene) if scene.incident.phase is Phase.RESTARTING else None
        scene.run()
        scene.pass_seconds(3)
        scene.fail(DRIFT_TRACE)
        scene.pass_seconds(3)
    assert scene.restarts == 1
    assert scene.incident.useless_restarts == 1


# Silences.


def silenced(scene: Scene, hours: float = 4, **arguments: Any) -> datetime:
    until = scene.now + timedelta(hours=hours)
    assert ask(scene, "silence", until=until.isoformat(), **arguments).state == "accepted"
    return until


def test_a_silence_mutes_keeps_open_and_lets_actions_go_on() -> None:
    scene = Scene(policy=policy())
    scene.drift()
    silenced(scene)
    assert [r.detail for r in scene.memory.requests.values()] == ["nobody is called until 2026-03-01 16:00 UTC"]
    assert scene.incident.open
    assert "silenced by a person until 2026-03-01 16:00 UTC" in scene.incident.muted
    scene.target = FITS
    scene.pass_seconds(2)
    assert scene.restarts == 1


def test_a_silence_with_no_action_holds_and_ends_by_itself() -> None:
    scene = drifted(mode=Mode.OBSERVE)
    until = silenced(scene, 0.1, no_action=True)
    scene.policy = policy()
    scene.pass_seconds(300, step=20)
    assert (scene.restarts, scene.incident.verdict) == (0, Verdict.HOLD)
    assert "and nothing is done" in scene.incident.muted
    while scene.now <= until:
        scene.pass_seconds(5)
    assert (scene.incident.muted, scene.restarts) == ("", 1)


def test_a_silence_can_be_ended() -> None:
    scene = Scene(policy=policy())
    scene.drift()
    silenced(scene)
    assert ask(scene, "silence").state == "accepted"
    assert scene.incident.muted == ""
    assert [e.text for e in scene.timeline if e.kind == "silence"][-1] == "the silence is over"


def test_a_policy_s_silence_mutes_in_its_window_only() -> None:
    scene = Scene(policy=policy(silences=(window("Sun 11:00-12:05"),)))
    scene.drift()
    assert "silenced by the policy until 2026-03-01 12:05 UTC" in scene.incident.muted
    scene.pass_seconds(300, step=10)
    assert scene.incident.muted == ""


def test_a_silence_is_not_lost_with_our_own_restart() -> None:
    scene = Scene(policy=policy())
    scene.drift()
    until = silenced(scene, no_action=True)
    again = from_document(Incident, to_document(scene.incident))
    assert (again.silenced_until, again.silence_holds) == (until, True)


def test_without_a_journal_nothing_is_said_and_nothing_is_done() -> None:
    scene = drifted(mode=Mode.PROPOSE)
    scene.cannot_act = "the journal cannot be written"
    assert ask(scene, "approve").detail == "the journal cannot be written"
    assert ask(scene, "silence", until=(scene.now + timedelta(hours=1)).isoformat()).state == "refused"
    assert (scene.restarts, scene.incident.muted) == (0, "")


def test_a_connection_failure_counts_like_any_other_through_blips() -> None:
    scene = Scene(policy=policy(attempts_max=2, backoff=Backoff(Pace.LIST, steps=(5.0,))), reachable=None)
    scene.fail(DOWN_TRACE)
    scene.pass_seconds(12)
    for _ in range(2):
        useless(scene)
        scene.pass_seconds(20)
    assert (scene.restarts, scene.incident.verdict) == (2, Verdict.EXHAUSTED)
