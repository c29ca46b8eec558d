"""A journal that an older version wrote → one as this version writes it: copied aside first, then changed in one
transaction, or not at all."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from watchdog.adapters.sqlite_errors import translated
from watchdog.adapters.sqlite_sessions import Sessions
from watchdog.adapters.sqlite_tables import META, REVISION, SCHEMA_VERSION, revision_of
from watchdog.errors import JournalError

_REVISIONS = Path(__file__).with_name("journal_revisions")


def schema_version(connection: Connection) -> int | None:
    """What the file says it is; None when it does not."""
    written = connection.execute(select(META.c.value).where(META.c.key == "schema_version")).scalar_one_or_none()
    return int(written) if written is not None and written.isdecimal() else None


def bring_up_to_date(sessions: Sessions) -> Path | None:
    """For the one writer. The copy that was made (`<file>.before-<revision>`), or None when there was nothing to do.

    Raises `JournalError` when it cannot be done: the file is then as it was.
    """
    path = sessions.path
    with sessions.reading() as connection:
        if schema_version(connection) == SCHEMA_VERSION:
            return None
    # The write lock now, so that no request gets lost between the copy and the change.
    with sessions.writing() as connection:
        written = schema_version(connection)
        if written is None or written > SCHEMA_VERSION:
            raise JournalError(f"{path}: another version of the watchdog has changed it; end that one first")
        if written == SCHEMA_VERSION:
            return None
        copy = _copied(path, path.with_name(f"{path.name}.before-{revision_of(SCHEMA_VERSION)}"))
        _run_revisions(path, connection, written)
        connection.execute(update(META).where(META.c.key == "schema_version").values(value=str(SCHEMA_VERSION)))
    return copy


def _copied(path: Path, copy: Path) -> Path:
    """Whole, on disk and private before it has its name. It replaces one of an earlier try."""
    with translated(copy):
        number, name = tempfile.mkstemp(prefix=f".{copy.name}-", dir=path.parent)  # 0600
        os.close(number)
        try:
            with (
                closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(name)) as target,
            ):
                source.backup(target)
            _synced(Path(name))
            Path(name).replace(copy)
            _synced(path.parent)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    return copy


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run_revisions(path: Path, connection: Connection, written: int) -> None:
    # Imported late: almost every start has nothing to bring up to date.
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    script = ScriptDirectory(str(_REVISIONS), version_locations=[str(_REVISIONS)])
    if written == 1:
        # Files of the first version know nothing of revisions.
        REVISION.create(connection, checkfirst=True)
        connection.execute(insert(REVISION).prefix_with("OR IGNORE").values(version_num=revision_of(written)))
    steps = {"fn": lambda revision, _: script._upgrade_revs("head", revision)}
    context = MigrationContext.configure(connection, opts=steps)
    try:
        with Operations.context(context):
            context.run_migrations()
    except CommandError as error:
        raise JournalError(f"{path}: cannot be brought up to date ({error}); run the version that wrote it") from error
