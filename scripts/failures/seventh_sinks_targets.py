"""The seventh set, sinks: what people do to the tables at the target."""

from failures.case import FIX_FIRST, Truth
from failures.seventh_draw import RARE, YEARLY, Event

_DRIFT = Truth("SCHEMA_DRIFT", FIX_FIRST)
_ERRORS = "MySQL's server error reference"
_NONE = {"evolution": ("none",)}
_COLUMN = ("table", "column")

EVENTS: tuple[Event, ...] = (
    Event(
        "target-table-dropped",
        YEARLY,
        _DRIFT,
        "DROP TABLE at the target, under the running sink",
        f"{_ERRORS}: 1146",
        only=_NONE,
        about=("table",),
    ),
    Event(
        "target-table-renamed",
        RARE,
        _DRIFT,
        "RENAME TABLE at the target, under the running sink",
        f"{_ERRORS}: 1146",
        only=_NONE,
        about=("table",),
    ),
    Event(
        "target-column-dropped",
        YEARLY,
        _DRIFT,
        "DROP COLUMN at the target, under the running sink",
        f"{_ERRORS}: 1054",
        only=_NONE,
        about=_COLUMN,
    ),
    Event(
        "target-column-renamed",
        RARE,
        _DRIFT,
        "RENAME COLUMN at the target, under the running sink",
        f"{_ERRORS}: 1054",
        only=_NONE,
        about=_COLUMN,
    ),
    Event(
        "target-asks-for-more",
        YEARLY,
        _DRIFT,
        "somebody adds a NOT NULL column without a default at the target",
        f"{_ERRORS}: 1364",
        about=("table",),
    ),
    Event(
        "target-narrowed",
        RARE,
        _DRIFT,
        "somebody makes a text or a number narrower at the target, then a value of the old width",
        f"{_ERRORS}: 1406, 1264",
        only={"kind": ("text", "code", "number", "amount")},
        about=_COLUMN,
    ),
    Event(
        "target-of-another-type",
        YEARLY,
        _DRIFT,
        "the target's column was made a DATE, an INT or a JSON by hand, the source's is a text",
        f"{_ERRORS}: 1292, 1366, 3140",
        only={"kind": ("text",)},
        about=_COLUMN,
    ),
    Event(
        "target-without-emoji",
        YEARLY,
        _DRIFT,
        "the target's column is utf8mb3, then an emoji",
        f"{_ERRORS}: 1366; blogs on utf8mb4",
        only={"kind": ("text",)},
        about=_COLUMN,
    ),
    Event(
        "target-column-generated",
        RARE,
        _DRIFT,
        "the target's column is made a generated one",
        f"{_ERRORS}: 3105",
        about=_COLUMN,
    ),
    Event(
        "target-is-a-view-that-lacks-it",
        RARE,
        _DRIFT,
        "the table at the target was replaced by a view of its old columns, then a new column comes",
        f"{_ERRORS}: 1054",
        only=_NONE,
        about=_COLUMN,
    ),
    Event(
        "target-beyond-2038",
        RARE,
        _DRIFT,
        "DATETIME at the source and TIMESTAMP at the target, then a day after 2038",
        f"{_ERRORS}: 1292",
        only={"kind": ("moment",)},
        about=_COLUMN,
    ),
    Event(
        "trigger-writes-to-a-dropped-table",
        RARE,
        _DRIFT,
        "a trigger at the target writes to a table that was dropped",
        f"{_ERRORS}: 1146",
    ),
)
