"""stdout for data, stderr for commentary; no colours and no wrapping where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, TextIO

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from watchdog.report.documents import dump
from watchdog.report.text import cell

# Wide enough for every table: a pipe has no edge to wrap at.
_PIPE_WIDTH = 10_000


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--output", "-o", help="A table to read, or JSON for programs.")]
ExitCodeOption = Annotated[bool, typer.Option("--exit-code", help="Exit 3 when something is unhealthy.")]


def console(file: TextIO) -> Console:
    """Without markup: what is printed comes from outside."""
    return Console(
        file=file,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if file.isatty() else _PIPE_WIDTH,
    )


def show(*parts: RenderableType) -> None:
    """To stdout. Lines of text are not wrapped, so that a statement can be copied."""
    out = console(sys.stdout)
    for part in parts:
        if isinstance(part, Text):
            out.print(part, soft_wrap=True)
        elif out.is_terminal:
            out.print(part)
        else:
            out.print(_trimmed(part, out), soft_wrap=True)


def _trimmed(part: RenderableType, out: Console) -> Text:
    """As it looks, without the blanks that a table ends its lines with."""
    with out.capture() as capture:
        out.print(part)
    return Text("\n".join(line.rstrip() for line in capture.get().splitlines()))


def show_lines(lines: Iterable[str]) -> None:
    show(*(cell(line) for line in lines))


def show_json(document: object) -> None:
    # ASCII that holds no control character: nothing to make safe, and no table to fit.
    sys.stdout.write(dump(document) + "\n")
    sys.stdout.flush()


def comment(text: str, style: str = "") -> None:
    """To stderr."""
    console(sys.stderr).print(cell(text, style), soft_wrap=True)
