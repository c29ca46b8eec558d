"""Report → the live view of a terminal, and the thread that draws it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.segment import Segment, Segments
from rich.text import Text

from watchdog.model import ClusterView, Report, SourceHealth
from watchdog.report import tables
from watchdog.report.lines import edges
from watchdog.report.rows import blind, place, rows, shown_incidents
from watchdog.report.text import ago, cell, circuit, count

REDRAW_SECONDS = 1.0
"""The clusters' ages are told in whole seconds."""
BODY_SECONDS = 5.0
"""All other ages may lag behind by that, and so may a new width of the terminal."""
PAUSE_SECONDS = 0.2
"""Between two drawings, however much happens."""
_BLOCK_LINES = 9
_FRAME_LINES = 7
LEVEL_STYLES = {"info": "", "warning": "yellow", "error": "bold red"}


def overview(report: Report, now: datetime, height: int) -> RenderableType:
    """Clusters, connectors (failed first), open incidents and a footer, in about `height` lines."""
    return Group(heading(report, now), body(report, now, height))


def heading(report: Report, now: datetime) -> RenderableType:
    """One line for each cluster: what changes from second to second."""
    clusters = report.observation.clusters.items()
    known = [_cluster(cluster, report.modes.get(name, ""), now) for name, cluster in clusters]
    return Group(*known, *(cell(circuit(opened), "bold yellow") for opened in report.circuits.values()))


def body(report: Report, now: datetime, height: int) -> RenderableType:
    """All the rest, in what `heading` leaves of `height` lines."""
    incidents = shown_incidents(report)
    # Incidents get at most half of the screen, connectors the rest.
    blocks = incidents[: max(1, height // 2 // _BLOCK_LINES)]
    frame = _FRAME_LINES + len(report.observation.clusters) + len(_lost(report))
    room = max(3, height - frame - _BLOCK_LINES * len(blocks))
    found = rows(report)
    parts: list[RenderableType] = [Text(), tables.connectors(found[:room], now)]
    if len(found) > room:
        parts.append(cell(f"… and {count(len(found) - room, 'more connector')}: `watchdog status`", "dim"))
    for one in blocks:
        parts += [Text(), *tables.block(one)]
    if len(incidents) > len(blocks):
        parts.append(cell(f"… and {count(len(incidents) - len(blocks), 'more incident')}: `watchdog incidents`", "dim"))
    return Group(*parts, Text(), _footer(report))


def _cluster(cluster: ClusterView, mode: str, now: datetime) -> Text:
    problem = blind(cluster)
    health = cell(f"cannot be trusted: {problem}", "bold red") if problem else cell("ok", "green")
    if not problem and cluster.polled_at is None:
        health = cell("not seen yet", "yellow")
    facts = [f"seen {ago(cluster.polled_at, now)}", count(len(cluster.connectors), "connector")]
    facts += [f"mode {mode}"] if mode else []
    return Text.assemble(cell(cluster.name, "bold"), "  ", health, cell(f"  {', '.join(facts)}", "dim"))


def _footer(report: Report) -> Text:
    state = cell("ready", "green") if report.ready else cell(f"not ready: {report.not_ready_because}", "yellow")
    acting = cell("") if report.acting else cell("  observing only: another watchdog holds the journal", "yellow")
    unseen = [Text.assemble(cell(f"{place(source)}: ", "yellow"), cell(source.error)) for source in _lost(report)]
    return Text("\n").join([*unseen, Text.assemble(state, acting, cell("  Ctrl-C ends", "dim"))])


def _lost(report: Report) -> list[SourceHealth]:
    return [source for source in report.observation.sources if source.error]


class LiveView:
    """`show` only leaves the report: a thread draws it, so that a terminal that is held up holds up nothing else.

    What changes is also written above the view, once and unwrapped, where it can be scrolled back to and copied.
    """

    def __init__(self, console: Console, clock: Callable[[], datetime]) -> None:
        self._console = console
        self._clock = clock
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._thread = threading.Thread(target=self._run, name="live-view", daemon=True)
        self._news = threading.Event()
        self._ended = threading.Event()
        self._latest: Report | None = None
        self._drawn: Report | None = None
        self._body = Segments([])
        self._body_at: datetime | None = None

    def __enter__(self) -> LiveView:
        self._live.start()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._news.set()
        self._thread.join(timeout=1.0)
        # A terminal that is held up would hold this up too.
        if not self._thread.is_alive():
            with contextlib.suppress(OSError):
                self._live.stop()

    def show(self, report: Report) -> None:
        """Called after each tick, from any thread; returns at once."""
        self._latest = report
        if self._drawn is None or _differ(self._drawn, report):
            self._news.set()

    def _run(self) -> None:
        # A terminal that is gone is not drawn on any more.
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                self._news.wait(timeout=REDRAW_SECONDS)
                self._news.clear()
                self._draw()
                self._ended.wait(timeout=PAUSE_SECONDS)
            self._draw()

    def _draw(self) -> None:
        report = self._latest
        if report is None:
            return
        now = self._clock()
        for line in edges(self._drawn, report):
            text = Text.assemble(cell(f"{now:%H:%M:%S} ", "dim"), cell(line.text, LEVEL_STYLES[line.level]))
            self._console.print(text, soft_wrap=True)
        self._live.update(Group(heading(report, now), self._body_of(report, now)), refresh=True)
        self._drawn = report

    def _body_of(self, report: Report, now: datetime) -> Segments:
        """Laid out anew only when it has to be: that takes rich a hundredth of a second."""
        age = (now - self._body_at).total_seconds() if self._body_at else BODY_SECONDS
        if self._drawn is None or _differ(self._drawn, report) or not 0 <= age < BODY_SECONDS:
            lines = self._console.render_lines(body(report, now, self._console.height), pad=False)
            self._body = Segments([segment for line in lines for segment in (*line, Segment.line())])
            self._body_at = now
        return self._body


def _differ(drawn: Report, report: Report) -> bool:
    """Whether more than ages changed."""
    return (
        drawn.incidents != report.incidents
        or drawn.workflows != report.workflows
        or (drawn.ready, drawn.acting, drawn.not_ready_because)
        != (report.ready, report.acting, report.not_ready_because)
        or [source.error for source in drawn.observation.sources] != [s.error for s in report.observation.sources]
        or _connectors(drawn) != _connectors(report)
    )


def _connectors(report: Report) -> list[object]:
    return [(cluster.connectors, blind(cluster)) for cluster in report.observation.clusters.values()]
