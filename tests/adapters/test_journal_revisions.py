"""A journal that the first version wrote (`tests/data/journals/schema-1.sqlite`, by the code of commit 8440cc6), and
what becomes of it: read as it is, copied aside, brought up to date by the one writer, or left alone."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from watchdog.adapters import sqlite_revisions
from watchdog.adapters.sqlite import open_journal
from watchdog.adapters.sqlite_tables import SCHEMA_VERSION, revision_of
from watchdog.errors import JournalError, JournalUnusable
from watchdog.model import CallResult, ConnectorKey, TimelineEntry
from watchdog.remember import remembered

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "tests/data/journals/schema-1.sqlite"
COPY = f".before-{revision_of(SCHEMA_VERSION)}"
KINDS = ["opened", "diagnosed", "decided", "diagnosed", "decided", "intent", "answer", "decided", "decided", "resolved"]
"""What the file tells of the sink's incident."""
SINK, SOURCE = ConnectorKey("main", "dw-sink"), ConnectorKey("main", "oltp-source")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(FIRST, tmp_path / "journal.sqlite"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def schema(path: Path) -> set[tuple[object, ...]]:
    """Tables with their columns, and indexes; not how the statements were spelled."""
    tables = [str(name) for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {(table, *row[1:]) for table in tables for row in rows(path, f"PRAGMA table_info({table})")}
    indexes = rows(path, "SELECT 'index', name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return columns | set(indexes)


def test_the_one_writer_brings_it_up_to_date_and_loses_nothing(path: Path) -> None:
    before = rows(path, "SELECT id, at, incident_id, kind, text, data FROM timeline ORDER BY id")
    documents = rows(path, "SELECT * FROM state ORDER BY key")
    journal = open_journal(path)
    assert journal.acquire()
    assert journal.copied == path.with_name(path.name + COPY)
    journal.close()
    assert rows(path, "SELECT id, at, incident_id, kind, text, data FROM timeline ORDER BY id") == before
    assert rows(path, "SELECT * FROM state ORDER BY key") == documents
    assert rows(path, "SELECT value FROM meta WHERE key = 'schema_version'") == [(str(SCHEMA_VERSION),)]
    assert rows(path, "SELECT version_num FROM alembic_version") == [(revision_of(SCHEMA_VERSION),)]


def test_what_it_knew_is_known_afterwards(path: Path) -> None:
    journal = open_journal(path)
    journal.acquire()
    memory, positions = remembered(journal.state.load())
    assert positions == {"main": {"dataflow-0": 2}}
    assert {(i.key, i.open, len(i.attempts)) for i in memory.incidents.values()} == {
        (SINK, False, 1),
        (SOURCE, True, 0),
    }
    assert memory.counters.get("restarts_total", *SINK, CallResult.ACCEPTED.value) == 1
    journal.close()


def test_its_lines_learn_their_connector_and_new_ones_are_told_beside_them(path: Path) -> None:
    journal = open_journal(path)
    journal.acquire()
    journal.audit.append([TimelineEntry(next(journal.audit.told()).at, "", "request", "pause", {"by": "bob"}, SINK)])
    of_sink = list(journal.audit.told(connector=SINK.connector))
    assert [entry.kind for entry in of_sink] == [*KINDS, "request"]
    assert {entry.key for entry in of_sink} == {SINK}
    # Of a call without an incident nobody wrote down which connector it was for.
    assert [entry.text for entry in journal.audit.told() if entry.key is None] == [
        "a person asked for: pause dw-sink",
        "pause: accepted",
    ]
    journal.close()


def test_a_file_brought_up_to_date_is_like_a_new_one(path: Path, tmp_path: Path) -> None:
    for file in (path, tmp_path / "new" / "journal.sqlite"):
        journal = open_journal(file)
        journal.acquire()
        journal.close()
    assert schema(path) == schema(tmp_path / "new" / "journal.sqlite")


def test_the_version_is_the_last_revision() -> None:
    found = sorted(path.name[1:5] for path in (ROOT / "watchdog/adapters/journal_revisions").glob("r*.py"))
    assert found == [revision_of(number + 1) for number in range(SCHEMA_VERSION)]


def test_the_copy_is_the_file_from_before_and_private(path: Path) -> None:
    before = sorted(rows(path, "SELECT * FROM timeline") + rows(path, "SELECT * FROM state"), key=str)
    journal = open_journal(path)
    journal.acquire()
    journal.close()
    copy = path.with_name(path.name + COPY)
    assert sorted(rows(copy, "SELECT * FROM timeline") + rows(copy, "SELECT * FROM state"), key=str) == before
    assert rows(copy, "SELECT value FROM meta") == [("1",)]
    assert copy.stat().st_mode & 0o777 == 0o600
    # It can be put back and is then brought up to date again.
    shutil.copy(copy, path)
    journal = open_journal(path)
    assert journal.acquire()
    journal.close()


def test_a_reader_takes_it_as_it_is(path: Path) -> None:
    before = digest(path)
    journal = open_journal(path, read_only=True)
    assert len(journal.audit.timeline()) == len(list(journal.audit.told())) == 15
    assert list(journal.audit.told(connector="dw-sink")) == []
    assert {entry.key for entry in journal.audit.timeline()} == {None}
    journal.close()
    assert digest(path) == before
    assert not path.with_name(path.name + COPY).exists()


def test_who_is_not_the_writer_leaves_it_as_it_is_and_takes_over_what_the_writer_made_of_it(path: Path) -> None:
    writer, second = open_journal(path), open_journal(path)
    assert rows(path, "SELECT value FROM meta WHERE key = 'schema_version'") == [("1",)]
    second.state.put({"request/r2": {"verb": "restart"}})
    assert writer.acquire()
    assert not second.acquire()
    assert len(second.audit.timeline()) == 15
    writer.close()
    assert second.acquire()
    assert second.copied is None
    assert "request/r2" in second.state.load()
    second.close()


BREAKS = """
import shutil, sys
from pathlib import Path
from watchdog.adapters import sqlite_revisions
from watchdog.adapters.sqlite import open_journal
from watchdog.errors import JournalError
sqlite_revisions._REVISIONS = Path(sys.argv[2])
journal = open_journal(Path(sys.argv[1]))
try:
    journal.acquire()
except JournalError as error:
    print(error)
other = open_journal(Path(sys.argv[1]))
print(other._lock.acquire())
"""


@pytest.mark.parametrize(
    ("last_line", "told"),
    [
        pytest.param(
            '    op.execute("INSERT INTO nowhere VALUES (1)")', "no such table: nowhere", id="fails-at-its-end"
        ),
        pytest.param("    import os; os.kill(os.getpid(), 9)", None, id="is-killed-at-its-end"),
    ],
)
def test_a_revision_that_does_not_come_to_its_end_leaves_the_file_as_it_was(
    path: Path, tmp_path: Path, last_line: str, told: str | None
) -> None:
    before = (schema(path), rows(path, "SELECT * FROM timeline"), rows(path, "SELECT * FROM meta"))
    revisions = Path(shutil.copytree(ROOT / "watchdog/adapters/journal_revisions", tmp_path / "revisions"))
    (second,) = revisions.glob("r0002*")
    second.write_text(second.read_text() + last_line + "\n")
    done = subprocess.run(
        [sys.executable, "-c", BREAKS, str(path), str(revisions)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if told:
        assert told in done.stdout, done.stderr
        assert str(path) in done.stdout
        assert done.stdout.splitlines()[-1] == "True"  # The lock is free again.
    else:
        assert done.returncode == -9
    assert (schema(path), rows(path, "SELECT * FROM timeline"), rows(path, "SELECT * FROM meta")) == before
    journal = open_journal(path)
    assert journal.acquire()
    assert rows(path, "SELECT version_num FROM alembic_version") == [(revision_of(SCHEMA_VERSION),)]
    journal.close()


def test_without_room_for_the_copy_nothing_is_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, copy: Path) -> Path:
        raise JournalError(f"{copy}: the disk is full; free some space, it then goes on by itself")

    monkeypatch.setattr(sqlite_revisions, "_copied", full)
    journal = open_journal(path)
    with pytest.raises(JournalError, match="before-0002: the disk is full"):
        journal.acquire()
    journal.close()
    assert rows(path, "SELECT value FROM meta") == [("1",)]


def test_the_code_before_refuses_what_this_one_has_written(path: Path) -> None:
    """As the code of 8440cc6 does: it compares `schema_version` in `meta` with its own 1."""
    journal = open_journal(path)
    journal.acquire()
    journal.close()
    ((version,),) = rows(path, "SELECT value FROM meta WHERE key = 'schema_version'")
    assert int(str(version)) > 1


def test_row_15_a_file_of_a_newer_version_is_left_alone_whoever_asks(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE meta SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema_version'")
    before = digest(path)
    for read_only in (True, False):
        with pytest.raises(JournalUnusable, match=rf"newer version \(schema {SCHEMA_VERSION + 1}\); .*upgrade"):
            open_journal(path, read_only=read_only)
    assert digest(path) == before
    assert [file.name for file in path.parent.iterdir() if not file.name.endswith(("-wal", "-shm"))] == [path.name]


def test_an_observer_that_outlives_a_newer_writer_does_not_write_into_its_file(path: Path) -> None:
    """Opened while it was of this version, brought further by a newer watchdog meanwhile."""
    observer = open_journal(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = '9' WHERE key = 'schema_version'")
    with pytest.raises(JournalError, match="another version of the watchdog has changed it"):
        observer.acquire()
    observer.close()
    assert rows(path, "SELECT value FROM meta") == [("9",)]
