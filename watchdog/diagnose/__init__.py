"""PURE: the trace of a FAILED connector or task → its `Cause`.

The innermost "Caused by" is asked first, then outwards; a wrapper ("Tolerance exceeded in error handler", "Exiting
WorkerSinkTask due to unrecoverable exception") carries no cause and is never matched. What the catalogue does not know
falls back to the kind of exception, to the place where it was thrown, and then to UNKNOWN with the innermost message.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from watchdog.diagnose.catalogue import Catalogue, combined, own_entries
from watchdog.diagnose.entries import Entry
from watchdog.diagnose.families import families
from watchdog.diagnose.places import before_any_record, places
from watchdog.diagnose.subjects import with_surroundings
from watchdog.diagnose.trace import Link, chain, one_line
from watchdog.model import Advice, Category, Cause

_WRAPPERS = re.compile(
    "An exception occurred in the change event producer"
    "|Error processing binlog event"
    "|Error while processing event at offset"
    "|Tolerance exceeded in error handler"
    "|Exiting Worker(?:Sink|Source)Task due to unrecoverable exception"
    "|Unrecoverable exception from producer send callback"
    "|Error while checking and applying table changes for collection"
    "|JDBC sink connector failure"
    "|Failed to process a sink record"
    r"|Exceeded max retries \d+ times"
    r"|Failed to (?:de)?serialize data for topic \S{1,249} to (?:Avro|JSON|Protobuf)"
)
# What a wrapper says stands at its beginning.
_WRAPPER_WORDS = 2000
_GENERAL_CONFIDENCE, _ENTRY_CONFIDENCE, _FAMILY_CONFIDENCE = 0.7, 0.9, 0.6
_PLACE_CONFIDENCE, _UNKNOWN_CONFIDENCE = 0.4, 0.2
# Of an endless trace, the frames of its outermost exceptions are enough.
_FRAMES_MAX = 100_000


class Knowledge:
    """What traces are read with: a catalogue. Reading is pure; the same trace gives the same cause."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        # One broken database fails a hundred tasks with one trace.
        self.diagnose = lru_cache(maxsize=256)(self._diagnose)

    def _diagnose(self, trace: str, side: str = "any") -> Cause:
        links = chain(trace)
        cause = self._told(links, side)
        around = [link.message for link in reversed(links)]
        return replace(cause, groups=with_surroundings(cause.groups, cause.message, around))

    def _told(self, links: tuple[Link, ...], side: str) -> Cause:
        inside_out = [link for link in reversed(links) if not _is_wrapper(link)] or [links[-1]]
        message = one_line(inside_out[0].text) or "no trace given"
        frames = "".join(link.frames for link in links)[:_FRAMES_MAX]
        here = _Scene(side, before_any_record(frames))
        kind: Cause | None = None
        for link in inside_out:
            for entry in _fitting(self.catalogue, link, here):
                if not (kind and _is_outweighed(entry, kind)):
                    groups = self.catalogue.groups(entry, link.text.encode(errors="replace"))
                    confidence = _GENERAL_CONFIDENCE if entry.general else _ENTRY_CONFIDENCE
                    cause = _cause(entry, one_line(link.text), groups, confidence)
                    return cause if link is inside_out[0] else _around(kind, cause)
            kind = kind or _kind(link, here, message)
        kind = kind or _place(frames, message)
        for link in reversed(links):  # what wraps it tells least
            kind = kind or _kind(link, here, message)
        return kind or Cause(
            category=Category.UNKNOWN,
            restart=Advice.ONCE,
            message=message,
            summary="A failure that is not in the catalogue.",
            fix="Read the connector's whole trace, and the worker's log around it.",
            schema_drift="maybe",
            confidence=_UNKNOWN_CONFIDENCE,
        )


@dataclass(frozen=True)
class _Scene:
    """What is known beside the words: they mean something else in another connector, or at another time."""

    side: str
    is_start: bool

    def allows(self, entry: Entry) -> bool:
        """A known side rules entries of the other side out, an unknown one rules out nothing. What fails while it is
        being started has read no record yet."""
        fits_side = "any" in (entry.side, self.side) or self.side not in ("source", "sink") or entry.side == self.side
        return fits_side and not (self.is_start and entry.category is Category.DATA)


def _is_outweighed(entry: Entry, inner: Cause) -> bool:
    """What the innermost exception is tells more than words around it that leave the cause open, or that tell of a
    connection, or of a restart that helps, where it is something else ("link failure" around a certificate)."""
    is_vague = entry.restart is Advice.YES or entry.category is Category.CONNECTIVITY
    return entry.general or (is_vague and entry.category is not inner.category)


def _around(inner: Cause | None, cause: Cause) -> Cause:
    """Around an exception that nobody knows, or that does not always pass by itself, nothing is promised."""
    is_sure = inner is not None and inner.restart is Advice.YES
    return cause if is_sure or cause.restart is not Advice.YES else replace(cause, restart=Advice.ONCE)


def _fitting(catalogue: Catalogue, link: Link, here: _Scene) -> Iterator[Entry]:
    frames = link.frames.encode(errors="replace")
    for entry in catalogue.matching(link.text.encode(errors="replace")):
        if here.allows(entry) and catalogue.is_thrown_there(entry, frames):
            yield entry


def _place(frames: str, message: str) -> Cause | None:
    """What is told by where it was thrown."""
    place = next(iter(places().matching(frames.encode(errors="replace"))), None)
    return _cause(place, message, {}, _PLACE_CONFIDENCE) if place else None


def _kind(link: Link, here: _Scene, message: str) -> Cause | None:
    """What its family tells of one exception."""
    family = next(_fitting(families(), link, here), None)
    return _cause(family, message, {}, _FAMILY_CONFIDENCE) if family else None


def _cause(entry: Entry, message: str, groups: dict[str, str], confidence: float) -> Cause:
    return Cause(
        category=entry.category,
        restart=entry.restart,
        message=message,
        summary=entry.cause,
        fix=entry.fix,
        signature=entry.id,
        schema_drift=entry.schema_drift,
        groups=groups,
        confidence=confidence,
    )


def _is_wrapper(link: Link) -> bool:
    return _WRAPPERS.search(link.message, 0, _WRAPPER_WORDS) is not None


class _InForce:
    """The process's one catalogue: set once at start, before anything is diagnosed."""

    knowledge: Knowledge | None = None


def diagnose(trace: str, side: str = "any") -> Cause:
    """The cause that the trace names. `side` is the connector's type: `source`, `sink` or `any`/`unknown`."""
    if _InForce.knowledge is None:
        prepare()
    assert _InForce.knowledge is not None
    return _InForce.knowledge.diagnose(trace, side)


def prepare(own: Path | None = None) -> None:
    """Load and compile everything now, so that the first failure is not the one that waits for it.

    `own` is the user's catalogue; raises `SettingsError` with everything that is wrong with it.
    """
    _InForce.knowledge = knowledge(own)


def knowledge(own: Path | None = None) -> Knowledge:
    """Of the package's entries and those in the user's file, which raises `SettingsError` where it is wrong."""
    families()
    places()
    return Knowledge(combined(own_entries(own) if own else ()))


def entries(own: Path | None = None) -> tuple[Entry, ...]:
    """Every signature that a cause can have: of the user's file, the package's catalogue, the families and places."""
    return (*combined(own_entries(own) if own else ()).entries, *families().entries, *places().entries)


def cause_of(name: str, own: Path | None = None) -> tuple[Cause, str] | None:
    """What a failure of that signature would be, and its side. Of a category: as most of its signatures are, none
    named. None where there is neither."""
    known = entries(own)
    if entry := next((entry for entry in known if entry.id == name), None):
        return _cause(entry, "", {}, _ENTRY_CONFIDENCE), entry.side
    if name not in set(Category):
        return None
    advice = Counter(entry.restart for entry in known if entry.category is Category(name)) or Counter([Advice.ONCE])
    return Cause(Category(name), advice.most_common(1)[0][0], ""), "any"


__all__ = ["Knowledge", "cause_of", "diagnose", "entries", "knowledge", "prepare"]
