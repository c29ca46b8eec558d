"""How connectors hang together → a Mermaid flowchart: tables and topics are nodes, connectors are on the edges.

Nodes have names of our own. What comes from outside is only ever between quotes, where everything but letters, digits
and a few harmless signs is written as a character's number: no name can end the quotes, the line or the diagram.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watchdog.report.text import plain
from watchdog.report.topology import Line

EDGES_MAX = 500
"""Mermaid's own `maxEdges`: it draws no diagram with more, unless it is told to."""
LABEL_MAX = 200

_HARMLESS = frozenset(" ._-/@:")
_SHAPES = {"table": ("[(", ")]"), "topic": ("([", "])"), "place": ("[", "]")}


def flowchart(found: Iterable[Line], several_clusters: bool) -> Iterator[str]:
    """Its lines."""
    chart = _Chart(several_clusters)
    for line in found:
        chart.draw(line)
    yield "flowchart LR"
    yield from (f"  {each}" for each in (*chart.nodes.values(), *dict.fromkeys(chart.edges)))


class _Chart:
    def __init__(self, several_clusters: bool) -> None:
        self.nodes: dict[tuple[str, ...], str] = {}
        self.edges: list[str] = []
        self._several = several_clusters
        self._names: dict[tuple[str, ...], str] = {}

    def draw(self, line: Line) -> None:
        topic = self._node(
            "topic", line.topic or "no topic seen yet", *([] if line.topic else map(str, (line.source, line.sink)))
        )
        if line.source:
            words = str(line.table) if line.table else "table not known"
            words += "" if line.certain or not line.table else " by its name"
            table = self._node("table", words, str(line.source))
            self._edge(table, topic, line.source, dashed=not line.certain)
        if line.sink:
            target = str(line.target) if line.target else "target not known"
            words = f"{target} @ {line.place}" if line.target and line.place else line.place or target
            self._edge(topic, self._node("table" if line.target else "place", words), line.sink, dashed=not line.target)

    def _node(self, shape: str, words: str, *identity: str) -> str:
        key = (shape, words, *identity)
        if key not in self._names:
            self._names[key] = f"n{len(self._names)}"
            before, after = _SHAPES[shape]
            self.nodes[key] = f'{self._names[key]}{before}"{label(words)}"{after}'
        return self._names[key]

    def _edge(self, start: str, end: str, by: tuple[str, str], *, dashed: bool) -> None:
        name = "/".join(by) if self._several else by[1]
        self.edges.append(f'{start} {"-.->" if dashed else "-->"}|"{label(name)}"| {end}')


def label(text: str) -> str:
    """A text between quotes: `a"b` is `a#34;b`."""
    return "".join(
        c if (c.isascii() and c.isalnum()) or c in _HARMLESS else f"#{ord(c)};" for c in plain(text, LABEL_MAX)
    )
