"""PURE: what has to become true before a restart can help, by cause; what tells that it has; and what helps otherwise.

Read from above: the first row that fits a cause counts. A probe that says no holds the restart back; when all of them
say yes, one is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from watchdog.model import Advice, Category, Cause, ProbeKind

Fits = Callable[[Cause, str], bool]


class Untold(StrEnum):
    """What is done while no probe can tell."""

    WAIT = "wait"
    """For a person, or for new settings, which are worth one try."""
    TRY_ONCE = "try-once"
    """Where the catalogue says that a failure of this kind may pass by itself."""
    TRY_ON = "try-on"
    """As before, and again and again, at growing pauses: a wrong address looks as a server that is down does."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One row. `waits_for` in words, where nothing more exact is known of the case at hand."""

    cause: str
    fits: Fits
    waits_for: str
    told_by: tuple[ProbeKind, ...] = ()
    untold: Untold = Untold.TRY_ONCE
    otherwise: str = ""
    """Who or what helps where waiting does not; `{connector}` stands for its name."""

    def may_be_tried(self, advice: Advice) -> bool:
        """Whether a restart may be sent though nothing tells that it helps."""
        return self.untold is not Untold.WAIT and advice in (Advice.ONCE, Advice.YES)

    def asks(self, kind: ProbeKind) -> bool:
        return kind in self.told_by


def of(*categories: Category, side: str = "", only: tuple[str, ...] = ()) -> Fits:
    """Causes of these categories on that side (`source`, `sink`; empty: either), by signature where some are named."""

    def fits(cause: Cause, on: str) -> bool:
        named = not only or cause.signature in only
        return cause.category in categories and named and side in ("", on)

    return fits


K, C = ProbeKind, Category

# Neither the way to a database nor its login: what Connect's validation and a login from here say is no proof.
_KAFKA = ("WRK-03", "WRK-04", "WRK-05", "WRK-06", "WRK-08", "WRK-09", "WRK-14", "KAF-02", "KAF-05", "KAF-11", "KAF-12")
_REGISTRY = ("REG-11",)
_SCHEMA_UNKNOWN = ("REG-04", "REG-06")
# Something else than the topic is in the way: the brokers, their access lists, or time.
_HISTORY_OUT_OF_REACH = ("HIS-03", "HIS-04", "HIS-05")
# The log is damaged, or the position is none: what is there is no proof.
_BINLOG_DAMAGED = ("BIN-07",)

_QUARANTINE = "`watchdog quarantine {connector}` copies the records that do not fit and passes over them"
_RECOVER = "`watchdog recover {connector}` rebuilds the schema history, where that is safe"
_SNAPSHOT = "a person decides on a new snapshot (snapshot.mode=when_needed), or resets the offsets"

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "a sink's target does not take what waits: a column is missing, too narrow, or required",
        of(C.SCHEMA_DRIFT, side="sink"),
        "the target takes every record that waits",
        (K.TARGET_FITS, K.NEW_SETTINGS),
        Untold.WAIT,
        _QUARANTINE,
    ),
    Remedy(
        "a statement that Debezium cannot parse",
        of(C.DDL_PARSE),
        "the connector has other settings (to pass over the statement), or another version of its plugin",
        (K.NEW_SETTINGS,),
        Untold.WAIT,
        "upgrade Debezium, or skip the statement on purpose where it changes no captured table",
    ),
    Remedy(
        "a source whose schema history does not agree with its rows: an unlogged change, a skipped statement",
        of(C.SCHEMA_DRIFT, side="source"),
        "the schema history is rebuilt",
        (K.TABLE_AS_BELIEVED, K.NEW_SETTINGS),
        Untold.WAIT,
        _RECOVER,
    ),
    Remedy(
        "the schema history cannot be reached",
        of(C.HISTORY_LOST, only=_HISTORY_OUT_OF_REACH),
        "the brokers let it read its history topic",
        (),
        Untold.TRY_ONCE,
    ),
    Remedy(
        "the schema history is missing, empty or truncated",
        of(C.HISTORY_LOST),
        "the history topic is there from its beginning, with every captured table",
        (K.HISTORY_COMPLETE, K.NEW_SETTINGS),
        Untold.WAIT,
        _RECOVER,
    ),
    Remedy(
        "the binlog is damaged at the source's place",
        of(C.BINLOG_GAP, only=_BINLOG_DAMAGED),
        "the source stands at another place",
        (K.NEW_SETTINGS,),
        Untold.WAIT,
        _SNAPSHOT,
    ),
    Remedy(
        "the binlog that the source needs next was purged",
        of(C.BINLOG_GAP),
        "the server has what follows the source's stored offset",
        (K.BINLOG_THERE, K.NEW_SETTINGS),
        Untold.WAIT,
        _SNAPSHOT,
    ),
    Remedy(
        "the registry refused the schema",
        of(C.REGISTRY_INCOMPATIBLE),
        "the registry takes the new schema",
        (K.REGISTRY_ACCEPTS, K.NEW_SETTINGS),
        Untold.WAIT,
        "a person changes the subject's level for the time it takes, or the table",
    ),
    Remedy(
        "the registry does not know a schema that it is asked for",
        of(C.REGISTRY, only=_SCHEMA_UNKNOWN),
        "the schema is registered again",
        (K.NEW_SETTINGS,),
        Untold.WAIT,
    ),
    Remedy(
        "the registry does not answer, or stumbles",
        lambda cause, _: cause.category is C.REGISTRY or cause.signature == "REG-08",
        "the registry answers",
        (K.REGISTRY_ANSWERS,),
    ),
    Remedy(
        "the brokers or the registry do not let it in",
        of(C.AUTH, only=(*_KAFKA, *_REGISTRY)),
        "its access to Kafka or to the registry is put right",
        (K.NEW_SETTINGS,),
        Untold.WAIT,
    ),
    Remedy(
        "the brokers do not answer",
        of(C.CONNECTIVITY, only=_KAFKA),
        "",
        (),
        Untold.TRY_ON,
    ),
    Remedy(
        "wrong credentials, a missing grant, a locked account",
        of(C.AUTH),
        "the connector can connect to its database",
        (K.CAN_CONNECT, K.NEW_SETTINGS),
        Untold.WAIT,
    ),
    Remedy(
        "the database is not to be reached",
        of(C.CONNECTIVITY),
        "the connector can connect to its database",
        (K.CAN_CONNECT,),
        Untold.TRY_ON,
    ),
    Remedy(
        "a record that cannot be taken, or nothing that is known: the records may show a drift all the same",
        of(C.DATA, C.UNKNOWN, side="sink"),
        "",
        (K.TARGET_FITS, K.NEW_SETTINGS),
        otherwise=_QUARANTINE,
    ),
    Remedy("a wrong setting", of(C.CONFIG), "", (K.NEW_SETTINGS,)),
    Remedy("anything else that may pass by itself", lambda _cause, _side: True, "", (K.NEW_SETTINGS,)),
)


def remedy_of(cause: Cause, side: str) -> Remedy:
    """`side`: `source`, `sink`, or anything else where it is not known."""
    return next(row for row in REMEDIES if row.fits(cause, side))
