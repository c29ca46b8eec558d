"""What the verbs stand on: the app's functions, the settings, the clock. Tests pass their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from watchdog import logs
from watchdog.cli.output import comment
from watchdog.model import Incident, RecordsPlan, Report, Request, TimelineEntry

if TYPE_CHECKING:
    from watchdog.app.applying import Plan
    from watchdog.compare import DriftReport
    from watchdog.look.chart import Chart
    from watchdog.settings import Settings


class App(Protocol):
    """What the verbs call. Each may raise `SettingsError`, `JournalError` or `PortError`."""

    def watch(
        self,
        settings: Settings,
        *,
        once: bool = False,
        dry_run: bool = False,
        show: Callable[[Report], None],
        stop: threading.Event | None = None,
    ) -> int:
        """Run the loop until it is told to stop, `show` after each tick; the exit code."""

    def look(self, settings: Settings) -> Report:
        """Everything as it is now, with the journal's incidents."""

    def topology(self, settings: Settings) -> Chart:
        """How all connectors hang together, and what could not be asked."""

    def incidents(self, settings: Settings, *, all: bool) -> list[Incident]:  # noqa: A002 - as the option is called
        """The journal's incidents, the open ones or all."""

    def incident(self, settings: Settings, id: str) -> tuple[Incident, list[TimelineEntry]] | None:  # noqa: A002
        """By its id, or by a beginning that only one has."""

    def told(
        self, settings: Settings, *, incident: str, since: datetime | None, connector: str
    ) -> Iterator[TimelineEntry]:
        """The journal's timeline, of an incident (a beginning of its id), a connector or all; read a few at a time."""

    def drift(self, settings: Settings, tables: Sequence[str], say: Callable[[str], None]) -> DriftReport:
        """The captured tables of these names or globs, or all; `say` is told what is being read."""

    def records_plan(self, settings: Settings, connector: str, cluster: str | None, *, replay: bool) -> RecordsPlan:
        """What `quarantine` would do, or `quarantine --replay`."""

    def ask(
        self,
        settings: Settings,
        verb: str,
        connector: str,
        cluster: str | None,
        arguments: Mapping[str, Any] = ...,
        say: Callable[[str], None] = ...,
    ) -> Request:
        """`restart`, `resume`, `pause`, or what takes several steps, through the running loop or without one."""

    def apply_preview(self, settings: Settings, id: str) -> Plan:  # noqa: A002
        """What `apply` would run for an incident; changes nothing."""

    def apply(self, settings: Settings, planned: Plan) -> str:
        """Run what was planned; what came of it."""

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
        """Whether `recover` may be begun, and what it would do or why not; changes nothing."""


def _app() -> App:
    # Imported late, so that `--help` and `config check` load no clients.
    from watchdog import app

    return app


def _load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    from watchdog.settings import load

    return load(path, environ)


def _own_catalogue(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    from watchdog.settings.load import catalogue_named

    return catalogue_named(path, environ)


def configure_logs(settings: Settings) -> None:
    """To stderr, so that stdout is data only; without secrets, those that adapters learn later among them."""
    logs.configure(settings.log.format, settings.log.level, settings.redactor)
    logs.log_crashes()


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Session:
    """One run of the command. `config` is the global option `--config`."""

    app: Callable[[], App] = _app
    load: Callable[[Path | None, Mapping[str, str]], Settings] = _load
    prepare: Callable[[Settings], None] = configure_logs
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], datetime] = _now
    config: Path | None = None

    def settings(self, warn: Callable[[str], object] = comment) -> Settings:
        """Also sets up logging and tells what is odd with the settings but no error.

        Raises `SettingsError` with every problem at once.
        """
        settings = self.load(self.config, self.environ)
        self.prepare(settings)
        for warning in settings.warnings:
            warn(warning)
        return settings

    def own_catalogue(self) -> Path | None:
        """The user's failure catalogue, where settings name one; all else in them is left alone."""
        return _own_catalogue(self.config, self.environ)


def session_of(context: typer.Context) -> Session:
    session = context.find_root().obj
    assert isinstance(session, Session)
    return session
