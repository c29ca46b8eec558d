"""`config check` and `config show`: the settings, before anything is connected to."""

from __future__ import annotations

import typer
import yaml

from watchdog.cli.output import Format, FormatOption, comment, show_json, show_lines
from watchdog.cli.session import session_of

config = typer.Typer(
    help="The settings: every error at once, or what is in force.", no_args_is_help=True, rich_markup_mode=None
)


@config.command()
def check(context: typer.Context) -> None:
    """Tell every error in file and environment at once, with its place; exit 2 if there is one.

    Nothing is connected to.

    Examples:

    \b
      watchdog config check
      watchdog --config /etc/watchdog.yaml config check
    """
    session_of(context).settings()
    comment("the configuration is valid; `watchdog config show` prints what is in force")


@config.command()
def show(context: typer.Context, output: FormatOption = Format.TABLE) -> None:
    """The settings in force, from file, environment and defaults, with secrets hidden; YAML, or JSON.

    Examples:

    \b
      watchdog config show
      watchdog config show -o json
    """
    shown = session_of(context).settings().shown()
    if output is Format.JSON:
        show_json(shown)
    else:
        show_lines(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=1000).splitlines())
