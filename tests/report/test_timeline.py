"""The timeline as a person reads it, and as a program does."""

from __future__ import annotations

import json

import pytest

from tests.report.reports import HOSTILE_NAMES, NOW, ago
from watchdog.model import ConnectorKey, TimelineEntry
from watchdog.report.timeline import as_json, lines

SEEN = {
    "connect": {"at": "…", "age_seconds": 0.4, "state": "RUNNING", "tasks": {"FAILED": 1}, "config_changed": False},
    "probe": {
        "age_seconds": 1.2,
        "committed_and_end_offsets": {"t-0": [21, 25], "t-1": [None, 3]},
        "waiting": [{"records": 3}, {"records": 1}],
        "capped": True,
    },
    "target": {"age_seconds": 7, "address": "db:3306", "table": "dw.orders", "in_the_way": ["unexpected_field"]},
}


def told(*entries: TimelineEntry) -> list[str]:
    return [line.plain for line in lines(entries)]


def entry(kind: str, text: str, seconds: float = 0, **data: object) -> TimelineEntry:
    return TimelineEntry(ago(seconds), "3fa9c1d2", kind, text, data)


def test_kinds_are_aligned_times_are_utc_and_evidence_is_below_its_line() -> None:
    shown = told(
        entry("opened", "task 0 failed", 90),
        entry("diagnosed", "SCHEMA_DRIFT", 80, evidence=["one", "two"]),
        entry("decided", "hold: waiting", 80, seen=SEEN),
    )
    assert shown == [
        "2026-11-23 16:28:30Z  opened     task 0 failed",
        "2026-11-23 16:28:40Z  diagnosed  SCHEMA_DRIFT",
        "                                 one",
        "                                 two",
        "2026-11-23 16:28:40Z  decided    hold: waiting",
        "                                 seen: Connect says RUNNING, tasks: 1 FAILED, asked 0 s before",
        "                                 seen: committed t-0@21 of 25, t-1@none of 3, probed 1 s before",
        "                                 seen: 4 waiting records read, up to the cap, probed 1 s before",
        "                                 seen: dw.orders at db:3306 does not fit (unexpected_field), columns read 7 s "
        "before",
    ]


def test_evidence_that_was_told_just_before_is_not_told_again() -> None:
    shown = told(
        entry("diagnosed", "a", evidence=["one"]),
        entry("decided", "b"),
        entry("diagnosed", "c", evidence=["one"]),
        entry("diagnosed", "d", evidence=["other"]),
    )
    assert [line.strip() for line in shown if line.startswith(" ")] == ["one", "other"]


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        pytest.param(
            {"connect": {"state": None, "age_seconds": None}}, "Connect does not list it, never asked", id="no"
        ),
        pytest.param(
            {"connect": {"state": "FAILED", "tasks": {}, "age_seconds": 61, "error": "timed out"}},
            "Connect says FAILED, tasks: none, asked 1 min before; then: timed out",
            id="Connect out of sight",
        ),
        pytest.param(
            {"probe": {"age_seconds": 1, "can_connect": {"answer": False, "said": "Access denied", "age_seconds": 2}}},
            "does not connect with its own settings: Access denied, tried 2 s before",
            id="a closed door",
        ),
        pytest.param(
            {"probe": {"age_seconds": 1, "source_offset": "{}"}}, "source offset {}, probed 1 s before", id="a source"
        ),
        pytest.param(
            {"proofs": [{"probe": "target-fits", "holds": None, "said": "no target", "age_seconds": None}]},
            "target fits: cannot tell, never read: no target",
            id="a proof that is none",
        ),
        pytest.param(
            {"probe": {"age_seconds": 1, "scan_error": "no broker"}},
            "waiting records could not be read: no broker",
            id="unread",
        ),
    ],
)
def test_what_was_seen_is_told_with_its_age(seen: dict[str, object], line: str) -> None:
    assert [shown.strip() for shown in told(entry("decided", "hold", seen=seen))[1:]] == [f"seen: {line}"]


def test_a_line_for_programs_is_whole_and_ascii() -> None:
    one = TimelineEntry(NOW, "3fa9c1d2", "decided", "hold: ☃", {"seen": SEEN}, ConnectorKey("main", "dw-sink"))
    assert as_json(one).isascii()
    assert json.loads(as_json(one)) == {
        "at": "2026-11-23T16:30:00.000Z",
        "incident": "3fa9c1d2",
        "connect_cluster": "main",
        "connector": "dw-sink",
        "kind": "decided",
        "text": "hold: ☃",
        "data": {"seen": SEEN},
    }


def test_what_belongs_to_no_incident_and_no_known_connector_says_so() -> None:
    document = json.loads(as_json(TimelineEntry(NOW, "", "request", "pause")))
    assert [document[key] for key in ("incident", "connect_cluster", "connector")] == [None, None, None]


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_a_hostile_name_makes_one_line_of_json_and_no_escape_on_a_terminal(name: str) -> None:
    one = TimelineEntry(NOW, "x", "note", name, {"evidence": [name], "seen": {"connect": {"state": name}}})
    assert as_json(one).isprintable()
    assert json.loads(as_json(one))["text"] == name
    assert all(line.isprintable() for line in told(one))
