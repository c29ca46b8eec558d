"""A plan for records that a sink cannot take → a table, and the document of `-o json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from watchdog.model import Kept, RecordId, RecordsPlan, Unfit
from watchdog.report.text import cell, count, moment, stamp

SHOWN_MAX = 100
KEY_CHARACTERS_MAX = 60

Document = dict[str, Any]


def table(plan: RecordsPlan) -> Table:
    """The first of the records, with their keys and reasons."""
    found = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    last = "WHY NOT" if plan.replay else "WHY"
    for name in ("RECORD", "KEY", "WRITTEN", *(["BACK"] if plan.replay else []), last):
        found.add_column(name, overflow="fold")
    for record, back, why in list(_rows(plan))[:SHOWN_MAX]:
        key = cell(record.key or "(none)", limit=KEY_CHARACTERS_MAX)
        middle = [cell("yes" if back else "no")] if plan.replay else []
        found.add_row(cell(str(record.id)), key, cell(moment(record.at)), *middle, cell(why))
    return found


def summary(plan: RecordsPlan) -> Iterator[str]:
    """What was found, and what was not looked at, in lines for a person."""
    total = len(list(_rows(plan)))
    if plan.replay:
        chosen, left = len(plan.replay.chosen), len(plan.replay.left)
        yield f"{count(total, 'record')} in {plan.topic}: {chosen} can be written back, {left} cannot"
    else:
        seen = plan.selection
        yield f"of {count(seen.looked_at, 'waiting record')} the target does not take {len(seen.unfit)}"
        if seen.capped:
            read = ", ".join(f"{place} up to {to} of {seen.end[place]}" for place, to in sorted(seen.read_to.items()))
            yield f"not all that waits was read ({read}); the rest is looked at on the way (scan_records_max)"
    if total > SHOWN_MAX:
        yield f"the first {SHOWN_MAX} are shown; -o json has all"
    yield from plan.warnings


def document(plan: RecordsPlan, result: str, detail: str) -> Document:
    """`result`: dry-run, nothing, declined, done, refused or unknown."""
    return {
        "connect_cluster": plan.key.cluster,
        "connector": plan.key.connector,
        "quarantine_topic": plan.topic,
        "looked_at": None if plan.replay else plan.selection.looked_at,
        "capped": plan.selection.capped,
        "records": [_record(record, back, why, plan) for record, back, why in _rows(plan)],
        "warnings": list(plan.warnings),
        "result": result,
        "detail": detail or None,
    }


def _rows(plan: RecordsPlan) -> Iterator[tuple[Unfit | Kept, bool, str]]:
    """Record, whether it goes back, and why (not)."""
    if plan.replay:
        yield from ((record, True, "") for record in plan.replay.chosen)
        yield from ((record, False, why) for record, why in plan.replay.left)
    else:
        yield from ((record, False, record.reason) for record in plan.selection.unfit)


def _record(record: Unfit | Kept, back: bool, why: str, plan: RecordsPlan) -> Document:
    where: RecordId = record.id
    own = {"replay": back, "why_not": why or None, "kept_as": record.place} if isinstance(record, Kept) else {}
    return {
        "topic": where.topic,
        "partition": where.partition,
        "offset": where.offset,
        "key": record.key or None,
        "written_at": stamp(record.at),
        "reason": record.reason,
        **own,
    }
