"""What pydantic and the rules between entries find → lines that say where, what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from watchdog.settings.clusters import ClusterSettings
from watchdog.settings.entries import (
    DatabaseSettings,
    HttpSettings,
    LogSettings,
    RegistrySettings,
)
from watchdog.settings.model import Settings
from watchdog.settings.policies import PolicySettings
from watchdog.settings.tree import KeyPath, Tree
from watchdog.settings.urls import address, http_url, without_userinfo

_MODELS: dict[str, type[BaseModel]] = {
    "clusters": ClusterSettings,
    "databases": DatabaseSettings,
    "registries": RegistrySettings,
    "policies": PolicySettings,
    "http": HttpSettings,
    "log": LogSettings,
}
_FROM_FILES = ("password_file", "token_file", "key_password_file", "url_file", "connect_url_file")
_SECRET_KEYS = {"password", "token", "key_password", "url", "connect_url", "kafka"}
_VALUE_SHOWN_MAX = 60
_NO_CLUSTER = (
    "is not set, and no `clusters` are listed: set CONNECT_URL=http://connect:8083, or write a watchdog.yaml "
    "with `clusters: [{connect_url: 'http://connect:8083'}]`"
)


def told(error: ValidationError, tree: Tree) -> Iterator[str]:
    """One line for each finding that does not merely follow from another one."""
    for detail in error.errors(include_url=False):
        path: KeyPath = tuple(detail["loc"])
        if not tree.is_bad(path):
            yield tree.place(path).tells(_what(detail, path))


def between_entries(tree: Tree) -> Iterator[str]:
    """Entries that contradict each other. The values are not checked yet and may be anything."""
    if not tree.values.get("clusters") and not tree.is_bad(("clusters",)):
        yield f"environment: CONNECT_URL: {_NO_CLUSTER}"
    yield from _repeated(tree, "clusters", "name", lambda entry: str(entry.get("name", "default")), "that name")
    yield from _repeated(tree, "clusters", "connect_url", _workers, "that Kafka Connect")
    yield from _repeated(tree, "databases", "url", lambda entry: address(str(entry["url"])), "that server")
    yield from _repeated(tree, "registries", "name", lambda entry: str(entry.get("name", "default")), "that name")
    yield from _repeated(tree, "registries", "url", lambda entry: _rest_api(entry, "url"), "that registry")
    names = [str(entry.get("name", "default")) for _, entry in _entries(tree, "clusters")]
    for index, registry in _entries(tree, "registries"):
        served = registry.get("clusters")
        for number, name in enumerate(served if isinstance(served, list) else []):
            if names and name not in names:
                what = f"no cluster has that name; there are: {', '.join(names)[:200]}"
                yield tree.place(("registries", index, "clusters", number)).tells(what)
    for index, policy in _entries(tree, "policies"):
        pattern = str(policy.get("cluster", "*"))
        if names and not any(fnmatchcase(name, pattern) for name in names):
            what = f"no cluster has such a name; there are: {', '.join(names)[:200]}"
            yield tree.place(("policies", index, "cluster")).tells(what)


def _entries(tree: Tree, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = tree.values.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _repeated(
    tree: Tree, key: str, field: str, identity: Callable[[dict[str, Any]], str | list[str]], what: str
) -> Iterator[str]:
    first: dict[str, int] = {}
    for index, entry in _entries(tree, key):
        try:
            found = identity(entry)
        except (KeyError, ValueError):  # Told by the field's own check.
            continue
        each = [found] if isinstance(found, str) else found
        if same := next((one for one in each if one in first), ""):
            before = tree.place((key, first[same], field))
            place = f"{before.where}: {before.key}"
            yield tree.place((key, index, field)).tells(f"{what} is listed already ({place}): keep one of them")
        for one in each:
            first.setdefault(one, index)


def _workers(entry: dict[str, Any]) -> list[str]:
    given = entry["connect_url"]
    return [_rest_api({"connect_url": url}) for url in (given if isinstance(given, list) else [given])]


def _rest_api(entry: dict[str, Any], key: str = "connect_url") -> str:
    return without_userinfo(http_url(str(entry[key]))).lower()


def _what(detail: ErrorDetails, path: KeyPath) -> str:
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path)
    if detail["type"] == "missing":
        return f"is missing: write {path[-1]}: {_example(path)}"
    if detail["type"] in ("model_type", "dict_type"):
        return "must be keys with values"
    if detail["type"] == "tuple_type":
        return "must be a list: each entry begins with `- `"
    message = (
        detail["msg"].removeprefix("Value error, ").replace("Input should", "must").replace("String should", "must")
    )
    return message + _given(detail["input"], path)


def _given(value: object, path: KeyPath) -> str:
    if not isinstance(value, str) or _SECRET_KEYS & set(path):
        return ""
    return f" (it is {value[:_VALUE_SHOWN_MAX]!r}{'…' if len(value) > _VALUE_SHOWN_MAX else ''})"


def _unknown_key(path: KeyPath) -> str:
    known = [*_model(path).model_fields, *_FROM_FILES]
    similar = get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    if similar:
        return f"is no setting: did you mean {similar[0]}?"
    return f"is no setting: there are {', '.join(_model(path).model_fields)}"


def _example(path: KeyPath) -> object:
    return (_model(path).model_fields[str(path[-1])].examples or ["…"])[0]


def _model(path: KeyPath) -> type[BaseModel]:
    """The model that has, or has not, the last key of `path`."""
    return _MODELS[str(path[0])] if len(path) > 1 else Settings
