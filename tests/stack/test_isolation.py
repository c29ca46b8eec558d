"""One slow system delays nobody else: what hangs is shown, everything else is watched and mended as ever."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.proxy import RecordingProxy, Trouble, everything
from tests.stack.watchdog_process import Watchdog, eventually

SPEC = Spec(prefix="iso", database="iso", target_database="iso_dw", source="iso-source", sink="iso-sink")
HANG_SECONDS = 90.0
SLOWEST_SCRAPE_SECONDS = 3.0
"""Below the five that one call to what hangs takes; far above what a busy machine needs."""


@contextmanager
def silent_port() -> Iterator[int]:
    """The system accepts the connections, and nobody ever reads or writes them."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        yield int(server.getsockname()[1])


@dataclass
class Scraper:
    """Asks `/metrics` and `/livez` all the time, as a Prometheus in a hurry would."""

    watchdog: Watchdog
    seconds: list[float] = field(default_factory=list)
    answers: set[int] = field(default_factory=set)
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Scraper:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(0.2):
            began = time.monotonic()
            self.answers.add(self.watchdog.get("/metrics", 30).status_code)
            self.answers.add(self.watchdog.get("/livez", 30).status_code)
            self.seconds.append(time.monotonic() - began)


def age(watchdog: Watchdog, cluster: str | None, source: str) -> float:
    found = watchdog.metric("watchdog_observation_age_seconds", connect_cluster=cluster or "", source=source)
    assert found is not None, f"no age of {cluster}/{source}"
    return found


def sources(watchdog: Watchdog) -> dict[tuple[str | None, str], dict[str, Any]]:
    listed = watchdog.get("/readyz").json()["sources"]
    return {(source["connect_cluster"], source["name"]): source for source in listed}


def test_systems_that_hang_for_90_seconds_delay_neither_ticks_nor_metrics_nor_the_other_clusters_repair(
    stack: Stack, pipeline: Pipeline, tmp_path: Path
) -> None:
    with (
        RecordingProxy(stack.connect_url) as quick,
        RecordingProxy(stack.connect_url) as hung,
        silent_port() as kafka,
        silent_port() as database,
    ):
        hung.trouble.append(Trouble(everything, before=HANG_SECONDS))
        clusters = [
            {
                "name": "hung",
                "connect_url": hung.url,
                "kafka_bootstrap_servers": f"127.0.0.1:{kafka}",
                "request_timeout_seconds": 5,
            },
            {"name": "quick", "connect_url": quick.url, "kafka_bootstrap_servers": stack.bootstrap_servers},
        ]
        silent = f"mysql+pymysql://watchdog:watchdog@127.0.0.1:{database}/"
        urls = (silent, stack.source_url, stack.target_url)
        watchdog = Watchdog(tmp_path, "", databases=urls, WATCHDOG_CLUSTERS=json.dumps(clusters))
        with watchdog, Scraper(watchdog) as scraper:
            began = time.monotonic()
            pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
            pipeline.insert(2)
            eventually(lambda: "FAILED" in stack.connect.states(SPEC.sink) or None, 30, "the sink is FAILED")
            incident = watchdog.wait_for_incident(SPEC.sink, 30, columns=["unexpected_field"], verdict="hold")
            stack.target.execute(incident["way_out"])
            watchdog.wait_for_incident(SPEC.sink, 60, state="resolved")
            eventually(lambda: time.monotonic() - began > 20 or None, 30, "20 s of hanging were seen")

            hanging = [("hung", "connect"), ("hung", "status-topic"), (None, f"database:127.0.0.1:{database}")]
            eventually(
                lambda: all(sources(watchdog).get(each, {}).get("error") for each in hanging),
                60,
                lambda: f"everything that hangs is told with its error: {sources(watchdog)}",
            )
            assert [sources(watchdog)[each]["age_seconds"] for each in hanging] == [None, None, None]
            ages = {each: age(watchdog, *each) for each in hanging}
            assert min(ages.values()) > 15
            eventually(lambda: all(age(watchdog, *each) > ages[each] + 1 for each in hanging), 60, "their ages grow")
            assert age(watchdog, "quick", "connect") < 10
            assert watchdog.log().count("hung/connect cannot be seen") == 1
        assert scraper.answers == {200}
        assert max(scraper.seconds) < SLOWEST_SCRAPE_SECONDS
        polls = [call.at for call in quick.calls if call.path == "/connectors?expand=status"]
        assert max(later - earlier for earlier, later in pairwise(polls)) < 10
        assert not hung.changes()


def test_while_connect_is_down_metrics_are_served_and_the_sources_are_told_with_their_ages(
    stack: Stack, tmp_path: Path
) -> None:
    urls = (stack.target_url,)
    with RecordingProxy(stack.connect_url) as proxy, Watchdog(tmp_path, proxy.url, databases=urls) as watchdog:
        proxy.trouble.append(Trouble(everything, swallow=True))
        connect = ("default", "connect")
        eventually(lambda: sources(watchdog)[connect]["error"], 60, "Connect cannot be seen")
        eventually(lambda: (age := sources(watchdog)[connect]["age_seconds"]) and age > 4, 60, "its age grows")
        # What was last seen of it is still told, and what can be seen is as young as ever.
        assert watchdog.metric("kafka_connect_connector_state", connector="oltp-source", state="RUNNING") == 1
        database = f"database:127.0.0.1:{stack.settings.target_port}"
        assert sources(watchdog)[None, database]["error"] == ""
        assert watchdog.get("/livez").status_code == 200
        asked = watchdog.cli("status")
        assert (asked.returncode, asked.stdout, len(asked.stderr.splitlines())) == (5, "", 1)

        proxy.trouble.clear()
        # The pauses between two tries grow while it is down.
        eventually(lambda: not sources(watchdog)[connect]["error"], 60, "Connect is seen again")
        assert watchdog.log().count("default/connect can be seen again") == 1
