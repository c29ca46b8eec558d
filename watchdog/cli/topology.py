"""`topology`: connectors, topics, tables, targets and how they hang together."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from watchdog.cli.output import comment, show, show_json, show_lines
from watchdog.cli.session import session_of
from watchdog.errors import WatchdogError
from watchdog.model import ConnectorKey
from watchdog.report import mermaid
from watchdog.report import topology as report
from watchdog.report.rows import did_you_mean
from watchdog.report.text import cell
from watchdog.topology import Topology


class Drawn(StrEnum):
    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"


def topology(
    context: typer.Context,
    connectors: Annotated[
        list[str] | None, typer.Argument(metavar="[CONNECTOR]...", help="Only these, sources or sinks.")
    ] = None,
    output: Annotated[
        Drawn, typer.Option("--output", "-o", help="A table to read, JSON for programs, a Mermaid flowchart to show.")
    ] = Drawn.TABLE,
) -> None:
    """Which table goes through which source to which topic, and through which sink to which table.

    From the connectors' configurations as they are now: Debezium MySQL and MariaDB sources, Debezium and Confluent
    JDBC sinks, any other sink by its topics, and the transforms that rename topics. What these leave open is taken
    from Connect's own records of the topics that each connector uses. What nothing tells is said below the table.
    Nothing is changed.

    Examples:

    \b
      watchdog topology
      watchdog topology dw-sink
      watchdog topology -o mermaid > pipelines.mmd
      watchdog topology -o json | jq -r '.routes[] | select(.table == "oltp.orders") | .sink'
    """
    session = session_of(context)
    found = session.app().topology(session.settings())
    for problem in found.unseen:
        comment(problem, "yellow")
    known = found.topology
    keys = (*known.sources, *known.sinks, *known.others)
    _check(connectors or (), keys)
    lines = report.lines(known, connectors or ())
    several = len({key.cluster for key in keys}) > 1
    if output is Drawn.JSON:
        show_json(report.document(known, lines))
    elif output is Drawn.MERMAID:
        show_lines(mermaid.flowchart(lines, several))
        _warn_of_size(lines)
    else:
        _tell(known, lines, several)


def _check(wanted: Sequence[str], keys: Sequence[ConnectorKey]) -> None:
    names = {key.connector for key in keys}
    for name in wanted:
        if name not in names:
            likely = did_you_mean(name, names)
            advice = f"did you mean {' or '.join(likely)}?" if likely else "`watchdog status` lists what there is"
            raise WatchdogError(f"no connector {name!r}; {advice}")


def _tell(known: Topology, lines: Sequence[report.Line], several: bool) -> None:
    if not lines:
        comment("no connectors yet; they show up here as soon as Kafka Connect has one")
        return
    show(report.table(lines, several))
    if notes := report.notes(known, lines):
        show(Text())
        for key, note in notes:
            name = f"{key.cluster}/{key.connector}" if several else key.connector
            show(Text.assemble(cell(name, "bold"), "  ", cell(note)))


def _warn_of_size(lines: Sequence[report.Line]) -> None:
    edges = 2 * len(lines)
    if edges > mermaid.EDGES_MAX:
        comment(f"Mermaid draws {mermaid.EDGES_MAX} edges unless `maxEdges` allows more; name some connectors")
