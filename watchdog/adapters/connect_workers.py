"""The workers of one Connect cluster, asked as if they were one.

Every worker answers for all of them. The one that answered last is asked; what only reads is asked of the next one when
this one is down, does not answer in time, or fails (5xx). What changes something is sent once: to another worker only
when nothing of it can have reached the first.

Nobody is pestered who does not let us in: after a 401, a certificate that is not trusted, or a 403 of one path, the
same is not asked again for a pause that doubles, and the answer is told anew meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from watchdog.adapters.doors import Doors
from watchdog.adapters.http import Access, HttpClient
from watchdog.errors import PortError, PortRefused, PortTimeout, PortUnauthorized, PortUnreachable
from watchdog.redact import Redactor

log = structlog.get_logger("watchdog")

_QUIET_SECONDS = 60.0
"""Between two lines about a change of workers."""


class Workers:
    """May be shared by threads: two that change over at once end at some worker, and the next failure moves on."""

    def __init__(
        self, urls: Sequence[str], redactor: Redactor, access: Access, bytes_max: int, refused_pause_seconds: float
    ) -> None:
        self._clients = tuple(HttpClient(url, redactor, access, bytes_max) for url in urls)
        self._current = 0
        self._told_at = -_QUIET_SECONDS
        self._doors = Doors(refused_pause_seconds)

    @property
    def url(self) -> str:
        """Of the worker that is asked now, without its login."""
        return self._clients[self._current].url

    def read(self, method: str, path: str, body: object = None, *, seconds: float) -> Any:
        """Something that changes nothing: each worker has `seconds` for it, until one answers. Raises the last one's
        `PortError`."""
        return self._first_answer(lambda at: self._ask(at, method, path, body, seconds), _another_may_know)

    def read_here(self, method: str, path: str, *, seconds: float) -> Any:
        """The same of the worker that is asked now, and of no other: for what is about this worker."""
        return self._ask(self._current, method, path, None, seconds)

    def change(self, method: str, path: str, body: object = None, *, seconds: float) -> Any:
        """Sent to one worker. Raises `PortError`; what came of it is unknown unless the error says that it was refused,
        or that nothing was sent."""
        return self._first_answer(lambda at: self._ask(at, method, path, body, seconds), _nothing_was_sent)

    def step_aside(self, why: str) -> bool:
        """Ask the next worker from now on; False when there is none."""
        if len(self._clients) == 1:
            return False
        self._change_over((self._current + 1) % len(self._clients), why)
        return True

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _first_answer(self, ask: Callable[[int], Any], goes_on: Callable[[PortError], bool]) -> Any:
        first, count = self._current, len(self._clients)
        why = ""
        for at in ((first + step) % count for step in range(count)):
            try:
                answer = ask(at)
            except PortError as error:
                if not goes_on(error) or at == (first - 1) % count:
                    raise
                why = str(error)
                continue
            if at != first:
                self._change_over(at, why)
            return answer
        raise AssertionError("a cluster has one worker at least")

    def _change_over(self, number: int, why: str) -> None:
        self._current = number
        now = time.monotonic()
        # While all are sick, each is left for the next with every poll.
        if now - self._told_at >= _QUIET_SECONDS:
            self._told_at = now
            log.warning("another worker of the Connect cluster is asked from now on", worker=self.url, because=why)

    def _ask(self, number: int, method: str, path: str, body: object, seconds: float) -> Any:
        client = self._clients[number]
        line = f"{method} {path}"
        self._doors.pass_through(client.url, line)
        try:
            answer = client.request(method, path, body, seconds=seconds)
        except PortUnauthorized as error:
            # Whoever asks for a change is told what comes of it now.
            if error.status != 403 or method == "GET":
                self._doors.shut(_door(error, client.url, line), error)
            raise
        except PortRefused:
            self._doors.opened(client.url, line)
            raise
        self._doors.opened(client.url, line)
        return answer


def _another_may_know(error: PortError) -> bool:
    if isinstance(error, PortRefused):
        return error.status is not None and error.status >= 500
    return isinstance(error, PortUnreachable | PortTimeout)


def _nothing_was_sent(error: PortError) -> bool:
    return isinstance(error, PortUnreachable) and not error.sent


def _door(error: PortUnauthorized, url: str, line: str) -> str:
    """What a refusal is about: one path, every worker's login, or one worker's certificate."""
    return {403: line, 401: ""}.get(error.status or 0, url)
