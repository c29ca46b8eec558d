"""`status`: connectors and tasks as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from watchdog.cli import codes
from watchdog.cli.output import ExitCodeOption, Format, FormatOption, comment, show, show_json
from watchdog.cli.session import session_of
from watchdog.errors import WatchdogError
from watchdog.model import Report
from watchdog.report import documents, tables
from watchdog.report.rows import Row, blind, did_you_mean, place, rows, unhealthy
from watchdog.report.text import circuit


def status(
    context: typer.Context,
    connector: Annotated[str | None, typer.Argument(help="Only this one, with its tasks.")] = None,
    output: FormatOption = Format.TABLE,
    exit_code: ExitCodeOption = False,
) -> None:
    """Connectors and tasks, failed first, with cause, verdict and last restart.

    Examples:

    \b
      watchdog status
      watchdog status dw-sink
      watchdog status --exit-code || page-somebody
      watchdog status -o json | jq '.[] | select(.failed_tasks > 0) | .connector'
    """
    session = session_of(context)
    report = session.app().look(session.settings())
    found = _chosen(rows(report), connector)
    tell(report, found, output, session.clock())
    if connector and output is Format.TABLE:
        for row in found:
            show(Text(), tables.tasks(row))
    bad = any(row.status.failed or row.incident for row in found) if connector else unhealthy(report)
    if exit_code and bad:
        raise typer.Exit(codes.UNHEALTHY)


def _chosen(found: Sequence[Row], connector: str | None) -> Sequence[Row]:
    if connector is None:
        return found
    chosen = [row for row in found if row.status.name == connector]
    if not chosen:
        likely = did_you_mean(connector, (row.status.name for row in found))
        advice = f"did you mean {' or '.join(likely)}?" if likely else "`watchdog status` lists what there is"
        raise WatchdogError(f"no connector {connector!r}; {advice}")
    return chosen


def tell(report: Report, found: Sequence[Row], output: Format, now: datetime) -> None:
    """The rows on stdout, what could not be seen on stderr."""
    _tell_blind(report)
    for opened in report.circuits.values():
        comment(circuit(opened), "yellow")
    if output is Format.JSON:
        show_json(documents.status(found))
        return
    if not found:
        if not any(blind(cluster) for cluster in report.observation.clusters.values()):
            comment("no connectors yet; they show up here as soon as Kafka Connect has one")
        return
    show(tables.connectors(found, now))
    # A cause that many connectors share is told once.
    told = {row.incident.id: row.incident for row in found if row.incident and not row.incident.merged_into}
    for one in told.values():
        show(Text(), *tables.block(one))


def _tell_blind(report: Report) -> None:
    clusters = report.observation.clusters.values()
    problems = {blind(cluster): f"Connect cluster {cluster.name}" for cluster in clusters}
    # A cluster's poll is a source as well: what is wrong with it is told once.
    for source in report.observation.sources:
        problems.setdefault(source.error, place(source))
    for problem, name in problems.items():
        if problem:
            comment(f"{name}: {problem}", "yellow")
