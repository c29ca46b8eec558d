"""A Java stack trace → its chain of exceptions, outermost first. Pure text work; a trace is data, whatever it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r"^\s*(?:at \S|\.\.\. \d+ (?:more|common frames)|Suppressed: )", re.MULTILINE)
_HEADER = re.compile(
    r"^(?P<exception>[A-Za-z_$][\w$]*(?:\.[\w$]+)+|[A-Z]\w*(?:Exception|Error))(?:: (?P<message>.*))?$", re.DOTALL
)
_CAUSED_BY = re.compile(r"^Caused by: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Link:
    """One exception of the chain. `exception` is the Java class, empty when the text names none."""

    exception: str
    message: str

    @property
    def text(self) -> str:
        return (
            f"{self.exception}: {self.message}" if self.exception and self.message else self.exception or self.message
        )

    @property
    def simple_name(self) -> str:
        return self.exception.rpartition(".")[2]


def chain(trace: str) -> tuple[Link, ...]:
    """Every exception of the trace, outermost first; at least one, also for an empty or a nonsensical text."""
    return tuple(_link(part) for part in _CAUSED_BY.split(trace))


def _link(part: str) -> Link:
    frame = _FRAME.search(part)
    head = (part[: frame.start()] if frame else part).strip()
    if match := _HEADER.match(head):
        return Link(match["exception"], (match["message"] or "").strip())
    return Link("", head)


def one_line(text: str, limit: int = 400) -> str:
    """White space folded, cut at `limit` characters."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
