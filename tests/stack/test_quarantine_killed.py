"""A real `kill -9` at each step that the journal names: minutes, so by hand with `make long`; its results are kept in
docs/quarantine.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from stack import Stack

from tests.stack.proxy import RecordingProxy, Trouble
from tests.stack.quarantined import Broken, spec
from tests.stack.test_quarantine import config_of, ended, step_of, watchdog_of, workflow_of
from tests.stack.watchdog_process import Watchdog, eventually

pytestmark = pytest.mark.long

Pick = Callable[[str, str], bool]


def call(method: str, end: str) -> Pick:
    def picked(asked: str, path: str) -> bool:
        return asked == method and path.split("?")[0].endswith(end)

    return picked


@dataclass(frozen=True)
class Kill:
    """In which step; around which call of it (None: at any moment of it); before or after the deed."""

    step: str
    deed: Pick | None = None
    after: bool = False
    which: int = 1
    """So many times that the call has to come first."""


DEEDS = {
    "narrow": call("PUT", "/config"),
    "stop": call("PUT", "/stop"),
    "move": call("PATCH", "/offsets"),
    "resume": call("PUT", "/resume"),
}
QUIET = ("look", "copy", "verify", "stopped", "find", "size", "watch", "restore", "settle")
KILLS = [
    *[pytest.param(Kill(step), id=step) for step in QUIET],
    *[pytest.param(Kill(step, deed), id=f"{step}-before") for step, deed in DEEDS.items()],
    *[pytest.param(Kill(step, deed, after=True), id=f"{step}-after") for step, deed in DEEDS.items()],
    pytest.param(Kill("restore", DEEDS["stop"], after=True), id="restore-stop-after"),
    pytest.param(Kill("restore", DEEDS["narrow"]), id="restore-config-before"),
    pytest.param(Kill("restore", DEEDS["narrow"], after=True), id="restore-config-after"),
    pytest.param(Kill("restore", DEEDS["resume"]), id="restore-resume-before"),
]


@pytest.fixture
def broken(stack: Stack) -> Iterator[Broken]:
    broken = Broken(stack, spec("quark"), rows=60, bad={10, 30, 31, 45, 59}, late=0)
    broken.start()
    yield broken
    broken.clear()


@pytest.mark.parametrize("kill", KILLS)
def test_killed_at_any_step_the_next_watchdog_ends_what_was_begun(
    stack: Stack, broken: Broken, tmp_path: Path, kill: Kill
) -> None:
    sink, config = broken.spec.sink, config_of(broken)
    with RecordingProxy(stack.connect_url) as proxy, broken, watchdog_of(stack, tmp_path, proxy.url) as watchdog:
        asked = watchdog.asked("quarantine", sink, "--yes")
        at = killed(watchdog, proxy, kill)
        asked.kill()
        asked.wait(10)
        proxy.trouble.clear()
        watchdog.start(ready_seconds=120)
        eventually(lambda: ended(watchdog), 300, f"it goes on after {at}; the log:\n{watchdog.log()}")
    assert workflow_of(watchdog)["result"] == "done", watchdog.log()
    broken.in_step(without=broken.bad, seconds=120)
    assert broken.kept() == broken.unfit()
    assert config_of(broken) == config
    stack.connect.wait_running(sink)
    print(f"KILLED at {at}: rows in step, {broken.kept().total()} in quarantine once, configuration as before")


def killed(watchdog: Watchdog, proxy: RecordingProxy, kill: Kill) -> str:
    """Where it stood, by the journal."""
    if kill.deed is None:
        at_step(watchdog, kill.step)
    else:
        at_call(watchdog, proxy, kill, kill.deed)
    watchdog.kill()
    return (
        f"{step_of(watchdog)}{'' if kill.deed is None else ', after its call' if kill.after else ', before its call'}"
    )


def at_step(watchdog: Watchdog, step: str) -> None:
    deadline = time.monotonic() + 240
    while step_of(watchdog) != step:
        assert time.monotonic() < deadline, f"it did not come to {step}:\n{watchdog.log()}"
        time.sleep(0.005)


def at_call(watchdog: Watchdog, proxy: RecordingProxy, kill: Kill, deed: Pick) -> None:
    """The call of that step is held up: before Connect has heard of it, or before we hear the answer."""

    def hits(method: str, path: str) -> bool:
        return deed(method, path) and step_of(watchdog) == kill.step

    held = Trouble(hits, after=60, times=1) if kill.after else Trouble(hits, before=60, swallow=True, times=1)
    proxy.trouble.append(held)
    eventually(lambda: held.times == 0, 240, f"the call of {kill.step}; the log:\n{watchdog.log()}")
    if kill.after:
        eventually(lambda: any(c.status and deed(c.method, c.path) for c in proxy.calls[-5:]), 30, "Connect's answer")


@pytest.fixture
def kept(broken: Broken, stack: Stack, tmp_path: Path) -> Broken:
    """All in quarantine, and the target wide enough by now."""
    watchdog = watchdog_of(stack, tmp_path)
    done = watchdog.cli("quarantine", broken.spec.sink, "--yes", seconds=400)
    assert done.returncode == 0, done.stderr
    broken.pipeline.alter_target("MODIFY name VARCHAR(64)")
    return broken


@pytest.mark.parametrize("step", ["look", "write", "check"])
def test_a_replay_that_is_killed_writes_each_record_back_once(
    stack: Stack, kept: Broken, tmp_path: Path, step: str
) -> None:
    folder = tmp_path / "replay"
    folder.mkdir()
    kept.source(f"DELETE FROM {kept.table} WHERE id = 10")
    kept.source(f"UPDATE {kept.table} SET name = 'short' WHERE id = 30")
    kept.in_step(without={31, 45, 59}, seconds=120)
    with watchdog_of(stack, folder) as watchdog:
        asked = watchdog.asked("quarantine", kept.spec.sink, "--replay", "--yes")
        at_step(watchdog, step)
        watchdog.kill()
        asked.kill()
        asked.wait(10)
        watchdog.start(ready_seconds=120)
        eventually(lambda: ended(watchdog), 120, f"it goes on; the log:\n{watchdog.log()}")
    kept.in_step(without=set(), seconds=120)
    marks = [
        value for m in kept.messages(kept.spec.topic) for n, value in m.headers() or [] if n == "watchdog.replayed"
    ]
    assert len(marks) == len(set(marks)) == 3
    print(f"KILLED at {step}: rows in step, 3 written back once, 2 left")
