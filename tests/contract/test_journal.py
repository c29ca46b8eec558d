"""What every journal does: the one on disk and the one in memory pass the same tests. Below them, what only a file can
do: be killed, damaged, filled up, locked, read beside a writer."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.journal import Disk, FakeJournal
from watchdog.adapters.sqlite import open_journal
from watchdog.errors import JournalError, JournalLocked, JournalMissing
from watchdog.keeper import PRUNED_EACH_LINES, Keeper
from watchdog.memory import Memory
from watchdog.model import ConnectorKey, TableId, TimelineEntry
from watchdog.ports import Journal

NOW = datetime(2026, 11, 23, 16, 0, 0, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
Opener = Callable[[], Journal]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, path: Path) -> Iterator[Opener]:
    """Opens the same journal again at each call, as another process would."""
    disk, journals = Disk(), []

    def open_again() -> Journal:
        journal: Journal = FakeJournal(disk) if request.param == "memory" else open_journal(path)
        journals.append(journal)
        return journal

    yield open_again
    for journal in journals:
        journal.close()


def entry(text: str, incident_id: str = "i1", at: datetime = NOW, **data: Any) -> TimelineEntry:
    return TimelineEntry(at, incident_id, "note", text, data)


def texts(journal: Journal, incident_id: str | None = None, limit: int = 1000) -> list[str]:
    return [e.text for e in journal.audit.timeline(incident_id, limit)]


def test_a_document_is_there_after_reopening(opened: Opener) -> None:
    first = opened()
    first.state.put({"incident/i1": {"id": "i1", "tasks": [0], "text": "naïve ☃ \0", "nothing": None}})
    first.close()
    assert opened().state.load() == {"incident/i1": {"id": "i1", "tasks": [0], "text": "naïve ☃ \0", "nothing": None}}


def test_a_put_replaces_and_none_deletes(opened: Opener) -> None:
    journal = opened()
    journal.state.put({"a": {"n": 1, "old": True}, "b": {"n": 1}})
    journal.state.put({"a": {"n": 2}, "b": None, "never-there": None})
    assert journal.state.load() == {"a": {"n": 2}}


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        pytest.param("incident/", ["incident/1", "incident/2"], id="a kind"),
        pytest.param("INCIDENT/", ["INCIDENT/3"], id="case counts"),
        pytest.param("50%_", ["50%_x"], id="no wildcards"),
        pytest.param("☃", ["☃/1"], id="beyond ASCII"),
        pytest.param("none/", [], id="nothing"),
    ],
)
def test_load_finds_exactly_the_keys_that_begin_with_the_prefix(opened: Opener, prefix: str, found: list[str]) -> None:
    journal = opened()
    journal.state.put({key: {} for key in ["incident/1", "incident/2", "INCIDENT/3", "50%_x", "500x", "☃/1", "☂/1"]})
    assert list(journal.state.load(prefix)) == found


def test_changing_what_was_loaded_changes_nothing_in_the_journal(opened: Opener) -> None:
    journal = opened()
    journal.state.put({"a": {"list": [1]}})
    journal.state.load()["a"]["list"].append(2)
    assert journal.state.load() == {"a": {"list": [1]}}


def test_named_tuples_and_sets_are_written_as_lists(opened: Opener) -> None:
    journal = opened()
    journal.state.put({"a": {"table": TableId("oltp", "orders"), "nulls": frozenset({"x"})}})
    assert journal.state.load() == {"a": {"table": ["oltp", "orders"], "nulls": ["x"]}}


@pytest.mark.parametrize(
    "value", [pytest.param(object(), id="an object"), pytest.param("\ud800", id="half a character")]
)
def test_what_has_no_json_form_is_refused_by_its_key_and_nothing_is_written(opened: Opener, value: object) -> None:
    journal = opened()
    with pytest.raises(JournalError, match="incident/bad cannot be written"):
        journal.state.put({"good": {}, "incident/bad": {"value": value}})
    assert journal.state.load() == {}


def test_the_timeline_comes_oldest_first_with_its_data(opened: Opener) -> None:
    first = opened()
    elsewhere = NOW.astimezone(timezone(timedelta(hours=2)))
    first.audit.append([entry("one", offsets={"t-0": 20}), entry("two", at=elsewhere)])
    first.audit.append([])
    first.audit.append([entry("three")])
    first.close()
    assert opened().audit.timeline() == [entry("one", offsets={"t-0": 20}), entry("two"), entry("three")]


def test_a_limit_keeps_the_newest_entries_and_their_order(opened: Opener) -> None:
    journal = opened()
    journal.audit.append([entry(str(n), incident_id=f"i{n % 2}") for n in range(6)])
    assert texts(journal, limit=2) == ["4", "5"]
    assert texts(journal, "i0", limit=2) == ["2", "4"]
    assert texts(journal, "i9") == []
    assert texts(journal, limit=0) == []


def test_pruning_forgets_what_is_older_than_the_moment_and_says_how_many(opened: Opener) -> None:
    journal = opened()
    # Written elsewhere: as text, the first would be the latest.
    far_east = timezone(timedelta(hours=13))
    days = [(NOW - timedelta(hours=1)).astimezone(far_east), NOW, NOW + timedelta(hours=1)]
    journal.audit.append([entry(str(n), at=at) for n, at in enumerate(days)])
    assert journal.audit.prune(NOW.astimezone(timezone(timedelta(hours=-11)))) == 1
    assert texts(journal) == ["1", "2"]


def test_pruning_forgets_all_but_the_newest_lines_too(opened: Opener) -> None:
    journal = opened()
    journal.audit.append([entry(str(n)) for n in range(10)])
    assert journal.audit.prune(NOW - timedelta(days=1), 10) == 0
    assert journal.audit.prune(NOW - timedelta(days=1), 4) == 6
    assert texts(journal) == ["6", "7", "8", "9"]
    assert journal.audit.prune(NOW + timedelta(days=1), 4) == 4
    assert texts(journal) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({}, ["0", "1", "2", "3"], id="everything"),
        pytest.param({"incident_id": "i1"}, ["1", "3"], id="of-an-incident"),
        pytest.param({"since": NOW}, ["1", "2", "3"], id="since"),
        pytest.param({"connector": "dw-sink"}, ["1", "2"], id="of-a-connector"),
        pytest.param({"connector": "dw-sink", "incident_id": "i1"}, ["1"], id="of-both"),
        pytest.param({"connector": "DW-sink"}, [], id="case-counts"),
    ],
)
def test_all_that_is_asked_for_is_told_oldest_first_with_its_connector(
    opened: Opener, wanted: dict[str, Any], found: list[str]
) -> None:
    journal = opened()
    sink, source = ConnectorKey("main", "dw-sink"), ConnectorKey("main", "oltp-source")
    lines = [
        entry("0", "i0", NOW - timedelta(hours=1)),
        replace(entry("1"), key=sink),
        replace(entry("2", ""), key=sink),
        replace(entry("3"), key=source),
    ]
    journal.audit.append(lines)
    told = list(journal.audit.told(**wanted))
    assert [line.text for line in told] == found
    assert all(line in lines for line in told)


def test_a_transaction_is_seen_by_others_only_when_it_is_whole(opened: Opener) -> None:
    writer, reader = opened(), opened()
    with writer.transaction():
        writer.state.put({"incident/i1": {}})
        writer.audit.append([entry("intent")])
        assert (writer.state.load(), texts(writer)) == ({"incident/i1": {}}, ["intent"])
        assert (reader.state.load(), texts(reader)) == ({}, [])
    assert (reader.state.load(), texts(reader)) == ({"incident/i1": {}}, ["intent"])


def test_a_transaction_that_raises_leaves_nothing(opened: Opener) -> None:
    journal = opened()

    def write() -> None:
        with journal.transaction():
            journal.state.put({"a": {}})
            journal.audit.append([entry("intent")])
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert (journal.state.load(), texts(journal)) == ({}, [])
    journal.state.put({"b": {}})
    assert journal.state.load() == {"b": {}}


def test_a_nested_transaction_is_undone_with_the_outer_one(opened: Opener) -> None:
    journal = opened()

    def write() -> None:
        with journal.transaction():
            with journal.transaction():
                journal.state.put({"a": {}})
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert journal.state.load() == {}


def test_a_part_that_failed_takes_the_whole_transaction_with_it_even_when_the_error_is_swallowed(
    opened: Opener,
) -> None:
    journal = opened()

    def write() -> None:
        with journal.transaction():
            journal.audit.append([entry("intent")])
            with pytest.raises(JournalError, match="cannot be written"), journal.transaction():
                journal.state.put({"bad": {"value": object()}})
            with pytest.raises(JournalError, match="failed"):
                journal.state.put({"good": {}})

    with pytest.raises(JournalError, match="nothing of it was written"):
        write()
    assert (journal.state.load(), texts(journal)) == ({}, [])


def test_one_journal_is_the_writer_until_it_closes(opened: Opener) -> None:
    first, second = opened(), opened()
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.close()
    assert second.acquire()


def test_a_request_is_written_without_being_the_one_writer(opened: Opener) -> None:
    loop, verb = opened(), opened()
    assert loop.acquire()
    verb.state.put({"request/r1": {"verb": "restart"}})
    assert loop.state.load("request/") == {"request/r1": {"verb": "restart"}}


def test_a_closed_journal_says_so(opened: Opener) -> None:
    journal = opened()
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.state.load()
    with pytest.raises(JournalError, match="is closed"):
        journal.state.put({"a": {}})


def test_the_journal_stays_of_one_size_however_much_is_told(path: Path) -> None:
    journal = open_journal(path)
    keeper = Keeper(journal, timedelta(days=90), lines_max=5000)
    memory, _ = keeper.become_writer(Memory(), NOW)
    sizes = []
    for _ in range(6):
        assert keeper.store(memory, tuple(entry("x" * 500) for _ in range(PRUNED_EACH_LINES)))
        keeper.forget(memory, NOW)
        assert len(texts(journal, limit=10**6)) == 5000
        sizes.append(sum(file.stat().st_size for file in path.parent.iterdir()))
    assert sizes[-1] <= 1.2 * sizes[1]
    journal.close()


# The file.


def test_the_directory_and_the_files_are_private(path: Path) -> None:
    journal = open_journal(path)
    journal.acquire()
    journal.state.put({"a": {}})
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in path.parent.iterdir()}
    assert modes == {path.name + end: "0o600" for end in ("", "-wal", "-shm", ".lock")}
    journal.close()


def test_a_commit_is_on_disk_before_it_returns(path: Path) -> None:
    journal = open_journal(path)
    with journal._sessions.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    journal.close()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from watchdog.adapters.sqlite import open_journal
from watchdog.model import TimelineEntry

journal = open_journal(Path(sys.argv[1]))
assert journal.acquire()
count = journal.state.load().get("counter", {"count": 0})["count"]
while True:
    count += 1
    with journal.transaction():
        journal.state.put({"counter": {"count": count}})
        for part in range(100):
            if part == 50:
                print("half", flush=True)
            journal.audit.append([TimelineEntry(datetime(2026, 11, 23, tzinfo=UTC), str(count), "intent", str(part))])
    print(count, flush=True)
"""


def writing_process(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_killed_writer_leaves_whole_transactions_and_loses_none_that_it_told_of(path: Path) -> None:
    told = 0
    for round_ in range(6):
        with writing_process(path) as writer:
            assert writer.stdout is not None
            # Killed in the middle of a transaction: the second half of it takes longer than the signal.
            lines = [writer.stdout.readline() for _ in range(1 + round_ * 2)]
            writer.kill()
            lines += writer.stdout.readlines()
        told = max([told, *(int(line) for line in lines if line != "half\n")])
        journal = open_journal(path, read_only=round_ % 2 == 0)
        count = journal.state.load().get("counter", {"count": 0})["count"]
        assert count - told in (0, 1)
        assert len(journal.audit.timeline(limit=10**6)) == 100 * count
        journal.close()


def test_a_killed_writer_lets_go_of_the_lock(path: Path) -> None:
    with writing_process(path) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        journal = open_journal(path)
        assert not journal.acquire()
        writer.kill()
        writer.wait()
        assert journal.acquire()
        journal.close()


def test_reading_works_while_a_writer_is_in_the_middle_of_a_transaction(path: Path) -> None:
    writer = open_journal(path)
    writer.state.put({"a": {"n": 1}})
    reader = open_journal(path, read_only=True)
    with writer.transaction():
        writer.state.put({"a": {"n": 2}})
        assert reader.state.load() == {"a": {"n": 1}}
    assert reader.state.load() == {"a": {"n": 2}}
    reader.close()
    writer.close()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda journal: journal.state.put({"a": {}}), id="put"),
        pytest.param(lambda journal: journal.audit.append([entry("x")]), id="append"),
        pytest.param(lambda journal: journal.acquire(), id="acquire"),
    ],
)
def test_what_was_opened_for_reading_refuses_to_write(path: Path, change: Callable[[Journal], object]) -> None:
    open_journal(path).close()
    journal = open_journal(path, read_only=True)
    with pytest.raises(JournalError, match="for reading only"):
        change(journal)
    journal.close()


def test_reading_before_any_watchdog_wrote_says_so_and_creates_nothing(path: Path) -> None:
    with pytest.raises(JournalMissing, match="there is no journal yet; start `watchdog run`"):
        open_journal(path, read_only=True)
    assert not path.parent.exists()


def newer_schema(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE key = 'schema_version'")
    connection.close()


def overwrite_the_end(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-4096] + b"\xff" * 4096)


def foreign_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE albums (id INTEGER)")
    connection.close()


DAMAGE = [
    pytest.param(lambda p: p.write_bytes(b"not a database " * 999), "is damaged", id="not a database"),
    pytest.param(lambda p: p.write_bytes(b""), "is damaged", id="cut off to nothing"),
    pytest.param(lambda p: os.truncate(p, 4096 * 3), "is damaged", id="cut off in the middle"),
    pytest.param(lambda p: p.write_bytes(p.read_bytes()[:4096] + b"\xff" * 8192), "is damaged", id="overwritten"),
    pytest.param(overwrite_the_end, "is damaged", id="overwritten where nothing is read at first"),
    pytest.param(newer_schema, "newer version", id="newer schema"),
    pytest.param(foreign_database, "no journal of the watchdog", id="another program's database"),
]


@pytest.mark.parametrize(("damage", "told"), DAMAGE)
def test_a_file_that_cannot_be_used_is_told_with_the_next_step_and_left_as_it_is(
    path: Path, damage: Callable[[Path], object], told: str
) -> None:
    journal = open_journal(path)
    journal.state.put({f"incident/{n}": {"trace": "x" * 500} for n in range(100)})
    journal.close()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=told) as caught:
        open_journal(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "; " in str(caught.value)
    assert path.read_bytes() == before


def test_a_path_that_is_a_directory_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="is no file"):
        open_journal(tmp_path)


def test_a_parent_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(JournalError, match=r"state/journal\.sqlite: "):
        open_journal(tmp_path / "state" / "journal.sqlite")


def test_a_lost_file_is_not_replaced_while_its_log_is_still_there(path: Path) -> None:
    path.parent.mkdir()
    Path(f"{path}-wal").write_bytes(b"\0" * 32)
    with pytest.raises(JournalError, match=r"journal\.sqlite-wal is there; put it back"):
        open_journal(path)
    assert not path.exists()


def test_a_file_that_is_removed_while_in_use_is_told_instead_of_written_into_the_void(path: Path) -> None:
    journal = open_journal(path)
    path.rename(path.with_name("elsewhere"))
    for use in (lambda: journal.state.put({"a": {}}), journal.state.load):
        with pytest.raises(JournalError, match="was removed or replaced"):
            use()
    journal.close()


def test_a_document_that_was_changed_by_hand_is_told_by_its_key(path: Path) -> None:
    journal = open_journal(path)
    journal.state.put({"incident/i1": {}, "incident/i2": {}})
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE state SET document = '[1' WHERE key = 'incident/i2'")
    connection.close()
    with pytest.raises(JournalError, match="document incident/i2 is no JSON object"):
        journal.state.load()
    journal.close()


def test_a_file_that_stays_locked_is_told_and_works_again_afterwards(path: Path) -> None:
    journal, other = open_journal(path, busy_timeout_seconds=0.05), open_journal(path)
    with other.transaction(), pytest.raises(JournalLocked, match="another process is writing it; try again"):
        journal.state.put({"a": {}})
    journal.state.put({"a": {}})
    assert journal.state.load() == {"a": {}}
    journal.close()
    other.close()


def test_writers_in_several_threads_wait_for_each_other(path: Path) -> None:
    journal = open_journal(path)
    journal.state.put({"counter": {"count": 0}})

    def count_up() -> None:
        for _ in range(20):
            with journal.transaction():
                journal.state.put({"counter": {"count": journal.state.load()["counter"]["count"] + 1}})

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert journal.state.load() == {"counter": {"count": 80}}
    journal.close()


def test_many_that_open_a_new_journal_at_once_get_the_same_one(path: Path) -> None:
    failures: list[Exception] = []

    def open_and_write(name: str) -> None:
        try:
            journal = open_journal(path)
            journal.state.put({name: {}})
            journal.close()
        except JournalError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_and_write, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sorted(open_journal(path, read_only=True).state.load()) == list("012345")


FULL_DISK = """
import resource, sys
from pathlib import Path
from watchdog.adapters.sqlite import open_journal
from watchdog.errors import JournalError

journal = open_journal(Path(sys.argv[1]))
journal.state.put({"before": {}})
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
try:
    with journal.transaction():
        journal.state.put({"small": {}})
        journal.state.put({"large": {"trace": "x" * 1_000_000}})
except JournalError as error:
    print(error)
print(sorted(journal.state.load()))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
journal.state.put({"after": {}})
print(sorted(journal.state.load()))
"""


def test_a_disk_that_is_full_refuses_the_whole_transaction_and_recovers_by_itself(path: Path) -> None:
    told, while_full, afterwards = run(FULL_DISK, path)
    assert told.startswith(f"{path}: the disk ")
    assert (while_full, afterwards) == ("['before']", "['after', 'before']")


READ_ONLY = """
import os, sys
from pathlib import Path
from watchdog.adapters.sqlite import open_journal
from watchdog.errors import JournalError

path = Path(sys.argv[1])
journal = open_journal(path)
journal.state.put({"a": {}})
journal.close()
os.remove(f"{path}.lock") if os.path.exists(f"{path}.lock") else None
os.chmod(path, 0o444)
os.chmod(path.parent, 0o555)
if os.geteuid() == 0:
    os.setuid(65534)
for name in (path, path.with_name("new.sqlite")):
    try:
        journal = open_journal(name)
        journal.state.put({"b": {}})
    except JournalError as error:
        print(error)
"""


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """Below no private directory, so that another user can come to it."""
    directory = Path(tempfile.mkdtemp(prefix="journal-"))
    directory.chmod(0o755)
    yield directory
    (directory / "state").chmod(0o755)
    shutil.rmtree(directory)


def test_a_directory_that_cannot_be_written_is_told(public_directory: Path) -> None:
    path = public_directory / "state" / "journal.sqlite"
    told, told_of_new = run(READ_ONLY, path)
    assert told.startswith(f"{path}: cannot be ")
    assert told_of_new.startswith(f"{path.with_name('new.sqlite')}: Permission denied")
    assert all("readable and writable by this user" in line for line in (told, told_of_new))


def run(program: str, path: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
