"""Environment variables → `Tree`: `WATCHDOG_…` for every key, and the names that are enough to start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from watchdog.settings.document import parse
from watchdog.settings.model import Settings
from watchdog.settings.tree import KeyPath, Place, Tree

PREFIX = "WATCHDOG_"
_GROUPS = {"http": Settings.model_fields["http"].annotation, "log": Settings.model_fields["log"].annotation}
_LISTS = ("clusters", "databases", "registries", "policies")
_ALIASES: dict[str, KeyPath] = {"WATCHDOG_HTTP_HOST": ("http", "host"), "WATCHDOG_HTTP_PORT": ("http", "port")}
# Read elsewhere: the file's own name, and where the native stack keeps its downloads.
_OTHERS = {"WATCHDOG_CONFIG", "WATCHDOG_CACHE"}


def _names() -> dict[str, KeyPath]:
    """Every variable that sets something."""
    keys: list[KeyPath] = [(name,) for name in Settings.model_fields]
    keys += [(group, name) for group, model in _GROUPS.items() for name in getattr(model, "model_fields", {})]
    return _ALIASES | {PREFIX + "__".join(map(str, key)).upper(): key for key in keys}


_NAMES = _names()


def from_environment(environ: Mapping[str, str]) -> Tree:
    """What `WATCHDOG_…` variables set; one that is empty is not set."""
    tree = Tree()
    # `WATCHDOG_HTTP` before `WATCHDOG_HTTP__PORT`, and the short name before the exact one.
    for name in sorted(environ, key=lambda n: (n.count("__"), n)):
        if not name.startswith(PREFIX) or name in _OTHERS or not environ[name]:
            continue
        if name in _NAMES:
            _set(tree, _NAMES[name], Place("environment", name), environ[name])
        else:
            _unknown(tree, name)
    return tree


def shorthands(environ: Mapping[str, str], settings: Tree) -> None:
    """Let the names that other programs know, too, stand for what is not listed."""
    used = {"clusters": _cluster(environ), "databases": _databases(environ), "registries": _registry(environ)}
    names = {
        "clusters": ("CONNECT_URL", "KAFKA_BOOTSTRAP_SERVERS"),
        "databases": ("DATABASE_URL",),
        "registries": ("SCHEMA_REGISTRY_URL",),
    }
    for key, tree in used.items():
        if settings.values.get(key):
            listed = settings.place((key,))
            settings.warnings += [
                Place("environment", name).tells(f"is not used, because {listed.where} lists {listed.key}")
                for name in names[key]
                if environ.get(name)
            ]
        elif tree.values:
            settings.replace((key,), tree)


def _cluster(environ: Mapping[str, str]) -> Tree:
    if not environ.get("CONNECT_URL"):
        return Tree()
    place = Place("environment", "CONNECT_URL")
    tree = Tree(places={("clusters",): place, ("clusters", 0, "connect_url"): place})
    urls = _urls(environ, "CONNECT_URL")
    entry: dict[str, object] = {"connect_url": urls if len(urls) > 1 else urls[0] if urls else ""}
    if servers := environ.get("KAFKA_BOOTSTRAP_SERVERS", ""):
        entry["kafka_bootstrap_servers"] = servers.strip()
        tree.places[("clusters", 0, "kafka_bootstrap_servers")] = Place("environment", "KAFKA_BOOTSTRAP_SERVERS")
    tree.values["clusters"] = [entry]
    return tree


def _urls(environ: Mapping[str, str], name: str) -> list[str]:
    return [url for url in re.split(r"[,\s]+", environ.get(name, "")) if url]


def _databases(environ: Mapping[str, str]) -> Tree:
    if not (urls := _urls(environ, "DATABASE_URL")):
        return Tree()
    place = Place("environment", "DATABASE_URL")
    tree = Tree({"databases": [{"url": url} for url in urls]}, {("databases",): place})
    for index in range(len(urls)):
        tree.places[("databases", index, "url")] = place / index if len(urls) > 1 else place
    return tree


def _registry(environ: Mapping[str, str]) -> Tree:
    if not (url := environ.get("SCHEMA_REGISTRY_URL", "").strip()):
        return Tree()
    place = Place("environment", "SCHEMA_REGISTRY_URL")
    return Tree({"registries": [{"url": url}]}, {("registries",): place, ("registries", 0, "url"): place})


def _set(tree: Tree, key: KeyPath, place: Place, text: str) -> None:
    name = str(key[0])
    if len(key) == 2:
        one = Tree({name: {str(key[1]): text}}, {key: place})
    elif name in _LISTS or name in _GROUPS:
        # JSON is YAML.
        value, one = parse(text, place, at=key)
        one.values = {name: value}
    else:
        one = Tree({name: text}, {key: place})
    tree.problems += one.problems
    tree.replace(key, one)


def _unknown(tree: Tree, name: str) -> None:
    place = Place("environment", name)
    listed = name.removeprefix(PREFIX).partition("__")[0].lower()
    if listed in _LISTS:
        tree.problems.append(place.tells(f"is no setting: give the whole list as JSON in {PREFIX}{listed.upper()}"))
    elif similar := _similar(name):
        tree.problems.append(place.tells(f"is no setting: did you mean {similar}?"))
    else:
        # Kubernetes sets WATCHDOG_SERVICE_HOST and the like beside a service of that name.
        tree.warnings.append(place.tells("is no setting and is not used"))


def _similar(name: str) -> str | None:
    short = {known.removeprefix(PREFIX): known for known in _NAMES}
    found = get_close_matches(name.removeprefix(PREFIX), short, n=1, cutoff=0.7)
    return short[found[0]] if found else None
