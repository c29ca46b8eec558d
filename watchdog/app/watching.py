"""`watchdog run`: the loop with its HTTP server, until it is told to stop. The only place that knows signals."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from watchdog.adapters.sqlite import open_journal
from watchdog.assembly import assembled, clock, patient_journal
from watchdog.loop import Loop
from watchdog.model import Phase, Report
from watchdog.report.server import Readings, Server
from watchdog.settings import Settings

log = structlog.get_logger("watchdog")

ONCE_SECONDS_MAX = 20.0


def watch(
    settings: Settings,
    *,
    once: bool = False,
    dry_run: bool = False,
    show: Callable[[Report], None],
    stop: threading.Event | None = None,
) -> int:
    """Run the loop with its HTTP server until SIGTERM or SIGINT; `show` is called after each tick."""
    stop = stop or threading.Event()
    served = settings.http.enabled and not once
    # A single look has nobody to wait for the journal: what is wrong with it ends it, with the reason.
    journal = open_journal(settings.journal, clock=clock) if once else patient_journal(settings)
    assembly = assembled(settings, dry_run=dry_run, journal=journal)
    with _signals(stop), assembly as loop, _served(settings, loop, served):
        until = time.monotonic() + ONCE_SECONDS_MAX
        loop.run(lambda: stop.is_set() or (once and _complete(loop.report, until)), show)
    return 0


@contextmanager
def _served(settings: Settings, loop: Loop, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    readings = Readings(
        latest=lambda: loop.report,
        heartbeat=loop.seconds_since_tick,
        clock=clock,
        resolved_gauge_seconds=settings.resolved_gauge_seconds,
    )
    server = Server(settings.http.host, settings.http.port, readings)
    server.start()
    log.info("listening", url=f"http://{server.host}:{server.port}")
    try:
        yield
    finally:
        server.stop()


def _complete(report: Report | None, until: float) -> bool:
    """For a single look: everything was seen, what failed was probed, and what was sent was answered."""
    if report is None or time.monotonic() > until:
        return report is not None
    failing = [i for i in report.incidents if i.code.is_failure and i.phase in (Phase.OPEN, Phase.RESTARTING)]
    probed = all(incident.key in report.observation.probes for incident in failing)
    seen = not any(source.unseen for source in report.observation.sources)
    return report.ready and seen and probed and not any(incident.phase is Phase.RESTARTING for incident in failing)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
