"""Shell: asks a source database who ran a statement, in a worker of its own, as soon as the statement is known.

The answers are messages for the loop, also when there is none to be had.
"""

from __future__ import annotations

from collections import deque

from watchdog.authors import Question
from watchdog.errors import PortError
from watchdog.model import Author, Authorship
from watchdog.observe.workers import Inbox, Worker
from watchdog.ports import Database

QUESTIONS_MAX = 200
"""That wait at once; of more, the oldest are not asked: a database that is so far behind has forgotten them."""
AGAIN_SECONDS = 2.0
"""A counter may grow a moment after the statement is in the binary log: what is not known is asked once more."""
_IDLE_SECONDS = 3600.0


class Inquiries:
    """The worker of one database server."""

    def __init__(self, database: Database, inbox: Inbox) -> None:
        self._database = database
        self._new: deque[Question] = deque(maxlen=QUESTIONS_MAX)
        self._again: deque[Question] = deque(maxlen=QUESTIONS_MAX)
        self._worker = Worker(f"authors:{database.address}", self._answers, _never, inbox, self._interval)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def ask(self, question: Question) -> None:
        """Returns at once."""
        self._new.append(question)
        self._worker.ring()

    def _interval(self) -> float:
        return AGAIN_SECONDS if self._again else _IDLE_SECONDS

    def _answers(self) -> tuple[Authorship, ...] | None:
        repeated, asked = _taken(self._again), _taken(self._new)
        answers = [(question, self._author(question)) for question in (*repeated, *asked)]
        self._again.extend(question for question, author in answers[len(repeated) :] if not author.user)
        return tuple(_authorship(question, author) for question, author in answers) or None

    def _author(self, question: Question) -> Author:
        try:
            return self._database.author(question.change)
        except PortError as error:
            return Author(how=f"not known: the source database could not be asked: {error}")


def _taken(questions: deque[Question]) -> list[Question]:
    """In one go, while others may put more."""
    return [questions.popleft() for _ in range(len(questions))]


def _authorship(question: Question, author: Author) -> Authorship:
    change = question.change
    return Authorship(change.prefix, change.table, change.id, author)


def _never(error: PortError) -> None:
    """What is stumbled over is in the log; there is nothing to tell the loop."""
