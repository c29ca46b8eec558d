"""Many fail together: a budget, an order, one to try first, one incident, and everything recovered in the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.core.scene import START
from tests.core.storm import NO_SPACE, Storm, with_policy
from watchdog.model import CallResult, Category, ConnectorKey, Incident, Phase, Request, Resolution, Verdict
from watchdog.policy import Mode, Rule
from watchdog.report import documents

BUDGET = 10


def storm(count: int = 20, **given: object) -> Storm:
    return Storm(count, with_policy(**{"restarts_per_minute": BUDGET, **given}))


def names_of(storm: Storm, numbers: Iterable[int]) -> list[str]:
    return [f"sink-{number:04}" for number in numbers]


def the_one_told(storm: Storm) -> Incident:
    (told,) = storm.told
    return told


def test_row_3_500_of_1000_tasks_fail_at_once() -> None:
    """A shared cause that lasts for ten minutes: a volume is full."""
    budget = 60
    world = storm(1000, restarts_per_minute=budget)
    world.step_seconds = 20.0
    failed = names_of(world, range(0, 1000, 2))
    world.fail(failed)
    world.tick()
    leader = the_one_told(world)
    assert leader.key.connector == failed[0]
    assert world.memory.circuits["main"].open
    while world.now < START + timedelta(minutes=10):
        world.pass_seconds(20)
        assert the_one_told(world).id == leader.id
    # While the cause is there one is tried after the other, less and less often, not 500.
    assert [name for _, name in world.restarts] == failed[: len(world.restarts)]
    assert 1 < len(world.restarts) <= 4
    tried = len(world.restarts)

    world.mend()
    told: set[str] = set()
    while any(i.open for i in world.memory.incidents.values()) and world.now < START + timedelta(hours=2):
        world.pass_seconds(20)
        told |= {each.id for each in world.told}
    assert told == {leader.id}
    assert {i.resolution for i in world.memory.incidents.values()} == {Resolution.RECOVERED}
    assert len(world.memory.incidents) == 500
    assert world.most_in_a_minute() == budget
    assert not world.memory.circuits["main"].open
    # One first, and nobody else before it recovered; then each one once, in their order.
    after = world.restarts[tried:]
    first_at, first = after[0]
    assert all(at > first_at for at, _ in after[1:])
    recovered_at = world.incidents[first].recovered_at or world.incidents[first].resolved_at
    assert recovered_at is not None
    assert min(at for at, _ in after[1:]) >= recovered_at
    never_tried = [name for name in failed if name not in {n for _, n in world.restarts[:tried]}]
    assert [name for _, name in after if name in never_tried] == never_tried
    assert sorted(name for _, name in after) == failed
    members = documents.incident(world.memory.incidents[leader.id], tuple(world.memory.incidents.values()))["members"]
    assert len(members) == 500
    assert len(world.entries("circuit")) == 2


def test_the_same_storm_goes_the_same_way_twice() -> None:
    def played() -> list[tuple[object, str]]:
        world = storm(60)
        world.fail(reversed(names_of(world, range(40))))
        world.pass_seconds(120)
        world.mend()
        world.pass_seconds(900)
        return list(world.restarts)

    assert played() == played()


def test_our_own_restart_in_the_middle_changes_neither_order_nor_budget() -> None:
    calm, crashed = storm(60), storm(60)
    for world in (calm, crashed):
        world.fail(names_of(world, range(40)))
        world.pass_seconds(60)
        world.mend()
        for _ in range(60):
            world.pass_seconds(15)
            if world is crashed:
                world.crash()
    assert crashed.restarts == calm.restarts
    assert crashed.most_in_a_minute() == BUDGET
    assert all(not i.open for i in crashed.memory.incidents.values())


def test_a_few_that_fail_together_open_no_circuit_and_go_at_once() -> None:
    world = storm(100)
    world.fail(names_of(world, range(9)), lasting=False)
    world.pass_seconds(30)
    assert [name for _, name in world.restarts] == names_of(world, range(9))
    assert not world.memory.circuits


def test_many_that_are_a_small_share_of_all_keep_to_the_budget_alone() -> None:
    world = storm(200)
    world.fail(names_of(world, range(15)), lasting=False)
    world.pass_seconds(60)
    assert not world.memory.circuits
    assert len(world.restarts) == BUDGET
    assert "gets 10 restarts a minute at most" in world.incidents["sink-0014"].reason
    world.pass_seconds(60)
    assert len(world.restarts) == 15


def test_two_causes_are_each_tried_once_first() -> None:
    world = storm(40)
    world.fail(names_of(world, range(10)))
    world.fail(names_of(world, range(10, 20)), "java.io.IOException: and this is something else\n\tat x.Y.z(Y.java:1)")
    world.pass_seconds(60)
    assert [name for _, name in world.restarts] == ["sink-0000", "sink-0010"]
    assert len(world.told) == 2


def test_when_the_first_one_is_paused_by_a_person_the_next_is_tried() -> None:
    world = storm(20)
    world.fail(names_of(world, range(12)), lasting=False)
    world.paused.add("sink-0000")
    world.fail(["sink-0012"], lasting=False)
    world.pass_seconds(20)
    assert [name for _, name in world.restarts] == ["sink-0001"]


def test_one_that_stays_broken_does_not_hold_up_the_others() -> None:
    world = storm(40)
    world.fail(names_of(world, range(30)))
    world.pass_seconds(15)
    world.mend()
    world.broken["sink-0005"] = NO_SPACE
    world.pass_seconds(900)
    assert [name for name, each in world.incidents.items() if each.open and not each.recovered_at] == ["sink-0005"]


def test_a_cause_that_lasts_is_given_up_once_for_all_of_its_members() -> None:
    world = storm(40, attempts_max=3)
    world.step_seconds = 30.0
    world.fail(names_of(world, range(30)))
    world.pass_seconds(7200)
    assert len(world.restarts) == 3
    assert the_one_told(world).verdict is Verdict.EXHAUSTED
    # A person lets it begin again: for the one that is told, and with it for all.
    world.mend()
    leader = the_one_told(world)
    world.tick(Request("r1", "approve", leader.key, world.now, arguments={"incident": leader.id}))
    assert len(world.restarts) == 4
    world.pass_seconds(1200)
    assert not [i for i in world.memory.incidents.values() if i.open]


def test_who_approves_the_one_that_is_told_lets_all_of_them_go_in_their_turn() -> None:
    world = storm(40, mode=Mode.PROPOSE)
    world.fail(names_of(world, range(30)), lasting=False)
    world.pass_seconds(120)
    assert not world.restarts
    leader = the_one_told(world)
    assert leader.verdict is Verdict.PROPOSE
    world.tick(Request("r1", "approve", leader.key, world.now, arguments={"incident": leader.id}))
    assert [name for _, name in world.restarts] == ["sink-0000"]
    world.pass_seconds(900)
    assert [name for _, name in world.restarts] == names_of(world, range(30))
    assert not [i for i in world.memory.incidents.values() if i.open]


def test_row_45_one_cause_breaks_20_sinks_and_is_one_incident_with_20_members_and_one_budget() -> None:
    """No table, no database and no statement are known; the words at the same time have to do."""
    world = storm(20)
    trace = (
        "org.apache.kafka.connect.errors.ConnectException: JDBC sink connector failure\nCaused by: x.Odd: {} says no\n"
    )
    for number, name in enumerate(world.names):
        world.fail([name], trace.format(name), lasting=False)
        if number % 2:
            world.pass_seconds(1)
    world.pass_seconds(5)
    leader = the_one_told(world)
    assert leader.key.connector == "sink-0000"
    members = documents.incident(leader, tuple(world.memory.incidents.values()))["members"]
    assert [member["connector"] for member in members] == world.names
    while any(i.open for i in world.memory.incidents.values()):
        world.pass_seconds(5)
        assert [each.id for each in world.told] in ([leader.id], [])
        assert world.now < START + timedelta(hours=1)
    assert world.most_in_a_minute() == BUDGET
    assert [name for _, name in world.restarts] == world.names


@pytest.mark.parametrize(
    ("traces", "told"),
    [
        pytest.param(["x.Odd: no\n", "x.Odd: no\n"], 1, id="the same words"),
        pytest.param(["x.Odd: offset 5\n", "x.Odd: offset 77\n"], 1, id="but for numbers"),
        pytest.param(["x.Odd: no\n", "x.Odd: yes\n"], 2, id="other words"),
        pytest.param(
            [
                "java.net.ConnectException: Connection refused: db:3306",
                "java.net.ConnectException: Connection refused: db:3307",
            ],
            2,
            id="two servers",
        ),
        pytest.param(
            [
                "java.sql.SQLException: Access denied for user 'dw'@'10.0.0.1' (using password: YES)",
                "java.sql.SQLException: Access denied for user 'dw'@'10.0.0.2' (using password: YES)",
            ],
            2,
            id="two doors",
        ),
    ],
)
def test_the_same_words_at_the_same_time_are_one_cause(traces: list[str], told: int) -> None:
    world = storm(5)
    for name, trace in zip(world.names, traces, strict=False):
        world.fail([name], trace)
    world.tick()
    assert len(world.told) == told


def test_the_same_words_much_later_are_another_incident() -> None:
    world = storm(5)
    world.fail(["sink-0000"])
    world.pass_seconds(130)
    world.fail(["sink-0001"])
    world.tick()
    assert len(world.told) == 2


def test_row_2_a_task_that_fails_forever_is_tried_less_and_less_and_given_up_once() -> None:
    world = storm(20)
    world.step_seconds = 1.0
    world.fail(["sink-0000"], "java.net.ConnectException: Connection refused")
    world.pass_seconds(30)
    begun = world.restarts[0][0]
    world.step_seconds = 15.0
    for _ in range(48):
        world.pass_seconds(15 * 60)
        # No other connector is delayed by it: what fails meanwhile has its try within seconds.
        if world.now < START + timedelta(hours=3):
            sent = len(world.restarts)
            world.fail(["sink-0007"], "x.Odd: passes\n", lasting=False)
            world.pass_seconds(30)
            assert "sink-0007" in [name for _, name in world.restarts[sent:]]
            world.pass_seconds(30)
    times = [at for at, name in world.restarts if name == "sink-0000"]
    minutes = [(later - earlier).total_seconds() / 60 for earlier, later in pairwise(times)]
    assert times[0] == begun
    assert [round(each) for each in minutes] == [2, 6, 12, 20, 30, 42, 56]
    assert all(pause >= n * n + n for n, pause in enumerate(minutes, 1))
    incident = world.incidents["sink-0000"]
    assert (incident.open, incident.verdict, len(times)) == (True, Verdict.EXHAUSTED, 8)
    assert len([text for text in world.entries("decided") if text.startswith("exhausted")]) == 1


def test_row_1_a_task_that_failed_once_is_restarted_once() -> None:
    world = storm(3)
    world.step_seconds = 1.0
    world.fail(["sink-0001"], "x.Odd: passes\n", lasting=False)
    world.pass_seconds(60)
    (incident,) = world.memory.incidents.values()
    assert [name for _, name in world.restarts] == ["sink-0001"]
    kinds = [entry.kind for entry in world.timeline]
    assert kinds.index("intent") < kinds.index("answer") < kinds.index("resolved")
    assert world.memory.counters.get("restarts_total", "main", "sink-0001", "accepted") == 1
    assert (incident.phase, incident.resolution) == (Phase.RESOLVED, Resolution.RECOVERED)
    # It was well for long enough: what fails now is another incident, its counter at zero.
    world.fail(["sink-0001"], "x.Odd: passes\n", lasting=False)
    world.tick()
    assert [len(i.attempts) for i in world.memory.incidents.values()] == [1, 0]


def test_a_rebalance_that_answers_409_to_everybody_brings_no_storm_of_calls() -> None:
    world = storm(40)
    world.step_seconds = 1.0
    world.answer = CallResult.CONFLICT
    world.fail(names_of(world, range(3)), lasting=False)
    world.pass_seconds(310)
    assert len(world.restarts) <= 3 * 14
    assert all(len(i.attempts) <= 1 for i in world.memory.incidents.values())
    world.answer = CallResult.ACCEPTED
    world.pass_seconds(120)
    assert all(not i.open for i in world.memory.incidents.values())


def test_another_clusters_rule_or_budget_is_not_ours() -> None:
    rules = (Rule("*", cluster="other", never=True),)
    world = storm(3, rules=rules, budgets={"other": 1})
    world.fail(world.names, lasting=False)
    world.pass_seconds(30)
    assert len(world.restarts) == 3
    assert world.incidents["sink-0000"].diagnosis.cause.category is Category.UNKNOWN
    assert world.incidents["sink-0000"].key == ConnectorKey("main", "sink-0000")
