"""How sure the figures of a set are: intervals, equal words counted once, words that no earlier set has."""

import re
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from failures import seventh_sinks, seventh_sources
from failures.measure import Judged
from failures.trace_file import failed_parts

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|\{[^}]*\}")
_NUMBERED = re.compile(r"[\w.:/-]*\d[\w.:/-]*")
_AROUND = re.compile(r"[\w.-]*…[\w.…-]*")
_NAMES = {
    name for axes in (seventh_sources.AXES, seventh_sinks.AXES) for kind in ("table", "column") for name in axes[kind]
}
_MADE_OF = re.compile(r"\[(.*)\]$")


def words(document: dict[str, Any]) -> str:
    """The innermost line of the trace, without names and numbers: what is quoted or has a digit in it, the case's own
    name, and the table and column that were drawn for it."""
    lines = [line for line in failed_parts(document["status"])[0]["trace"].splitlines() if line[:1] not in ("\t", " ")]
    line = lines[-1].removeprefix("Caused by: ")
    case = document["case"]
    drawn = _MADE_OF.search(document["made_by"])
    names = {case, case.replace("-", "_"), *(_NAMES.intersection(drawn[1].split(", ")) if drawn else ())}
    for name in sorted(names, key=len, reverse=True):
        line = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", line)
    return _NUMBERED.sub("#", _AROUND.sub("…", _QUOTED.sub("…", line)))


def interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's, 95 %."""
    z = 1.96
    share = right / total
    middle = share + z * z / (2 * total)
    width = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return (middle - width) / scale, (middle + width) / scale


def figures(documents: Sequence[dict[str, Any]], judged: Sequence[Judged], earlier: Iterable[dict[str, Any]]) -> str:
    """A line for each way of counting. Of those with equal words one is counted, as right only if each of them is."""
    known = {words(document) for document in earlier}
    each: dict[str, list[bool]] = {}
    for document, one in zip(documents, judged, strict=True):
        each.setdefault(words(document), []).append(one.is_right)
    new = {said: right for said, right in each.items() if said not in known}
    counted = {
        "all": [right for rights in each.values() for right in rights],
        "equal innermost words counted once": [all(rights) for rights in each.values()],
        "words that no earlier set has, counted once": [all(rights) for rights in new.values()],
        "words that no earlier set has, all": [right for rights in new.values() for right in rights],
    }
    return "\n".join(_line(name, rights) for name, rights in counted.items() if rights)


def _line(name: str, rights: Sequence[bool]) -> str:
    right, total = sum(rights), len(rights)
    low, high = interval(right, total)
    return f"{name}: category right {right} of {total} ({right / total:.1%}; 95 % interval {low:.0%} to {high:.0%})"
