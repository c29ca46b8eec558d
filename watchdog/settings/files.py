"""Settings that name files: a secret's text in place of `…_file`, and relative paths from where they were written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from watchdog.settings.tree import KeyPath, Tree

_SECRETS = ("password", "token", "key_password", "url", "apply_url", "connect_url")
_PATHS = ("ca_file", "cert_file", "key_file", "journal", "catalogue")
_BYTES_MAX = 64 * 1024


def follow(tree: Tree, directory: Path) -> None:
    """Replace every `…_file` of a secret by what is in the file, and let relative paths start at `directory`."""
    _walk(tree, tree.values, (), directory)


def _walk(tree: Tree, value: Any, path: KeyPath, directory: Path) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _walk(tree, item, (*path, index), directory)
        return
    if not isinstance(value, dict):
        return
    for key in list(value):
        _walk(tree, value[key], (*path, key), directory)
        if not isinstance(value[key], str):
            continue
        if key in _PATHS:
            value[key] = str(directory / value[key])
        elif key.endswith("_file") and (path[-1:] == ("kafka",) or key.removesuffix("_file") in _SECRETS):
            _replace(tree, value, (*path, key), directory)


def _replace(tree: Tree, mapping: dict[str, Any], path: KeyPath, directory: Path) -> None:
    key = str(path[-1])
    name = key.removesuffix("_file")
    file = directory / mapping.pop(key)
    tree.places[(*path[:-1], name)] = tree.place(path)
    if name in mapping:
        tree.complain((*path[:-1], name), f"is given as well as {name}: keep one of them")
        return
    mapping[name] = ""
    if tree.is_bad(path):
        tree.bad.add((*path[:-1], name))
        return
    try:
        with file.open("rb") as opened:
            content = opened.read(_BYTES_MAX + 1)
            if (mode := file.stat().st_mode) & 0o004:
                what = f"everybody may read {file} (mode {mode & 0o777:04o})"
                tree.warnings.append(tree.place(path).tells(f"{what}: `chmod o-r` it if you can"))
        mapping[name] = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        tree.complain((*path[:-1], name), f"{file} is not UTF-8 text")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no file name"
        tree.complain((*path[:-1], name), f"{file} cannot be read: {why}")
    else:
        if not mapping[name] or len(content) > _BYTES_MAX:
            what = f"is larger than {_BYTES_MAX:,} bytes" if content else "is empty"
            tree.complain((*path[:-1], name), f"{file} {what}: it must hold the secret and nothing else")
