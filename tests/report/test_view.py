"""Tables and the live view, as they look."""

import io
import os
import pty
import re
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from tests.report.reports import (
    DRIFT,
    FAILED_SINK,
    HOSTILE_NAMES,
    NOW,
    SINK,
    SOURCE,
    WAY_OUT,
    ago,
    attempt,
    cause,
    cluster,
    connector,
    incident,
    report,
    resolved,
    source,
    task,
)
from watchdog.model import Category, Clock, ConnectorKey, Report, State, TimelineEntry
from watchdog.report import tables
from watchdog.report.rows import rows
from watchdog.report.timeline import lines
from watchdog.report.view import LiveView, overview


def drawn(*parts: RenderableType, width: int = 200) -> str:
    """As on a terminal of that width, without colours; line ends trimmed."""
    file = io.StringIO()
    console = Console(file=file, width=width, height=40, markup=False, emoji=False, highlight=False, color_system=None)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


LATEST = report(
    SOURCE,
    FAILED_SINK,
    connector("lake-sink", state=State.PAUSED),
    incidents=(incident(attempts=(attempt(helped=False),)),),
    last_change={ConnectorKey("main", "dw-sink"): ago(90)},
    modes={"main": "auto"},
)


def test_the_connectors_table() -> None:
    expected = """\
CONNECTOR    TYPE    STATE    TASKS  SINCE  CAUSE         VERDICT  RESTARTED
dw-sink      sink    FAILED   0/1    1 min  SCHEMA_DRIFT  hold     1 min ago
lake-sink    sink    PAUSED   1/1
oltp-source  source  RUNNING  1/1"""
    assert drawn(tables.connectors(rows(LATEST), NOW)) == expected


def test_the_cluster_is_told_where_there_are_several() -> None:
    two = report(clusters={"a": cluster(replace(SINK, cluster="a"), name="a"), "b": cluster(SOURCE, name="b")})
    expected = """\
CLUSTER  CONNECTOR    TYPE    STATE    TASKS  SINCE  CAUSE  VERDICT  RESTARTED
a        dw-sink      sink    RUNNING  1/1
main     oltp-source  source  RUNNING  1/1"""
    assert drawn(tables.connectors(rows(two), NOW)) == expected


def test_the_tasks_table_has_connector_tasks_workers_and_causes() -> None:
    expected = """\
TASK       STATE    WORKER          CAUSE
connector  RUNNING  127.0.0.1:8083
0          FAILED   127.0.0.1:8083  java.sql.SQLException: Cannot alter table orders because schema evolution is disabled"""  # noqa: E501
    assert drawn(tables.tasks(rows(LATEST)[0])) == expected


def test_the_incidents_table() -> None:
    found = [incident(), resolved(3600, id="0000dead"), incident("0000ffff", "lake-sink", merged_into="3fa9c1d2")]
    told = "Cannot alter table orders because schema evolution is disabled"
    expected = f"""\
ID        STATE     OPENED     CONNECTOR  CATEGORY      TABLE        VERDICT           CAUSE
3fa9c1d2  firing    1 min ago  dw-sink    SCHEMA_DRIFT  oltp.orders  hold              {told}
0000dead  resolved  1 h ago    dw-sink    SCHEMA_DRIFT  oltp.orders  recovered         {told}
0000ffff  firing    1 min ago  lake-sink  SCHEMA_DRIFT  oltp.orders  part of 3fa9c1d2  {told}"""
    assert drawn(tables.incidents(found, NOW)) == expected


BLOCK = f"""\
dw-sink  SCHEMA_DRIFT  3fa9c1d2
  cause      Cannot alter table orders because schema evolution is disabled
  table      oltp.orders → dw.orders (unexpected_field)
  statement  ALTER TABLE orders ADD COLUMN unexpected_field VARCHAR(64)
  position   e7f2a218-e755-11f1-99e1-02fc00000001:23, 2026-11-23 16:28:00Z
  hold       waiting until `dw.orders` takes every record that waits
  way out
{WAY_OUT}"""


def test_an_incident_ends_with_a_way_out_that_can_be_copied() -> None:
    assert drawn(*tables.block(incident())) == BLOCK


def test_the_way_out_is_one_line_however_narrow_the_terminal() -> None:
    assert WAY_OUT in drawn(*tables.block(incident()), width=30).splitlines()


def test_a_resolved_incident_says_how_it_ended_and_offers_no_way_out() -> None:
    told = drawn(*tables.block(resolved(5)))
    assert "  resolved   recovered" in told
    assert "way out" not in told


@pytest.mark.parametrize(
    ("clocks", "shown"),
    [
        pytest.param(
            (Clock("topic", "t-0", 7_140.0), Clock("binlog", "db", None)), "topic 1 h left", id="what is near"
        ),
        pytest.param((Clock("topic", "t-0", 0.0),), "topic gone", id="gone"),
        pytest.param((Clock("topic", "t-0", 30 * 86_400.0),), "", id="what is far"),
        pytest.param((), "", id="none"),
    ],
)
def test_a_clock_that_runs_out_soon_stands_beside_the_category(clocks: tuple[Clock, ...], shown: str) -> None:
    (row,) = rows(report(FAILED_SINK, incidents=(incident(clocks=clocks),)))
    line = drawn(tables.connectors([row], NOW))
    assert ("SCHEMA_DRIFT, " in line) is bool(shown)
    assert shown in line


def test_the_details_of_an_incident() -> None:
    one = incident(attempts=(replace(attempt(1, helped=False), detail="202"), attempt(2)), reopened=2)
    expected = """\
  severity   breaking
  opened     2026-11-23 16:28:30Z
  reopened   2
  confidence 98%
  evidence   3 waiting records carry a column that the target lacks: unexpected_field
  probe      target fits: no, asked 3 s ago: 3 waiting records with a column that the target lacks
  stuck      dataflow.oltp.orders-0 offsets 21 to 23
  restart 1  2026-11-23 16:29:00Z by watchdog: accepted (202), did not help
  restart 2  2026-11-23 16:29:00Z by watchdog: accepted, not known yet whether it helped"""
    assert drawn(*tables.details(one, NOW)) == expected


# --- the live view ---------------------------------------------------------------------------------


def test_the_overview_shows_clusters_connectors_incidents_and_how_to_end() -> None:
    expected = f"""\
main  ok  seen 1 s ago, 3 connectors, mode auto

CONNECTOR    TYPE    STATE    TASKS  SINCE  CAUSE         VERDICT  RESTARTED
dw-sink      sink    FAILED   0/1    1 min  SCHEMA_DRIFT  hold     1 min ago
lake-sink    sink    PAUSED   1/1
oltp-source  source  RUNNING  1/1

{BLOCK}

ready  Ctrl-C ends"""
    assert drawn(overview(LATEST, NOW, 40)) == expected


@pytest.mark.parametrize(
    ("latest", "line"),
    [
        pytest.param(
            report(clusters={"main": cluster(SINK, polled_at=ago(200), error="connection refused")}),
            "main  cannot be trusted: connection refused  seen 3 min ago, 1 connector", id="out of sight",
        ),
        pytest.param(
            report(clusters={"main": cluster(SINK, healthy=False, health_message="no broker")}),
            "main  cannot be trusted: its worker is not healthy: no broker  seen 1 s ago, 1 connector",
            id="not healthy",
        ),
        pytest.param(
            report(clusters={"main": cluster(polled_at=None)}), "main  not seen yet  seen never, 0 connectors", id="new"
        ),
        pytest.param(
            report(SINK, sources=(replace(source("database:db1", error="no grant"), cluster=""),)),
            "database:db1: no grant", id="a source that is lost",
        ),
        pytest.param(
            report(SINK, acting=False),
            "ready  observing only: another watchdog holds the journal  Ctrl-C ends", id="observing",
        ),
        pytest.param(
            report(SINK, ready=False, not_ready_because="the disk is full"), "not ready: the disk is full  Ctrl-C ends",
            id="not ready",
        ),
    ],
)  # fmt: skip
def test_the_overview_says_what_it_cannot_see(latest: Report, line: str) -> None:
    assert line in drawn(overview(latest, NOW, 40)).splitlines()


def test_the_overview_fits_the_screen_and_says_what_it_left_out() -> None:
    many = report(
        *(connector(f"c{n:03}") for n in range(500)),
        incidents=tuple(incident(f"{n:08}", f"c{n:03}") for n in range(30)),
    )
    lines = drawn(overview(many, NOW, 40)).splitlines()
    assert len(lines) <= 40
    assert "… and 28 more incidents: `watchdog incidents`" in lines
    assert [line for line in lines if re.fullmatch(r"… and \d+ more connectors: `watchdog status`", line)]


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
@pytest.mark.parametrize("width", [30, 120])
def test_a_hostile_name_is_shown_as_text(name: str, width: int) -> None:
    diagnosis = replace(DRIFT, cause=cause(Category.DATA, name), way_out=name, evidence=(name,))
    one = incident(name=name, diagnosis=diagnosis, reason=name)
    latest = report(
        connector(name, task(0, State.FAILED, name)),
        incidents=(one,),
        sources=(source(name, error=name),),
        modes={"main": name},
    )
    shown = drawn(
        overview(latest, NOW, 40),
        tables.incidents([one], NOW),
        tables.tasks(rows(latest)[0]),
        *tables.details(one, NOW),
        *lines([TimelineEntry(NOW, "x", "note", name, {"evidence": [name]})]),
        width=width,
    )
    assert all(character == "\n" or character.isprintable() for character in shown)


class Terminal:
    """The other end of a pseudo terminal, read as it is written to."""

    def __init__(self, reader: int) -> None:
        self._reader = reader
        self.text = ""

    def wait_for(self, condition: Callable[[str], bool], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition(self.text):
            assert time.monotonic() < deadline, self.text[-2000:]
            if select.select([self._reader], [], [], 0.05)[0]:
                self.text += os.read(self._reader, 65536).decode()


@contextmanager
def terminal() -> Iterator[tuple[Terminal, Console]]:
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as file:
        console = Console(
            file=file, force_terminal=True, width=60, height=30, markup=False, emoji=False, highlight=False
        )
        yield Terminal(reader), console
    os.close(reader)


def test_the_live_view_draws_what_changed_and_writes_it_above_unwrapped() -> None:
    with terminal() as (seen, console), LiveView(console, lambda: NOW) as view:
        view.show(report(SOURCE, SINK))
        seen.wait_for(lambda text: "watching Connect cluster main: 2 connectors" in text and "Ctrl-C ends" in text)
        assert "FAILED" not in seen.text
        view.show(LATEST)
        seen.wait_for(lambda text: f"way out: {WAY_OUT}" in text and "FAILED" in text)
    assert seen.text.count("watching Connect cluster main") == 1


def test_ages_go_on_though_nothing_is_reported() -> None:
    times = iter(ago(-30 * n) for n in range(100))
    with terminal() as (seen, console), LiveView(console, lambda: next(times)) as view:
        view.show(LATEST)
        seen.wait_for(lambda text: "seen 1 s ago" in text and "seen 1 min ago" in text)
        seen.wait_for(lambda text: "1 min ago" in text and "2 min ago" in text)


class HeldUp(io.StringIO):
    """A terminal that takes nothing while `flows` is cleared, as after Ctrl-S."""

    def __init__(self) -> None:
        super().__init__()
        self.flows = threading.Event()
        self.flows.set()
        self.waiting = threading.Event()

    def write(self, text: str) -> int:
        if not self.flows.is_set():
            self.waiting.set()
        self.flows.wait(timeout=30)
        return super().write(text)


def test_a_terminal_that_is_held_up_holds_up_neither_the_loop_nor_the_end() -> None:
    file = HeldUp()
    with LiveView(Console(file=file, force_terminal=True, width=60, height=30), lambda: NOW) as view:
        file.flows.clear()
        view.show(report(SOURCE, SINK))
        assert file.waiting.wait(timeout=10)
        begin = time.monotonic()
        for _ in range(1000):
            view.show(LATEST)
    # It is held up for 30 s.
    assert time.monotonic() - begin < 20
    file.flows.set()


def test_a_terminal_that_is_gone_ends_the_drawing_and_nothing_else() -> None:
    reader, writer = pty.openpty()
    file = os.fdopen(writer, "w")
    with LiveView(Console(file=file, force_terminal=True, width=60, height=30), lambda: NOW) as view:
        os.close(reader)
        view.show(LATEST)
