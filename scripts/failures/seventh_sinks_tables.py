"""The seventh set, sinks: what people do to the tables at the source, so that the target's stay behind."""

from failures.case import FIX_FIRST, Truth
from failures.seventh_draw import OFTEN, RARE, YEARLY, Event

_DRIFT = Truth("SCHEMA_DRIFT", FIX_FIRST)
_MANUAL = "Debezium's manual, JDBC sink: schema evolution"
_ERRORS = "MySQL's server error reference"
_NONE = {"evolution": ("none",)}
_COLUMN = ("table", "column")

EVENTS: tuple[Event, ...] = (
    Event(
        "column-added",
        OFTEN,
        _DRIFT,
        "a release adds a column at the source only",
        _MANUAL,
        only=_NONE,
        about=_COLUMN,
    ),
    Event(
        "required-column-added",
        YEARLY,
        _DRIFT,
        "a release adds a NOT NULL column without a default at the source only",
        _MANUAL,
        about=_COLUMN,
    ),
    Event(
        "column-renamed",
        YEARLY,
        _DRIFT,
        "RENAME COLUMN at the source only",
        "FACTS of this project; Debezium's FAQ on renamed columns",
        only=_NONE,
        about=("table",),
    ),
    Event(
        "required-column-dropped",
        YEARLY,
        _DRIFT,
        "DROP COLUMN at the source of a column that is NOT NULL at the target",
        f"{_ERRORS}: 1364",
        about=_COLUMN,
    ),
    Event(
        "text-widened",
        OFTEN,
        _DRIFT,
        "a text is made longer at the source only, then a longer value",
        f"{_ERRORS}: 1406",
        only={"kind": ("text", "code", "bytes")},
        about=_COLUMN,
    ),
    Event(
        "number-widened",
        YEARLY,
        _DRIFT,
        "INT becomes BIGINT, DECIMAL gets more digits at the source only, then a larger value",
        f"{_ERRORS}: 1264",
        only={"kind": ("number", "small", "amount")},
        about=_COLUMN,
    ),
    Event(
        "made-nullable",
        OFTEN,
        _DRIFT,
        "a column is made nullable at the source only, then a NULL",
        f"{_ERRORS}: 1048",
        about=_COLUMN,
    ),
    Event(
        "number-becomes-text",
        YEARLY,
        _DRIFT,
        "a number becomes a VARCHAR at the source only, then letters",
        f"{_ERRORS}: 1366",
        only={"kind": ("number", "small", "amount")},
        about=_COLUMN,
    ),
    Event(
        "choice-added",
        YEARLY,
        _DRIFT,
        "a member is added to an ENUM at the source only",
        f"{_ERRORS}: 1265",
        only={"kind": ("choice",)},
        about=_COLUMN,
    ),
    Event(
        "made-unsigned",
        RARE,
        _DRIFT,
        "INT becomes INT UNSIGNED at the source only, then a value above the signed range",
        f"{_ERRORS}: 1264",
        only={"kind": ("number",)},
        about=_COLUMN,
    ),
    Event(
        "key-extended",
        RARE,
        _DRIFT,
        "a new column joins the primary key at the source only",
        "Debezium's manual, MySQL: primary key updates",
        only=_NONE,
        about=_COLUMN,
    ),
    Event(
        "key-became-text",
        RARE,
        _DRIFT,
        "numbered keys become UUIDs at the source only",
        "blogs on moving from numbered keys to UUIDs",
        about=("table",),
    ),
    Event(
        "new-table-not-at-the-target",
        OFTEN,
        _DRIFT,
        "a new table at the source, which topics.regex takes in, and nobody made it at the target",
        _MANUAL,
        only=_NONE,
        about=("table",),
    ),
)
