"""Rows → a Markdown table, aligned so that it also reads as plain text."""

from collections.abc import Sequence

Row = Sequence[str]


def markdown(header: Row, rows: Sequence[Row]) -> str:
    """The first column to the left, the others, which hold figures, to the right."""
    cells = [[_escaped(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    rule = "|".join(["", "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:]), ""])
    first, *others = [_line(row, widths) for row in cells]
    return "\n".join([first, rule, *others])


def _line(row: Row, widths: Sequence[int]) -> str:
    figures = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "| " + " | ".join([row[0].ljust(widths[0]), *figures]) + " |"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def share(fraction: float) -> str:
    """Of one core."""
    return f"{fraction * 100:.2f} %"


def ratio(value: float, unit: float) -> str:
    """`×` with two figures below ten; a dash where there is nothing to compare with."""
    if unit <= 0:
        return "–"
    times = value / unit
    return f"× {times:.1f}" if times < 10 else f"× {times:,.0f}"
