"""Two Connect clusters, old workers both, with a connector of one name: each is acted upon by itself, also when the
other cannot be reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.fakes.connect import FakeConnect
from tests.fakes.old_worker import OldWorker
from tests.hostile_server import HostileServer, hostile_server
from tests.stack.watchdog_process import Watchdog, eventually

NAME = "orders-sink"
ODD = "com.example.OddException: nobody has seen this before\n\tat x.Y.z(Y.java:1)\n"


def cluster(name: str, server: HostileServer) -> dict[str, object]:
    return {
        "name": name,
        "connect_url": server.url,
        "poll_interval_seconds": 0.3,
        "offset_flush_interval_seconds": 0.1,
    }


def restarts(server: HostileServer) -> list[str]:
    return [line for line in server.lines if line.startswith("POST")]


def test_each_cluster_is_acted_upon_by_itself_also_when_the_other_is_down(tmp_path: Path) -> None:
    with ExitStack() as both, ExitStack() as eu_only:
        fakes = {name: FakeConnect(name) for name in ("eu", "us")}
        for fake in fakes.values():
            fake.add(NAME, tasks=2)
        eu = eu_only.enter_context(hostile_server(OldWorker(fakes["eu"])))
        us = both.enter_context(hostile_server(OldWorker(fakes["us"])))
        clusters = json.dumps([cluster("eu", eu), cluster("us", us)])
        settings = {"WATCHDOG_TRANSIENT_DELAY_SECONDS": "0", "WATCHDOG_STABILITY_WINDOW_SECONDS": "1"}
        watchdog = both.enter_context(Watchdog(tmp_path, "", WATCHDOG_CLUSTERS=clusters, **settings))

        fakes["eu"].fail(NAME, ODD, task=1, again=False)
        first = eventually(_resolved(watchdog, "eu"), 60, "the one of eu is well again")
        assert first["resolution"] == "recovered"
        assert restarts(eu) == [f"POST /connectors/{NAME}/tasks/1/restart"]
        assert restarts(us) == []

        eu_only.close()
        eventually(lambda: "eu/connect cannot be seen" in watchdog.log(), 30, "eu is gone")
        fakes["us"].fail(NAME, ODD, task=0, again=False)
        second = eventually(_resolved(watchdog, "us"), 60, "the one of us is well again")
        assert (second["resolution"], second["connector"]) == ("recovered", first["connector"])
        assert restarts(us) == [f"POST /connectors/{NAME}/tasks/0/restart"]
        assert watchdog.metric("watchdog_restarts_total", connect_cluster="us", connector=NAME) == 1
        assert watchdog.metric("watchdog_restarts_total", connect_cluster="eu", connector=NAME) == 1


def _resolved(watchdog: Watchdog, name: str) -> Callable[[], dict[str, Any] | None]:
    def found() -> dict[str, Any] | None:
        # The log is cheaper to ask than the command.
        lines = watchdog.log().splitlines()
        if not any(f"{NAME} resolved" in line and f"connect_cluster={name}" in line for line in lines):
            return None
        each = [one for one in watchdog.incidents(all=True) if one["connect_cluster"] == name]
        return next((one for one in each if one["state"] == "resolved"), None)

    return found
