"""Five records that the sink cannot take between a thousand others in three partitions, while others write on: exactly
those are kept, every other row arrives, and the sink is in the end what it was; whenever the watchdog is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stack import Stack

from tests.stack.quarantined import BAD_KEYS, Broken, spec
from tests.stack.watchdog_process import Watchdog, eventually


@pytest.fixture
def broken(stack: Stack) -> Iterator[Broken]:
    broken = Broken(stack, spec("quar"))
    broken.start()
    yield broken
    broken.clear()


def watchdog_of(stack: Stack, folder: Path, connect_url: str = "") -> Watchdog:
    """Not started: its verbs do by themselves what they are asked for."""
    databases = (stack.source_url, stack.target_url)
    return Watchdog(folder, connect_url or stack.connect_url, stack.bootstrap_servers, databases)


def config_of(broken: Broken) -> dict[str, str]:
    config = broken.stack.connect.config(broken.spec.sink)
    assert config is not None
    return config


def done(watchdog: Watchdog, *arguments: str) -> dict[str, Any]:
    answer = watchdog.cli("quarantine", *arguments, "--yes", "-o", "json", seconds=400)
    assert answer.returncode == 0, answer.stderr
    print(answer.stderr)
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def workflow_of(watchdog: Watchdog) -> dict[str, Any]:
    """The newest one in the journal."""
    found = watchdog.journaled("workflow/").values()
    return max(found, key=lambda each: str(each["started_at"]), default={})


def step_of(watchdog: Watchdog) -> str:
    return str(workflow_of(watchdog).get("step", ""))


def ended(watchdog: Watchdog) -> bool:
    return bool(workflow_of(watchdog).get("ended_at"))


def test_row_38_exactly_what_does_not_fit_is_kept_everything_else_arrives_and_the_rest_goes_back_later(
    stack: Stack, broken: Broken, tmp_path: Path
) -> None:
    sink, config = broken.spec.sink, config_of(broken)
    watchdog = watchdog_of(stack, tmp_path)
    with broken:
        found = done(watchdog, sink)
    assert found["result"] == "done"
    assert {json.loads(record["key"])["id"] for record in found["records"]} >= set(BAD_KEYS)
    broken.in_step(without=broken.bad)
    assert broken.kept() == broken.unfit()
    assert config_of(broken) == config
    stack.connect.wait_running(sink)

    # Written again, deleted, and left alone.
    updated, deleted, *_ = BAD_KEYS
    broken.source(f"UPDATE {broken.table} SET name = 'short' WHERE id = {updated}")
    broken.source(f"DELETE FROM {broken.table} WHERE id = {deleted}")
    broken.in_step(without=broken.bad - {updated, deleted})
    broken.pipeline.alter_target("MODIFY name VARCHAR(64)")
    back = done(watchdog, sink, "--replay")
    why = {json.loads(record["key"])["id"]: record["why_not"] for record in back["records"]}
    assert "written again later" in why[updated]
    assert "deleted later" in why[deleted]
    assert {key for key, reason in why.items() if reason is None} == broken.bad - {updated, deleted}
    broken.in_step(without=set())
    again = done(watchdog, sink, "--replay", "--dry-run")
    assert not [record for record in again["records"] if record["replay"]]
    assert broken.kept().total() == len(broken.bad)


@pytest.fixture
def smaller(stack: Stack) -> Iterator[Broken]:
    broken = Broken(stack, spec("quar"), rows=200, bad={40, 150}, late=0)
    broken.start()
    yield broken
    broken.clear()


def test_killed_before_the_sink_is_moved_the_next_one_goes_on(stack: Stack, smaller: Broken, tmp_path: Path) -> None:
    broken = smaller
    sink, config = broken.spec.sink, config_of(broken)
    with broken, watchdog_of(stack, tmp_path) as watchdog:
        asked = watchdog.asked("quarantine", sink, "--yes")
        eventually(lambda: step_of(watchdog) in ("find", "move"), 60, "the sink is stopped")
        watchdog.kill()
        asked.kill()
        asked.wait(10)
        watchdog.start()
        eventually(lambda: ended(watchdog), 120, lambda: f"it goes on; the log:\n{watchdog.log()}")
    assert workflow_of(watchdog)["result"] == "done"
    broken.in_step(without=broken.bad)
    assert broken.kept() == broken.unfit()
    assert config_of(broken) == config
