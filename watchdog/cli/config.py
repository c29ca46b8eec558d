"""`config check` and `config show`: the settings, before anything is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from watchdog.cli.output import Format, FormatOption, comment, show_json, show_lines
from watchdog.cli.session import session_of
from watchdog.diagnose import cause_of, entries
from watchdog.errors import SettingsError
from watchdog.model import Category, Cause, ConnectorKey
from watchdog.policy.foretell import foretell
from watchdog.report.rows import did_you_mean

if TYPE_CHECKING:
    from watchdog.settings import Settings

config = typer.Typer(
    help="The settings: every error at once, or what is in force.", no_args_is_help=True, rich_markup_mode=None
)


@config.command()
def check(
    context: typer.Context,
    connector: Annotated[str | None, typer.Option("--connector", help="Explain what would happen to it.")] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="Its Connect cluster, where there are more.")] = None,
    cause: Annotated[
        str | None, typer.Option("--cause", help="A category (CONNECTIVITY) or a signature of the catalogue (JDB-01).")
    ] = None,
    source: Annotated[bool, typer.Option("--source", help="It is a source; else it is taken for a sink.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Tell every error in file and environment at once, with its place; exit 2 if there is one.

    With --connector and --cause also: what would happen to that connector if it failed of that cause, which policy
    says so, what is waited for, how often and at which pauses. Nothing is connected to.

    Examples:

    \b
      watchdog config check
      watchdog --config /etc/watchdog.yaml config check
      watchdog config check --connector dw-sink --cause SCHEMA_DRIFT
      watchdog config check --connector oltp-source --source --cause AUTH
    """
    settings = session_of(context).settings()
    if (connector is None) is not (cause is None):
        raise typer.BadParameter("give --connector and --cause together")
    if connector is None or cause is None:
        comment("the configuration is valid; `watchdog config show` prints what is in force")
        return
    from watchdog.settings.in_force import policy_of

    key = ConnectorKey(_cluster(settings, cluster), connector)
    supposed, side = _cause(settings, cause)
    side = side if side != "any" else "source" if source else "sink"
    told = foretell(policy_of(settings, dry_run=False), key, supposed, side)
    if output is Format.JSON:
        lines = {label.replace(" ", "_").replace("-", "_"): text for label, text in told.lines}
        show_json({"connect_cluster": key.cluster, "connector": connector, "outcome": told.outcome, **lines})
        return
    show_lines([f"If {connector} (Connect cluster {key.cluster}) fails of {cause}: {told.outcome}.", ""])
    show_lines(f"  {label:<12} {text}" for label, text in told.lines)


def _cluster(settings: Settings, name: str | None) -> str:
    names = [each.name for each in settings.clusters]
    if name is not None and name not in names:
        raise SettingsError([f"--cluster {name}: there is no such Connect cluster; known are {', '.join(names)}"])
    return name or names[0]


def _cause(settings: Settings, name: str) -> tuple[Cause, str]:
    if found := cause_of(name, settings.catalogue) or cause_of(name.upper(), settings.catalogue):
        return found
    known = (*map(str, Category), *(entry.id for entry in entries(settings.catalogue)))
    likely = did_you_mean(name.upper(), known)
    advice = f"did you mean {' or '.join(likely)}?" if likely else f"categories are {', '.join(Category)}"
    raise SettingsError([f"--cause {name}: there is neither such a category nor such a signature; {advice}"])


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
