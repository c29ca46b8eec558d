"""`run`: the watch loop, shown as a live view, as log lines, or once."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.output import ExitCodeOption, Format, FormatOption, console
from watchdog.cli.session import Session, session_of
from watchdog.cli.status import tell
from watchdog.logs import get_logger
from watchdog.model import Report
from watchdog.report.lines import edges
from watchdog.report.rows import rows, unhealthy
from watchdog.report.view import LiveView

_log = get_logger("watchdog")
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Look, judge and act once, print the status, end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")] = False,
    output: FormatOption = Format.TABLE,
    exit_code: ExitCodeOption = False,
) -> None:
    """Watch: find failures, name their cause, restart once it is gone, prove that data flows.

    A live view on a terminal, log lines otherwise; /metrics, /livez and /readyz on http://127.0.0.1:9845.
    Ctrl-C ends it. --output and --exit-code are for --once.

    Examples:

    \b
      watchdog run
      watchdog run --dry-run
      watchdog run --once --exit-code -o json
    """
    session = session_of(context)
    if once:
        raise typer.Exit(_once(session, dry_run, output, exit_code))
    app, settings = session.app(), session.settings(warn=_log.warning)
    if not sys.stdout.isatty():
        raise typer.Exit(app.watch(settings, dry_run=dry_run, show=LogLines().show))
    with LiveView(console(sys.stdout), session.clock) as view:
        code = app.watch(settings, dry_run=dry_run, show=view.show)
    raise typer.Exit(code)


def _once(session: Session, dry_run: bool, output: Format, exit_code: bool) -> int:
    """Prints the last report. 5 when no cluster was seen, 3 when asked for and something is unhealthy."""
    reports: list[Report] = []
    code = session.app().watch(session.settings(), once=True, dry_run=dry_run, show=reports.append)
    if not reports:
        return code or codes.ERROR
    report = reports[-1]
    tell(report, rows(report), output, session.clock())
    if not any(cluster.polled_at for cluster in report.observation.clusters.values()):
        return code or codes.UNREACHABLE
    return code or (codes.UNHEALTHY if exit_code and unhealthy(report) else codes.OK)


class LogLines:
    """Logs what changed since the report before."""

    def __init__(self) -> None:
        self._previous: Report | None = None

    def show(self, report: Report) -> None:
        for line in edges(self._previous, report):
            _log.log(LEVELS[line.level], line.text, **line.fields)
        self._previous = report
