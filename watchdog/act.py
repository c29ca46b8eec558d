"""Shell: actions → calls, one worker for each Connect cluster, so that a call that hangs delays no other cluster."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from watchdog.model import Action, Outcome


class Hands:
    """Carries actions out in their order; each ends in an `Outcome` for the inbox, whatever happens."""

    def __init__(self, name: str, act: Callable[[Action], Outcome], deliver: Callable[[Outcome], None]) -> None:
        self._act = act
        self._deliver = deliver
        self._todo: queue.Queue[Action | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name=f"act:{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def do(self, action: Action) -> None:
        self._todo.put(action)

    def stop(self) -> None:
        self._todo.put(None)

    def _run(self) -> None:
        while (action := self._todo.get()) is not None:
            self._deliver(self._act(action))
