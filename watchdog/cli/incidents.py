"""`incidents` and `incident`: what went wrong, from the journal."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from watchdog.cli import codes
from watchdog.cli.apply import run_it
from watchdog.cli.output import ExitCodeOption, Format, FormatOption, comment, show, show_json
from watchdog.cli.session import Session, session_of
from watchdog.errors import WatchdogError
from watchdog.model import Incident, TimelineEntry
from watchdog.report import documents, tables
from watchdog.report.timeline import lines


def incidents(
    context: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    output: FormatOption = Format.TABLE,
    exit_code: ExitCodeOption = False,
) -> None:
    """Open incidents, or all of them: what broke, why, and what is done about it.

    Examples:

    \b
      watchdog incidents
      watchdog incidents --all
      watchdog incidents -o json | jq -r '.[] | select(.way_out) | .way_out'
    """
    session = session_of(context)
    found = session.app().incidents(session.settings(), all=all_)
    if output is Format.JSON:
        show_json([documents.incident(one, found) for one in found])
    elif found:
        show(tables.incidents(found, session.clock()))
        comment("`watchdog incident ID` shows one with its evidence, timeline and way out", "dim")
    else:
        comment("no incidents so far" if all_ else "no open incidents; `watchdog incidents --all` shows past ones")
    if exit_code and any(one.open for one in found):
        raise typer.Exit(codes.UNHEALTHY)


def incident(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id, or a beginning that only one has.")],
    output: FormatOption = Format.TABLE,
    apply_: Annotated[
        bool, typer.Option("--apply", help="Then run the ALTER of its target: what `watchdog apply` does.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --apply: do not ask.")] = False,
) -> None:
    """One incident with its statement, evidence, restarts, timeline and way out; with -o json, everything.

    Examples:

    \b
      watchdog incident 3fa9c1d2
      watchdog incident 3fa
      watchdog incident 3fa --apply
      watchdog journal export --incident 3fa
    """
    session = session_of(context)
    one, timeline = incident_named(session, id_)
    every = session.app().incidents(session.settings(), all=True)
    if output is Format.JSON:
        show_json(documents.incident_with_timeline(one, timeline, every))
    else:
        show(*tables.block(one), Text(), *tables.details(one, session.clock()), *tables.members_of(one, every))
        if timeline:
            show(Text(), *lines(timeline))
    if apply_:
        run_it(context, one.id, yes=yes, statement_to=comment)


def incident_named(session: Session, id_: str) -> tuple[Incident, list[TimelineEntry]]:
    """By its id or a beginning of it, with its timeline; `WatchdogError` where that is none or several."""
    if found := session.app().incident(session.settings(), id_):
        return found
    raise WatchdogError(_not_one(session, id_))


def _not_one(session: Session, beginning: str) -> str:
    every: list[Incident] = session.app().incidents(session.settings(), all=True)
    fitting = sorted(one.id for one in every if one.id.startswith(beginning))
    if fitting:
        return f"{len(fitting)} incidents begin with {beginning!r}: {', '.join(fitting[:10])}"
    return f"no incident {beginning!r}; `watchdog incidents --all` lists what there is"
