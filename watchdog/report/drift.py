"""`watchdog drift`: one table as its places have it → a JSON document, and a table to read with what it means below.

The document of one table:

    {"table": "oltp.orders", "connector": "oltp-source", "connect_cluster": "main",
     "severity": "breaking" | "risky" | "safe",            # of what is drift; "safe" also when all is even
     "places": [{"place": "source" | "debezium" | "topic" | "registry" | "sink", "where": "dw-sink → dw.orders at …",
                 "columns": [{"name", "type", "nullable", "default", "generated", "charset"}],   # null: not visible
                 "primary_key": ["id"], "not_visible": "why, or null"}],
     "differences": [{"between": ["sink", "source"], "kind": "added-optional", "columns": ["note"], "was": "", "now":
                      "text NULL", "standing": "drift" | "unlogged" | "pending", "why": "…", "severity": "breaking",
                      "consumers": [{"consumer": "sink dw-sink", "effect": "fails", "severity", "reason"}]}],
     "notes": ["what could not be told of the way of its columns"]}

`kind` is one of the values of `compare.Kind`, `effect` one of `compare.Effect`. `was` and `now` go from the first place
of `between` to the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from watchdog.compare import DriftReport, Gap, Place, Standing, TableDrift, View
from watchdog.model import Column, Severity
from watchdog.report.text import cell, count

_STYLES = {Severity.BREAKING: "bold red", Severity.RISKY: "yellow", Severity.SAFE: "green"}
_TITLES = {Place.SOURCE: "SOURCE", Place.DEBEZIUM: "DEBEZIUM", Place.TOPIC: "TOPIC", Place.REGISTRY: "REGISTRY"}
_ABSENT = "—"
_TYPE_LIMIT = 40


def documents(report: DriftReport) -> list[dict[str, Any]]:
    return [_document(table) for table in report.tables]


def _document(table: TableDrift) -> dict[str, Any]:
    return {
        "table": str(table.table),
        "connector": table.source.connector,
        "connect_cluster": table.source.cluster,
        "severity": table.severity.value,
        "places": [_place(view) for view in table.views],
        "differences": [_difference(gap) for gap in table.gaps],
        "notes": list(table.notes),
    }


def _place(view: View) -> dict[str, Any]:
    shape = view.shape
    return {
        "place": view.place.value,
        "where": view.where,
        "columns": [_column(column) for column in shape.columns] if shape else None,
        "primary_key": list(shape.primary_key) if shape else None,
        "not_visible": view.why_not or None,
    }


def _column(column: Column) -> dict[str, Any]:
    names = ("name", "type", "nullable", "default", "generated", "charset")
    return {name: getattr(column, name) for name in names}


def _difference(gap: Gap) -> dict[str, Any]:
    difference = gap.difference
    return {
        "between": [place.value for place in gap.between],
        "kind": difference.kind.value,
        "columns": list(difference.columns),
        "was": difference.was,
        "now": difference.now,
        "standing": gap.standing.value,
        "why": gap.why,
        "severity": gap.severity.value,
        "consumers": [
            {"consumer": one.consumer, "effect": one.effect.value, "severity": one.severity.value, "reason": one.reason}
            for one in gap.judged
        ],
    }


# ── to read ──────────────────────────────────────────────────────────────────────────────────────────────────────


def blocks(report: DriftReport, *, whole: bool) -> Iterator[Text | Table]:
    """The tables that are not even in all places, or all of them; then one line that counts."""
    shown = [table for table in report.tables if whole or _is_worth_a_look(table)]
    for table in sorted(shown, key=lambda one: list(Severity).index(one.severity)):
        yield from _block(table)
        yield Text()
    yield _summary(report, len(report.tables) - len(shown))


def _is_worth_a_look(table: TableDrift) -> bool:
    return any(gap.severity is not Severity.SAFE or gap.standing is Standing.PENDING for gap in table.gaps)


def _summary(report: DriftReport, even: int) -> Text:
    words = [f"{number} {severity}" for severity, number in report.severities.items() if severity is not Severity.SAFE]
    rest = f"; {count(even, 'table')} not shown: nothing there that matters" if even else ""
    return cell(f"{count(len(report.tables), 'captured table')}: {', '.join(words)}{rest}", "dim")


def _block(table: TableDrift) -> Iterator[Text | Table]:
    yield Text.assemble(
        cell(str(table.table), "bold"),
        "  ",
        cell(table.severity, _STYLES[table.severity]),
        f"  {table.source.connector}",
    )
    yield side_by_side(table)
    for view in table.views:
        if view.why_not:
            yield Text.assemble(cell(f"  {view.place:<9} ", "dim"), cell(f"{view.where}: {view.why_not}"))
    for gap in table.gaps:
        yield from _gap(gap)
    for note in table.notes:
        yield Text.assemble(cell("  note      ", "dim"), cell(note))


def side_by_side(table: TableDrift) -> Table:
    """One line for each column, one column for each place that can be seen."""
    views = [view for view in table.views if view.shape]
    grid = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for title in ("  COLUMN", *(_TITLES.get(view.place, cell(view.where.split(" at ")[0])) for view in views)):
        grid.add_column(title, overflow="fold")
    drifting = {name.lower() for gap in table.gaps if gap.is_drift for name in gap.difference.columns}
    for name in _names(views):
        style = "bold" if name.lower() in drifting else ""
        columns = [view.shape.column(name) if view.shape else None for view in views]
        grid.add_row(cell(f"  {name}", style), *(_cell(column) for column in columns))
    return grid


def _names(views: Sequence[View]) -> list[str]:
    """As the first place spells them, in its order; then what only others have."""
    names: dict[str, str] = {}
    for view in views:
        for column in view.shape.columns if view.shape else ():
            names.setdefault(column.name.lower(), column.name)
    return list(names.values())


def _cell(column: Column | None) -> Text:
    if column is None:
        return cell(_ABSENT, "red")
    return cell(f"{column.type}{'' if column.nullable else ' NOT NULL'}", limit=_TYPE_LIMIT)


def _gap(gap: Gap) -> Iterator[Text]:
    pending = gap.standing is Standing.PENDING
    word = gap.standing.value if gap.standing is not Standing.DRIFT else gap.severity.value
    style = "blue" if pending else _STYLES[gap.severity]
    between = " → ".join(place.value for place in gap.between)
    yield Text.assemble(cell(f"  {word:<9} ", style), cell(f"{between}: {gap.difference}"))
    for one in gap.judged:
        consumer = f"{one.consumer} {one.effect.value.replace('-', ' ')}: " if one.consumer else ""
        yield cell(f"            {consumer}{one.reason}")
    if gap.why:
        yield cell(f"            {gap.why}", "dim")
