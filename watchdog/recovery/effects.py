"""PURE: a statement as a binlog holds it → the tables whose shape it may have changed.

No parser of SQL: only as much is read as tells which tables a statement names as its own. Whatever is not surely
understood is `None`, which whoever asks has to take for "any table".

Read twice where a text has two meanings: with and without what stands in `/*! … */`, and with the backslash as an
escape and as a character (`NO_BACKSLASH_ESCAPES`). What either reading changes counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from watchdog.model import TableId
from watchdog.recovery.tokens import WHOLE_DATABASE, Token, Unsure, Words
from watchdog.recovery.tokens import tokens as tokens_of

# None of these changes a table's columns. TRUNCATE empties a table and leaves its shape as it is.
_HARMLESS_VERBS = frozenset({
    "ANALYZE", "BEGIN", "CHECK", "COMMIT", "DELETE", "DO", "FLUSH", "GRANT", "INSERT", "INSTALL", "LOAD", "LOCK",
    "OPTIMIZE", "RELEASE", "REPAIR", "REPLACE", "REVOKE", "ROLLBACK", "SAVEPOINT", "SELECT", "START", "TRUNCATE",
    "UNINSTALL", "UNLOCK", "UPDATE", "USE", "WITH", "XA",
})  # fmt: skip
_HARMLESS_KINDS = frozenset({
    "EVENT", "FUNCTION", "INSTANCE", "LIBRARY", "LOGFILE", "PACKAGE", "PROCEDURE", "REFERENCE", "RESOURCE", "ROLE",
    "SERVER", "TABLESPACE", "TRIGGER", "USER", "VIEW",
})  # fmt: skip
_DATABASES = frozenset({"DATABASE", "SCHEMA"})
_TABLES = frozenset({"TABLE", "TABLES", "SEQUENCE"})
_KINDS = _HARMLESS_KINDS | _DATABASES | _TABLES | {"INDEX", "STATEMENT"}


def tables_changed(sql: str, database: str) -> frozenset[TableId] | None:
    """`database`: the session's own, for names without one. None where it cannot be told for sure; a TableId whose
    table is `WHOLE_DATABASE` stands for all of a database. Statements on temporary tables change none."""
    changed: set[TableId] = set()
    try:
        for escapes in (True, False) if "\\" in sql else (True,):
            tokens = list(tokens_of(sql, escapes))
            changed.update(_changed(tokens, database))
            if any(token.conditional for token in tokens):
                changed.update(_changed([token for token in tokens if not token.conditional], database))
    except Unsure:
        return None
    return frozenset(changed)


def _changed(tokens: Sequence[Token], database: str) -> Iterator[TableId]:
    # A statement may end with a semicolon, and have nothing in front of it.
    words = Words([token for token in tokens if token.keyword != ";"], database)
    verb = words.take()
    if verb == "" or verb in _HARMLESS_VERBS:
        return iter(())
    if verb == "SET":
        # MariaDB's SET STATEMENT … FOR runs another one.
        if words.peek() == "STATEMENT":
            raise Unsure
        return iter(())
    if verb not in _EFFECTS:
        raise Unsure
    return _EFFECTS[verb](words)


def _create(words: Words) -> Iterator[TableId]:
    kind, before = words.kind(_KINDS)
    if kind in _DATABASES:
        # Nothing is in a new one; MariaDB's OR REPLACE drops the old one.
        return iter((words.database(),) if "REPLACE" in before else ())
    return _of_kind(kind, before, words, lambda: iter((words.table(),)))


def _alter(words: Words) -> Iterator[TableId]:
    kind, before = words.kind(_KINDS)
    # Its defaults count for tables that are made later, not for those that are there.
    if kind in _DATABASES:
        return iter(())
    return _of_kind(kind, before, words, lambda: _altered(words))


def _altered(words: Words) -> Iterator[TableId]:
    """The table, the name that it gets, and those that it exchanges partitions with."""
    yield words.table()
    while not words.over:
        word = words.take()
        if word == "RENAME" and words.peek() not in ("COLUMN", "INDEX", "KEY"):
            words.skip("TO", "AS", "=")
            yield words.table()
        elif word == "TABLE":
            yield words.table()


def _drop(words: Words) -> Iterator[TableId]:
    kind, before = words.kind(_KINDS)
    if kind in _DATABASES:
        return iter((words.database(),))
    return _of_kind(kind, before, words, lambda: _dropped(words))


def _dropped(words: Words) -> Iterator[TableId]:
    yield words.table()
    while words.peek() == ",":
        words.take()
        yield words.table()
    words.skip("RESTRICT", "CASCADE")
    _no_wait(words)
    if not words.over:
        raise Unsure


def _rename(words: Words) -> Iterator[TableId]:
    if words.peek() == "USER":
        return
    if words.take() not in _TABLES:
        raise Unsure
    while True:
        yield words.table()
        _no_wait(words)
        if words.take() != "TO":
            raise Unsure
        yield words.table()
        if words.over:
            return
        if words.take() != ",":
            raise Unsure


def _no_wait(words: Words) -> None:
    """MariaDB: `WAIT 5`, `NOWAIT`."""
    if words.peek() == "WAIT":
        words.take()
        words.take()
    words.skip("NOWAIT")


def _of_kind(
    kind: str, before: frozenset[str], words: Words, tables: Callable[[], Iterator[TableId]]
) -> Iterator[TableId]:
    if kind in _HARMLESS_KINDS or (kind in _TABLES and "TEMPORARY" in before):
        return iter(())
    if kind == "INDEX":
        return _indexed(words)
    if kind not in _TABLES:
        raise Unsure
    return tables()


def _indexed(words: Words) -> Iterator[TableId]:
    """A unique index may be the key of a table without a primary one."""
    while not words.over:
        if words.take() == "ON":
            yield words.table()
            return
    raise Unsure


_EFFECTS = {"ALTER": _alter, "CREATE": _create, "DROP": _drop, "RENAME": _rename}


__all__ = ["WHOLE_DATABASE", "tables_changed"]
