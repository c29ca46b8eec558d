"""`load`: file and environment, each read whole, then laid over each other, then checked together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from watchdog.diagnose.catalogue import own_entries
from watchdog.errors import SettingsError
from watchdog.settings.document import read_file
from watchdog.settings.environment import from_environment, shorthands
from watchdog.settings.files import follow
from watchdog.settings.model import Settings
from watchdog.settings.problems import between_entries, told
from watchdog.settings.tree import Tree, in_order

DEFAULT_FILE = Path("watchdog.yaml")


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings in force. `path` is what `--config` gave.

    Raises `SettingsError` with every problem at once, each `file:line: key: what is wrong, what would be right` (or
    `environment: NAME: …`). Nothing is connected to.
    """
    tree = _from_file(path, environ)
    _lay_over(tree, from_environment(environ))
    shorthands(environ, tree)
    problems = [*tree.problems, *between_entries(tree)]
    settings = None
    try:
        settings = Settings.model_validate(tree.values)
    except ValidationError as error:
        problems += told(error, tree)
    else:
        problems += _check_catalogue(settings, tree)
    if problems or settings is None:
        raise SettingsError(in_order(problems))
    settings._warnings = tuple(in_order(tree.warnings))
    return settings


def catalogue_named(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The `catalogue` of file or environment, whatever else is wrong with them."""
    if named := environ.get("WATCHDOG_CATALOGUE"):
        return Path(named)
    named = _from_file(path, environ).values.get("catalogue")
    return Path(named) if isinstance(named, str) and named else None


def _check_catalogue(settings: Settings, tree: Tree) -> list[str]:
    if settings.catalogue is None:
        return []
    try:
        own_entries(settings.catalogue)
    except SettingsError as error:
        return [tree.place(("catalogue",)).tells(problem) for problem in error.problems]
    return []


def _from_file(path: Path | None, environ: Mapping[str, str]) -> Tree:
    file = path or (Path(environ["WATCHDOG_CONFIG"]) if environ.get("WATCHDOG_CONFIG") else None)
    if file is None and not DEFAULT_FILE.exists():
        return Tree()
    file = file or DEFAULT_FILE
    tree = read_file(file, environ)
    follow(tree, file.parent)
    return tree


def _lay_over(tree: Tree, above: Tree) -> None:
    follow(above, Path())
    tree.problems += above.problems
    tree.warnings += above.warnings
    for name, value in above.values.items():
        keys = [(name, key) for key in value] if isinstance(value, dict) else [(name,)]
        for key in keys:
            tree.replace(key, above)
