"""An app that says what it was told to say, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.report.reports import NOW, SINK, SOURCE, WAY_OUT, incident, report
from watchdog.app.applying import Plan
from watchdog.cli import main
from watchdog.cli.session import Session
from watchdog.errors import WatchdogError
from watchdog.look.chart import Chart
from watchdog.model import ConnectorKey, Incident, RecordsPlan, Report, Request, TimelineEntry
from watchdog.settings import Settings, load
from watchdog.topology import Topology

ENVIRON = {"CONNECT_URL": "http://admin:canary-pw@127.0.0.1:8083"}


@dataclass
class FakeApp:
    """`error` is raised by every call; `asked` holds each call with its arguments."""

    latest: Report = field(default_factory=lambda: report(SOURCE, SINK))
    charted: Chart = field(default_factory=lambda: Chart(Topology()))
    known: Sequence[Incident] = ()
    timeline: Sequence[TimelineEntry] = ()
    plan: RecordsPlan = RecordsPlan(ConnectorKey("main", "dw-sink"))
    answer: str = "accepted"
    detail: str = ""
    planned: Plan = field(default_factory=lambda: Plan(incident(), WAY_OUT, "127.0.0.1:3307", "ddl@%"))
    preview: tuple[bool, str] = (True, "safe to rebuild")
    code: int = 0
    ticks: Sequence[Report] | None = None
    error: BaseException | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def watch(
        self,
        settings: Settings,
        *,
        once: bool = False,
        dry_run: bool = False,
        show: Callable[[Report], None],
        stop: threading.Event | None = None,
    ) -> int:
        self._called("watch", once, dry_run)
        for tick in (self.latest,) if self.ticks is None else self.ticks:
            show(tick)
        return self.code

    def look(self, settings: Settings) -> Report:
        self._called("look")
        return self.latest

    def topology(self, settings: Settings) -> Chart:
        self._called("topology")
        return self.charted

    def apply_preview(self, settings: Settings, id: str) -> Plan:  # noqa: A002 - as the app's
        self._called("apply_preview", id)
        return self.planned

    def apply(self, settings: Settings, planned: Plan) -> str:
        self._called("apply", planned.statement)
        return "done in 0.1 s"

    def incidents(self, settings: Settings, *, all: bool) -> list[Incident]:  # noqa: A002 - as the app's
        self._called("incidents", all)
        return [one for one in self.known if all or one.open]

    def incident(self, settings: Settings, id: str) -> tuple[Incident, list[TimelineEntry]] | None:  # noqa: A002
        self._called("incident", id)
        found = [one for one in self.known if one.id.startswith(id)]
        return (found[0], list(self.timeline)) if len(found) == 1 else None

    def told(
        self, settings: Settings, *, incident: str, since: datetime | None, connector: str
    ) -> Iterator[TimelineEntry]:
        self._called("told", incident, since, connector)
        yield from self.timeline

    def ask(
        self,
        settings: Settings,
        verb: str,
        connector: str,
        cluster: str | None,
        arguments: Mapping[str, Any] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> Request:
        self._called("ask", verb, connector, cluster, *([arguments] if arguments is not None else []))
        say("look: looking")
        return Request("r1", verb, ConnectorKey(cluster or "main", connector), NOW, self.answer, self.detail)

    def recovery_preview(
        self,
        settings: Settings,
        connector: str,
        cluster: str | None,
        *,
        prove: bool,
        snapshot: bool,
        say: Callable[[str], None],
    ) -> tuple[bool, str]:
        self._called("preview", connector, cluster, prove, snapshot)
        say("from old into new")
        return self.preview

    def records_plan(self, settings: Settings, connector: str, cluster: str | None, *, replay: bool) -> RecordsPlan:
        self._called("records_plan", connector, cluster, replay)
        return replace(self.plan, key=ConnectorKey(cluster or "main", connector))

    def _called(self, *call: Any) -> None:
        self.asked.append(call)
        if self.error:
            raise self.error


@dataclass
class Command:
    """`run("status", "-o", "json")` is the exit code; `loaded` what settings were loaded from."""

    app: FakeApp = field(default_factory=FakeApp)
    settings_error: WatchdogError | None = None
    loaded: list[tuple[Path | None, Mapping[str, str]]] = field(default_factory=list)

    def run(self, *arguments: str) -> int:
        """Logging is left as it is: the test's own streams would stay behind in it."""
        return main(arguments, Session(lambda: self.app, self._load, lambda _: None, ENVIRON, lambda: NOW))

    def _load(self, path: Path | None, environ: Mapping[str, str]) -> Settings:
        self.loaded.append((path, environ))
        if self.settings_error:
            raise self.settings_error
        return load(None, environ)
