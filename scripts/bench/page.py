"""Figures → the page. What is known of a figure's making stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.idle import SCRAPE_SECONDS, Idle
from bench.latency import Latency
from bench.settings import POLL_SECONDS
from bench.spread import Spread
from bench.table import markdown, milliseconds, ratio, share
from bench.watchdogs import LOOK_SECONDS

BARE = "bare clients"


@dataclass(frozen=True)
class Run:
    at: datetime
    machine: str
    load: float
    """Of the machine before the run, over a minute."""
    command: str


_PAGE = """\
# Measurements

One run of `{command}` on {at:%Y-%m-%d}, {at:%H:%M} UTC, on a machine with {machine} (load {load:.1f} before it). The
stack, real and of its own, ran on the same machine. Compare the ratios: the milliseconds are this machine's.
"""

_LATENCY = """\
## From Connect's record of a failure to the incident

{count} failures of a JDBC sink, each a record with a column that its table lacks. From the time stamp of the FAILED
record in Connect's status topic to the first answer of `/metrics` with `watchdog_incidents{{state="firing"}}` above 0,
each failure seen by all three. The bare tail is a consumer of that topic which does nothing else: nobody can know
sooner. The aim with the status topic is a p95 of 250 ms.

{table}

Our figures contain one answer of `/metrics` (median {answer}) and up to {look} between two of them.
By its own histogram `watchdog_detection_seconds` the watchdog with the status topic knew after {own_mean} on average.
"""

_IDLE = """\
## While nothing happens

User and system time of the whole process as a share of one core over {seconds:.0f} s, and resident memory, on the
stack's two connectors. The aim for ours is 3 %. Everything that polls does so each {poll:.0f} s. The watchdog ran
without a terminal and was scraped each {scrape:.0f} s; kafka-connect-watcher had one rule without actions;
kafka-connect-healthcheck works only when asked, and was asked each {poll:.0f} s.

{table}
"""


def page(run: Run, latency: Latency | None, idle: Sequence[Idle], idle_seconds: float) -> str:
    parts = [_PAGE.format(command=run.command, at=run.at, machine=run.machine, load=run.load)]
    if latency:
        parts.append(_latency(latency))
    if idle:
        paces = {"seconds": idle_seconds, "poll": POLL_SECONDS, "scrape": SCRAPE_SECONDS}
        parts.append(_IDLE.format(**paces, table=_idle_table(idle)))
    return "\n".join(parts)


def _latency(latency: Latency) -> str:
    own_mean = latency.pushed_own_mean
    return _LATENCY.format(
        count=latency.bare.count,
        table=_latency_table(latency),
        answer=milliseconds(latency.answer_seconds),
        look=milliseconds(LOOK_SECONDS),
        own_mean="no time it knows" if own_mean is None else milliseconds(own_mean),
    )


def _latency_table(latency: Latency) -> str:
    rows: list[tuple[str, Spread]] = [
        ("bare tail of the status topic", latency.bare),
        ("watchdog, with the status topic", latency.pushed),
        ("watchdog, by the poll alone", latency.polled),
    ]
    header = ("", "p50", "p95", "max", "p50 to bare", "p95 to bare")
    return markdown(header, [_latency_row(name, spread, latency.bare) for name, spread in rows])


def _latency_row(name: str, spread: Spread, bare: Spread) -> tuple[str, ...]:
    times = [milliseconds(value) for value in (spread.p50, spread.p95, spread.max)]
    return name, *times, ratio(spread.p50, bare.p50), ratio(spread.p95, bare.p95)


def _idle_table(idle: Sequence[Idle]) -> str:
    least = next((each.core for each in idle if each.core and each.name.startswith(BARE)), 0.0)
    return markdown(("", "of one core", "to bare", "memory"), [_idle_row(each, least or 0.0) for each in idle])


def _idle_row(each: Idle, least: float) -> tuple[str, ...]:
    if each.core is None:
        return f"{each.name} (not measured: {each.why})", "–", "–", "–"
    return each.name, share(each.core), ratio(each.core, least), f"{each.memory_bytes / 1024**2:.0f} MB"
