"""The same faults before two watchers at the same time: how many restarts each sends while they are of no use, and
whether data flows once the cause is gone."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack import Stack
from stack.console import say
from stack.settings import HOST

from bench import peers
from bench.counting import CountingProxy
from bench.settings import POLL_SECONDS
from bench.stuck import FAULTS, Fault, Sink, sink
from bench.watchdogs import Watchdog

BROKEN_SECONDS = 60.0
FLOWING_SECONDS = 60.0
PEER, OURS = "kafka-connect-watcher", "watchdog"

# Its own way to mend: the action that it calls restart, for every connector of this pattern.
_PEER_CONFIG = """\
watch_interval: "{interval:.0f}s"
clusters:
  - name: bench
    hostname: {host}
    port: {port}
    evaluation_rules:
      - include_regex: ["^bench-peer-.*"]
        auto_correct_actions:
          - action: {action}
"""


@dataclass(frozen=True)
class Row:
    who: str
    fault: str
    useless: int
    """Restarts sent before the remedy."""
    after: int
    seconds: float | None
    """From the remedy to data flowing; None: it never did."""


@dataclass(frozen=True)
class Beside:
    rows: tuple[Row, ...]
    load: tuple[float, float]
    action: str


def measure(stack: Stack, folder: Path, programs: Path, action: str = "restart") -> Beside:
    """`action`: kafka-connect-watcher's `restart` or `cycle`."""
    folder.mkdir(parents=True)
    began = os.getloadavg()[0]
    stack.target.execute("GRANT SELECT ON dw.* TO 'watchdog'@'%'")
    with ExitStack() as opened:
        theirs = [opened.enter_context(sink(stack, "bench-peer", fault)) for fault in FAULTS]
        ours = [opened.enter_context(sink(stack, "bench-ours", fault)) for fault in FAULTS]
        peer_proxy, our_proxy = (opened.enter_context(CountingProxy(stack.settings.connect_port)) for _ in range(2))
        opened.enter_context(_peer(peer_proxy, folder, programs, action))
        opened.enter_context(Watchdog(folder, _given(stack, our_proxy)))
        mended_at = _broken_and_mended([*theirs, *ours])
        flowing = _flowing([*theirs, *ours], mended_at)
        rows = [
            *_rows(PEER, theirs, peer_proxy, flowing, mended_at),
            *_rows(OURS, ours, our_proxy, flowing, mended_at),
        ]
    return Beside(tuple(rows), (began, os.getloadavg()[0]), action)


def _given(stack: Stack, proxy: CountingProxy) -> dict[str, str]:
    policies = [{"connector": "bench-ours-*", "mode": "auto"}]
    return {
        "CONNECT_URL": proxy.url,
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "DATABASE_URL": f"{stack.source_url},{stack.target_url}",
        "WATCHDOG_MODE": "observe",
        "WATCHDOG_POLICIES": json.dumps(policies),
    }


@contextmanager
def _peer(proxy: CountingProxy, folder: Path, programs: Path, action: str) -> Iterator[None]:
    config = folder / "kafka-connect-watcher.yaml"
    config.write_text(_PEER_CONFIG.format(interval=POLL_SECONDS + 1, host=HOST, port=proxy.port, action=action))
    command = peers.Command([programs / peers.WATCHER, "-c", config])
    with peers.running(command, folder / "kafka-connect-watcher.log"):
        yield


def _broken_and_mended(every: Sequence[Sink]) -> float:
    for one in every:
        one.break_it(wait=False)
    say("remedies", f"{len(every)} sinks are broken, for {BROKEN_SECONDS:g} s")
    time.sleep(BROKEN_SECONDS)
    at = time.monotonic()
    for one in every:
        one.mend()
    say("remedies", "mended")
    return at


def _flowing(every: Sequence[Sink], mended_at: float) -> dict[str, float]:
    """Seconds after the remedy at which each was first seen to have written what it broke on; those that never did are
    missing."""
    flowing: dict[str, float] = {}
    while len(flowing) < len(every) and time.monotonic() < mended_at + FLOWING_SECONDS:
        for one in every:
            if one.name not in flowing and one.flows():
                flowing[one.name] = time.monotonic() - mended_at
        time.sleep(0.05)
    return flowing


def _rows(who: str, sinks: Sequence[Sink], proxy: CountingProxy, flowing: dict[str, float], at: float) -> Iterator[Row]:
    for one in sinks:
        before = proxy.sent(one.name, at)
        yield Row(who, one.fault.name, before, proxy.sent(one.name) - before, flowing.get(one.name))


def table(found: Beside) -> str:
    head = "| watcher | fault | useless restarts | restarts after the remedy | data flowed |\n|---|---|---|---|---|"
    rows = [f"| {r.who} | {r.fault} | {r.useless} | {r.after} | {_flowed(r.seconds)} |" for r in found.rows]
    load = f"Load average {found.load[0]:.1f} before, {found.load[1]:.1f} after."
    told = f"Broken for {BROKEN_SECONDS:g} s, then mended; {PEER} with `action: {found.action}`. {load}"
    return "\n".join([head, *rows, "", told])


def _flowed(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.0f} s after the remedy"


__all__ = ["FAULTS", "Beside", "Fault", "Row", "measure", "table"]
