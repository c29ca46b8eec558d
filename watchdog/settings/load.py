"""`load`: file and environment, each read whole, then laid over each other, then checked together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from watchdog.diagnose import entries
from watchdog.diagnose.catalogue import own_entries
from watchdog.errors import SettingsError
from watchdog.model import Category
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
        problems += _check_catalogue(settings, tree) or _check_causes(settings, tree)
    if problems or settings is None:
        raise SettingsError(in_order(problems))
    settings._warnings = tuple(in_order(tree.warnings))
    places = [tree.place(("policies", index)) for index in range(len(settings.policies))]
    settings._policy_places = tuple(f"{place.where}: {place.key}" for place in places)
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


def _check_causes(settings: Settings, tree: Tree) -> Iterator[str]:
    """A cause that there is none of would be acted upon never, without a word."""
    known = (*map(str, Category), *(entry.id for entry in entries(settings.catalogue)))
    for index, policy in enumerate(settings.policies):
        for number, cause in enumerate(policy.causes or ()):
            if cause not in known:
                likely = get_close_matches(cause.upper(), known, n=1, cutoff=0.6)
                advice = f"did you mean {likely[0]}?" if likely else f"categories are {', '.join(Category)}"
                yield tree.place(("policies", index, "causes", number)).tells(
                    f"there is neither such a category nor such a signature (it is {cause[:60]!r}): {advice}"
                )


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
