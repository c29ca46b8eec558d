"""`approve`, `silence` and `config check --connector`: what is asked for, what is said, what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import ENVIRON, Command, FakeApp
from tests.report.reports import NOW, incident

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def command(**given: Any) -> Command:
    return Command(FakeApp(known=(incident(),), **given))


def asked(using: Command) -> tuple[Any, ...]:
    (call,) = [call for call in using.app.asked if call[0] == "ask"]
    return call


def test_approve_asks_for_the_incident_by_its_whole_id(capsys: Capture) -> None:
    using = command()
    assert using.run("approve", "3fa") == 0
    assert asked(using) == ("ask", "approve", "dw-sink", "main", {"incident": "3fa9c1d2"})
    assert capsys.readouterr().out == "3fa9c1d2 (dw-sink): approve accepted\n"


def test_what_is_refused_exits_1_and_says_why_on_stderr(capsys: Capture) -> None:
    using = command(answer="refused", detail="hold: waiting until the target fits")
    assert using.run("approve", "3fa") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "refused: hold: waiting until the target fits; nothing was changed" in told.err


def test_json_is_one_document_also_when_it_is_refused(capsys: Capture) -> None:
    using = command(answer="refused", detail="no")
    assert using.run("approve", "3fa", "-o", "json") == 1
    assert json.loads(capsys.readouterr().out) == {
        "incident": "3fa9c1d2",
        "connect_cluster": "main",
        "connector": "dw-sink",
        "verb": "approve",
        "state": "refused",
        "detail": "no",
        "request": "r1",
    }


@pytest.mark.parametrize(
    ("arguments", "until", "no_action"),
    [
        pytest.param(["--for", "4h"], NOW + timedelta(hours=4), False, id="hours"),
        pytest.param(["--for", "1h30m", "--no-action"], NOW + timedelta(minutes=90), True, id="and nothing is done"),
        pytest.param(["--for", "2d"], NOW + timedelta(days=2), False, id="days"),
        pytest.param(["--until", "2026-11-24T16:30"], NOW + timedelta(days=1), False, id="a moment is UTC"),
        pytest.param(["--until", "2026-11-24T17:30+01:00"], NOW + timedelta(days=1), False, id="or in a zone"),
    ],
)
def test_silence_ends_by_itself(arguments: list[str], until: Any, no_action: bool) -> None:
    using = command()
    assert using.run("silence", "3fa", *arguments) == 0
    assert asked(using)[4] == {"incident": "3fa9c1d2", "until": until.isoformat(), "no_action": no_action}


def test_a_silence_can_be_ended() -> None:
    using = command()
    assert using.run("silence", "3fa", "--end") == 0
    assert asked(using)[4] == {"incident": "3fa9c1d2"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="neither"),
        pytest.param(["--for", "4h", "--end"], id="both"),
        pytest.param(["--for", "4x"], id="no unit"),
        pytest.param(["--for", "0h"], id="nothing"),
        pytest.param(["--for", "9999999999999d"], id="for ever"),
        pytest.param(["--until", "yesterday"], id="no time"),
        pytest.param(["--until", "2026-11-23T16:29"], id="over already"),
    ],
)
def test_a_silence_without_a_good_end_is_a_usage_error_and_nothing_is_asked(arguments: list[str]) -> None:
    using = command()
    assert using.run("silence", "3fa", *arguments) == 2
    assert not [call for call in using.app.asked if call[0] == "ask"]


@pytest.mark.parametrize("verb", [["approve"], ["silence", "--for", "1h"]])
def test_an_unknown_incident_is_an_error_and_nothing_is_asked(verb: list[str], capsys: Capture) -> None:
    using = command()
    assert using.run(*verb, "zzz") == 1
    assert "no incident 'zzz'" in capsys.readouterr().err
    assert not [call for call in using.app.asked if call[0] == "ask"]


POLICIES = json.dumps(
    [
        {"connector": "pay-*", "never": "true"},
        {"connector": "dw-*", "mode": "propose", "maintenance": ["Sat 02:00-04:00 UTC"]},
        {"connector": "*", "causes": ["SCHEMA_DRIFT", "CONNECTIVITY"], "attempts_max": "3", "backoff": "[30, 60]"},
    ]
)


@pytest.mark.parametrize(
    ("connector", "cause", "told"),
    [
        pytest.param("pay-x", "AUTH", ["nothing is done, whoever approves", "WATCHDOG_POLICIES[0]"], id="never"),
        pytest.param(
            "dw-x", "AUTH", ["nothing is done: the policy acts on SCHEMA_DRIFT, CONNECTIVITY only"], id="cause"
        ),
        pytest.param(
            "dw-x",
            "schema_drift",
            [
                "a restart of its failed tasks is proposed once it is observed that the target takes every record",
                "propose (environment: WATCHDOG_POLICIES[1])",
                "3 at most (environment: WATCHDOG_POLICIES[2]); given up after 90 s",
                ": 30 s, 1 min",
                "nothing is done in Sat 02:00-04:00 UTC (environment: WATCHDOG_POLICIES[1])",
                "`watchdog quarantine dw-x`",
            ],
            id="propose",
        ),
        pytest.param("other", "CONNECTIVITY", ["its failed tasks are restarted", "again and again"], id="auto"),
        pytest.param("other", "JDB-01", ["SCHEMA_DRIFT (JDB-01)"], id="a signature"),
    ],
)
def test_config_check_explains_what_would_happen(
    connector: str, cause: str, told: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRON, "WATCHDOG_POLICIES", POLICIES)
    assert command().run("config", "check", "--connector", connector, "--cause", cause) == 0
    out = " ".join(capsys.readouterr().out.split())
    for part in told:
        assert part in out


def test_config_check_as_json_has_the_same_in_it(capsys: Capture) -> None:
    assert command().run("config", "check", "--connector", "x", "--cause", "AUTH", "-o", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["connector"], document["mode"], document["connect_cluster"]) == ("x", "auto (default)", "default")
    assert document["outcome"].startswith("its failed tasks are restarted once it is observed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--connector", "x"], "together", id="no cause"),
        pytest.param(["--connector", "x", "--cause", "AUHT"], "did you mean AUTH", id="unknown cause"),
        pytest.param(["--connector", "x", "--cause", "AUTH", "--cluster", "eu"], "known are default", id="no cluster"),
    ],
)
def test_what_cannot_be_explained_is_a_usage_error(arguments: list[str], said: str, capsys: Capture) -> None:
    assert command().run("config", "check", *arguments) == 2
    assert said in capsys.readouterr().err
