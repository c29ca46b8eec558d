"""Command line of the bench: the page on stdout, commentary on stderr."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from stack import Stack, StackError
from stack.console import say

from bench import columns, idle, latency, peers, recovery, remedies
from bench.page import Run, page
from bench.proc import machine
from bench.settings import PAGE, Amount, stack_settings

COMMAND = "make bench ARGS=--save"
_ACTIONS = ("restart", "cycle")
"""Of the other watcher: what it calls so."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        if arguments.tables:
            print(_columns_measured(arguments.tables))
            return 0
        if arguments.recovery or arguments.beside:
            print(_remedies_measured(arguments.recovery, arguments.beside))
            return 0
        text = _measured(Amount(arguments.failures, arguments.idle_seconds))
    except (StackError, OSError) as error:  # of requests, too
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    print(text, end="")
    if arguments.save:
        PAGE.write_text(text)
        say("saved", str(PAGE))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Detection latency and idle cost, measured.")
    parser.add_argument("--failures", type=int, default=25, help="to make and wait for (25); 0 leaves the latency out")
    parser.add_argument("--idle-seconds", type=float, default=60, help="for each look (60); 0 leaves the idle cost out")
    parser.add_argument(
        "--tables", type=int, default=0, help="measure only what a look at the columns of so many tables costs (10000)"
    )
    parser.add_argument(
        "--recovery", type=int, default=0, metavar="ROUNDS", help="measure only the time from remedy to data flowing"
    )
    parser.add_argument(
        "--beside", action="store_true", help=f"measure only useless restarts, side by side with {peers.WATCHER}"
    )
    parser.add_argument("--save", action="store_true", help=f"also into {PAGE.name} in docs/")
    return parser


def _measured(amount: Amount) -> str:
    run = Run(datetime.now(UTC), machine(), os.getloadavg()[0], COMMAND)
    with _stack() as stack, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        delays = latency.measure(stack, folder / "latency", amount.failures) if amount.failures else None
        cost = idle.measure(stack, folder / "idle", amount.idle_seconds) if amount.idle_seconds else []
    return page(run, delays, cost, amount.idle_seconds)


def _remedies_measured(rounds: int, beside: bool) -> str:
    """The tables of docs/remedies-measured.md, with the date."""
    told = [f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}"]
    with _stack() as stack, tempfile.TemporaryDirectory() as name:
        if beside:
            programs = peers.environment(stack.settings.cache)
            told += [
                remedies.table(remedies.measure(stack, Path(name) / action, programs, action)) for action in _ACTIONS
            ]
        if rounds:
            told.append(recovery.table(recovery.measure(stack, Path(name) / "recovery", rounds)))
    return "\n\n".join(told)


def _columns_measured(tables: int) -> str:
    """On the target's server: no connector reads its binary log. `DATABASE` chooses the kind."""
    with _stack() as stack:
        return columns.table_of(columns.measure(stack.target, tables))


@contextmanager
def _stack() -> Iterator[Stack]:
    """One of its own, gone afterwards; `STACK_KEEP=1` leaves it, so that the next run begins at once."""
    stack = Stack(stack_settings())
    try:
        stack.up()
        yield stack
    finally:
        if os.environ.get("STACK_KEEP") != "1":
            stack.down(wipe=True)
