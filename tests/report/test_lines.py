"""Log lines are about edges: what is the same as before is not said again."""

from dataclasses import replace

import pytest

from tests.report.reports import (
    DDL,
    DRIFT,
    FAILED_SINK,
    HOSTILE_NAMES,
    SINK,
    SOURCE,
    WAY_OUT,
    ago,
    attempt,
    cause,
    cluster,
    connector,
    incident,
    report,
    resolved,
    source,
)
from watchdog.model import CallResult, Category, Diagnosis, Report, Verdict
from watchdog.report.lines import edges

CALM = report(SOURCE, SINK)
UNSEEN = report(clusters={"main": cluster(polled_at=None)}, sources=(), ready=False)
HELD = "waiting until `dw.orders` takes every record that waits"
OPEN = incident()
UNDIAGNOSED = incident(diagnosis=Diagnosis(cause(Category.UNKNOWN, "something")), reason="reading the trace")


def _said(previous: Report | None, current: Report) -> list[str]:
    return [line.text for line in edges(previous, current)]


def _about(*incidents: object) -> Report:
    return report(SOURCE, FAILED_SINK, incidents=tuple(incidents))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("previous", "current", "expected"),
    [
        pytest.param(
            None, report(SOURCE, SINK, modes={"main": "auto"}),
            ["watching Connect cluster main in mode auto: 2 connectors: dw-sink, oltp-source", "ready"],
            id="begin",
        ),
        pytest.param(None, UNSEEN, ["not ready: nothing has been observed yet"], id="begin, nothing seen yet"),
        pytest.param(
            UNSEEN, CALM, ["watching Connect cluster main: 2 connectors: dw-sink, oltp-source", "ready"],
            id="first poll",
        ),
        pytest.param(
            UNSEEN, report(), ["watching Connect cluster main: no connectors yet", "ready"], id="a cluster with nothing"
        ),
        pytest.param(CALM, CALM, [], id="nothing happens"),
        pytest.param(CALM, report(SOURCE, SINK, now=ago(-60), sources=(source(last=ago(-59)),)), [], id="time passes"),
        pytest.param(
            CALM, report(SOURCE, SINK, sources=(source(error="connection refused"),)),
            ["main/connect cannot be seen: connection refused"], id="a source is lost",
        ),
        pytest.param(
            report(SINK, sources=(source(error="connection refused"),)),
            report(SINK, sources=(source(error="timed out"),)), [], id="a source stays lost for another reason",
        ),
        pytest.param(
            report(SINK, sources=(source(last=ago(190), error="connection refused"),)),
            report(SINK, sources=(source(last=ago(2)),)), ["main/connect can be seen again after 3 min"],
            id="it is back",
        ),
        pytest.param(
            CALM, report(SOURCE, SINK, ready=False, not_ready_because="the disk is full"),
            ["not ready: the disk is full"], id="not ready any more",
        ),
        pytest.param(report(SINK, ready=False), report(SINK), ["ready"], id="ready again"),
        pytest.param(
            report(SINK), report(SINK, acting=False),
            ["observing only, no restarts: another watchdog holds the journal, or it cannot be written"],
            id="observing",
        ),
        pytest.param(report(SINK, acting=False), report(SINK), ["acting again: the journal is held"], id="acting"),
    ],
)  # fmt: skip
def test_the_watchdog_says_what_it_sees(previous: Report | None, current: Report, expected: list[str]) -> None:
    assert _said(previous, current) == expected


SAID_HOLD = f"[3fa9c1d2] dw-sink hold: {HELD}"
HEADLINE = "SCHEMA_DRIFT: Cannot alter table orders because schema evolution is disabled"
TOLD = [
    f"[3fa9c1d2] statement: {DDL} (on oltp.orders, at e7f2a218-e755-11f1-99e1-02fc00000001:23)",
    f"[3fa9c1d2] way out: {WAY_OUT}",
]


@pytest.mark.parametrize(
    ("previous", "current", "expected"),
    [
        pytest.param(
            _about(), _about(OPEN),
            [f"[3fa9c1d2] dw-sink failed (task 0): {HEADLINE}", *TOLD, SAID_HOLD], id="opened",
        ),
        pytest.param(
            _about(UNDIAGNOSED), _about(OPEN),
            [f"[3fa9c1d2] dw-sink diagnosed: {HEADLINE}", *TOLD, SAID_HOLD], id="diagnosed",
        ),
        pytest.param(
            _about(OPEN), _about(replace(OPEN, verdict=Verdict.RESTART, reason="observed: it fits")),
            ["[3fa9c1d2] dw-sink restart: observed: it fits"], id="another reason",
        ),
        pytest.param(
            _about(replace(OPEN, reason="RUNNING for 3 s of the 60 s")),
            _about(replace(OPEN, reason="RUNNING for 4 s of the 60 s")), [], id="a reason that counts",
        ),
        pytest.param(
            _about(OPEN), _about(replace(OPEN, attempts=(attempt(result=CallResult.PENDING),))),
            ["[3fa9c1d2] dw-sink restart 1 sent by watchdog"], id="a restart is sent",
        ),
        pytest.param(
            _about(replace(OPEN, attempts=(attempt(result=CallResult.PENDING),))),
            _about(replace(OPEN, attempts=(replace(attempt(result=CallResult.UNKNOWN), detail="no answer in 10 s"),))),
            ["[3fa9c1d2] dw-sink restart 1 unknown: no answer in 10 s"], id="it is answered",
        ),
        pytest.param(
            _about(replace(OPEN, attempts=(attempt(),))), _about(replace(OPEN, attempts=(attempt(helped=False),))),
            ["[3fa9c1d2] dw-sink restart 1 did not help"], id="it did not help",
        ),
        pytest.param(
            _about(OPEN), _about(resolved(0, opened_at=ago(150), attempts=())),
            ["[3fa9c1d2] dw-sink resolved: recovered after 2 min"], id="resolved",
        ),
        pytest.param(
            _about(replace(OPEN, attempts=(attempt(),))), _about(resolved(0, attempts=(attempt(helped=True),))),
            ["[3fa9c1d2] dw-sink resolved: recovered after 1 min, 1 restart"], id="resolved by a restart",
        ),
        pytest.param(
            _about(resolved(9, reason=OPEN.reason)), _about(replace(OPEN, reopened=1)),
            [f"[3fa9c1d2] dw-sink failed again (task 0), reopened: {HEADLINE}", *TOLD, SAID_HOLD], id="reopened",
        ),
        pytest.param(
            _about(OPEN), _about(replace(OPEN, merged_into="0000ffff")),
            ["[3fa9c1d2] dw-sink has the same cause as incident 0000ffff and is part of it"], id="merged",
        ),
        pytest.param(_about(OPEN), _about(OPEN), [], id="nothing new"),
        pytest.param(_about(OPEN), _about(), [], id="forgotten"),
    ],
)  # fmt: skip
def test_an_incident_is_told_when_something_about_it_changes(
    previous: Report, current: Report, expected: list[str]
) -> None:
    assert _said(previous, current) == expected


def test_what_was_open_before_the_start_is_told_and_its_restarts_are_not_told_as_new() -> None:
    said = _said(None, _about(replace(OPEN, attempts=(attempt(helped=False),)), resolved(9, id="0000dead")))
    assert f"[3fa9c1d2] dw-sink failed (task 0): {HEADLINE}" in said
    assert not [text for text in said if "restart 1" in text or "0000dead" in text]


def test_a_line_carries_level_and_place_for_logs_that_are_json() -> None:
    line = edges(_about(), _about(OPEN))[0]
    assert line.level == "error"
    assert line.fields == {"connect_cluster": "main", "connector": "dw-sink", "incident": "3fa9c1d2"}


def test_of_many_connectors_the_first_are_listed() -> None:
    said = _said(None, report(*(connector(f"c{n:03}") for n in range(250))))
    assert said[0] == (
        "watching Connect cluster main: 250 connectors: c000, c001, c002, c003, c004, c005, c006, c007, c008, c009"
        " and 240 more"
    )


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_a_hostile_name_makes_one_line_without_escapes(name: str) -> None:
    hostile = replace(
        DRIFT, cause=cause(message=name), way_out=name, change=replace(DRIFT.change, ddl=name) if DRIFT.change else None
    )
    current = report(
        connector(name),
        incidents=(incident(name=name, diagnosis=hostile, reason=name, attempts=(replace(attempt(), detail=name),)),),
        sources=(source(name, error=name),),
        ready=False,
        not_ready_because=name,
    )
    found = edges(report(clusters={"main": cluster(polled_at=None)}), current)
    assert len(found) >= 8
    for line in found:
        assert line.text.isprintable()
        assert all(value.isprintable() for value in line.fields.values())
