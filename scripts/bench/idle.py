"""CPU and memory of each watcher while nothing happens on the stack."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from stack import Stack
from stack.console import say
from stack.settings import REPOSITORY

from bench import peers, proc, watchdogs
from bench.peers import Command, PeerMissing
from bench.settings import POLL_SECONDS

_SETTLE_SECONDS = 10.0
SCRAPE_SECONDS = 15.0
"""How often Prometheus asks in the deployment that is shipped."""


@dataclass(frozen=True)
class Idle:
    """`core`: user and system time as a share of one core; None with `why` where it does not run here."""

    name: str
    core: float | None = None
    memory_bytes: int = 0
    why: str = ""


@dataclass(frozen=True)
class Subject:
    name: str
    pid: int
    url: str | None = None
    """Asked each `every_seconds` while it is measured."""
    every_seconds: float = POLL_SECONDS


def measure(stack: Stack, folder: Path, seconds: float) -> list[Idle]:
    """Ours and the bare clients side by side, then the peers one by one: one that takes a core would be in the way."""
    with _ours(stack, folder) as subjects:
        found = _watched(subjects, seconds)
    try:
        programs = peers.environment(stack.settings.cache)
    except PeerMissing as error:
        return [*found, *(Idle(name, why=str(error)) for name in (peers.WATCHER, peers.HEALTHCHECK))]
    for name, version, command in (
        (peers.WATCHER, peers.WATCHER_VERSION, peers.watcher(programs, stack, folder)),
        (peers.HEALTHCHECK, peers.HEALTHCHECK_VERSION, peers.healthcheck(programs, stack)),
    ):
        found.append(_peer(f"{name} {version}", command, folder / f"{name}.log", seconds))
    return found


@contextmanager
def _ours(stack: Stack, folder: Path) -> Iterator[list[Subject]]:
    words = [sys.executable, "-m", "bench.bare", stack.connect_url, stack.bootstrap_servers]
    bare = Command(["env", f"PYTHONPATH={REPOSITORY / 'scripts'}", *words])
    with ExitStack() as running:
        complete = running.enter_context(watchdogs.complete(stack, folder))
        poll_only = running.enter_context(watchdogs.poll_only(stack, folder))
        bare_pid = running.enter_context(peers.running(bare, folder / "bare.log"))
        yield [
            Subject("bare clients: one consumer, one poll", bare_pid),
            _scraped("watchdog run: Connect, Kafka, two databases", complete),
            _scraped("watchdog run: CONNECT_URL only", poll_only),
        ]


def _scraped(name: str, watchdog: watchdogs.Watchdog) -> Subject:
    return Subject(name, watchdog.pid, f"http://127.0.0.1:{watchdog.port}/metrics", SCRAPE_SECONDS)


def _peer(name: str, command: Command, log: Path, seconds: float) -> Idle:
    try:
        with peers.running(command, log) as pid:
            return _watched([Subject(name, pid, command.url)], seconds)[0]
    except (PeerMissing, OSError) as error:
        return Idle(name, why=str(error))


def _watched(subjects: Sequence[Subject], seconds: float) -> list[Idle]:
    _ask_for(subjects, _SETTLE_SECONDS)
    before, began = [proc.usage(each.pid) for each in subjects], time.monotonic()
    _ask_for(subjects, seconds)
    after, took = [proc.usage(each.pid) for each in subjects], time.monotonic() - began
    found = [
        Idle(subject.name, (end.cpu_seconds - start.cpu_seconds) / took, end.memory_bytes)
        for subject, start, end in zip(subjects, before, after, strict=True)
    ]
    for each in found:
        say("idle", f"{each.name}: {each.core:.2%} of a core over {took:.0f} s, load {os.getloadavg()[0]:.1f}")
    return found


def _ask_for(subjects: Sequence[Subject], seconds: float) -> None:
    """Ask those that are asked at their pace; returns when the time is over."""
    over_at = time.monotonic() + seconds
    due_at = {each: time.monotonic() for each in subjects if each.url}
    while (now := time.monotonic()) < over_at:
        for each in [each for each, at in due_at.items() if at <= now]:
            requests.get(each.url or "", timeout=10)
            due_at[each] = now + each.every_seconds
        time.sleep(max(0.0, min([over_at, *due_at.values()]) - time.monotonic()))
