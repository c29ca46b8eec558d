"""30 connectors of the real Connect fail together: a volume is not mounted. One incident, one budget, one order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from stack import Stack

from tests.stack.proxy import Call, RecordingProxy, is_restart
from tests.stack.watchdog_process import Watchdog, eventually

COUNT, BUDGET = 30, 25
NAMES = [f"storm-{number:02}" for number in range(COUNT)]
TOPIC = "storm"
# The catalogue takes a missing file for a wrong setting, which nobody mends by a restart. Here it is a volume that
# comes back, and the user's own catalogue says so.
CATALOGUE = """\
- id: OWN-MOUNT
  side: sink
  pattern: 'NoSuchFileException: \\S*/mount/'
  category: RESOURCE
  restart: "yes"
  cause: The volume is not mounted.
  fix: Mount it.
"""


@dataclass
class Sinks:
    stack: Stack
    mount: Path

    def create(self) -> None:
        self.stack.kafka.create_topic(TOPIC, 1)
        for name in NAMES:
            self.stack.connect.put(name, self._config(name))
        for name in NAMES:
            self.stack.connect.wait_failed(name)

    def delete(self) -> None:
        # Connect balances its work anew for each that goes, but once for several that go together.
        with ThreadPoolExecutor(7) as pool:
            list(pool.map(lambda name: self.stack.connect.call("DELETE", f"/connectors/{name}"), NAMES))
        self.stack.kafka.delete_topics([TOPIC])

    def failed(self) -> list[str]:
        documents = self.stack.connect.call("GET", "/connectors?expand=status")
        tasks = {name: documents[name]["status"]["tasks"] for name in NAMES}
        return [name for name, each in tasks.items() if any(task["state"] == "FAILED" for task in each)]

    def _config(self, name: str) -> dict[str, str]:
        return {
            "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
            "tasks.max": "1",
            "topics": TOPIC,
            "file": str(self.mount / f"{name}.txt"),
        }


@pytest.fixture
def sinks(stack: Stack, tmp_path: Path) -> Iterator[Sinks]:
    found = Sinks(stack, tmp_path / "mount")
    found.create()
    yield found
    found.delete()


def restarted(proxy: RecordingProxy) -> list[tuple[float, str]]:
    calls: list[Call] = [call for call in list(proxy.calls) if is_restart(call.method, call.path)]
    return [(call.at, re.findall(r"/connectors/([^/]+)/", call.path)[0]) for call in calls]


def most_in_a_minute(calls: list[tuple[float, str]]) -> int:
    # The watchdog counts from its intents, the proxy from the calls' arrival: they are a moment apart.
    return max(sum(at <= other < at + 59 for other, _ in calls) for at, _ in calls)


def test_row_3_and_45_30_connectors_fail_together_and_come_back_in_slices(
    stack: Stack, sinks: Sinks, tmp_path: Path
) -> None:
    catalogue = tmp_path / "own.yaml"
    catalogue.write_text(CATALOGUE)
    with RecordingProxy(stack.connect_url) as proxy:
        cluster = {
            "connect_url": proxy.url,
            "kafka_bootstrap_servers": stack.bootstrap_servers,
            "offset_flush_interval_seconds": 1,
            "restarts_per_minute": BUDGET,
        }
        settings = {
            "WATCHDOG_CLUSTERS": json.dumps([cluster]),
            "WATCHDOG_STABILITY_WINDOW_SECONDS": "2",
            "WATCHDOG_TRANSIENT_DELAY_SECONDS": "1",
            "WATCHDOG_BACKOFF": "[5]",
            "WATCHDOG_ATTEMPTS_MAX": "100",
            "WATCHDOG_CATALOGUE": str(catalogue),
        }
        with Watchdog(tmp_path, "", **settings) as watchdog:
            # While the volume is away one is tried after the other, not all of them.
            eventually(lambda: len(restarted(proxy)) >= 2 or None, 40, "the next one is tried in vain, too")
            assert watchdog.metric("watchdog_circuit_open") == 1
            assert "the circuit of Connect cluster default is open" in watchdog.cli("status").stderr
            (told,) = [each for each in watchdog.incidents() if each["merged_into"] is None]
            assert [member["connector"] for member in told["members"]] == NAMES
            assert told["connector"] == NAMES[0]

            # Our own end in the middle: whatever came before it still counts.
            watchdog.kill()
            watchdog.start()
            assert watchdog.metric("watchdog_circuit_open") == 1
            tried = len(restarted(proxy))
            sinks.mount.mkdir()
            eventually(lambda: len(restarted(proxy)) > tried + 1 or None, 60, "the others follow the first one")
            vain = list(dict.fromkeys(name for _, name in restarted(proxy)[:tried]))
            eventually(lambda: not sinks.failed(), 120, lambda: f"all of them run again: {sinks.failed()}")
            eventually(
                lambda: watchdog.metric("watchdog_incidents", state="firing") == 0 or None, 60, "the incident is over"
            )
            assert watchdog.metric("watchdog_circuit_open") == 0
            every = watchdog.incidents(all=True)

    calls = restarted(proxy)
    assert vain == NAMES[: len(vain)]
    assert {each["id"] for each in every if each["merged_into"] is None} == {told["id"]}
    assert {each["resolution"] for each in every} == {"recovered"}
    assert most_in_a_minute(calls) <= BUDGET
    # Whoever was not tried in vain is restarted once and in the order of the names; a restart whose answer the kill cut
    # off may be sent once more.
    first = list(dict.fromkeys(name for _, name in calls))
    assert first == NAMES
    again = [name for name in first if [each for _, each in calls].count(name) > 1]
    assert set(again) <= set(NAMES[: len(vain) + 1])
