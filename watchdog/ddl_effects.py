"""PURE: a statement as a binlog holds it → the tables whose shape it may have changed.

No parser of SQL: only as much is read as tells which tables a statement names as its own. Whatever is not surely
understood is `None`, which whoever asks has to take for "any table".

Read twice where a text has two meanings: with and without what stands in `/*! … */`, and with the backslash as an
escape and as a character (`NO_BACKSLASH_ESCAPES`). What either reading changes counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from watchdog.model import TableId

WHOLE_DATABASE = ""
"""`TableId(database, WHOLE_DATABASE)`: every table of it."""

# None of these changes a table's columns. TRUNCATE empties a table and leaves its shape as it is.
_HARMLESS_VERBS = frozenset(
    [
        "ANALYZE",
        "BEGIN",
        "CHECK",
        "COMMIT",
        "DELETE",
        "DO",
        "FLUSH",
        "GRANT",
        "INSERT",
        "INSTALL",
        "LOAD",
        "LOCK",
        "OPTIMIZE",
        "RELEASE",
        "REPAIR",
        "REPLACE",
        "REVOKE",
        "ROLLBACK",
        "SAVEPOINT",
        "SELECT",
        "START",
        "TRUNCATE",
        "UNINSTALL",
        "UNLOCK",
        "UPDATE",
        "USE",
        "WITH",
        "XA",
    ]
)
_HARMLESS_KINDS = frozenset(
    [
        "EVENT",
        "FUNCTION",
        "INSTANCE",
        "LIBRARY",
        "LOGFILE",
        "PACKAGE",
        "PROCEDURE",
        "REFERENCE",
        "RESOURCE",
        "ROLE",
        "SERVER",
        "TABLESPACE",
        "TRIGGER",
        "USER",
        "VIEW",
    ]
)
_DATABASES = frozenset({"DATABASE", "SCHEMA"})
_TABLES = frozenset({"TABLE", "TABLES", "SEQUENCE"})
_KINDS = _HARMLESS_KINDS | _DATABASES | _TABLES | {"INDEX", "STATEMENT"}
_WORDS_BEFORE_KIND_MAX = 16

_REST = (
    r"(?P<blank>\s+|--(?=[\s\x00-\x20]|$)[^\n]*|\#[^\n]*|/\*(?!M?!).*?\*/)"
    r"|(?P<open>/\*M?!(?:\d{5,6})?)|(?P<close>\*/)"
    r"|`(?P<name>(?:[^`]|``)*)`"
    r"|(?P<word>[\w$\x80-\U0010ffff]+)"
    r"|(?P<other>[^`'\"/]|/(?!\*))"
)
_STRINGS = {
    True: r"|'(?:[^'\\]|\\.|'')*'|\"(?P<double>(?:[^\"\\]|\\.|\"\")*)\"",
    False: r"|'(?:[^']|'')*'|\"(?P<double>(?:[^\"]|\"\")*)\"",
}
_TOKENS = {escapes: re.compile(_REST + strings, re.DOTALL) for escapes, strings in _STRINGS.items()}


class _Unsure(Exception):
    """The statement is not surely understood."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool = False
    conditional: bool = False

    @property
    def keyword(self) -> str:
        return "" if self.quoted else self.text.upper()


def tables_changed(sql: str, database: str) -> frozenset[TableId] | None:
    """`database`: the session's own, for names without one. None where it cannot be told for sure; a TableId whose
    table is `WHOLE_DATABASE` stands for all of a database. Statements on temporary tables change none."""
    changed: set[TableId] = set()
    try:
        for escapes in (True, False) if "\\" in sql else (True,):
            tokens = list(_tokens(sql, escapes))
            changed.update(_changed(tokens, database))
            if any(token.conditional for token in tokens):
                changed.update(_changed([token for token in tokens if not token.conditional], database))
    except _Unsure:
        return None
    return frozenset(changed)


def _tokens(sql: str, escapes: bool) -> Iterator[_Token]:
    at, depth = 0, 0
    while at < len(sql):
        found = _TOKENS[escapes].match(sql, at)
        if found is None:
            raise _Unsure
        at, kind = found.end(), found.lastgroup
        if kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
        elif kind == "name":
            yield _Token(found["name"].replace("``", "`"), True, depth > 0)
        elif kind == "double":
            yield _Token(found["double"].replace('""', '"'), True, depth > 0)
        elif kind in ("word", "other"):
            yield _Token(found[kind], False, depth > 0)
        elif kind is None:
            yield _Token("'", True, depth > 0)
        if depth < 0:
            raise _Unsure
    if depth:
        raise _Unsure


def _changed(tokens: Sequence[_Token], database: str) -> Iterator[TableId]:
    # A statement may end with a semicolon, and have nothing in front of it.
    words = _Words([token for token in tokens if token.keyword != ";"], database)
    verb = words.take()
    if verb == "" or verb in _HARMLESS_VERBS:
        return iter(())
    if verb == "SET":
        # MariaDB's SET STATEMENT … FOR runs another one.
        if words.peek() == "STATEMENT":
            raise _Unsure
        return iter(())
    if verb not in _EFFECTS:
        raise _Unsure
    return _EFFECTS[verb](words)


class _Words:
    """The tokens of a statement, taken from the left. Past the end everything is empty."""

    def __init__(self, tokens: Sequence[_Token], database: str) -> None:
        self._tokens = tokens
        self._database = database
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at].keyword if self._at < len(self._tokens) else ""

    def take(self) -> str:
        word = self.peek()
        self._at += 1
        return word

    @property
    def over(self) -> bool:
        return self._at >= len(self._tokens)

    def skip(self, *words: str) -> None:
        while self.peek() in words and not self.over:
            self._at += 1

    def kind(self) -> tuple[str, frozenset[str]]:
        """What the statement is about, and the words in front of that. Raises `_Unsure`."""
        before: set[str] = set()
        for _ in range(_WORDS_BEFORE_KIND_MAX):
            word = self.take()
            if word in _KINDS:
                return word, frozenset(before)
            before.add(word)
        raise _Unsure

    def table(self) -> TableId:
        """The name that comes next."""
        self.skip("IF", "NOT", "EXISTS")
        first = self._name()
        if self.peek() != ".":
            if not self._database:
                raise _Unsure
            return TableId(self._database, first)
        self.take()
        return TableId(first, self._name())

    def database(self) -> TableId:
        self.skip("IF", "NOT", "EXISTS")
        return TableId(self._name(), WHOLE_DATABASE)

    def _name(self) -> str:
        if self.over:
            raise _Unsure
        token = self._tokens[self._at]
        self._at += 1
        # A backslash stands for bytes that are not UTF-8: which name that is cannot be told.
        if not token.text or token.text == "'" or "\\" in token.text:
            raise _Unsure
        if not token.quoted and not re.fullmatch(r"[\w$\x80-\U0010ffff]+", token.text):
            raise _Unsure
        return token.text


def _create(words: _Words) -> Iterator[TableId]:
    kind, before = words.kind()
    if kind in _DATABASES:
        # Nothing is in a new one; MariaDB's OR REPLACE drops the old one.
        return iter((words.database(),) if "REPLACE" in before else ())
    return _of_kind(kind, before, words, lambda: iter((words.table(),)))


def _alter(words: _Words) -> Iterator[TableId]:
    kind, before = words.kind()
    # Its defaults count for tables that are made later, not for those that are there.
    if kind in _DATABASES:
        return iter(())
    return _of_kind(kind, before, words, lambda: _altered(words))


def _altered(words: _Words) -> Iterator[TableId]:
    """The table, the name that it gets, and those that it exchanges partitions with."""
    yield words.table()
    while not words.over:
        word = words.take()
        if word == "RENAME" and words.peek() not in ("COLUMN", "INDEX", "KEY"):
            words.skip("TO", "AS", "=")
            yield words.table()
        elif word == "TABLE":
            yield words.table()


def _drop(words: _Words) -> Iterator[TableId]:
    kind, before = words.kind()
    if kind in _DATABASES:
        return iter((words.database(),))
    return _of_kind(kind, before, words, lambda: _dropped(words))


def _dropped(words: _Words) -> Iterator[TableId]:
    yield words.table()
    while words.peek() == ",":
        words.take()
        yield words.table()
    words.skip("RESTRICT", "CASCADE")
    _no_wait(words)
    if not words.over:
        raise _Unsure


def _rename(words: _Words) -> Iterator[TableId]:
    if words.peek() == "USER":
        return
    if words.take() not in _TABLES:
        raise _Unsure
    while True:
        yield words.table()
        _no_wait(words)
        if words.take() != "TO":
            raise _Unsure
        yield words.table()
        if words.over:
            return
        if words.take() != ",":
            raise _Unsure


def _no_wait(words: _Words) -> None:
    """MariaDB: `WAIT 5`, `NOWAIT`."""
    if words.peek() == "WAIT":
        words.take()
        words.take()
    words.skip("NOWAIT")


def _of_kind(
    kind: str, before: frozenset[str], words: _Words, tables: Callable[[], Iterator[TableId]]
) -> Iterator[TableId]:
    if kind in _HARMLESS_KINDS or (kind in _TABLES and "TEMPORARY" in before):
        return iter(())
    if kind == "INDEX":
        return _indexed(words)
    if kind not in _TABLES:
        raise _Unsure
    return tables()


def _indexed(words: _Words) -> Iterator[TableId]:
    """A unique index may be the key of a table without a primary one."""
    while not words.over:
        if words.take() == "ON":
            yield words.table()
            return
    raise _Unsure


_EFFECTS = {"ALTER": _alter, "CREATE": _create, "DROP": _drop, "RENAME": _rename}
