"""What is found though nothing is FAILED: pending, opened, kept, resolved, and never restarted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchdog.judge.ledger import Ledger
from watchdog.judge.notice import fold
from watchdog.memory import Memory
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Code,
    ConnectorKey,
    Diagnosis,
    Finding,
    Incident,
    Observation,
    Phase,
    Position,
    Resolution,
    SchemaChange,
    Severity,
    TableId,
    Unseen,
    Verdict,
)
from watchdog.policy import Policy
from watchdog.topology import Topology

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY = ConnectorKey("main", "oltp-source")
CAUSE = Cause(Category.SCHEMA_DRIFT, Advice.NO, "differs", summary="orders differs", fix="look")
FINDING = Finding(
    Code.UNLOGGED_CHANGE,
    KEY,
    "oltp.orders",
    CAUSE,
    Severity.BREAKING,
    confirm_seconds=30,
    table=TableId("oltp", "orders"),
)


def after(memory: Memory, seconds: float, *told: Finding | Unseen) -> tuple[Memory, list[str]]:
    """The memory after a tick at that many seconds past NOW, and the kinds of what was noted."""
    ledger = Ledger(memory, Observation(NOW + timedelta(seconds=seconds)), Topology(), Policy(), "")
    fold(ledger, told)
    return ledger.memory, [entry.kind for entry in ledger.entries]


def only(memory: Memory) -> Incident:
    (incident,) = memory.incidents.values()
    return incident


def opened() -> Memory:
    pending, _ = after(Memory(), 0, FINDING)
    return after(pending, 30, FINDING)[0]


def test_what_is_found_is_an_incident_only_once_it_was_there_for_long_enough() -> None:
    memory, noted = after(Memory(), 0, FINDING)
    assert not memory.incidents
    memory, noted = after(memory, 29, FINDING)
    assert not memory.incidents
    memory, noted = after(memory, 30, FINDING)
    assert (only(memory).code, only(memory).subject, noted) == (Code.UNLOGGED_CHANGE, "oltp.orders", ["opened"])
    assert not memory.pending


def test_what_goes_away_meanwhile_begins_anew() -> None:
    memory, _ = after(Memory(), 0, FINDING)
    memory, _ = after(memory, 20)
    memory, _ = after(memory, 30, FINDING)
    assert not memory.incidents


def test_a_rule_that_cannot_look_lets_the_wait_go_on_and_an_incident_stand() -> None:
    unseen = Unseen(Code.UNLOGGED_CHANGE, KEY, "the database is down")
    memory, _ = after(Memory(), 0, FINDING)
    memory, _ = after(memory, 20, unseen)
    memory, _ = after(memory, 30, FINDING)
    assert only(memory).open
    memory, _ = after(memory, 60, unseen)
    assert only(memory).open


@pytest.mark.parametrize(
    "unseen",
    [
        pytest.param(Unseen(Code.STALLED, KEY, "another rule"), id="another rule"),
        pytest.param(Unseen(Code.UNLOGGED_CHANGE, ConnectorKey("main", "other"), ""), id="another connector"),
    ],
)
def test_what_another_one_cannot_see_keeps_nothing_open(unseen: Unseen) -> None:
    memory, noted = after(opened(), 60, unseen)
    assert only(memory).resolution is Resolution.RECOVERED_NOT_BY_US
    assert noted == ["resolved"]


def test_it_is_counted_as_drift_once_and_never_restarted() -> None:
    memory = opened()
    memory, noted = after(memory, 60, FINDING)
    assert memory.counters.get("schema_drift_total", "main", "oltp.orders", "mysql") == 1
    assert only(memory).verdict is Verdict.LEAVE_ALONE
    assert only(memory).reason == "nothing is FAILED, so there is nothing to restart"
    assert noted == []


def test_what_is_learnt_later_changes_the_incident_that_is_there() -> None:
    grave = replace(FINDING, columns=("note",), severity=Severity.RISKY)
    memory, noted = after(opened(), 60, grave)
    assert (only(memory).diagnosis.columns, only(memory).severity, noted) == (("note",), Severity.RISKY, ["diagnosed"])


def test_the_statement_that_made_it_is_known_from_the_first() -> None:
    change = SchemaChange("c1", "dataflow", TableId("oltp", "orders"), Position(), NOW, "ALTER …", "ALTER", None, None)
    pending, _ = after(Memory(), 0, replace(FINDING, change=change))
    memory, _ = after(pending, 30, replace(FINDING, change=change))
    assert only(memory).diagnosis.change == change


def test_what_becomes_graver_alone_is_kept() -> None:
    memory, noted = after(opened(), 60, replace(FINDING, severity=Severity.RISKY))
    assert (only(memory).severity, noted) == (Severity.RISKY, [])


def test_a_finding_is_not_the_failure_of_its_connector() -> None:
    assert opened().incident_of(KEY) is None


def test_two_findings_of_one_connector_at_one_time_are_two_incidents() -> None:
    other = replace(FINDING, subject="oltp.items", confirm_seconds=0)
    memory, _ = after(Memory(), 0, replace(FINDING, confirm_seconds=0), other)
    assert len(memory.incidents) == 2


@pytest.mark.parametrize(
    ("code", "opened_beside"),
    [(Code.TABLES_DIFFER, False), (Code.NULLS_WRITTEN, False), (Code.STALLED, True), (Code.UNLOGGED_CHANGE, True)],
)
def test_tables_that_differ_are_no_second_incident_while_the_failure_that_they_made_is_open(
    code: Code, opened_beside: bool
) -> None:
    """A restarted task is RUNNING for a second, and its tables differ as before."""
    failure = Incident("f1", KEY, NOW, NOW, Diagnosis(CAUSE))
    found = replace(FINDING, code=code)
    memory, _ = after(Memory({"f1": failure}), 0, found)
    memory, noted = after(memory, 60, found)
    assert ("opened" in noted) is opened_beside
    over = replace(failure, phase=Phase.RESOLVED, resolved_at=NOW + timedelta(seconds=61))
    memory, noted = after(memory.with_incident(over), 61, found)
    assert ("opened" in noted) is not opened_beside
