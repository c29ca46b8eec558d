"""The seventh set, sources: what is done to them, how often, and what is true then."""

from failures.case import SOURCE, Case
from failures.seventh_draw import Axes, Event, Way, cases_of, draw

AXES: Axes = {}
EVENTS: tuple[Event, ...] = ()
WAYS: dict[str, Way] = {}


def drawn_cases() -> tuple[Case, ...]:
    return cases_of(draw(SOURCE, EVENTS, AXES), WAYS) if EVENTS else ()
