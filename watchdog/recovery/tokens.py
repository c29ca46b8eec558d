"""PURE: the words of a statement as a binlog holds it, and the names of tables among them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from watchdog.model import TableId

WHOLE_DATABASE = ""
"""`TableId(database, WHOLE_DATABASE)`: every table of it."""
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


class Unsure(Exception):
    """The statement is not surely understood."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    quoted: bool = False
    conditional: bool = False

    @property
    def keyword(self) -> str:
        return "" if self.quoted else self.text.upper()


def tokens(sql: str, escapes: bool) -> Iterator[Token]:
    at, depth = 0, 0
    while at < len(sql):
        found = _TOKENS[escapes].match(sql, at)
        if found is None:
            raise Unsure
        at, kind = found.end(), found.lastgroup
        if kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
        elif kind == "name":
            yield Token(found["name"].replace("``", "`"), True, depth > 0)
        elif kind == "double":
            yield Token(found["double"].replace('""', '"'), True, depth > 0)
        elif kind in ("word", "other"):
            yield Token(found[kind], False, depth > 0)
        elif kind is None:
            yield Token("'", True, depth > 0)
        if depth < 0:
            raise Unsure
    if depth:
        raise Unsure


class Words:
    """The tokens of a statement, taken from the left. Past the end everything is empty."""

    def __init__(self, tokens: Sequence[Token], database: str) -> None:
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

    def kind(self, kinds: Collection[str]) -> tuple[str, frozenset[str]]:
        """The first of these words, and those in front of it. Raises `Unsure`."""
        before: set[str] = set()
        for _ in range(_WORDS_BEFORE_KIND_MAX):
            word = self.take()
            if word in kinds:
                return word, frozenset(before)
            before.add(word)
        raise Unsure

    def table(self) -> TableId:
        """The name that comes next."""
        self.skip("IF", "NOT", "EXISTS")
        first = self._name()
        if self.peek() != ".":
            if not self._database:
                raise Unsure
            return TableId(self._database, first)
        self.take()
        return TableId(first, self._name())

    def database(self) -> TableId:
        self.skip("IF", "NOT", "EXISTS")
        return TableId(self._name(), WHOLE_DATABASE)

    def _name(self) -> str:
        if self.over:
            raise Unsure
        token = self._tokens[self._at]
        self._at += 1
        # A backslash stands for bytes that are not UTF-8: which name that is cannot be told.
        if not token.text or token.text == "'" or "\\" in token.text:
            raise Unsure
        if not token.quoted and not re.fullmatch(r"[\w$\x80-\U0010ffff]+", token.text):
            raise Unsure
        return token.text
