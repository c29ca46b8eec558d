"""The verbs: what goes to stdout, what to stderr, and how they exit."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from tests.cli.fakes import ENVIRON, Command, FakeApp
from tests.report.reports import (
    FAILED_SINK,
    HOSTILE_NAMES,
    NOW,
    SINK,
    SOURCE,
    WAY_OUT,
    attempt,
    cluster,
    connector,
    incident,
    report,
    resolved,
    source,
    task,
)
from watchdog.cli import main
from watchdog.cli.session import Session
from watchdog.errors import (
    JournalError,
    JournalLocked,
    PortError,
    PortNonsense,
    PortRefused,
    PortTimeout,
    PortUnauthorized,
    PortUnreachable,
    SettingsError,
    WatchdogError,
)
from watchdog.model import Report, State, TimelineEntry
from watchdog.settings import load

Capture = pytest.CaptureFixture[str]
BROKEN = report(SOURCE, FAILED_SINK, incidents=(incident(),))


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


# --- status ----------------------------------------------------------------------------------------


def test_status_shows_what_failed_first_and_the_way_out_last(capsys: Capture) -> None:
    assert Command(FakeApp(BROKEN)).run("status") == 0
    out, err = capsys.readouterr()
    assert (
        _trimmed(out)
        == f"""\
CONNECTOR    TYPE    STATE    TASKS  SINCE  CAUSE         VERDICT  RESTARTED
dw-sink      sink    FAILED   0/1    1 min  SCHEMA_DRIFT  hold
oltp-source  source  RUNNING  1/1

dw-sink  SCHEMA_DRIFT  3fa9c1d2
  cause      Cannot alter table orders because schema evolution is disabled
  table      oltp.orders → dw.orders (unexpected_field)
  statement  ALTER TABLE orders ADD COLUMN unexpected_field VARCHAR(64)
  position   e7f2a218-e755-11f1-99e1-02fc00000001:23, 2026-11-23 16:28:00Z
  hold       waiting until `dw.orders` takes every record that waits
  way out
{WAY_OUT}"""
    )
    assert err == ""


def test_one_incident_that_many_connectors_share_is_told_once(capsys: Capture) -> None:
    members = tuple(incident(f"{n}", f"sink-{n}", merged_into="3fa9c1d2") for n in range(5))
    failed = [connector(f"sink-{n}", task(0, State.FAILED)) for n in range(5)]
    assert Command(FakeApp(report(FAILED_SINK, *failed, incidents=(incident(), *members)))).run("status") == 0
    assert capsys.readouterr().out.count(WAY_OUT) == 1


def test_status_of_one_connector_adds_its_tasks_and_leaves_out_the_others(capsys: Capture) -> None:
    assert Command(FakeApp(BROKEN)).run("status", "dw-sink") == 0
    out = capsys.readouterr().out
    assert "java.sql.SQLException: Cannot alter table orders because schema evolution is disabled" in out
    assert "oltp-source" not in out


@pytest.mark.parametrize(
    ("name", "addressable"),
    [("orders.eu", True), ("a b", True), ("a/b", False), ("a%2Fb", False), ("a\\b", False), ("..", False)],
)
def test_a_connector_that_no_call_can_reach_is_told_so(name: str, addressable: bool, capsys: Capture) -> None:
    command = Command(FakeApp(report(connector(name))))
    assert command.run("status") == 0
    assert ("not addressable" in capsys.readouterr().out) is not addressable
    command.run("status", "-o", "json")
    assert [each["addressable"] for each in json.loads(capsys.readouterr().out)] == [addressable]


def test_status_as_json_is_nothing_but_json(capsys: Capture) -> None:
    lost = report(SOURCE, FAILED_SINK, incidents=(incident(),), sources=(source(error="connection refused"),))
    assert Command(FakeApp(lost)).run("status", "-o", "json") == 0
    out, err = capsys.readouterr()
    assert [each["connector"] for each in json.loads(out)] == ["dw-sink", "oltp-source"]
    assert err == "main/connect: connection refused\n"


def test_a_cluster_that_cannot_be_seen_is_told_once_though_it_is_a_source_as_well(capsys: Capture) -> None:
    lost = report(clusters={"main": cluster(SINK, error="timed out")}, sources=(source(error="timed out"),))
    assert Command(FakeApp(lost)).run("status") == 0
    assert capsys.readouterr().err == "Connect cluster main: timed out\n"


@pytest.mark.parametrize(
    ("latest", "arguments", "code"),
    [
        pytest.param(BROKEN, ["status"], 0, id="not asked for"),
        pytest.param(BROKEN, ["status", "--exit-code"], 3, id="something failed"),
        pytest.param(report(SINK), ["status", "--exit-code"], 0, id="all well"),
        pytest.param(BROKEN, ["status", "oltp-source", "--exit-code"], 0, id="another one failed"),
        pytest.param(BROKEN, ["status", "dw-sink", "--exit-code"], 3, id="this one failed"),
        pytest.param(
            report(clusters={"main": cluster(SINK, error="timed out")}), ["status", "--exit-code"], 3, id="a blind spot"
        ),
        pytest.param(BROKEN, ["status", "--exit-code", "-o", "json"], 3, id="as JSON"),
    ],
)
def test_status_exits_3_when_asked_to_and_something_is_unhealthy(
    latest: Report, arguments: list[str], code: int, capsys: Capture
) -> None:
    assert Command(FakeApp(latest)).run(*arguments) == code
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("dw-snik", "watchdog: no connector 'dw-snik'; did you mean dw-sink?\n", id="a slip"),
        pytest.param("zzz", "watchdog: no connector 'zzz'; `watchdog status` lists what there is\n", id="unknown"),
    ],
)
def test_an_unknown_connector_is_an_error_with_a_suggestion(name: str, said: str, capsys: Capture) -> None:
    assert Command(FakeApp(BROKEN)).run("status", name) == 1
    assert capsys.readouterr() == ("", said)


def test_a_cluster_without_connectors_is_said_kindly(capsys: Capture) -> None:
    assert Command(FakeApp(report())).run("status") == 0
    assert capsys.readouterr() == ("", "no connectors yet; they show up here as soon as Kafka Connect has one\n")


# --- incidents -------------------------------------------------------------------------------------

KNOWN = (incident(), resolved(3600, id="3fb00000"))


def test_incidents_are_the_open_ones_unless_all_are_asked_for(capsys: Capture) -> None:
    command = Command(FakeApp(known=KNOWN))
    assert command.run("incidents") == 0
    assert "3fb00000" not in capsys.readouterr().out
    assert command.run("incidents", "--all") == 0
    assert "3fb00000" in capsys.readouterr().out
    assert command.app.asked == [("incidents", False), ("incidents", True)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to run in: the journal is looked for there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def watched(here: Path) -> None:
    """Somebody has watched from here before."""
    (here / ".watchdog").mkdir()
    (here / ".watchdog/journal.sqlite").touch()


@pytest.mark.parametrize(
    ("arguments", "code", "out"),
    [
        pytest.param(["incidents"], 0, "", id="open"),
        pytest.param(["incidents", "-o", "json"], 0, "[]\n", id="json"),
        pytest.param(["incident", "3fa"], 1, "", id="one"),
        pytest.param(["approve", "3fa"], 1, "", id="approve"),
        pytest.param(["journal", "export"], 0, "", id="export"),
    ],
)
def test_where_nobody_watched_yet_it_says_where_it_looked_and_what_to_do(
    arguments: list[str], code: int, out: str, here: Path, capsys: Capture
) -> None:
    assert Command().run(*arguments) == code
    told = capsys.readouterr()
    assert told.out == out
    assert f"there is no journal at {here}/.watchdog/journal.sqlite: `watchdog run` writes one there" in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--config", "own.yaml", "status", "dw-sink"], id="before"),
        pytest.param(["status", "--config", "own.yaml", "dw-sink"], id="behind the verb"),
        pytest.param(["status", "dw-sink", "--config=own.yaml"], id="at the end"),
    ],
)
def test_the_settings_may_be_named_before_the_verb_or_behind_it(arguments: list[str]) -> None:
    command = Command(FakeApp(BROKEN))
    assert command.run(*arguments) == 0
    assert [path for path, _ in command.loaded] == [Path("own.yaml")]


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
@pytest.mark.parametrize("verb", ["apply", "recover", "quarantine"])
def test_a_look_without_a_deed_is_asked_for_alike_everywhere(verb: str, option: str) -> None:
    command = Command()
    assert command.run(verb, "dw-sink", option) == 0
    assert [call[0] for call in command.app.asked] in (["apply_preview"], ["preview"], ["records_plan"])


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["incidents"], "no open incidents; `watchdog incidents --all` shows past ones\n", id="open"),
        pytest.param(["incidents", "--all"], "no incidents so far\n", id="all"),
    ],
)
def test_no_incidents_is_a_kind_sentence_and_no_table(arguments: list[str], said: str, capsys: Capture) -> None:
    assert Command().run(*arguments) == 0
    assert capsys.readouterr() == ("", said)


@pytest.mark.usefixtures("watched")
def test_no_incidents_as_json_is_an_empty_list(capsys: Capture) -> None:
    assert Command().run("incidents", "-o", "json") == 0
    assert capsys.readouterr() == ("[]\n", "")


@pytest.mark.parametrize(
    ("known", "code"),
    [pytest.param(KNOWN, 3, id="an open one"), pytest.param(KNOWN[1:], 0, id="past ones only")],
)
def test_incidents_exit_3_when_asked_to_and_one_is_open(known: Any, code: int) -> None:
    assert Command(FakeApp(known=known)).run("incidents", "--all", "--exit-code") == code


def test_one_incident_has_evidence_restarts_and_timeline(capsys: Capture) -> None:
    one = incident(attempts=(attempt(helped=False),))
    entries = [TimelineEntry(NOW, one.id, "opened", "task 0 failed")]
    assert Command(FakeApp(known=(one,), timeline=entries)).run("incident", "3fa") == 0
    out = _trimmed(capsys.readouterr().out)
    for expected in (
        WAY_OUT,
        "  evidence   3 waiting records carry a column that the target lacks: unexpected_field",
        "  restart 1  2026-11-23 16:29:00Z by watchdog: accepted, did not help",
        "2026-11-23 16:30:00Z  opened     task 0 failed",
    ):
        assert expected in out.splitlines()


def test_one_incident_as_json_has_its_timeline(capsys: Capture) -> None:
    entries = [TimelineEntry(NOW, "x", "opened", "task 0 failed", {"task": 0})]
    assert Command(FakeApp(known=KNOWN, timeline=entries)).run("incident", "3fa9c1d2", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["timeline"][0]["data"]) == ("3fa9c1d2", {"task": 0})


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    ("id_", "said"),
    [
        pytest.param("3f", "watchdog: 2 incidents begin with '3f': 3fa9c1d2, 3fb00000\n", id="of several"),
        pytest.param(
            "99", "watchdog: no incident '99'; `watchdog incidents --all` lists what there is\n", id="of none"
        ),
    ],
)
def test_a_beginning_of_several_incidents_or_none_is_an_error(id_: str, said: str, capsys: Capture) -> None:
    assert Command(FakeApp(known=KNOWN)).run("incident", id_) == 1
    assert capsys.readouterr() == ("", said)


# --- restart, resume, pause ------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["restart", "resume", "pause"])
@pytest.mark.parametrize(
    ("answer", "detail", "code", "out", "err"),
    [
        pytest.param("accepted", "202", 0, "dw-sink: {} accepted: 202\n", "", id="accepted"),
        pytest.param("accepted", "", 0, "dw-sink: {} accepted\n", "", id="accepted without a word"),
        pytest.param("refused", "it is STOPPED", 1, "", "dw-sink: {} refused: it is STOPPED; nothing was changed\n",
                     id="refused"),
        pytest.param("unknown", "no answer in 10 s", 1, "",
                     "dw-sink: {} unknown: no answer in 10 s; it may or may not have been carried out: look at "
                     "`watchdog status` before you try again\n", id="unknown"),
        pytest.param("waiting", "", 1, "",
                     "dw-sink: {} waiting; the running watchdog has not taken it up yet; it will, look at "
                     "`watchdog incidents` in a moment\n", id="waiting"),
    ],
)  # fmt: skip
def test_an_action_says_how_it_was_answered(
    verb: str, answer: str, detail: str, code: int, out: str, err: str, capsys: Capture
) -> None:
    command = Command(FakeApp(answer=answer, detail=detail))
    assert command.run(verb, "dw-sink") == code
    assert capsys.readouterr() == (out.format(verb), err.format(verb))
    assert command.app.asked == [("ask", verb, "dw-sink", None)]


def test_an_action_names_the_cluster() -> None:
    command = Command()
    assert command.run("restart", "dw-sink", "--cluster", "prod") == 0
    assert command.app.asked == [("ask", "restart", "dw-sink", "prod")]


# --- config ----------------------------------------------------------------------------------------


def test_config_check_tells_every_problem_and_exits_2(capsys: Capture) -> None:
    command = Command(settings_error=SettingsError(["a.yaml:3: modus: unknown key", "CONNECT_URL: not a URL"]))
    assert command.run("config", "check") == 2
    assert capsys.readouterr() == ("", "watchdog: a.yaml:3: modus: unknown key\nwatchdog: CONNECT_URL: not a URL\n")
    assert command.app.asked == []


def test_config_check_says_that_all_is_well(capsys: Capture) -> None:
    assert Command().run("config", "check") == 0
    assert capsys.readouterr().err.startswith("the configuration is valid")


@pytest.mark.parametrize(
    ("arguments", "read"),
    [pytest.param([], yaml.safe_load, id="YAML"), pytest.param(["-o", "json"], json.loads, id="JSON")],
)
def test_config_show_prints_what_is_in_force_without_secrets(arguments: list[str], read: Any, capsys: Capture) -> None:
    assert Command().run("config", "show", *arguments) == 0
    out = capsys.readouterr().out
    assert read(out)["clusters"][0]["connect_url"] == "http://***@127.0.0.1:8083"
    assert "canary-pw" not in out


def test_what_is_odd_in_the_settings_is_told_and_is_no_error(capsys: Capture) -> None:
    environ = {"CONNECT_URL": "http://c", "WATCHDOG_NONSENSE": "1"}
    command = Command()
    assert main(["status"], Session(lambda: command.app, load, lambda _: None, environ, lambda: NOW)) == 0
    assert "WATCHDOG_NONSENSE" in capsys.readouterr().err


def test_the_config_file_is_a_global_option() -> None:
    command = Command()
    assert command.run("--config", "/etc/w.yaml", "config", "check") == 0
    assert command.loaded == [(Path("/etc/w.yaml"), ENVIRON)]


# --- run -------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Any:
    """What was logged, as (level, text, connector)."""
    entries: list[tuple[str, str, str | None]] = []

    def keep(_: Any, level: str, event: Any) -> Any:
        entries.append((level, event["event"], event.get("connector")))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.stdlib.add_log_level, keep], cache_logger_on_first_use=False)
    yield entries
    structlog.reset_defaults()


def test_run_without_a_terminal_logs_what_changes(logged: list[Any], capsys: Capture) -> None:
    command = Command(FakeApp(ticks=[report(SOURCE, SINK), report(SOURCE, SINK), BROKEN]))
    assert command.run("run", "--dry-run") == 0
    assert command.app.asked == [("watch", False, True)]
    assert [text for _, text, _ in logged][:2] == [
        "watching Connect cluster main: 2 connectors: dw-sink, oltp-source",
        "ready",
    ]
    assert ("warning", f"[3fa9c1d2] way out: {WAY_OUT}", "dw-sink") in logged
    assert len(logged) == 6
    assert capsys.readouterr().out == ""


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_run_on_a_terminal_is_a_live_view(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    assert Command(FakeApp(BROKEN)).run("run") == 0
    assert "Ctrl-C ends" in screen.getvalue()
    assert WAY_OUT in screen.getvalue()


@pytest.mark.parametrize(
    ("latest", "arguments", "watch_code", "code"),
    [
        pytest.param(BROKEN, [], 0, 0, id="not asked for"),
        pytest.param(BROKEN, ["--exit-code"], 0, 3, id="unhealthy"),
        pytest.param(report(SINK), ["--exit-code"], 0, 0, id="healthy"),
        pytest.param(BROKEN, ["--exit-code"], 1, 1, id="the loop's own code wins"),
    ],
)
def test_run_once_prints_the_last_status_and_ends(
    latest: Report, arguments: list[str], watch_code: int, code: int, capsys: Capture
) -> None:
    command = Command(FakeApp(ticks=[report(), latest], code=watch_code))
    assert command.run("run", "--once", "-o", "json", *arguments) == code
    assert {each["connector"] for each in json.loads(capsys.readouterr().out)} >= {"dw-sink"}
    assert command.app.asked == [("watch", True, False)]


def test_run_once_that_saw_no_cluster_exits_5_and_does_not_say_that_there_are_no_connectors(capsys: Capture) -> None:
    unseen = report(clusters={"main": cluster(polled_at=None, error="connection refused")}, ready=False)
    assert Command(FakeApp(ticks=[unseen])).run("run", "--once") == 5
    assert capsys.readouterr() == ("", "Connect cluster main: connection refused\n")


def test_run_once_that_saw_nothing_is_an_error(capsys: Capture) -> None:
    assert Command(FakeApp(ticks=[])).run("run", "--once") == 1
    assert capsys.readouterr().out == ""


# --- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(SettingsError(["a: bad"]), 2, id="settings"),
        pytest.param(JournalError("/x/journal.sqlite: the disk is full"), 1, id="journal"),
        pytest.param(JournalLocked("/x/journal.sqlite: held by another"), 1, id="journal locked"),
        pytest.param(PortUnauthorized("GET http://c", "401", "set CONNECT_PASSWORD", status=401), 4, id="unauthorized"),
        pytest.param(PortRefused("GET http://c", "500", status=500), 1, id="refused"),
        pytest.param(PortUnreachable("http://c", "connection refused"), 5, id="unreachable"),
        pytest.param(PortTimeout("http://c", "no answer in 10 s"), 5, id="timeout"),
        pytest.param(PortNonsense("http://c", "HTML"), 1, id="nonsense"),
        pytest.param(PortError("http://c", "odd"), 1, id="some port"),
        pytest.param(WatchdogError("odd"), 1, id="anything of ours"),
        pytest.param(KeyboardInterrupt(), 130, id="Ctrl-C"),
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [["status"], ["incidents"], ["incident", "x"], ["restart", "x"], ["run"], ["run", "--once"]],
    ids=" ".join,
)
def test_an_expected_error_is_one_line_and_an_exit_code(
    arguments: list[str], error: BaseException, code: int, capsys: Capture
) -> None:
    assert Command(FakeApp(error=error)).run(*arguments) == code
    out, err = capsys.readouterr()
    said = "" if isinstance(error, KeyboardInterrupt) else f"watchdog: {error}\n"
    assert (out, err) == ("", said)


def test_settings_that_cannot_be_used_stop_every_verb(capsys: Capture) -> None:
    command = Command(settings_error=SettingsError(["CONNECT_URL: not set"]))
    for arguments in (["status"], ["incidents"], ["incident", "x"], ["restart", "x"], ["run"], ["config", "show"]):
        assert command.run(*arguments) == 2
    assert command.app.asked == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_no_hostile_name_reaches_a_terminal(name: str, capsys: Capture) -> None:
    hostile = replace(incident(name=name, reason=name), trace=name)
    app = FakeApp(
        report(connector(name, task(0, State.FAILED, name)), incidents=(hostile,), sources=(source(name, error=name),)),
        known=(hostile,),
        timeline=[TimelineEntry(NOW, "x", "note", name)],
        detail=name,
    )
    for line in (
        "status",
        "status nope",
        "incidents",
        "incident 3f",
        "run --once",
        "status -o json",
        "incident 3f -o json",
    ):
        Command(app).run(*line.split())
    Command(app).run("status", name)
    Command(app).run("pause", name)
    Command(FakeApp(error=PortRefused(name, name, name))).run("status")
    out, err = capsys.readouterr()
    assert all(character == "\n" or character.isprintable() for character in out + err)
