"""A Java stack trace → its chain of exceptions, outermost first. Pure text work; a trace is data, whatever it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# A trace has its cause at its end, and what it is about at its beginning: of an endless one these are enough.
_CHARACTERS_MAX = 400_000
_LINKS_MAX = 200

_FRAME = re.compile(r"^[ \t]*(?:at \S|\.\.\. \d+ (?:more|common frames)|Suppressed: )", re.MULTILINE)
_EXCEPTION = re.compile(
    r"(?:[A-Za-z_$][\w$]*+(?:\.[\w$]++)++|[A-Z]\w*+(?:(?<=Exception)|(?<=Error)))(?=: |:?$)", re.MULTILINE
)
_THREAD = re.compile(r'^Exception in thread "[^"\n]*+" ')
_CAUSED_BY = re.compile(r"^Caused by:[ \t]", re.MULTILINE)
_WRAPPED_BY = re.compile(r"^Wrapped by:[ \t]", re.MULTILINE)
_CIRCULAR = re.compile(r"\s*\[?CIRCULAR REFERENCE")


@dataclass(frozen=True, slots=True)
class Link:
    """One exception of the chain. `exception` is the Java class, empty when the text names none. `frames` are the lines
    that tell where it was thrown, without those that it shares with the exception around it."""

    exception: str
    message: str
    frames: str = field(default="", compare=False, repr=False)

    @property
    def text(self) -> str:
        return (
            f"{self.exception}: {self.message}" if self.exception and self.message else self.exception or self.message
        )

    @property
    def simple_name(self) -> str:
        return self.exception.rpartition(".")[2]


def chain(trace: str) -> tuple[Link, ...]:
    """Every exception of the trace, outermost first; at least one, also for an empty or a nonsensical text.

    What is suppressed is no cause, nor is a reference back to an exception that was told already. Of a trace that is
    printed with its root first ("Wrapped by") the order is turned.
    """
    text = _bounded(trace).replace("\r", "")
    parts = _CAUSED_BY.split(text)
    if len(parts) == 1 and len(wrapped := _WRAPPED_BY.split(text)) > 1:
        parts = wrapped[::-1]
    if len(parts) > _LINKS_MAX:
        parts = parts[: _LINKS_MAX // 2] + parts[-_LINKS_MAX // 2 :]
    links = [_link(part) for part in parts if not _CIRCULAR.match(part)]
    return tuple(links) or (Link("", ""),)


def _bounded(trace: str) -> str:
    if len(trace) <= _CHARACTERS_MAX:
        return trace
    return f"{trace[: _CHARACTERS_MAX // 2]}\n{trace[-_CHARACTERS_MAX // 2 :]}"


def _link(part: str) -> Link:
    frame = _FRAME.search(part)
    head = (part[: frame.start()] if frame else part).strip()
    frames = part[frame.start() :] if frame else ""
    if thread := _THREAD.match(head):
        head = head[thread.end() :]
    if match := _EXCEPTION.match(head):
        return Link(match[0], head[match.end() + 1 :].strip(), frames)
    return Link("", head, frames)


def one_line(text: str, limit: int = 400) -> str:
    """White space folded, cut at `limit` characters."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
