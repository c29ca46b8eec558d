"""`recover`: rebuild a source's schema history where that is proved right, or copy all of it again when told so."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.act import ClusterOption, ConnectorArgument
from watchdog.cli.output import comment, show_lines
from watchdog.cli.session import session_of


def recover(
    context: typer.Context,
    connector: ConnectorArgument,
    cluster: ClusterOption = None,
    check: Annotated[
        bool, typer.Option("--check", "--dry-run", help="Only tell whether it would be right; change nothing.")
    ] = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Instead reset its offset and copy everything again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")] = False,
) -> None:
    """Rebuild a lost, truncated or stale schema history of a Debezium MySQL or MariaDB source.

    It stops the connector, gives it a new history topic (the old one is kept), has Debezium rebuild the history from
    the tables as they are now, and brings everything else back to what it was. That is done only when the binlog since
    the stored offset proves that the tables of now are right for all that is still to be read: no captured table was
    altered in it, and its rows have the columns that their tables have now.

    Needs the database under `databases:`, with a user that may read its binlog
    (REPLICATION SLAVE, REPLICATION CLIENT) and its tables.

    Examples:

    \b
      watchdog recover oltp-source --check
      watchdog recover oltp-source --yes
      watchdog recover oltp-source --snapshot
    """
    session = session_of(context)
    settings, app = session.settings(), session.app()
    if check and snapshot:
        raise typer.BadParameter("--check is about rebuilding the history: leave one of the two out")
    may, told = app.recovery_preview(settings, connector, cluster, prove=check, snapshot=snapshot, say=comment)
    if not may:
        comment(f"{connector}: recover refused: {told}; nothing was changed", "red")
        raise typer.Exit(codes.ERROR)
    if check:
        show_lines([f"{connector}: {told}"])
        return
    _confirm(f"{connector}: {told}", yes)
    request = app.ask(settings, "recover", connector, cluster, {"snapshot": snapshot}, comment)
    answer = f"{connector}: recover {request.state}{f': {request.detail}' if request.detail else ''}"
    if request.state != "accepted":
        comment(answer, "red")
        raise typer.Exit(codes.ERROR)
    show_lines([answer])


def _confirm(what: str, yes: bool) -> None:
    comment(what)
    if yes:
        return
    if not sys.stdin.isatty():
        comment("there is no terminal to ask at: say --yes")
        raise typer.Exit(codes.USAGE)
    if not typer.confirm("Stop the connector and go on?", err=True):
        comment("nothing was changed")
        raise typer.Exit(codes.ERROR)
