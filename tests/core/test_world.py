"""Messages → what is believed: the poll is the truth, a push is newer only until the next poll."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import CONFIGS, START, TARGET_ADDRESS
from watchdog.model import ConnectorStatus, DatabaseColumns, Poll, PushedStatus, State, TaskStatus
from watchdog.world import Configs, Expected, Heard, Pushed, World

RUNNING = ConnectorStatus("main", "dw-sink", State.RUNNING, "sink", tasks=(TaskStatus(0, State.RUNNING),))
FAILED_TASK = PushedStatus("main", "dw-sink", 0, State.FAILED, "w", "boom", START + timedelta(seconds=1))


def poll(seconds: float, *connectors: ConnectorStatus, **more: object) -> Poll:
    given = {"connectors": {c.name: c for c in connectors}, "configs": CONFIGS, "healthy": True, **more}
    return Poll("main", START + timedelta(seconds=seconds), **given)  # type: ignore[arg-type]


def push(seconds: float, *statuses: PushedStatus) -> Pushed:
    return Pushed("main", statuses, {}, START + timedelta(seconds=seconds))


def world(*messages: object) -> World:
    believed = World()
    for message in messages:
        believed = believed.after(message)
    return believed


def task_state(believed: World) -> State:
    return believed.observation(START).clusters["main"].connectors["dw-sink"].tasks[0].state


def test_a_push_is_seen_at_once() -> None:
    assert task_state(world(poll(0, RUNNING), push(1, FAILED_TASK))) is State.FAILED


def test_a_poll_that_began_after_the_push_is_the_truth() -> None:
    assert task_state(world(poll(0, RUNNING), push(1, FAILED_TASK), poll(2.1, RUNNING))) is State.RUNNING


def test_a_poll_that_began_before_the_push_does_not_undo_it() -> None:
    assert task_state(world(poll(0, RUNNING), push(1, FAILED_TASK), poll(0.5, RUNNING))) is State.FAILED


def test_an_answer_asked_for_right_after_a_push_may_be_behind_it() -> None:
    believed = world(poll(0, RUNNING), push(1, FAILED_TASK), poll(1.5, RUNNING))
    assert task_state(believed) is State.FAILED
    assert task_state(believed.after(poll(4.5, RUNNING))) is State.RUNNING


def test_a_push_waits_until_the_connectors_secrets_are_known() -> None:
    assert task_state(world(poll(0, RUNNING, configs={}), push(1, FAILED_TASK))) is State.RUNNING


def test_a_push_about_an_unknown_connector_invents_none() -> None:
    ghost = replace(FAILED_TASK, connector="ghost")
    assert set(world(poll(0, RUNNING), push(1, ghost)).observation(START).clusters["main"].connectors) == {"dw-sink"}


def test_a_failed_poll_keeps_what_was_known_and_says_why() -> None:
    view = world(poll(0, RUNNING), poll(3, error="refused")).observation(START).clusters["main"]
    assert view.error == "refused"
    assert view.polled_at == START
    assert "dw-sink" in view.connectors


@pytest.mark.parametrize(("complete", "left"), [(True, {"other"}), (False, {"other", "dw-sink"})])
def test_only_a_whole_answer_tells_that_something_is_gone(complete: bool, left: set[str]) -> None:
    other = replace(RUNNING, name="other")
    view = world(poll(0, RUNNING), poll(3, other, complete=complete)).observation(START).clusters["main"]
    assert set(view.connectors) == left


def test_configurations_of_deleted_connectors_are_forgotten() -> None:
    messages = poll(0, RUNNING), Configs("main", CONFIGS, whole=True), poll(3, RUNNING, configs={})
    assert set(world(*messages).observation(START).clusters["main"].configs) == {"dw-sink"}


def test_a_database_that_cannot_be_read_keeps_its_columns_and_their_age() -> None:
    good = DatabaseColumns(TARGET_ADDRESS, START, version="9.7")
    bad = DatabaseColumns(TARGET_ADDRESS, START + timedelta(seconds=9), error="down")
    believed = world(good, bad).observation(START).databases[TARGET_ADDRESS]
    assert (believed.at, believed.version, believed.error) == (START, "9.7", "down")


def test_a_source_of_observations_ages_while_it_fails() -> None:
    later = START + timedelta(seconds=60)
    (source,) = (
        world(Heard("main", "connect", START), Heard("main", "connect", later, "down")).observation(later).sources
    )
    assert (source.age_seconds(later), source.error) == (60.0, "down")


def test_a_source_that_never_answered_is_unseen_and_an_expectation_undoes_nothing_that_was_heard() -> None:
    world = World().after(Expected("main", "connect"))
    (unseen,) = world.observation(START).sources
    assert (unseen.unseen, unseen.age_seconds(START)) == (True, None)
    heard = world.after(Heard("main", "connect", START)).after(Expected("main", "connect"))
    (seen,) = heard.observation(START).sources
    assert (seen.unseen, seen.last_success) == (False, START)
    (failed,) = world.after(Heard("main", "connect", START, "no connection")).observation(START).sources
    assert not failed.unseen


def test_what_is_told_again_is_the_very_same_so_that_nothing_is_derived_anew() -> None:
    used = {"dw-sink": frozenset({"dataflow.oltp.orders"})}
    both = (RUNNING, replace(RUNNING, name="oltp-source", type="source"))
    first = world(poll(0, *both), replace(push(1), used_topics=used))
    again = first
    for message in (
        poll(3, *both, configs={}),
        Configs("main", {name: replace(config) for name, config in CONFIGS.items()}, whole=True),
        Pushed("main", (FAILED_TASK,), {name: frozenset(topics) for name, topics in used.items()}, START),
    ):
        again = again.after(message)
    one, other = (believed.observation(START).clusters["main"] for believed in (first, again))
    assert other.configs is one.configs
    assert other.used_topics is one.used_topics
