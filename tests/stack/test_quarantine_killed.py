"""A real `kill -9` at each step that the journal names, 5 bad records between 1,000: half an hour, so by hand with
`make long`; its results are kept in docs/quarantine.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stack import Stack

from tests.stack.proxy import RecordingProxy, Trouble
from tests.stack.quarantined import BAD_KEYS, Broken, spec
from tests.stack.test_quarantine import config_of, ended, step_of, watchdog_of, workflow_of
from tests.stack.watchdog_process import Watchdog, eventually
from watchdog.adapters.sqlite import open_journal
from watchdog.codec import to_document
from watchdog.model import ConnectorKey, Request

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
    "move": call("PATCH", "/offsets"),
    "narrow": call("PUT", "/config"),
    "resume": call("PUT", "/resume"),
    "stop": call("PUT", "/stop"),
}
QUIET = ("copy", "find", "restore", "size", "watch", "verify", "look", "stopped", "settle")
KILLS = [
    *[pytest.param(Kill(step, deed, after=True), id=f"{step}-after") for step, deed in DEEDS.items()],
    *[pytest.param(Kill(step, deed), id=f"{step}-before") for step, deed in DEEDS.items()],
    *[pytest.param(Kill(step), id=step) for step in QUIET],
    pytest.param(Kill("restore", DEEDS["stop"], after=True), id="restore-stop-after"),
    pytest.param(Kill("restore", DEEDS["narrow"]), id="restore-config-before"),
    pytest.param(Kill("restore", DEEDS["narrow"], after=True), id="restore-config-after"),
    pytest.param(Kill("restore", DEEDS["resume"]), id="restore-resume-before"),
]


@pytest.fixture
def broken(stack: Stack) -> Iterator[Broken]:
    """Not started yet."""
    broken = Broken(stack, spec("quark"), late=0)
    yield broken
    broken.clear()


@contextmanager
def two_watchdogs(stack: Stack, folder: Path, connect_url: str, broken: Broken) -> Iterator[tuple[Watchdog, Watchdog]]:
    """The one that acts, and one on the same journal that takes over when that one is gone; both begin while the rows
    are written."""
    other = folder / "second"
    other.mkdir()
    first, second = watchdog_of(stack, folder, connect_url), watchdog_of(stack, other, stack.connect_url)
    second.environment = {**second.environment, "WATCHDOG_JOURNAL": first.environment["WATCHDOG_JOURNAL"]}
    with ExitStack() as after:
        for each in (first, second):
            after.push(each.__exit__)
        first.start(ready_seconds=0)
        broken.start()
        eventually(lambda: _acts(first), 180, "the first acts")
        second.start(ready_seconds=180)
        yield first, second


def _acts(watchdog: Watchdog) -> bool:
    try:
        return bool(watchdog.get("/readyz").json()["acting"])
    except (OSError, ValueError, KeyError):
        return False


def ask(watchdog: Watchdog, verb: str, broken: Broken) -> None:
    """As the verb leaves it in the journal."""
    request = Request(f"r-{verb}", verb, ConnectorKey("default", broken.spec.sink), datetime.now(UTC))
    with closing(
        open_journal(Path(watchdog.environment["WATCHDOG_JOURNAL"]), clock=lambda: datetime.now(UTC))
    ) as journal:
        journal.state.put({f"request/{request.id}": to_document(request)})


@pytest.mark.parametrize("kill", KILLS)
def test_killed_at_any_step_the_next_watchdog_ends_what_was_begun(
    stack: Stack, broken: Broken, tmp_path: Path, kill: Kill
) -> None:
    with (
        RecordingProxy(stack.connect_url) as proxy,
        two_watchdogs(stack, tmp_path, proxy.url, broken) as (first, second),
        broken,
    ):
        config = config_of(broken)
        ask(first, "quarantine", broken)
        at = killed(first, proxy, kill)
        eventually(lambda: ended(second), 400, lambda: f"it goes on after {at}; the log:\n{second.log()}")
    assert workflow_of(second)["result"] == "done", second.log()
    broken.in_step(without=broken.bad, seconds=120)
    assert broken.kept() == broken.unfit()
    assert config_of(broken) == config
    stack.connect.wait_running(broken.spec.sink)
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
    eventually(lambda: held.times == 0, 240, lambda: f"the call of {kill.step}; the log:\n{watchdog.log()}")
    if kill.after:
        eventually(lambda: any(c.status and deed(c.method, c.path) for c in proxy.calls[-5:]), 30, "Connect's answer")


@pytest.mark.parametrize("step", ["look", "write", "check"])
def test_a_replay_that_is_killed_writes_each_record_back_once(
    stack: Stack, broken: Broken, tmp_path: Path, step: str
) -> None:
    with two_watchdogs(stack, tmp_path, stack.connect_url, broken) as (first, second):
        ask(first, "quarantine", broken)
        eventually(lambda: ended(first), 400, lambda: f"all are in quarantine; the log:\n{first.log()}")
        broken.pipeline.alter_target("MODIFY name VARCHAR(64)")
        deleted, updated, *left = BAD_KEYS
        broken.source(f"DELETE FROM {broken.table} WHERE id = {deleted}")
        broken.source(f"UPDATE {broken.table} SET name = 'short' WHERE id = {updated}")
        broken.in_step(without=set(left), seconds=120)
        ask(first, "replay", broken)
        at_step(first, step)
        first.kill()
        eventually(lambda: ended(second), 120, lambda: f"it goes on; the log:\n{second.log()}")
    broken.in_step(without=set(), seconds=120)
    headers = [pair for message in broken.messages(broken.spec.topic) for pair in message.headers() or []]
    marks = [value for name, value in headers if name == "watchdog.replayed"]
    assert len(marks) == len(set(marks)) == 3
    print(f"KILLED at {step}: rows in step, 3 written back once, 2 left")
