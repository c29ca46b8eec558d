"""`incidents` and `incident`: what went wrong, from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from watchdog.settings import Settings


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
    settings = session.settings()
    found = session.app().incidents(settings, all=all_)
    if output is Format.JSON:
        show_json([documents.incident(one, found) for one in found])
    elif found:
        show(tables.incidents(found, session.clock()))
        comment("`watchdog incident ID` shows one with its evidence, timeline and way out", "dim")
    else:
        comment("no incidents so far" if all_ else "no open incidents; `watchdog incidents --all` shows past ones")
    if not found and (why := no_journal(settings)):
        comment(why)
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
    settings = session.settings()
    every: list[Incident] = session.app().incidents(settings, all=True)
    fitting = sorted(one.id for one in every if one.id.startswith(beginning))
    if fitting:
        return f"{len(fitting)} incidents begin with {beginning!r}: {', '.join(fitting[:10])}"
    nothing = no_journal(settings) or "`watchdog incidents --all` lists what there is"
    return f"no incident {beginning!r}; {nothing}"


def no_journal(settings: Settings) -> str:
    """Why nothing is remembered, where that is why, and what to do; else empty."""
    if settings.journal.exists():
        return ""
    return (
        f"there is no journal at {settings.journal.absolute()}: `watchdog run` writes one there; one that runs already "
        "was started in another folder or with another WATCHDOG_JOURNAL. `watchdog status` needs none"
    )
