"""The seventh set, sinks: what is busy, full or read-only at the target."""

from failures.case import FIX_OR_ONCE, RESOURCE, TRANSIENT, Truth
from failures.seventh_draw import OFTEN, RARE, YEARLY, Event

_ERRORS = "MySQL's server error reference"
_MANUAL = "Debezium's manual, JDBC sink"
_HELD_UP = Truth("RESOURCE", TRANSIENT)

EVENTS: tuple[Event, ...] = (
    Event(
        "row-locked",
        OFTEN,
        _HELD_UP,
        "a report or a batch job holds the row's lock for longer than innodb_lock_wait_timeout (2 s here)",
        f"{_ERRORS}: 1205",
    ),
    Event(
        "table-locked",
        YEARLY,
        _HELD_UP,
        "LOCK TABLES or an ALTER holds the table for longer than lock_wait_timeout (2 s here)",
        f"{_ERRORS}: 1205; MySQL's manual: metadata locking",
    ),
    Event(
        "deadlock",
        YEARLY,
        _HELD_UP,
        "deadlocks with another writer, as often as the sink tries again",
        f"{_ERRORS}: 1213; {_MANUAL}: flush.max.retries",
        only={"retries": ("1",)},
    ),
    Event(
        "row-larger-than-a-packet",
        YEARLY,
        RESOURCE,
        "a row is larger than the target's max_allowed_packet",
        "Connector/J's troubleshooting: ER_NET_PACKET_TOO_LARGE",
        disturbs=True,
    ),
    Event(
        "too-many-connections",
        YEARLY,
        _HELD_UP,
        "the target has no connection left when the sink's tasks restart",
        f"{_ERRORS}: 1040",
        disturbs=True,
    ),
    Event(
        "hourly-quota-used-up",
        RARE,
        _HELD_UP,
        "MAX_QUERIES_PER_HOUR of the sink's user is used up",
        f"{_ERRORS}: 1226",
    ),
    Event("table-full", RARE, Truth("RESOURCE", FIX_OR_ONCE), "the target's table is full", f"{_ERRORS}: 1114"),
    Event(
        "target-read-only",
        YEARLY,
        Truth("CONFIG", FIX_OR_ONCE),
        "a failover: what the sink writes to is a replica now, super_read_only",
        f"{_ERRORS}: 1290",
        disturbs=True,
    ),
)
