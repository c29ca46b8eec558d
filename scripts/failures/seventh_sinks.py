"""The seventh set, sinks: what is done to them, how often, and what is true then."""

from failures.case import SINK, Case
from failures.seventh_draw import Axes, Event, Way, cases_of, draw

AXES: Axes = {}
EVENTS: tuple[Event, ...] = ()
WAYS: dict[str, Way] = {}


def drawn_cases() -> tuple[Case, ...]:
    return cases_of(draw(SINK, EVENTS, AXES), WAYS) if EVENTS else ()
