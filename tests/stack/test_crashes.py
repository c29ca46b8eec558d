"""The watchdog is killed, ended, doubled, and meets connectors that are a person's business."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec
from stack.ports import any_free

from tests.stack.proxy import Call, RecordingProxy, Trouble, is_restart
from tests.stack.watchdog_process import Watchdog, eventually, never

SPEC = Spec(
    prefix="crash", database="crash", target_database="crash_dw", source="crash-source", sink="crash-sink", tasks=1
)
SETTINGS = {"WATCHDOG_STABILITY_WINDOW_SECONDS": "3"}
WAY_OUT = "ADD COLUMN unexpected_field VARCHAR(64) NULL"


def drift(pipeline: Pipeline, stack: Stack) -> None:
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(2)
    stack.connect.wait_failed(SPEC.sink)


def kinds(timeline: list[dict[str, Any]]) -> Counter[str]:
    return Counter(entry["kind"] for entry in timeline)


# ── killed ──


@pytest.mark.parametrize(
    ("trouble", "second_call"),
    [
        pytest.param(Trouble(is_restart, before=4), None, id="before-the-call-which-comes-later"),
        pytest.param(Trouble(is_restart, before=1, swallow=True), True, id="before-the-call-which-never-comes"),
        pytest.param(Trouble(is_restart, after=60), False, id="between-call-and-answer"),
    ],
)
def test_row_9_a_watchdog_that_is_killed_around_its_call_ends_what_it_began(
    stack: Stack,
    pipeline: Pipeline,
    proxy: RecordingProxy,
    watchdog: Watchdog,
    trouble: Trouble,
    second_call: bool | None,
) -> None:
    drift(pipeline, stack)
    opened = watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")
    trouble.times = 1
    proxy.trouble.append(trouble)
    pipeline.alter_target(WAY_OUT)
    eventually(lambda: proxy.restarts(SPEC.sink), 60, "the restart is on its way")
    if trouble.after:
        eventually(lambda: proxy.restarts(SPEC.sink)[0].status, 60, "Connect has carried it out")
    watchdog.kill()
    known = kinds(watchdog.timeline(opened["id"]))
    watchdog.start()

    incident = watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
    assert (incident["id"], incident["resolution"]) == (opened["id"], "recovered")
    assert pipeline.target_ids() == pipeline.source_ids()
    sent = len(proxy.restarts(SPEC.sink))
    assert sent in {None: (1, 2), True: (2,), False: (1,)}[second_call]
    assert [attempt["result"] for attempt in incident["attempts"]] == ["unknown", "accepted"][:sent]

    timeline = watchdog.timeline(incident["id"])
    told = kinds(timeline)
    assert (told["opened"], told["resolved"], told["intent"], told["answer"]) == (1, 1, sent, sent)
    order = [entry["kind"] for entry in timeline if entry["kind"] not in ("decided", "note")]
    assert order[:2] == ["opened", "diagnosed"]
    assert order[-1] == "resolved"
    assert order.index("intent") < order.index("answer")
    # The next life knows what the first one found out, and does not tell it again.
    if sent == 1:
        assert told["diagnosed"] == known["diagnosed"]
    assert watchdog.metric("schema_drift_total") == 1
    assert watchdog.metric("watchdog_restarts_total", connector=SPEC.sink, outcome="unknown") == 1
    assert watchdog.metric("watchdog_restarts_total", connector=SPEC.sink) == sent
    assert watchdog.metric("watchdog_recovery_seconds_count") == 1
    assert len(watchdog.incidents(all=True)) == 1


# ── ended ──


@pytest.fixture(params=["closed", "accepts-and-never-answers"])
def dead_port(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "closed":
        yield any_free()
        return
    # Nobody accepts, yet the connection is made: that is the kernel's doing.
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("age_seconds", [pytest.param(0, id="early"), pytest.param(6, id="after-some-seconds")])
def test_sigterm_ends_it_in_five_seconds_though_nothing_can_be_reached(
    tmp_path: Path, dead_port: int, age_seconds: int
) -> None:
    at = f"127.0.0.1:{dead_port}"
    watchdog = Watchdog(tmp_path, f"http://{at}", at, (f"mysql+pymysql://watchdog:watchdog@{at}/oltp",))
    watchdog.start(ready_seconds=0)
    with ExitStack() as after:
        after.push(watchdog.__exit__)
        eventually(lambda: _serves(watchdog), 30, "it serves")
        if age_seconds:
            eventually(lambda: _blind_for(watchdog) >= age_seconds, 30, f"it is blind for {age_seconds} s")
        assert watchdog.stop(5) == 0


def _serves(watchdog: Watchdog) -> bool:
    try:
        return watchdog.get("/livez").status_code == 200
    except OSError:
        return False


def _blind_for(watchdog: Watchdog) -> float:
    ages = [age for (name, _), age in watchdog.metrics().items() if name == "watchdog_observation_age_seconds"]
    return max(ages, default=0.0)


def test_sigterm_ends_it_in_five_seconds_with_everything_up(watchdog: Watchdog) -> None:
    assert watchdog.stop(5) == 0
    assert "Traceback" not in watchdog.log()


# ── doubled ──


def test_row_11_a_second_watchdog_on_the_journal_only_observes_and_takes_over_when_the_first_is_gone(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog, tmp_path: Path
) -> None:
    journal = watchdog.environment["WATCHDOG_JOURNAL"]
    folder, urls = tmp_path / "second", (stack.source_url, stack.target_url)
    folder.mkdir()
    settings = {**SETTINGS, "WATCHDOG_JOURNAL": journal}
    with Watchdog(folder, proxy.url, stack.bootstrap_servers, urls, **settings) as second:
        assert watchdog.metric("watchdog_acting") == 1
        ready = second.get("/readyz")
        assert (ready.status_code, ready.json()["acting"]) == (200, False)
        assert second.metric("watchdog_acting") == 0
        drift(pipeline, stack)
        opened = watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")
        eventually(lambda: second.metric("schema_drift_detected", connector=SPEC.sink) == 1, 60, "the second sees it")
        watchdog.kill()
        eventually(lambda: second.metric("watchdog_acting") == 1, 30, "the second takes over")
        pipeline.alter_target(WAY_OUT)
        resolved = second.wait_for_incident(SPEC.sink, 60, state="resolved")
        assert (resolved["id"], resolved["resolution"]) == (opened["id"], "recovered")
        assert len(proxy.restarts(SPEC.sink)) == 1
        assert second.metric("schema_drift_total") == 1
        assert kinds(second.timeline(opened["id"]))["opened"] == 1


# ── a person's business ──


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_connector_that_a_person_paused_or_stopped_is_left_alone_until_it_is_resumed(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog, verb: str
) -> None:
    drift(pipeline, stack)
    watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")
    stack.connect.call("PUT", f"/connectors/{SPEC.sink}/{verb}")
    watchdog.wait_for_incident(SPEC.sink, 60, verdict="leave-alone")
    pipeline.alter_target(WAY_OUT)
    never(proxy.changes, 4, "a call to a connector that a person took out of service")
    done = watchdog.cli("resume", SPEC.sink)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{SPEC.sink}: resume accepted")
    resumes = [call for call in proxy.changes() if call.method == "PUT"]
    assert [call.path for call in resumes] == [f"/connectors/{SPEC.sink}/resume"]
    watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
    assert pipeline.target_ids() == pipeline.source_ids()
    assert len(proxy.restarts(SPEC.sink)) <= 1


def test_what_a_person_asks_for_is_done_once_with_the_loop_running_and_without(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    drift(pipeline, stack)
    watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")

    done = watchdog.cli("restart", SPEC.sink)
    assert (done.returncode, done.stdout.startswith(f"{SPEC.sink}: restart accepted")) == (0, True), done.stderr
    assert len(proxy.restarts(SPEC.sink)) == 1
    # The column is still missing: it fails again, and that one try was a person's.
    useless = watchdog.wait_for_incident(SPEC.sink, 30, phase="open")
    eventually(lambda: _helped(watchdog) == [False], 30, "the restart was useless")
    assert [attempt["by"] for attempt in useless["attempts"]] == ["request"]
    refused = watchdog.cli("restart", "nobody")
    assert refused.returncode == 1
    assert "Connect knows no connector 'nobody'" in refused.stderr
    assert refused.stdout == ""

    assert watchdog.stop() == 0
    done = watchdog.cli("restart", SPEC.sink)
    assert (done.returncode, done.stdout.startswith(f"{SPEC.sink}: restart accepted")) == (0, True), done.stderr
    assert len(proxy.restarts(SPEC.sink)) == 2
    refused = watchdog.cli("restart", "nobody")
    assert refused.returncode == 1
    assert "Connect knows no connector 'nobody'" in refused.stderr
    assert len(proxy.changes()) == 2
    # What was done without the loop is remembered by the next one.
    incident = watchdog.incident_of(SPEC.sink)
    assert incident is not None
    assert [attempt["by"] for attempt in incident["attempts"]] == ["request", "request"]


def _helped(watchdog: Watchdog) -> list[bool | None]:
    incident = watchdog.incident_of(SPEC.sink)
    return [attempt["helped"] for attempt in incident["attempts"]] if incident else []


def test_a_rebalance_is_waited_out_and_is_no_attempt(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    drift(pipeline, stack)
    watchdog.wait_for_incident(SPEC.sink, 60, columns=["unexpected_field"], verdict="hold")
    proxy.trouble.append(Trouble(is_restart, answer=409, times=2))
    pipeline.alter_target(WAY_OUT)
    resolved = watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
    assert [attempt["result"] for attempt in resolved["attempts"]] == ["accepted"]
    own = proxy.restarts(SPEC.sink)
    assert [call.status for call in own] == [409, 409, 202]
    assert _gaps(own) >= [2, 4]

    # A person's, of a connector that is well.
    proxy.trouble.append(Trouble(is_restart, answer=409, times=1))
    done = watchdog.cli("restart", SPEC.sink)
    assert (done.returncode, done.stdout.startswith(f"{SPEC.sink}: restart accepted")) == (0, True), done.stderr
    asked_for = proxy.restarts(SPEC.sink)[3:]
    assert (len(asked_for), asked_for[0].status) == (2, 409)
    assert _gaps(asked_for) >= [2]


def _gaps(calls: list[Call]) -> list[int]:
    """Seconds between them, rounded down."""
    return [int(later.at - earlier.at) for earlier, later in pairwise(calls)]
