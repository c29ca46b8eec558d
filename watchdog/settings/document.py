"""YAML text → `Tree`: every leaf as the text that was written, so that `password: 0123` stays what it is.

Anchors work; tags, merge keys and several documents in one file do not. What someone could make to hurt is bounded:
size, depth, and the number of values after aliases are followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from watchdog.settings.tree import KeyPath, Place, Tree

BYTES_MAX = 1024 * 1024
_DEPTH_MAX = 20
_VALUES_MAX = 20_000

_PLAIN = "tag:yaml.org,2002:"
_NULL = _PLAIN + "null"
_KNOWN_TAGS = {_PLAIN + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value")}
_KNOWN_TAGS.add(_PLAIN + "merge")  # Then told as a key that is none.

_VARIABLE = re.compile(r"\$(?:\$\{|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{)")
_QUOTED = re.compile(r"'([^']*)'")


class _TooLarge(Exception):
    pass


def read_file(path: Path, environ: Mapping[str, str]) -> Tree:
    """The file's values with `${NAME}` replaced; its problems instead where it cannot be read."""
    value, tree = _read(path, environ)
    tree.places.setdefault((), Place(f"{path}:1"))
    if isinstance(value, dict):
        tree.values = value
    elif value is not None:
        tree.problems.append(tree.place(()).tells("must be keys with values, such as `mode: observe`"))
    if tree.problems and not tree.values:
        # What it would have listed is not known.
        tree.bad.add(("clusters",))
    return tree


def _read(path: Path, environ: Mapping[str, str]) -> tuple[Any, Tree]:
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            return None, Tree(problems=[place.tells(f"is larger than {BYTES_MAX:,} bytes: this is no settings file")])
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, Tree(problems=[f"{path}:{line}: is not UTF-8: save the file in that encoding"])
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no file name"
        return None, Tree(
            problems=[place.tells(f"cannot be read: {why}; name another one with --config or WATCHDOG_CONFIG")]
        )
    return parse(text, place, environ=environ)


def parse(text: str, place: Place, at: KeyPath = (), environ: Mapping[str, str] | None = None) -> tuple[Any, Tree]:
    """The value, and a tree with its places from `at` on and its problems; None where there is none.

    With `environ`, variables are replaced and places carry the line.
    """
    tree = Tree()
    builder = _Builder(tree, place, at, environ)
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return (None if node is None else builder.value(node, at)), tree
    except yaml.YAMLError as error:
        problem = _bad_yaml(error, text, place, with_lines=environ is not None)
    except _TooLarge as error:
        problem = place.tells(f"holds {error}: this is no settings file")
    return None, Tree(problems=[problem], bad={at} if at else set())


class _Builder:
    """Walks the nodes once; what is wrong is noted in the tree and the walk goes on."""

    def __init__(self, tree: Tree, place: Place, at: KeyPath, environ: Mapping[str, str] | None) -> None:
        self._tree = tree
        self._place = place
        self._root = len(at)
        self._environ = environ
        self._values = 0

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count(path)
        self._tree.places[path] = self._place_of(node, path)
        if node.tag not in _KNOWN_TAGS:
            self._tree.complain(path, "has a YAML tag, which is not read: put a value that begins with ! in quotes")
            return ""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return None if node.tag == _NULL else self._text(str(node.value), path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first_line: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._tree.complain(path, "has a key that is no text")
                continue
            key, line = str(key_node.value), key_node.start_mark.line + 1
            value = self.value(value_node, (*path, key))
            self._tree.places[(*path, key)] = self._place_of(key_node, (*path, key))
            if key in first_line:
                self._tree.complain((*path, key), f"is given twice, first in line {first_line[key]}: keep one of them")
            first_line.setdefault(key, line)
            # A key with nothing after it is not given.
            if value is not None:
                found[key] = value
        return found

    def _text(self, text: str, path: KeyPath) -> str:
        environ = self._environ
        if environ is None or "${" not in text:
            return text

        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            if match[0] == "$${":
                return "${"
            if name is None:
                self._tree.complain(path, "has a ${ that names no variable: write ${NAME}, or $${ for a bare ${")
            elif name not in environ:
                self._tree.complain(
                    path, f"environment variable {name} is not set: set it, or write $${{ for a bare ${{"
                )
            return environ.get(name or "", "")

        return _VARIABLE.sub(replaced, text)

    def _place_of(self, node: yaml.Node, path: KeyPath) -> Place:
        where = self._place.where
        place = Place(where if self._environ is None else f"{where}:{node.start_mark.line + 1}", self._place.key)
        for part in path[self._root :]:
            place /= part
        return place

    def _count(self, path: KeyPath) -> None:
        self._values += 1
        if self._values > _VALUES_MAX or len(path) > _DEPTH_MAX:
            raise _TooLarge(f"more than {_VALUES_MAX:,} values or {_DEPTH_MAX} levels")


def _check_depth(text: str) -> None:
    """Before nodes are composed, which takes a stack frame for each level."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            raise _TooLarge(f"more than {_DEPTH_MAX} levels")


def _bad_yaml(error: yaml.YAMLError, text: str, place: Place, with_lines: bool) -> str:
    line, column, what = 1, 1, "it holds a control character"
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        line, column = mark.line + 1, mark.column + 1
        what = ", ".join(filter(None, (error.context, error.problem)))
    elif isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
    # What is quoted may be a password that begins with * or &; a sign or '<block end>' is none.
    what = _QUOTED.sub(lambda m: m[0] if len(m[1]) < 3 or m[1].startswith("<") else "'…'", what)
    where = Place(f"{place.where}:{line}:{column}") if with_lines else place
    return where.tells(f"is no valid YAML: {what}; values with : # * & ! % @ in them need quotes")
