"""Explanations → what a person on call reads, and the JSON documents of `explain -o json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from watchdog.model import Advice, Category, Explanation
from watchdog.report.text import cell

_LABEL_WIDTH = 9
_DRIFT: dict[str, bool | str] = {"yes": True, "no": False}
_RESTART = {
    Advice.NO: "does not help: it would fail again in the same way",
    Advice.AFTER_FIX: "helps once that is done, not before",
    Advice.ONCE: "may help: try it once",
    Advice.YES: "helps: this passes by itself; wait longer between tries when it does not",
}


def document(one: Explanation) -> dict[str, Any]:
    """`task` is null for the connector itself; null is "not known"."""
    cause = one.cause
    return {
        "connector": one.connector,
        "task": one.task,
        "state": one.state,
        "category": cause.category.value,
        "cause": cause.summary,
        "schema_drift": _DRIFT.get(cause.schema_drift, cause.schema_drift),
        "restart": cause.restart.value,
        "table": one.table,
        "columns": list(one.columns) or None,
        "ddl": one.ddl,
        "message": cause.message,
        "fix": cause.fix,
        "signature": cause.signature or None,
        "confidence": cause.confidence,
    }


def blocks(found: Sequence[Explanation], several_files: bool) -> Iterator[Text]:
    """One block for each cause; tasks of one connector that fail for the same reason share it."""
    for number, group in enumerate(_together(found)):
        if number:
            yield Text()
        yield from _block(group, several_files)


def _together(found: Iterable[Explanation]) -> list[list[Explanation]]:
    groups: dict[tuple[object, ...], list[Explanation]] = {}
    for one in found:
        alike = (one.origin, one.connector, one.state, one.cause.signature, one.cause.message, one.table, one.columns)
        groups.setdefault(alike, []).append(one)
    return list(groups.values())


def _block(group: Sequence[Explanation], several_files: bool) -> Iterator[Text]:
    one, cause = group[0], group[0].cause
    style = "yellow" if cause.category is Category.UNKNOWN else "bold red"
    place = f"  ({one.origin})" if several_files else ""
    yield Text.assemble(
        cell(_who(group), "bold"), "  ", cell(cause.category, style), cell(f"  {one.state}" if one.state else ""),
        cell(place, "dim"),
    )  # fmt: skip
    yield from _labelled("what", cause.summary)
    yield from _labelled("table", _tables(one))
    yield from _labelled("columns", ", ".join(one.columns))
    yield from _labelled("statement", one.ddl or "")
    yield from _labelled("since", one.since or "")
    yield from _labelled("do", cause.fix)
    yield from _labelled("restart", _restart(group))
    yield from _labelled("message", cause.message)
    yield from _labelled("known as", _known(one))


def _who(group: Sequence[Explanation]) -> str:
    tasks = sorted(one.task for one in group if one.task is not None)
    parts = [one for one in (group[0].connector, _tasks(tasks)) if one]
    return " ".join(parts) or "a trace"


def _tasks(tasks: Sequence[int]) -> str:
    if not tasks:
        return ""
    shown = ", ".join(map(str, tasks[:10])) + (f" and {len(tasks) - 10} more" if len(tasks) > 10 else "")
    return f"task {shown}" if len(tasks) == 1 else f"tasks {shown}"


def _tables(one: Explanation) -> str:
    ends = list(dict.fromkeys(table for table in (one.source, one.target) if table))
    return " → ".join(ends) or one.table or ""


def _restart(group: Sequence[Explanation]) -> str:
    one = group[0]
    words = _RESTART[one.cause.restart]
    if one.cause.restart is Advice.NO or not one.connector or any(c in one.connector for c in "/%\\;?#& "):
        return words
    return f"{words}: POST /connectors/{one.connector}/restart?includeTasks=true&onlyFailed=true"


def _known(one: Explanation) -> str:
    drift = {"yes": "schema drift", "maybe": "perhaps schema drift"}.get(one.cause.schema_drift, "")
    parts = (one.cause.signature or "nothing in the catalogue", f"confidence {one.cause.confidence:.0%}", drift)
    return ", ".join(part for part in parts if part)


def _labelled(label: str, text: str) -> Iterator[Text]:
    if text:
        yield Text.assemble(cell(f"  {label:<{_LABEL_WIDTH}}", "dim"), " ", cell(text))
