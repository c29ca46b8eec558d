"""Answers that are kept while the very same things are asked about: at 10,000 tables nothing is compared each tick."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

One = TypeVar("One")
Other = TypeVar("Other")
Answer = TypeVar("Answer")


class KeptPairs(Generic[One, Other, Answer]):
    """By a key: the answer about two things, worked out again when one of them is another one than before.

    The first is known by its identity alone. The second is compared when it is a new object: a database that is read
    again tells of the same tables in new words.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[One, Other, Answer]] = {}

    def ask(self, key: Hashable, one: One, other: Other, work: Callable[[], Answer]) -> Answer:
        known = self._known.get(key)
        if known is not None and known[0] is one and (known[1] is other or known[1] == other):
            answer = known[2]
            if known[1] is other:
                return answer
        else:
            answer = work()
        self._known[key] = one, other, answer
        return answer

    def forget(self) -> None:
        self._known.clear()


class KeptLast(Generic[Answer]):
    """The latest answer, as long as each thing that it was made of is the very same."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] | None = None
        self._answer: Answer | None = None

    def ask(self, of: tuple[object, ...], work: Callable[[], Answer]) -> Answer:
        same = self._of is not None and len(of) == len(self._of) and all(map(_is, of, self._of))
        if not same or self._answer is None:
            self._answer, self._of = work(), of
        return self._answer


def _is(one: object, other: object) -> bool:
    return one is other
