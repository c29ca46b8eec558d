"""A sink steps over what it cannot take: every other record arrives, every bad one is kept once, and the sink is in the
end what it was before; whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.stepping_sink import SINK, TOPIC, Crash, World, wanted_rows
from watchdog.errors import PortRefused, PortUnreachable
from watchdog.model import Offsets, RecordId, State, StepResult, Workflow
from watchdog.workflows import OneAtATime
from watchdog.workflows.narrowed import POLL_KEY

BAD, GOOD = "too long", "ok"


def broken(partitions: int = 3, each: int = 8) -> tuple[World, list[RecordId]]:
    """Bad ones first, last, in a row and alone."""
    world, bad = World(), []
    for partition in range(partitions):
        for number in range(each):
            is_bad = number in {0: (0, 3), 1: (3, 4, 7), 2: ()}[partition]
            where = world.write(100 * partition + number, BAD if is_bad else GOOD, partition)
            if is_bad:
                bad.append(where)
    world.sink_runs()
    assert world.connect.connectors[SINK.connector].failed
    return world, bad


def is_as_before(world: World, state: State = State.RUNNING) -> None:
    assert POLL_KEY not in world.connect.raw_configs[SINK.connector]
    assert world.connect.connectors[SINK.connector].state is state


def all_is_well(world: World, bad: list[RecordId], state: State = State.RUNNING) -> None:
    world.sink_runs()
    assert world.workflow.result == "done", world.workflow
    assert sorted(world.quarantine.ids(SINK)) == sorted(bad)
    assert world.rows == wanted_rows(world, without=bad)
    is_as_before(world, state)


def test_row_38_exactly_the_records_that_do_not_fit_are_kept_and_every_other_arrives() -> None:
    world, bad = broken()
    world.run()
    all_is_well(world, bad)
    assert world.steps[:6] == ["look", "copy", "verify", "narrow", "stop", "stopped"]
    assert "5 records in quarantine" in world.workflow.detail
    assert world.workflow.data["done"] == [[*each, "name has 8 characters, varchar(4) holds less"] for each in bad]


def test_the_connector_is_not_touched_before_every_copy_was_read_back() -> None:
    world, _bad = broken()
    seen: list[str] = []
    world.between = lambda step: seen.append(step) if not world.control.done else None
    world.run()
    assert seen[:3] == ["look", "copy", "verify"]


def test_it_takes_few_records_in_each_poll_only_as_long_as_it_steps() -> None:
    world, _bad = broken()
    polls: dict[str, list[Any]] = {}

    def note(step: str) -> None:
        polls.setdefault(step, []).append(world.connect.raw_configs[SINK.connector].get(POLL_KEY))

    world.between = note
    world.run()
    assert (polls["verify"][0], polls["narrow"], polls["settle"]) == (None, ["1"], [None])
    # As many as it took before only once nothing is ahead any more.
    assert {int(size) for size in polls["watch"][:-1]} <= set(range(1, 8))


def test_a_sink_that_only_inserts_takes_one_record_in_each_poll() -> None:
    """What a batch that fails has written already would be there twice."""
    world, bad = broken()
    world.connect.raw_configs[SINK.connector]["insert.mode"] = "insert"
    polls: set[Any] = set()
    world.between = lambda step: polls.add(world.connect.raw_configs[SINK.connector].get(POLL_KEY))
    world.run()
    assert polls == {None, "1"}
    assert sorted(world.quarantine.ids(SINK)) == bad


def test_far_apart_it_takes_many_in_each_poll_and_still_passes_exactly_the_bad_ones() -> None:
    world = World()
    bad = [world.write(key, BAD) if key in (340, 341, 700) else world.write(key, GOOD) for key in range(900)]
    bad = [where for where in bad if where.offset in (340, 341, 700)]
    world.sink_runs()
    world.run()
    all_is_well(world, bad)
    assert world.steps.count("watch") < 40


@pytest.mark.parametrize("state", [State.PAUSED, State.STOPPED])
def test_what_a_person_paused_or_stopped_is_so_again_in_the_end(state: State) -> None:
    world, bad = broken()
    if state is State.PAUSED:
        world.control.pause(SINK.connector)
    else:
        world.control.stop(SINK.connector)
    world.run()
    is_as_before(world, state)
    world.control.resume(SINK.connector)
    all_is_well(world, bad)


def test_an_override_that_a_person_had_set_is_what_it_was() -> None:
    world, bad = broken()
    world.connect.raw_configs[SINK.connector][POLL_KEY] = "50"
    world.run()
    assert world.connect.raw_configs[SINK.connector][POLL_KEY] == "50"
    assert sorted(world.quarantine.ids(SINK)) == bad


def test_an_override_that_a_person_had_set_is_what_it_was_also_on_the_way_back() -> None:
    world, _bad = broken()
    world.connect.raw_configs[SINK.connector][POLL_KEY] = "50"
    world.stubborn = frozenset({RecordId(TOPIC, 0, 5)})
    assert world.run().result == "undone"
    assert world.connect.raw_configs[SINK.connector][POLL_KEY] == "50"


def test_what_waits_behind_and_was_not_met_yet_is_kept_before_the_sink_is_let_go() -> None:
    world = World()
    bad, runs = [world.write(1, BAD)], world.sink_runs
    world.sink_runs()

    def others(step: str) -> None:
        if step == "resume" and len(bad) == 1:
            bad.append(world.write(2, BAD))
            world.sink_runs = lambda: None  # type: ignore[method-assign]
        elif step == "verify" and len(bad) == 2:
            world.sink_runs = runs  # type: ignore[method-assign]

    world.between = others
    world.run()
    all_is_well(world, bad)


def test_what_comes_meanwhile_is_found_and_kept_too() -> None:
    world, bad = broken()
    left = [3]

    def others(step: str) -> None:
        if step in ("copy", "move", "watch") and left[0]:
            left[0] -= 1
            world.write(1000 + left[0], GOOD, 2)
            bad.append(world.write(2000 + left[0], BAD, left[0] % 3))

    world.between = others
    world.run()
    assert left == [0]
    all_is_well(world, bad)


def test_a_row_that_is_deleted_or_written_again_after_the_bad_record_is_as_the_topic_says() -> None:
    world = World()
    bad = [world.write(1, BAD), world.write(2, BAD)]
    world.write(1, "ok")
    world.write(2, None)
    world.run()
    all_is_well(world, bad)
    assert world.rows == {"1": "ok"}


# ── killed ──


def deeds(world: World, crash_at: int, before: bool) -> Callable[[], int]:
    """Has the process die around the deed of that number, once. Returns a counter of deeds."""
    done = [0]

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def deed(*arguments: Any) -> Any:
            done[0] += 1
            mine = done[0] == crash_at
            if mine and before:
                raise Crash
            answer = call(*arguments)
            if mine:
                raise Crash
            return answer

        return deed

    for name in ("stop", "pause", "resume", "set_offsets", "override"):
        setattr(world.control, name, around(getattr(world.control, name)))
    for name in ("copy", "replay"):
        setattr(world.quarantine, name, around(getattr(world.quarantine, name)))
    return lambda: done[0]


def deeds_of_a_whole_run() -> int:
    world, _ = broken()
    counted = deeds(world, 0, before=True)
    world.run()
    return counted()


DEEDS = deeds_of_a_whole_run()


def test_a_run_has_deeds_of_every_kind() -> None:
    world, _ = broken()
    world.run()
    assert DEEDS > 10
    kinds = {done.split()[0] for done in world.control.done}
    assert kinds == {"stop", "resume", "set_offsets", "override"}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, DEEDS + 1))
def test_killed_around_any_deed_it_goes_on_and_ends_well(number: int, before: bool) -> None:
    world, bad = broken()
    deeds(world, number, before)
    world.begin()
    with pytest.raises(Crash):
        world.go_on()
    # A new process has the journal's workflow and nothing else; the sink went on meanwhile.
    world.sink_runs()
    world.go_on()
    all_is_well(world, bad)


@pytest.mark.parametrize("step", ["look", "copy", "verify", "narrow", "stop", "stopped", "find", "move", "restore"])
def test_each_step_taken_twice_is_as_good_as_once(step: str) -> None:
    world, bad = broken()
    twice = [step]
    kept = world.workflow

    def again(taken: str) -> None:
        nonlocal kept
        if taken in twice:
            twice.remove(taken)
            world.workflow = kept
        kept = world.workflow

    world.begin()
    kept = world.workflow
    world.between = again
    world.go_on()
    all_is_well(world, bad)


# ── something stands in the way ──


@pytest.mark.parametrize(
    ("config", "why"),
    [
        pytest.param(
            {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dlq.orders"},
            "dead letter queue of its own, dlq.orders",
            id="a-dead-letter-queue",
        ),
        pytest.param({"connection.url": "jdbc:postgresql://pg:5432/dw"}, "no MySQL or MariaDB table", id="postgresql"),
        pytest.param({"connection.url": "jdbc:mysql://other:3306/dw"}, "no such database", id="target-not-visible"),
        pytest.param({"topics": ""}, "no sink", id="no-sink"),
        pytest.param(
            {"topics": "", "topics.regex": r".*(orders|dw-sink)"},
            "dw-sink would read watchdog.quarantine.dw-sink, too",
            id="its-own-quarantine",
        ),
    ],
)
def test_it_refuses_where_it_cannot_tell_and_touches_nothing(config: dict[str, str], why: str) -> None:
    world, _ = broken()
    world.connect.raw_configs[SINK.connector].update(config)
    told = world.run()
    assert (told.result, world.control.done, world.quarantine.copies) == ("refused", [], {})
    assert why in told.detail


def test_it_refuses_at_an_old_worker() -> None:
    world, _ = broken()
    world.control.worker_version = "3.5.1"
    told = world.run()
    assert (told.result, world.control.done) == ("refused", [])
    assert "Connect 3.5.1; offsets can be changed through REST from 3.6 on" in told.detail


def test_it_refuses_where_a_partition_without_an_offset_is_one_that_the_sink_does_not_read_from_the_start() -> None:
    world, _ = broken()
    world.connect.raw_configs[SINK.connector]["consumer.override.auto.offset.reset"] = "latest"
    told = world.run()
    assert (told.result, world.control.done, world.quarantine.copies) == ("refused", [], {})
    assert f"no committed offset in {TOPIC}-0" in told.detail


def test_what_begins_at_the_end_is_stepped_over_where_each_partition_has_an_offset() -> None:
    world, bad = broken()
    world.connect.raw_configs[SINK.connector]["consumer.override.auto.offset.reset"] = "latest"
    world.connect.offsets_by_name[SINK.connector] = Offsets({f"{TOPIC}-{number}": 0 for number in range(3)}, known=True)
    world.run()
    all_is_well(world, bad)


def test_it_refuses_when_the_target_takes_everything() -> None:
    world = World()
    world.write(1, GOOD)
    told = world.run()
    assert (told.result, world.control.done) == ("refused", [])
    assert "the target takes every one" in told.detail


def test_it_refuses_when_it_is_the_table_that_does_not_fit() -> None:
    world, _ = broken()
    told = world.run(limit=4)
    assert (told.result, world.control.done, world.quarantine.copies) == ("refused", [], {})
    assert "5 records, more than the limit of 4" in told.detail


def test_where_overrides_are_not_allowed_it_says_so_before_anything_is_copied() -> None:
    world, _bad = broken()
    world.control.override_refused = "consumer.override."
    told = world.run()
    assert (told.result, world.control.done, world.quarantine.copies, world.steps) == ("refused", [], {}, ["look"])
    assert "connector.client.config.override.policy" in told.detail
    is_as_before(world)


def test_where_only_the_change_itself_tells_that_overrides_are_not_allowed_the_sink_is_as_it_was() -> None:
    world, bad = broken()
    world.control.override_refused, world.control.tells_why_not = "consumer.override.", False
    told = world.run()
    assert (told.result, world.control.done) == ("refused", [])
    assert "connector.client.config.override.policy" in told.detail
    assert told.detail.endswith("the sink is as it was, 5 records in quarantine")
    assert world.quarantine.ids(SINK) == bad
    is_as_before(world)


def test_a_copy_that_is_not_there_unchanged_moves_nothing() -> None:
    world, _ = broken()
    world.quarantine.copy = lambda sink, records: len(records)  # type: ignore[method-assign]
    told = world.run()
    assert (told.result, world.control.done) == ("refused", [])


def test_a_sink_that_fails_on_what_fits_is_brought_back_and_not_moved_past_it() -> None:
    world, _bad = broken()
    world.stubborn = frozenset({RecordId(TOPIC, 0, 5)})
    told = world.run()
    assert told.result == "undone"
    assert "no 5" in told.data["why"]
    assert f"{TOPIC}-0@5" in told.data["why"]
    assert world.connect.offsets_by_name[SINK.connector].committed[f"{TOPIC}-0"] == 5
    is_as_before(world)


def test_more_and_more_that_does_not_fit_ends_at_the_limit() -> None:
    world, _ = broken()
    world.between = lambda step: step == "watch" and world.write(5000, BAD, 2) and None
    told = world.run(limit=8)
    assert told.result == "undone"
    assert "more than the limit of 8" in told.data["why"]
    is_as_before(world)


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_person_who_takes_the_sink_out_of_service_is_not_fought(verb: str) -> None:
    world, _ = broken()
    acted = []

    def person(step: str) -> None:
        if step == "resume" and not acted:
            acted.append(getattr(world.control, verb)(SINK.connector))
            world.control.done.clear()

    world.between = person
    told = world.run()
    assert (told.result, told.data["theirs"]) == ("undone", True)
    assert not [done for done in world.control.done if done.startswith(("resume", "stop", "pause"))]
    is_as_before(world, State.PAUSED if verb == "pause" else State.STOPPED)


@pytest.mark.parametrize("after", ["verify", "narrow", "stop", "stopped", "find", "size", "resume"])
def test_a_person_who_pauses_the_sink_at_any_step_is_not_fought(after: str) -> None:
    world, _ = broken()
    acted = []

    def person(step: str) -> None:
        if step == after and not acted:
            acted.append(world.control.pause(SINK.connector))
            world.control.done.clear()

    world.between = person
    told = world.run()
    assert (told.result, told.data["why"]) == (
        "undone",
        f"{_PAUSED.get(after, 'somebody paused it')} meanwhile, and that stands",
    )
    assert not [done for done in world.control.done if done.startswith(("resume", "stop", "pause"))]
    is_as_before(world, State.PAUSED)


_PAUSED = {"verify": "somebody made it PAUSED"}


@pytest.mark.parametrize("way_back", ["restore", "undo"])
def test_a_person_who_pauses_the_sink_on_the_way_back_is_not_fought(way_back: str) -> None:
    world, _ = broken()
    acted = []
    if way_back == "undo":
        world.stubborn = frozenset({RecordId(TOPIC, 0, 5)})

    def person(step: str) -> None:
        if world.workflow.step == way_back and not acted:
            acted.append(world.control.pause(SINK.connector))
            world.control.done.clear()

    world.between = person
    told = world.run()
    assert told.result == {"restore": "done", "undo": "undone"}[way_back]
    assert ("somebody made it PAUSED meanwhile" in told.detail) is (way_back == "restore")
    assert not [done for done in world.control.done if done.startswith(("resume", "stop", "pause"))]
    is_as_before(world, State.PAUSED)


def test_offsets_that_somebody_changed_while_the_watchdog_was_away_are_not_set_back() -> None:
    """Killed before it moves the sink; a person widens the table, lets the sink run and stops it again."""
    world, _ = broken()
    gone: list[object] = []

    def away(step: str) -> None:
        if world.workflow.step == "move" and not gone:
            world.widen()
            world.control.resume(SINK.connector)
            world.sink_runs()
            world.control.stop(SINK.connector)
            gone.append(world.control.done.clear())

    world.between = away
    world.run()
    assert not [done for done in world.control.done if done.startswith("set_offsets")]
    world.sink_runs()
    assert world.rows == wanted_rows(world, without=[])
    is_as_before(world)


def test_what_is_no_longer_in_quarantine_when_the_sink_would_pass_it_is_copied_once_more() -> None:
    world, bad = broken()
    emptied: list[object] = []

    def expire(step: str) -> None:
        if step == "stopped" and not emptied:
            emptied.append(world.quarantine.copies.clear())

    world.between = expire
    world.run()
    world.sink_runs()
    # What it was not past yet when the copies went.
    assert world.workflow.result == "done"
    assert sorted(world.quarantine.ids(SINK)) == sorted(bad)
    assert world.rows == wanted_rows(world, without=bad)


def test_a_person_who_starts_the_stopped_sink_is_not_fought() -> None:
    world, _ = broken()
    world.between = lambda step: world.control.resume(SINK.connector) if step == "find" else None
    told = world.run()
    assert (told.result, told.data["theirs"]) == ("undone", True)
    assert not [done for done in world.control.done if done.startswith("set_offsets")]
    is_as_before(world)


def test_connect_that_does_not_answer_for_a_while_is_waited_for() -> None:
    world, bad = broken()
    gone = PortUnreachable("connect", "no connection")
    conflict = PortRefused("connect", "answered 409: rebalance", status=409)
    world.between = lambda step: world.control.errors.extend([gone, conflict]) if step in ("stop", "move") else None
    world.run()
    all_is_well(world, bad)


def test_a_sink_that_neither_fails_nor_moves_is_brought_back() -> None:
    world, _ = broken()
    world.sink_runs = lambda: None  # type: ignore[method-assign]
    told = world.run()
    assert told.result == "undone"
    assert "has not moved for 120 s" in told.data["why"]
    is_as_before(world)


def test_steps_of_two_sinks_that_share_their_readers_wait_for_each_other() -> None:
    lock, inside, most = threading.Lock(), [0], [0]

    class Slow:
        def take(self, workflow: Workflow) -> StepResult:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            entered.set()
            leave.wait(10)
            inside[0] -= 1
            return StepResult(workflow.id, workflow.step)

    entered, leave = threading.Event(), threading.Event()
    both = [threading.Thread(target=OneAtATime(Slow(), lock).take, args=(World().workflow,)) for _ in range(2)]
    for thread in both:
        thread.start()
    assert entered.wait(10)
    leave.set()
    for thread in both:
        thread.join(10)
    assert (most, inside, lock.locked()) == ([1], [0], False)


# ── back to the topic ──


def kept_and_wide() -> tuple[World, list[RecordId]]:
    world, bad = broken()
    world.run()
    world.widen()
    return world, bad


def test_what_is_the_newest_of_its_key_goes_back_and_the_table_is_as_the_source() -> None:
    world, _bad = kept_and_wide()
    world.write(3, GOOD)
    world.write(103, None, 1)
    told = world.run("replay")
    assert (told.result, told.detail[:30]) == ("done", "3 written back, 2 left in quar")
    world.sink_runs()
    assert world.rows == wanted_rows(world, without=[])
    assert (world.rows["3"], "103" in world.rows, world.rows["104"]) == (GOOD, False, BAD)


def test_a_second_replay_writes_nothing() -> None:
    world, _bad = kept_and_wide()
    world.run("replay")
    before = {place: len(rows) for place, rows in world.quarantine.topics.items()}
    told = world.run("replay")
    assert told.result == "refused"
    assert "it was written back before" in told.detail
    assert {place: len(rows) for place, rows in world.quarantine.topics.items()} == before


def test_nothing_goes_back_that_the_target_still_does_not_take() -> None:
    world, _bad = broken()
    world.run()
    told = world.run("replay")
    assert told.result == "refused"
    assert "the target still does not take it" in told.detail


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_replay_that_is_killed_writes_each_once(before: bool) -> None:
    world, bad = kept_and_wide()
    deeds(world, 1, before)
    world.begin("replay")
    with pytest.raises(Crash):
        world.go_on()
    told = world.go_on()
    assert (told.result, told.detail[:15]) == ("done", "5 written back,")
    written = [row.replays for rows in world.quarantine.topics.values() for row in rows if row and row.replays]
    assert sorted(written) == sorted(bad)


def test_an_empty_quarantine_is_told() -> None:
    world = World()
    told = world.run("replay")
    assert (told.result, told.detail) == ("refused", "there is nothing in quarantine")
