"""PURE: Java regular expressions, as connectors' configurations hold them, matched in linear time.

They come from outside, and the loop runs them: nothing here backtracks. RE2 reads most of Java's syntax and refuses
what only backtracking can do; lookaheads that follow literal text (`(?!secret).*`, `db\\.(?!tmp_).*`) are taken apart
and matched piece by piece. What is left, and what RE2 would read otherwise than Java does, is told as unreadable and
never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

LENGTH_MAX = 256 * 1024
_MEMORY_MAX = 32 * 1024 * 1024
_ERROR_MAX = 120

_LITERALS = r"(?:[\w \-/:@#%&=~!<>\",;']|\\[^A-Za-z0-9\n])"
_LITERAL = re.compile(rf"{_LITERALS}*+", re.ASCII)
_LITERAL_THEN_ANYTHING = re.compile(rf"({_LITERALS}*+)\.\*", re.ASCII)
_LOOKAHEAD = re.compile(rf"({_LITERALS}*+)\(\?([!=])", re.ASCII)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(.)")
_GROUP_NAME = re.compile(r"\$\{([a-zA-Z][a-zA-Z0-9]*)\}")


@dataclass(frozen=True, slots=True)
class JavaPattern:
    """`java.util.regex.Pattern`. `unreadable` says why it cannot be evaluated here; empty when it can."""

    text: str
    unreadable: str = ""
    _aheads: tuple[tuple[str, Any, bool], ...] = field(default=(), compare=False, repr=False)
    """Literal text, then what must follow it (True) or must not (False)."""
    _rest: Any = field(default=None, compare=False, repr=False)
    """Compiled; or a text, when all names that begin with it match, or (`_exact`) it alone."""
    _exact: bool = False
    _ignore_case: bool = False

    @property
    def prefix(self) -> str:
        """What every text that matches begins with, as far as that is plain to see; empty where case does not count."""
        if self.unreadable or self._ignore_case:
            return ""
        if self._aheads:
            return self._aheads[0][0]
        return self._rest if isinstance(self._rest, str) else _literal_start(self.text.removeprefix("^"))

    def matches(self, text: str) -> bool | None:
        """Java's `matches()`, the whole text; None when the pattern is unreadable."""
        if self.unreadable:
            return None
        rest = self._after_aheads(_encodable(text.lower() if self._ignore_case else text))
        if rest is None:
            return False
        if isinstance(self._rest, str):
            return rest == self._rest if self._exact else rest.startswith(self._rest)
        return self._rest.fullmatch(rest) is not None

    def replaced(self, text: str, replacement: str) -> str | None:
        """Java's `replaceFirst` of a text that matches as a whole; None where Java throws or nothing can be told."""
        rest = None if self.unreadable else self._after_aheads(_encodable(text))
        if rest is None or any(ahead.groups for _, ahead, _ in self._aheads):
            return None
        # Java finds anew, from the beginning, and may find less than the whole.
        found = self._compiled().match(rest)
        if found is None:
            return None
        start = self._replacement(found, replacement)
        return None if start is None else start + rest[found.end() :]

    def _after_aheads(self, text: str) -> str | None:
        for literal, ahead, wanted in self._aheads:
            if not text.startswith(literal):
                return None
            text = text[len(literal) :]
            if (ahead.match(text) is not None) is not wanted:
                return None
        return text

    def _compiled(self) -> Any:
        if isinstance(self._rest, str):
            return _compiled(re2.escape(self._rest) + ("" if self._exact else ".*"), self._ignore_case)
        return self._rest

    def _replacement(self, found: Any, replacement: str) -> str | None:
        # What the aheads took is a part of what is replaced.
        pieces, at = [], 0
        while at < len(replacement):
            if replacement[at] == "\\":
                pieces.append(replacement[at + 1 : at + 2] or None)
                at += 2
            elif replacement[at] == "$":
                piece, at = _group(found, replacement, at)
                pieces.append(piece)
            else:
                pieces.append(replacement[at])
                at += 1
        return None if None in pieces else "".join(piece for piece in pieces if piece is not None)


def _group(found: Any, replacement: str, at: int) -> tuple[str | None, int]:
    """`$1` (further digits as long as there is such a group) or `${name}` → its text, and where to go on."""
    if named := _GROUP_NAME.match(replacement, at):
        known = named[1] in found.re.groupindex
        return (found.group(named[1]) or "") if known else None, named.end()
    number, end = -1, at + 1
    while end < len(replacement) and replacement[end] in "0123456789":
        longer = max(number, 0) * 10 + int(replacement[end])
        if number >= 0 and longer > found.re.groups:
            break
        number, end = longer, end + 1
    if not 0 <= number <= found.re.groups:
        return None, max(end, at + 1)
    return found.group(number) or "", end


@lru_cache(maxsize=8192)
def java_pattern(text: str, ignore_case: bool = False) -> JavaPattern:
    """Compiled once: the same patterns come again with every change of any configuration."""
    if len(text) > LENGTH_MAX:
        return JavaPattern(text[:_ERROR_MAX], f"it is longer than {LENGTH_MAX:,} characters")
    try:
        return _taken_apart(text, ignore_case)
    except _Unreadable as error:
        return JavaPattern(text, str(error)[:_ERROR_MAX])


class _Unreadable(Exception):
    """Why a pattern cannot be evaluated here."""


def _taken_apart(text: str, ignore_case: bool) -> JavaPattern:
    rest = text.removeprefix("^")
    aheads: list[tuple[str, Any, bool]] = []
    while (found := _LOOKAHEAD.match(rest)) and not _alternates(rest):
        end = _end_of_group(rest, found.end() - 3)
        inside, rest = rest[found.end() : end], rest[end + 1 :]
        if rest[:1] in ("*", "+", "?", "{"):
            raise _Unreadable("it repeats a lookahead")
        literal = _unescaped(found[1])
        ahead = _compiled(_java_only_refused(inside), ignore_case)
        aheads.append((literal.lower() if ignore_case else literal, ahead, found[2] == "="))
    simple, exact = _simple(rest)
    if simple is not None:
        simple = simple.lower() if ignore_case else simple
    compiled = simple if simple is not None else _compiled(_java_only_refused(rest), ignore_case)
    return JavaPattern(text, "", tuple(aheads), compiled, exact, ignore_case)


def _simple(text: str) -> tuple[str | None, bool]:
    """The literal that it is, or begins with before `.*`, and whether it is the former: most patterns are that."""
    if _LITERAL.fullmatch(text):
        return _unescaped(text), True
    found = _LITERAL_THEN_ANYTHING.fullmatch(text)
    return (_unescaped(found[1]) if found else None), False


def _literal_start(text: str) -> str:
    if _alternates(text):
        return ""
    found = _LITERAL.match(text)
    end = found.end() if found else 0
    literal = _unescaped(text[:end])
    # A quantifier is for the last character before it.
    return literal[:-1] if text[end : end + 1] in ("*", "?", "{", "+") else literal


def _unescaped(literal: str) -> str:
    return _ESCAPE.sub(r"\1", literal)


def _compiled(text: str, ignore_case: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_MAX
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(_encodable(text), options)
    except re2.error as error:
        message = error.args[0] if error.args else ""
        why = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
        raise _Unreadable(why) from error


def _encodable(text: str) -> str:
    """Without lone surrogates, which no topic or table has."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _java_only_refused(text: str) -> str:
    """What RE2 reads without complaint, but otherwise than Java does."""
    in_class = False
    for _, token in _tokens(text):
        if in_class and (token == "[" or token == "&&"):
            raise _Unreadable("it has a character class within a character class, which is Java's own")
        in_class = token == "[" or (in_class and token != "]")
    return text


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Position and token: an escape with what it escapes, `&&`, or one character; `\\Q…\\E` is one."""
    at = 0
    while at < len(text):
        if text.startswith("\\Q", at):
            end = text.find("\\E", at)
            size = (len(text) if end < 0 else end + 2) - at
        else:
            size = 2 if text[at] == "\\" or text.startswith("&&", at) else 1
        yield at, text[at : at + size]
        at += size


def _depths(text: str) -> Iterator[tuple[int, str, int]]:
    """Position, token and how many groups are open after it; brackets within character classes do not count."""
    depth, in_class = 0, False
    for at, token in _tokens(text):
        if in_class:
            in_class = token != "]"
        elif token == "[":
            in_class = True
        else:
            depth += (token == "(") - (token == ")")
        yield at, token, depth


def _alternates(text: str) -> bool:
    return any(token == "|" and depth == 0 for _, token, depth in _depths(text))


def _end_of_group(text: str, start: int) -> int:
    """Where the group that opens at `start` closes."""
    for at, token, depth in _depths(text[start:]):
        if token == ")" and depth == 0:
            return start + at
    raise _Unreadable("missing )")
