"""The program: global options, the verbs, and what happens to exceptions."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from watchdog import __version__
from watchdog.cli import codes
from watchdog.cli.about import approve, silence
from watchdog.cli.act import pause, restart, resume
from watchdog.cli.apply import apply
from watchdog.cli.config import config
from watchdog.cli.drift import drift
from watchdog.cli.explain import explain
from watchdog.cli.incidents import incident, incidents
from watchdog.cli.journal import journal
from watchdog.cli.output import comment, show_lines
from watchdog.cli.quarantine import quarantine
from watchdog.cli.recover import recover
from watchdog.cli.run import run
from watchdog.cli.session import Session, session_of
from watchdog.cli.status import status
from watchdog.cli.topology import topology
from watchdog.errors import WatchdogError

program = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _version(asked: bool) -> None:
    if asked:
        show_lines([f"watchdog {__version__}"])
        raise typer.Exit


@program.callback()
def options(
    context: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", metavar="PATH", help="The YAML file; else WATCHDOG_CONFIG, else watchdog.yaml."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and end.")
    ] = False,
) -> None:
    """Knows which ALTER TABLE broke your CDC pipeline, and restarts the connector once the cause is gone.

    Begin with what it sees right now; it changes nothing:

    \b
      CONNECT_URL=http://localhost:8083 watchdog status

    Three variables are enough, no file is needed:

    \b
      CONNECT_URL              Kafka Connect's REST API: states, restarts
      KAFKA_BOOTSTRAP_SERVERS  failures at once, which DDL it was, what waits
      DATABASE_URL             the tables at both ends, several by comma:
                               mysql+pymysql://user:password@host:3306/

    Then let it watch:

    \b
      watchdog run

    Exit codes: 0 ok, 1 error, 2 usage or configuration, 3 unhealthy (with --exit-code), 4 not authorized,
    5 unreachable.
    """
    session_of(context).config = config_file


_VERBS = (
    (run, "Watch; restart what a restart can help."),
    (status, "Connectors and tasks now, failed first."),
    (drift, "Where a table's shape is not the same everywhere."),
    (topology, "How tables, topics and connectors hang together."),
    (incidents, "What is broken, and why."),
    (incident, "One incident: evidence, timeline, way out."),
    (apply, "Run an incident's ALTER of the target."),
    (explain, "Saved status documents or traces, offline."),
    (approve, "Let a proposed restart go; begin again."),
    (silence, "Keep an incident from calling somebody."),
    (restart, "Restart a connector's failed tasks."),
    (resume, "Resume a PAUSED or STOPPED connector."),
    (pause, "Pause a connector."),
    (recover, "Rebuild a source's schema history, when that is right."),
    (quarantine, "Set aside what a sink cannot take; step over it."),
)
for verb, summary in _VERBS:
    program.command(verb.__name__, short_help=summary)(verb)
program.add_typer(journal, name="journal")
program.add_typer(config, name="config")


def _config_first(arguments: Sequence[str]) -> Sequence[str]:
    """The one global option with a value may stand behind the verb as well, where everybody writes it first."""
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--config" and at + 1 < len(arguments):
            return [*arguments[at : at + 2], *arguments[:at], *arguments[at + 2 :]]
        if argument.startswith("--config="):
            return [argument, *arguments[:at], *arguments[at + 1 :]]
    return arguments


def main(argv: Sequence[str] | None = None, session: Session | None = None) -> int:
    """The exit code. Expected errors become a line on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal whose encoding lacks an arrow shows a question mark.
            stream.reconfigure(errors="replace")
    arguments = sys.argv[1:] if argv is None else argv
    try:
        program(args=_config_first(arguments), prog_name="watchdog", obj=session or Session())
    except WatchdogError as error:
        for message in codes.messages(error):
            comment(f"watchdog: {message}", "red")
        return codes.exit_code(error)
    except KeyboardInterrupt:
        return codes.INTERRUPTED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else codes.OK if ended.code is None else codes.ERROR
    return codes.OK
