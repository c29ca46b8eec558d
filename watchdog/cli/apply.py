"""`apply`: run an incident's ALTER of the target, after it was shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.output import comment, show_lines
from watchdog.cli.session import session_of


def apply(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The incident's id, or a beginning that only one has.")],
    check: Annotated[
        bool, typer.Option("--check", "--dry-run", help="Only show what would be run, where and as whom.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")] = False,
) -> None:
    """Run the ALTER TABLE of the target that an incident names as its way out.

    It is shown first, with the server and the account, and run only when you say so. Nothing else can be run: no
    statement at a source, nothing that is not an ALTER of that target, and nothing when the table changed since. The
    account is `apply_url` of the server's entry below `databases:`; the account that reads is never used for it.

    Intent and result are in the incident's timeline. The connector is not touched: the watchdog restarts it, once, as
    soon as it sees that the target takes what waits.

    Examples:

    \b
      watchdog apply 3fa9c1d2 --check
      watchdog apply 3fa9c1d2
      watchdog apply 3fa --yes
    """
    run_it(context, id_, check=check, yes=yes, statement_to=lambda statement: show_lines([statement]))


def run_it(
    context: typer.Context, id_: str, *, check: bool = False, yes: bool, statement_to: Callable[[str], None]
) -> None:
    """What both `apply ID` and `incident ID --apply` do; the statement goes to `statement_to` first."""
    session = session_of(context)
    app, settings = session.app(), session.settings()
    planned = app.apply_preview(settings, id_)
    statement_to(planned.statement)
    comment(f"at {planned.place}, for incident {planned.incident.id} of {planned.incident.key.connector}")
    if check:
        return
    if not yes and not _agreed():
        raise typer.Exit(codes.USAGE if not sys.stdin.isatty() else codes.ERROR)
    comment(f"{app.apply(settings, planned)}; the watchdog restarts the connector once it sees that everything fits")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        comment("there is no terminal to ask at, so nothing was run: say --yes")
        return False
    if typer.confirm("Run it?", err=True):
        return True
    comment("nothing was run")
    return False
