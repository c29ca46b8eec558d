"""What happens to the journal under a real `watchdog run`, with a Connect worker over HTTP: it goes on observing, does
nothing without a stored intent, says why, leaves the file as it is, and acts again by itself when the trouble is over.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.stack.watchdog_process import Watchdog, eventually, never
from tests.worker import Worker, worker
from watchdog.adapters.sqlite import open_journal

OBSERVED_SECONDS = 3.0
"""The one try comes a second after a failure was seen."""


@pytest.fixture(scope="module")
def connect() -> Iterator[Worker]:
    with worker() as running:
        yield running


@pytest.fixture
def alone() -> Iterator[Worker]:
    """Watched by nobody else."""
    with worker() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("troubles")


def watchdog_of(connect: Worker, folder: Path, **settings: str) -> Watchdog:
    folder.mkdir(exist_ok=True)
    quick = {"WATCHDOG_TRANSIENT_DELAY_SECONDS": "1", "WATCHDOG_STABILITY_WINDOW_SECONDS": "1"}
    return Watchdog(folder, connect.url, **quick, **settings)


def journal_of(watchdog: Watchdog) -> Path:
    return Path(watchdog.environment["WATCHDOG_JOURNAL"])


def readyz(watchdog: Watchdog) -> tuple[int, str]:
    answer = watchdog.get("/readyz", 15)
    return answer.status_code, answer.json()["reason"]


def is_seen_and_left_alone(watchdog: Watchdog, connect: Worker, sink: str, reason: str) -> None:
    """While its journal is in trouble: not ready and why, detected in the metrics, and no call for seconds."""
    sent = len(connect.restarts)
    connect.fail(sink)
    eventually(lambda: readyz(watchdog)[0] == 503, 30, lambda: f"not ready; {watchdog.log()}")
    assert reason in readyz(watchdog)[1]
    eventually(lambda: failed_tasks(watchdog, sink) == 1, 30, "the failure is in the metrics")
    never(lambda: connect.restarts[sent:], OBSERVED_SECONDS, "a call without a stored intent")
    assert watchdog.metric("watchdog_acting") == 0
    assert reason in readyz(watchdog)[1]
    assert watchdog.get("/livez", 15).status_code == 200


def failed_tasks(watchdog: Watchdog, sink: str) -> float | None:
    return watchdog.metric("kafka_connect_connector_failed_task_count", connector=sink)


def acts_again(watchdog: Watchdog, connect: Worker, sink: str) -> None:
    eventually(lambda: sink in connect.restarts, 30, lambda: f"the restart that was held; {watchdog.log()}")
    assert connect.restarts.count(sink) == 1
    assert readyz(watchdog) == (200, "")
    assert watchdog.metric("watchdog_acting") == 1
    timeline = open_journal(journal_of(watchdog), read_only=True).audit.told(connector=sink)
    kinds = [entry.kind for entry in timeline]
    assert (kinds[0], kinds.count("opened"), kinds.count("intent")) == ("opened", 1, 1)


# ── row 14: in the middle of it ──


@pytest.fixture(scope="module")
def watchdog(connect: Worker, folder: Path) -> Iterator[Watchdog]:
    with watchdog_of(connect, folder / "running") as running:
        yield running


@contextmanager
def disk_full(watchdog: Watchdog) -> Iterator[None]:
    """No file may grow, nor be written beyond its first 4 KB: its log cannot be written either."""
    assert watchdog.process is not None
    pid = watchdog.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked_by_another(watchdog: Watchdog) -> Iterator[None]:
    with closing(sqlite3.connect(journal_of(watchdog), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def taken_away(watchdog: Watchdog) -> Iterator[None]:
    path = journal_of(watchdog)
    path.rename(path.with_name("elsewhere"))
    yield
    path.with_name("elsewhere").rename(path)


@contextmanager
def replaced_by_a_copy(watchdog: Watchdog) -> Iterator[None]:
    """As who restores a backup does: another file of the same content, some time later."""
    path = journal_of(watchdog)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(path.with_name("copy"))) as copy:
        source.backup(copy)
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").rename(path.with_name(f"replaced{end}"))
    yield
    path.with_name("copy").rename(path)


@contextmanager
def its_lock_taken(watchdog: Watchdog) -> Iterator[None]:
    """As after `rm journal.*lock`, when another one is started: from then on that one is the owner."""
    path = journal_of(watchdog)
    path.with_name(path.name + ".lock").unlink()
    other = open_journal(path)
    assert other.acquire()
    yield
    other.close()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(disk_full, "disk", id="disk-full"),
        pytest.param(locked_by_another, "another process is writing it; try again", id="database-is-locked"),
        pytest.param(taken_away, "removed", id="taken-away"),
        pytest.param(replaced_by_a_copy, "removed", id="replaced-by-a-copy"),
    ],
)
def test_row_14_without_a_journal_to_write_it_observes_and_acts_again_by_itself(
    watchdog: Watchdog,
    connect: Worker,
    trouble: Callable[[Watchdog], AbstractContextManager[None]],
    reason: str,
) -> None:
    sink = trouble.__name__
    connect.add(sink)
    eventually(lambda: readyz(watchdog) == (200, ""), 30, lambda: f"all is well before; {watchdog.log()}")
    eventually(lambda: failed_tasks(watchdog, sink) == 0, 30, "the new sink is seen")
    counted = watchdog.metric("watchdog_restarts_total") or 0
    with trouble(watchdog):
        is_seen_and_left_alone(watchdog, connect, sink, reason)
        assert str(journal_of(watchdog)) in readyz(watchdog)[1]
    acts_again(watchdog, connect, sink)
    # Nothing that was counted before is lost with the trouble.
    eventually(lambda: watchdog.metric("watchdog_restarts_total") == counted + 1, 60, "one more restart is counted")


def test_row_11_an_owner_whose_lock_file_was_removed_lets_whoever_locks_it_anew_act(
    watchdog: Watchdog, connect: Worker
) -> None:
    connect.add("unlocked")
    eventually(lambda: failed_tasks(watchdog, "unlocked") == 0, 30, "the new sink is seen")
    with its_lock_taken(watchdog):
        connect.fail("unlocked")
        eventually(lambda: watchdog.metric("watchdog_acting") == 0, 30, "it does not act any more")
        never(lambda: "unlocked" in connect.restarts, OBSERVED_SECONDS, "a call by who is not the owner")
        said = eventually(lambda: watchdog.get("/readyz").json()["not_acting_because"], 60, "why")
        eventually(lambda: f"process {os.getpid()} on" in _why(watchdog), 60, f"who acts instead, not {said}")
    eventually(lambda: "unlocked" in connect.restarts, 30, "it acts again")


def _why(watchdog: Watchdog) -> str:
    return str(watchdog.get("/readyz").json()["not_acting_because"])


# ── row 15: at the start ──


def overwritten(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * 8192 + content[12288:])


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 5000)


def of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = '7' WHERE key = 'schema_version'")


@pytest.mark.parametrize(
    ("damage", "reasons"),
    [
        pytest.param(overwritten, ["is damaged", "sqlite3 ", " .recover |"], id="corrupt"),
        pytest.param(cut_off, ["is damaged", " .recover |"], id="truncated"),
        pytest.param(of_a_newer_version, ["was written by a newer version (schema 7)", "upgrade"], id="newer"),
    ],
)
def test_row_15_a_journal_that_cannot_be_used_is_left_as_it_is_and_everything_is_watched(
    alone: Worker, folder: Path, damage: Callable[[Path], None], reasons: list[str]
) -> None:
    sink = damage.__name__
    alone.add(sink)
    watchdog = watchdog_of(alone, folder / sink)
    path = journal_of(watchdog)
    journal = open_journal(path)
    journal.state.put(
        {f"table/none/{n}": {"prefix": "none", "table": ["a", str(n)], "schema": None} for n in range(99)}
    )
    journal.close()
    good = Path(shutil.copy(path, path.with_name("good")))
    damage(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    watchdog.start(ready_seconds=0)
    try:
        eventually(lambda: _serves(watchdog), 30, lambda: f"it serves; {watchdog.log()}")
        is_seen_and_left_alone(watchdog, alone, sink, reasons[0])
        said = readyz(watchdog)[1]
        assert all(reason in said for reason in [str(path), *reasons]), said
        assert "the journal cannot be used: observing goes on, nothing is done" in watchdog.log()
        assert watchdog.log().count("the journal cannot be used") == 1
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before
        # What a person does about it needs no restart.
        good.rename(path)
        acts_again(watchdog, alone, sink)
    finally:
        watchdog.stop()
    assert "Traceback" not in watchdog.log()


def _serves(watchdog: Watchdog) -> bool:
    try:
        return watchdog.get("/readyz").status_code in (200, 503)
    except OSError:
        return False


# ── row 11: two of them ──


def test_row_11_of_two_on_one_journal_exactly_one_acts_and_readyz_says_which(alone: Worker, folder: Path) -> None:
    alone.add("shared")
    with watchdog_of(alone, folder / "first") as first:
        journal = str(journal_of(first))
        with watchdog_of(alone, folder / "second", WATCHDOG_JOURNAL=journal) as second:
            assert first.process is not None
            assert first.get("/readyz").json()["acting"] is True
            told = second.get("/readyz").json()
            assert (told["ready"], told["acting"], told["reason"]) == (True, False, "")
            assert f"(process {first.process.pid} on " in told["not_acting_because"]
            alone.fail("shared")
            eventually(lambda: alone.restarts.count("shared") == 1, 30, "one restart")
            never(lambda: alone.restarts.count("shared") > 1, OBSERVED_SECONDS, "a second one")
            first.kill()
            eventually(lambda: second.get("/readyz").json()["acting"] is True, 30, "the second takes over")
            assert second.metric("watchdog_acting") == 1
            assert alone.restarts.count("shared") == 1
            assert second.metric("watchdog_restarts_total", connector="shared") == 1
