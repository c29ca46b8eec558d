"""The rule by which the seventh set and the eighth are drawn: events, weights and settings of pipelines → cases. Pure.

One draw takes an event, with its weight, and then one value for each setting, each value as likely as it is often
listed. The same event comes again with other settings; with the very same ones it is drawn anew. The seed is a date, so
that nobody chose what it brings, and whoever runs it gets the same. The eighth set is what the same lots bring next.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from stack import StackError

from failures.case import Case, Truth
from failures.place import Place

SEED = 20261126
COUNT = 40
SETS = ("seventh", "eighth")
"""Of `COUNT` draws each, one after the other."""
OFTEN, YEARLY, RARE = 5, 3, 1
"""Monthly somewhere in any team; once in a year; hardly ever."""

Settings: TypeAlias = Mapping[str, str]
Axes: TypeAlias = Mapping[str, Sequence[str]]
Way: TypeAlias = Callable[[Place, Settings], None]
"""Breaks a pipeline of these settings; like `Case.make`, it returns once the failure is bound to show."""


@dataclass(frozen=True)
class Event:
    """One thing that a person or a machine does. What is true of it stands here, before it is done."""

    name: str
    weight: int
    truth: Truth
    what: str
    seen_in: str
    """Where it is known from."""
    only: Axes = field(default_factory=dict)
    """Settings without which it cannot happen: they are drawn from these values instead; and such as only it has."""
    about: tuple[str, ...] = ()
    """`table`, `column`: what of the settings the failure is about, and its truth names."""
    disturbs: bool = False


@dataclass(frozen=True)
class Drawn:
    """The `number`th draw of its side, from 1."""

    number: int
    side: str
    event: Event
    settings: Settings

    @property
    def name(self) -> str:
        return f"{SETS[(self.number - 1) // COUNT]}-{self.side}-{self.number:02}-{self.event.name}"

    @property
    def truth(self) -> Truth:
        about = self.event.about
        return replace(
            self.event.truth,
            table=self.settings["table"] if "table" in about else None,
            columns=(self.settings["column"],) if "column" in about else (),
        )

    def __str__(self) -> str:
        return f"{self.event.what} [{', '.join(self.settings.values())}]"


def draw(side: str, events: Sequence[Event], axes: Axes, count: int = COUNT, after: int = 0) -> tuple[Drawn, ...]:
    """`count` draws, the first of them the one after the `after`th."""
    chance = random.Random(f"{SEED} {side}")
    weights = [event.weight for event in events]
    drawn: list[Drawn] = []
    while len(drawn) < after + count:
        (event,) = chance.choices(events, weights)
        settings = {name: chance.choice(values) for name, values in {**axes, **event.only}.items()}
        if not any(one.event is event and one.settings == settings for one in drawn):
            drawn.append(Drawn(len(drawn) + 1, side, event, settings))
    return tuple(drawn[after:])


def cases_of(drawn: Sequence[Drawn], ways: Mapping[str, Way], patience: float = 40) -> tuple[Case, ...]:
    """`ways` by the names of events; a drawn event without one is a case that says so instead of failing."""
    return tuple(_case(one, ways.get(one.event.name, _cannot), patience) for one in drawn)


def _case(one: Drawn, way: Way, patience: float) -> Case:
    def make(place: Place) -> None:
        place.call_table(one.settings["table"])
        way(place, one.settings)

    return Case(one.name, one.side, str(one), one.truth, make, one.event.disturbs, patience)


def _cannot(place: Place, settings: Settings) -> None:
    raise StackError(f"nothing on this stack does to {place.slug} what was drawn")
