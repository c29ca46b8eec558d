"""A journal that is opened as soon as it can be, and created only where there never was one."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchdog.adapters.sqlite import SqliteJournal, open_journal
from watchdog.adapters.sqlite_patient import PatientJournal
from watchdog.errors import JournalError, JournalLost, JournalUnusable


class Opened:
    """Counts how often the file was opened, and checked."""

    def __init__(self, path: Path) -> None:
        self.path, self.tries = path, 0
        self.journal = PatientJournal(path, self._open)

    def _open(self, create: bool) -> SqliteJournal:
        self.tries += 1
        return open_journal(self.path, create=create, busy_timeout_seconds=0.05)


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path / "journal.sqlite")


def test_what_never_was_there_is_created_and_opened_once(opened: Opened) -> None:
    assert opened.journal.acquire()
    opened.journal.state.put({"a": {}})
    with opened.journal.transaction():
        opened.journal.state.put({"b": {}})
    assert sorted(opened.journal.state.load()) == ["a", "b"]
    assert opened.tries == 1
    opened.journal.close()


def test_a_damaged_file_is_read_once_and_again_when_it_has_changed(opened: Opened) -> None:
    opened.path.write_bytes(b"no database " * 999)
    for _ in range(3):
        with pytest.raises(JournalUnusable, match="is damaged"):
            opened.journal.acquire()
    assert opened.tries == 1
    opened.path.write_bytes(b"still none " * 999)
    with pytest.raises(JournalUnusable, match="is damaged"):
        opened.journal.acquire()
    assert opened.tries == 2
    opened.path.unlink()
    assert opened.journal.acquire()
    opened.journal.close()


def test_what_may_pass_is_tried_again_each_time(opened: Opened, tmp_path: Path) -> None:
    opened.path.with_name(opened.path.name + "-wal").write_bytes(b"\0")
    for _ in range(2):
        with pytest.raises(JournalError, match="-wal is there; put it back"):
            opened.journal.acquire()
    assert opened.tries == 2


def test_a_file_that_is_gone_is_waited_for_and_never_made_anew(opened: Opened) -> None:
    assert opened.journal.acquire()
    opened.journal.state.put({"a": {}})
    opened.path.rename(opened.path.with_name("elsewhere"))
    with pytest.raises(JournalLost, match="was removed or replaced"):
        opened.journal.state.put({"b": {}})
    for _ in range(2):
        with pytest.raises(JournalLost, match="was removed while in use; put it back"):
            opened.journal.acquire()
    assert not opened.path.exists()
    opened.path.with_name("elsewhere").rename(opened.path)
    assert opened.journal.acquire()
    assert list(opened.journal.state.load()) == ["a"]
    opened.journal.close()


def test_a_writer_whose_lock_file_was_removed_writes_no_more_until_it_has_the_new_one(opened: Opened) -> None:
    assert opened.journal.acquire()
    lock = opened.path.with_name(opened.path.name + ".lock")
    lock.unlink()
    with pytest.raises(JournalLost, match="lock file was removed"), opened.journal.transaction():
        opened.journal.state.put({"a": {}})
    other = open_journal(opened.path)
    assert other.acquire()
    assert not opened.journal.acquire()
    other.close()
    assert opened.journal.acquire()
    opened.journal.close()


def test_the_lock_tells_who_has_it(opened: Opened) -> None:
    assert opened.journal.holder() == ""
    assert opened.journal.acquire()
    other = open_journal(opened.path)
    assert other.holder().startswith("process ")
    opened.path.with_name(opened.path.name + ".lock").write_bytes(b"\x1b[31mred\xff" * 100)
    assert other.holder() == ""
    other.close()
    opened.journal.close()
