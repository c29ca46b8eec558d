"""What the workers brought since the last tick → what the judge is told of, and the `World` with all else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from watchdog.judge import Arrivals
from watchdog.model import Authorship, Outcome, PushedStatus, StepResult, Tailed
from watchdog.world import Pushed, World


class Arriving:
    """`world`: the last thing heard of everything."""

    def __init__(self) -> None:
        self.world = World()

    def sort(self, messages: Iterable[Any]) -> Arrivals:
        """Who asks, whether anything may be done, and by which rules it is judged, comes in no message."""
        tailed: list[tuple[str, Tailed]] = []
        outcomes: list[Outcome] = []
        authors: list[Authorship] = []
        steps: list[StepResult] = []
        pushed: list[PushedStatus] = []
        for message in _each(messages):
            match message:
                case Outcome():
                    outcomes.append(message)
                case Authorship():
                    authors.append(message)
                case StepResult():
                    steps.append(message)
                case (str() as cluster, Tailed() as read):
                    tailed.append((cluster, read))
                case _:
                    pushed += message.statuses if isinstance(message, Pushed) else ()
                    # One by one: what came before a message that this stumbles over is known all the same.
                    self.world = self.world.after(message)
        return Arrivals(
            tailed=tuple(tailed),
            outcomes=tuple(outcomes),
            authors=tuple(authors),
            steps=tuple(steps),
            pushed=tuple(pushed),
        )


def _each(messages: Iterable[Any]) -> Iterator[Any]:
    """A worker hands over one message, or a tuple of them."""
    for whole in messages:
        yield from whole if type(whole) is tuple else (whole,)
