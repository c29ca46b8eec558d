"""From the remedy becoming true to data flowing: the watchdog at its default settings, and an operator's script that
restarts at that very instant. Round by round in turn, so that both meet the same machine."""

import json
import os
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from stack import Stack, StackError
from stack.console import say

from bench.stuck import MISSING, Sink, seconds_until, sink
from bench.watchdogs import Watchdog

OPERATOR, WATCHED = "bench-operator", "bench-watched"
GIVEN_UP_SECONDS = 120.0
_POLICIES = [{"connector": f"{OPERATOR}-*", "mode": "observe"}, {"connector": f"{WATCHED}-*", "mode": "auto"}]


@dataclass(frozen=True)
class Ratio:
    """Seconds of each round, and the machine's load before and after."""

    operator: tuple[float, ...]
    watchdog: tuple[float, ...]
    load: tuple[float, float]

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.operator), statistics.median(self.watchdog)

    @property
    def of_medians(self) -> float:
        operator, watchdog = self.medians
        return watchdog / operator


def measure(stack: Stack, folder: Path, rounds: int) -> Ratio:
    folder.mkdir(parents=True)
    began = os.getloadavg()[0]
    given = {
        "CONNECT_URL": stack.connect_url,
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "DATABASE_URL": f"{stack.source_url},{stack.target_url}",
        "WATCHDOG_MODE": "observe",
        "WATCHDOG_POLICIES": json.dumps(_POLICIES),
    }
    found: dict[str, list[float]] = {OPERATOR: [], WATCHED: []}
    stack.target.execute("GRANT SELECT ON dw.* TO 'watchdog'@'%'")
    with Watchdog(folder, given):
        for number in range(1, rounds + 1):
            for name in (OPERATOR, WATCHED):
                found[name].append(_one(stack, name))
            say(
                "recovery", f"round {number}: operator {found[OPERATOR][-1]:.2f} s, watchdog {found[WATCHED][-1]:.2f} s"
            )
    return Ratio(tuple(found[OPERATOR]), tuple(found[WATCHED]), (began, os.getloadavg()[0]))


def _one(stack: Stack, name: str) -> float:
    with sink(stack, name, MISSING) as one:
        one.break_it()
        # Long enough that everybody knows of it, and at any moment between two looks.
        time.sleep(5 + random.uniform(0, 3))
        one.mend()
        if name == OPERATOR:
            stack.connect.restart(one.name)
        return _flowing(one)


def _flowing(one: Sink) -> float:
    took = seconds_until(one.flows, GIVEN_UP_SECONDS)
    if took is None:
        raise StackError(f"no data flowed in {one.name} within {GIVEN_UP_SECONDS:g} s of its remedy")
    return took


def table(found: Ratio) -> str:
    operator, watchdog = found.medians
    rows = [
        f"| {who} | {len(each)} | {statistics.median(each):.2f} | {min(each):.2f} | {max(each):.2f} |"
        for who, each in (("operator's script", found.operator), ("watchdog", found.watchdog))
    ]
    head = "| who restarts | rounds | median, s | least, s | most, s |\n|---|---|---|---|---|"
    load = f"load average {found.load[0]:.1f} before, {found.load[1]:.1f} after"
    return "\n".join([head, *rows, "", f"Ratio of the medians: **{watchdog / operator:.2f}** ({load})."])
