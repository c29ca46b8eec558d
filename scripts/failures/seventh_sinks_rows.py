"""The seventh set, sinks: rows and records that cannot be written as they are."""

from failures.case import FIX_FIRST, FIX_OR_ONCE, Truth, data
from failures.seventh_draw import OFTEN, RARE, YEARLY, Event

_ERRORS = "MySQL's server error reference"
_CONVERTERS = "Confluent's blog: converters and serialization explained"
_INSERT = {"insert": ("insert",)}
_DELETES = {"key": ("record_key",)}
_JSON = {"format": ("json",)}
_AVRO = {"format": ("avro", "avro with headers")}

EVENTS: tuple[Event, ...] = (
    Event(
        "rows-already-there",
        OFTEN,
        data(),
        "the table was loaded by hand, then the sink reads its topic from the start; insert.mode=insert",
        "kafka-connect-jdbc issue 327",
        only=_INSERT,
    ),
    Event(
        "read-again-from-the-start",
        YEARLY,
        data(),
        "the sink's offsets are reset to the start; insert.mode=insert",
        "Connect's documentation: offsets are at least once; kafka-connect-jdbc issue 327",
        only=_INSERT,
    ),
    Event(
        "unique-value-twice",
        YEARLY,
        data(),
        "the target has a UNIQUE index that the source has not, then the same value twice",
        f"{_ERRORS}: 1062",
        only=_INSERT,
    ),
    Event(
        "parent-missing",
        YEARLY,
        data(restart=FIX_OR_ONCE),
        "a foreign key at the target, and the parent's row is not there",
        f"{_ERRORS}: 1452",
    ),
    Event(
        "parent-held-by-children",
        RARE,
        data(restart=FIX_OR_ONCE),
        "a row is deleted at the source, and a foreign key at the target holds it",
        f"{_ERRORS}: 1451",
        only=_DELETES,
    ),
    Event("check-refuses", YEARLY, data(), "a CHECK constraint at the target refuses the row", f"{_ERRORS}: 3819"),
    Event("trigger-refuses", RARE, data(), "a trigger at the target refuses the row by SIGNAL", f"{_ERRORS}: 1644"),
    Event(
        "no-partition-for-it",
        YEARLY,
        data(also=("SCHEMA_DRIFT",)),
        "the target is partitioned by month, and nobody made this month's partition",
        f"{_ERRORS}: 1526",
    ),
    Event(
        "zero-timestamp",
        YEARLY,
        data(),
        "a zero TIMESTAMP or DATETIME in a NOT NULL column of the source, from before strict mode",
        "Debezium's manual, MySQL: temporal values, zero values",
        only={"kind": ("stamp", "moment")},
        about=("column",),
    ),
    Event(
        "time-of-more-than-a-day",
        RARE,
        data(),
        "a TIME of 100 hours at the source",
        "Debezium's manual, MySQL: TIME values",
        about=("column",),
    ),
    Event(
        "no-json-by-hand",
        YEARLY,
        data(),
        "somebody writes a line into the topic with the console producer",
        _CONVERTERS,
        only=_JSON,
    ),
    Event(
        "json-without-schema-by-hand",
        YEARLY,
        data(),
        "somebody replays one record into the topic as plain JSON, without its schema",
        _CONVERTERS,
        only=_JSON,
    ),
    Event(
        "record-cut-off",
        RARE,
        data(),
        "a producer writes half of a record",
        "Connect's error handling, KIP-298",
        only=_JSON,
    ),
    Event(
        "no-avro-by-hand",
        YEARLY,
        data(),
        "somebody writes JSON by hand into a topic in Avro",
        _CONVERTERS,
        only=_AVRO,
    ),
    Event(
        "table-without-a-key",
        YEARLY,
        Truth("CONFIG", FIX_FIRST, also=("DATA", "SCHEMA_DRIFT")),
        "a new table has no primary key; primary.key.mode=record_key",
        "Debezium's manual, JDBC sink: primary key handling",
        only=_DELETES,
    ),
)
