"""`journal export`: the timeline, for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from watchdog.cli.incidents import no_journal
from watchdog.cli.output import comment
from watchdog.cli.session import session_of
from watchdog.errors import WatchdogError
from watchdog.model import TimelineEntry
from watchdog.report.text import count
from watchdog.report.timeline import as_json

journal = typer.Typer(help="What was seen, decided, called and answered.", no_args_is_help=True, rich_markup_mode=None)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9})\s*(s|min|m|h|d|w)")


@journal.command()
def export(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="AGE", help="Not older: 30min, 24h, 7d.")] = "",
    incident: Annotated[str, typer.Option("--incident", metavar="ID", help="Of one incident only.")] = "",
    connector: Annotated[str, typer.Option("--connector", metavar="NAME", help="Of one connector only.")] = "",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file instead of stdout.")] = None,
) -> None:
    """Every line of the journal's timeline as JSON Lines, oldest first, each with what it was decided by.

    Reading changes nothing; a running watchdog goes on writing meanwhile.

    Examples:

    \b
      watchdog journal export --since 24h
      watchdog journal export --incident 3fa --to 3fa.jsonl
      watchdog journal export --connector dw-sink | jq -r 'select(.kind == "decided") | .text'
    """
    session = session_of(context)
    begin = session.clock() - duration(since) if since else None
    settings = session.settings()
    entries = session.app().told(settings, incident=incident, since=begin, connector=connector)
    if why := no_journal(settings):
        comment(why)
    # What cannot be told is an error before there is a file.
    entries = chain(list(islice(entries, 1)), entries)
    if to is None:
        _write(entries, sys.stdout.write)
        sys.stdout.flush()
        return
    try:
        with to.open("x", encoding="ascii") as file:
            written = _write(entries, file.write)
    except FileExistsError as error:
        raise WatchdogError(f"{to}: is there already; name another file, or remove it first") from error
    except OSError as error:
        raise WatchdogError(f"{to}: {error.strerror or type(error).__name__}; name another file") from error
    comment(f"{count(written, 'line')} written to {to}")


def _write(entries: Iterable[TimelineEntry], write: Callable[[str], object]) -> int:
    """One line after the other, as they are read; how many."""
    written = 0
    for entry in entries:
        write(as_json(entry) + "\n")
        written += 1
    return written


def duration(text: str) -> timedelta:
    """`30min`, `24h`, `7d`: a whole number and its unit."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no age; write a number and a unit, such as 30min, 24h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
