"""Every decision has with it what it went by, for machines: what was seen, when, and what stood in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core.scene import (
    DENIED_TRACE,
    NEW_COLUMN,
    OLD_COLUMNS,
    SINK,
    SOURCE,
    START,
    Scene,
    shape,
)
from tests.core.test_gates import altered
from watchdog.model import CallResult, Request, TimelineEntry


def last(scene: Scene, kind: str) -> TimelineEntry:
    return next(entry for entry in reversed(scene.timeline) if entry.kind == kind)


def seen_by(scene: Scene, kind: str) -> Any:
    return last(scene, kind).data["seen"]


def test_a_hold_for_drift_tells_offsets_records_and_columns_with_their_ages() -> None:
    scene = Scene()
    altered(scene, at=scene.now - timedelta(seconds=2))
    scene.drift()
    assert seen_by(scene, "decided") == {
        "connect": {
            "at": START.isoformat(),
            "age_seconds": 0.0,
            "state": "RUNNING",
            "tasks": {"FAILED": 1},
            "config_changed": False,
        },
        "probe": {
            "at": (START - timedelta(seconds=2)).isoformat(),
            "age_seconds": 2.0,
            "after_failure": False,
            "committed_and_end_offsets": {"dataflow.oltp.orders-0": [21, 25]},
            "waiting": [
                {
                    "partition": "dataflow.oltp.orders-0",
                    "first_offset": 21,
                    "last_offset": 21,
                    "records": 1,
                    "fields": ["id", "customer", "unexpected_field"],
                }
            ],
            "capped": False,
        },
        "target": {
            "address": "127.0.0.1:3307",
            "table": "dw.orders",
            "at": START.isoformat(),
            "age_seconds": 0.0,
            "columns": ["id", "customer"],
            "in_the_way": ["unexpected_field"],
        },
        "proofs": [
            {
                "probe": "target-fits",
                "holds": False,
                "said": "1 waiting record of dataflow.oltp.orders (from dataflow.oltp.orders-0@21), with a column that "
                "the target lacks: unexpected_field",
                "at": (START - timedelta(seconds=2)).isoformat(),
                "age_seconds": 2.0,
            }
        ],
    }


def test_the_restart_tells_the_columns_that_made_it_possible() -> None:
    scene = Scene()
    scene.drift()
    scene.target = (*OLD_COLUMNS, NEW_COLUMN)
    scene.tick()
    assert scene.restarts == 1
    assert last(scene, "decided").data["verdict"] == "restart"
    target = seen_by(scene, "decided")["target"]
    assert (target["columns"], target["in_the_way"]) == (["id", "customer", "unexpected_field"], [])


def test_a_door_that_was_tried_is_told_with_its_answer() -> None:
    scene = Scene(reachable=False)
    altered(scene, reachable_message="Access denied for user 'dw'")
    scene.fail(DENIED_TRACE, "oltp-source", "source")
    scene.tick()
    probe = seen_by(scene, "decided")["probe"]
    assert (probe["source_offset"], probe["can_connect"]["answer"]) == ("a", False)
    assert probe["can_connect"]["said"] == "Access denied for user 'dw'"


def test_what_was_seen_is_told_once_in_a_tick_and_only_when_something_is_decided() -> None:
    scene = Scene()
    scene.drift()
    by_tick: dict[object, int] = {}
    for entry in scene.timeline:
        by_tick[entry.at] = by_tick.get(entry.at, 0) + ("seen" in entry.data)
    assert set(by_tick.values()) == {1}
    lines = len(scene.timeline)
    scene.pass_seconds(30)
    assert len(scene.timeline) == lines


def test_calls_answers_and_requests_are_told_for_machines_with_their_connector() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.drift()
    scene.answer(CallResult.REFUSED, "POST … 404")
    scene.tick(request=Request("r1", "pause", SOURCE, scene.now))
    assert last(scene, "intent").data == {"verb": "restart", "attempt": 1, "by": "watchdog", "request": None}
    answer = last(scene, "answer").data
    assert (answer["verb"], answer["result"], answer["detail"]) == ("restart", "refused", "POST … 404")
    # Of a connector that is well, with no incident to tell it by.
    request = last(scene, "request")
    assert (request.incident_id, request.key, request.data["request"]) == ("", SOURCE, "r1")
    assert {entry.key for entry in scene.timeline if entry.incident_id} == {SINK}


@pytest.mark.parametrize("kind", ["verified", "resolved"])
def test_a_verification_and_an_end_tell_what_proved_it(kind: str) -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    scene.drift()
    scene.answer()
    scene.run()
    scene.tick()
    if kind == "verified":
        scene.drift()
    else:
        scene.committed = scene.end
        scene.pass_seconds(10)
    at = last(scene, kind).at
    told = [entry for entry in scene.timeline if entry.at == at and "seen" in entry.data][-1]
    committed = 21 if kind == "verified" else 25
    assert told.data["seen"]["probe"]["committed_and_end_offsets"] == {"dataflow.oltp.orders-0": [committed, 25]}


def test_it_is_bounded_however_much_there_is_to_see() -> None:
    scene = Scene()
    many = tuple(shape(*(f"field_{n}" for n in range(1000)), first=number) for number in range(100))
    altered(scene, shapes=many, scan_error="x" * 100_000)
    scene.drift()
    assert len(str(seen_by(scene, "decided"))) < 40_000
