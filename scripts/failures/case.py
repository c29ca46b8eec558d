"""What a case is: one way to break a connector, and what is true of the failure that it makes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from failures.place import Place

SOURCE, SINK = "source", "sink"

Break: TypeAlias = Callable[[Place], None]


@dataclass(frozen=True)
class Truth:
    """Known from how the failure was made, never from what a classifier says of it.

    `restart` holds every answer that would be right to "does a restart help?". `no` and `after-fix` are both right
    where something has to be put right first; `yes` only where nothing has to be done but wait.
    """

    category: str
    restart: tuple[str, ...]
    table: str | None = None
    columns: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Categories that are right, too: another fault makes this very trace, and nothing in it tells which it was."""


@dataclass(frozen=True)
class Case:
    """`make` returns once the failure is bound to show at the connector `Place.broken`."""

    name: str
    side: str
    made_by: str
    truth: Truth
    make: Break
    disturbs: bool = False
    """It breaks a part that others use (the binlog is one: every source of a server reads every statement in it): run
    alone, and the stack put right after it."""
    patience: float = 60
    """Seconds until the connector has to be FAILED."""


FIX_FIRST = ("no", "after-fix")
FIX_OR_ONCE = ("no", "after-fix", "once")
TRANSIENT = ("yes", "once", "after-fix")


class Registry:
    """Cases in the order in which they were written down."""

    def __init__(self, side: str) -> None:
        self.side = side
        self._cases: list[Case] = []

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases)

    def case(
        self, truth: Truth, made_by: str, *, disturbs: bool = False, patience: float = 60
    ) -> Callable[[Break], Break]:
        """Registers a function under its own name, with dashes."""

        def add(make: Break) -> Break:
            name = make.__name__.replace("_", "-")
            self._cases.append(Case(name, self.side, made_by, truth, make, disturbs, patience))
            return make

        return add


def drift(*columns: str, table: str | None = "orders") -> Truth:
    return Truth("SCHEMA_DRIFT", FIX_FIRST, table, columns)


def data(*columns: str, restart: tuple[str, ...] = FIX_FIRST, also: tuple[str, ...] = ()) -> Truth:
    return Truth("DATA", restart, columns=columns, also=also)


AUTH = Truth("AUTH", FIX_FIRST)
CONFIG = Truth("CONFIG", FIX_FIRST)
RESOURCE = Truth("RESOURCE", FIX_FIRST)
HISTORY_LOST = Truth("HISTORY_LOST", FIX_FIRST)
BINLOG_GAP = Truth("BINLOG_GAP", FIX_FIRST)
DDL_PARSE = Truth("DDL_PARSE", FIX_FIRST)
UNREACHABLE = Truth("CONNECTIVITY", TRANSIENT)
NOT_TRUSTED = Truth("CONNECTIVITY", FIX_FIRST, also=("CONFIG",))
WRONG_ADDRESS = Truth("CONNECTIVITY", FIX_OR_ONCE)
