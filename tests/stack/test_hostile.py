"""Names, traces and answers that someone made to hurt: shown as text, within budgets, and nothing else suffers."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from confluent_kafka import Producer
from stack import Stack

from tests.hostile_server import Behaviour, Talk, answer, hostile_server
from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import REPOSITORY, Watchdog, eventually

IMAGE = "<img onerror=alert(1) src=x>"
MARKUP = "[/foo]"
UNREACHABLE = ("a/b", "a%2Fb", MARKUP)
TITLE = "\x1b]0;OWNED\x07"
EVIL = f"{TITLE}\x1b[2J\x1b[6n\x9b31m\x07<script>alert(1)</script> {MARKUP}"
# What rich's live view itself sends: colours, cursor up, erase line, home of the line, show and hide the cursor.
OURS = re.compile(r"\x1b\[(?:[\d;]*m|\d*[AK]|\?25[lh]|\?7[lh])")
MEMORY_BYTES_MAX = 300 * 1024**2


def failing(stack: Stack, said: str) -> dict[str, str]:
    """A sink whose task fails as it starts, with `said` in its trace."""
    return {
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "topics": "hostile.none",
        "connection.url": f"jdbc:mysql://127.0.0.1:{stack.settings.target_port}/dw",
        "connection.username": "dw",
        "connection.password": "dw",
        "transforms": "x",
        "transforms.x.type": "org.apache.kafka.connect.transforms.TimestampConverter$Value",
        "transforms.x.target.type": "string",
        "transforms.x.field": "at",
        "transforms.x.format": f"no pattern: {said}",
    }


def remove(stack: Stack, *connectors: str) -> None:
    """Also those that REST cannot address: by the record that Connect itself would write."""
    producer = Producer({"bootstrap.servers": stack.bootstrap_servers})
    for name in set(connectors) & set(stack.connect.names()):
        if name in UNREACHABLE:
            producer.produce("connect-configs", key=f"connector-{name}", value=None)
        else:
            stack.connect.call("DELETE", f"/connectors/{quote(name, safe='')}")
    assert producer.flush(10) == 0
    eventually(lambda: not set(connectors) & set(stack.connect.names()), 60, "the hostile connectors are gone")


@pytest.fixture
def hostile(stack: Stack) -> Iterator[tuple[str, ...]]:
    """Failed connectors of the real Connect."""
    names = (IMAGE, "[red]x", *UNREACHABLE)
    remove(stack, *names)
    for name in names:
        stack.connect.call("POST", "/connectors", {"name": name, "config": failing(stack, EVIL)})
    yield names
    remove(stack, *names)


def assert_shows_only_text(output: str) -> None:
    held = re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]", OURS.sub("", output).replace("\r", ""))
    assert not held, (held[:5], output[-2000:])
    assert "Traceback" not in output
    assert "MarkupError" not in output


def on_a_terminal(watchdog: Watchdog, seconds: float) -> str:
    """What `watchdog run` sends to a terminal of 200 columns within that time of its first word; it must end well."""
    reader, writer = pty.openpty()
    size = {"COLUMNS": "200", "LINES": "50", "TERM": "xterm-256color"}
    environment = {**watchdog.environment, **size, "WATCHDOG_HTTP__PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "watchdog", "run"], stdout=writer, stderr=writer, env=environment, cwd=REPOSITORY
    )
    os.close(writer)
    text = b""
    until = time.monotonic() + 60
    while True:
        if time.monotonic() > until and process.poll() is None:
            process.terminate()
            until += 10
        if select.select([reader], [], [], 0.1)[0]:
            try:
                until = until if text else time.monotonic() + seconds
                text += os.read(reader, 65536)
            except OSError:  # The process ended.
                break
    os.close(reader)
    assert process.wait(10) == 0, text[-2000:]
    return text.decode(errors="replace")


def test_hostile_names_and_traces_of_a_real_connect_are_text_and_nothing_is_sent_for_names_out_of_reach(
    stack: Stack, hostile: tuple[str, ...], tmp_path: Path
) -> None:
    with (
        RecordingProxy(stack.connect_url) as proxy,
        Watchdog(tmp_path, proxy.url, stack.bootstrap_servers, (stack.target_url,)) as watchdog,
    ):
        told_of = eventually(
            lambda: (all_ := watchdog.incidents()) and len({one["connector"] for one in all_}) == len(hostile) and all_,
            60,
            "each hostile connector has its incident",
        )
        asked = watchdog.cli("restart", IMAGE)
        assert asked.returncode == 0, asked.stderr
        assert [call.path.partition("?")[0] for call in proxy.restarts(quote(IMAGE, safe=""))] == [
            f"/connectors/{quote(IMAGE, safe='')}/restart"
        ]

        table = watchdog.cli("status")
        # The table comes first; what is told of each incident begins with its name as well.
        rows = {line.split("  ")[0]: line for line in reversed(table.stdout.splitlines())}
        assert all("not addressable" in rows[name] for name in UNREACHABLE)
        assert "not addressable" not in rows[IMAGE]
        told = {each["connector"]: each for each in json.loads(watchdog.cli("status", "-o", "json").stdout)}
        assert {name: told[name]["failed_tasks"] for name in hostile} == dict.fromkeys(hostile, 1)
        assert told["oltp-source"]["failed_tasks"] == 0
        refused = watchdog.cli("restart", "a/b")
        assert refused.returncode == 1
        assert "address" in refused.stderr

        verbs = [("status", IMAGE), ("status", MARKUP), ("status", "[red]x"), ("incidents",), ("incidents", "--all")]
        shown = [table, refused, *(watchdog.cli(*verb) for verb in verbs)]
        shown += [watchdog.cli("incident", one["id"]) for one in told_of[:2]]
        for done in shown:
            assert_shows_only_text(done.stdout + done.stderr)
        assert any("<script>alert(1)</script> [/foo]" in done.stdout for done in shown)
        assert_shows_only_text(watchdog.log())
        assert "<script>alert(1)</script> [/foo]" in watchdog.log()
        assert watchdog.metric("kafka_connect_connector_failed_task_count", connector="a%2Fb") == 1
        assert [c.path for c in proxy.calls if "a/b" in c.path or "a%2Fb" in c.path or "a%252Fb" in c.path] == []
        assert watchdog.get("/livez").status_code == 200
        screen = on_a_terminal(watchdog, 5)
        assert MARKUP in screen
        assert_shows_only_text(screen)


def status_of(name: str, trace: str) -> dict[str, object]:
    worker = {"worker_id": "127.0.0.1:8083"}
    tasks = [{"id": 0, "state": "FAILED", "trace": trace, **worker}]
    status = {"name": name, "type": "sink", "connector": {"state": "RUNNING", **worker}, "tasks": tasks}
    return {name: {"status": status}}


def connect_with(statuses: object, configs: object) -> dict[str, Behaviour]:
    return {
        "GET /": answer({"version": "4.3.1"}),
        "GET /health": answer({"status": "healthy", "message": "ready"}),
        "GET /connectors?expand=status": answer(statuses),
        "GET /connectors?expand=info": answer(configs),
    }


def memory_bytes(watchdog: Watchdog) -> int:
    assert watchdog.process is not None
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{watchdog.process.pid}/status").read_text())
    assert peak is not None
    return int(peak[1]) * 1024


def test_a_trace_of_50_megabytes_is_cut_before_it_is_kept_or_shown(tmp_path: Path) -> None:
    trace = f"java.lang.RuntimeException: {EVIL}\n" + "\tat x.y.z(Z.java:1)\n" * 2_500_000
    config = {"name": "huge", "connector.class": "x.Sink", "topics": "t"}
    info = {"huge": {"info": {"name": "huge", "type": "sink", "config": config, "tasks": []}}}
    behave = connect_with(status_of("huge", trace), info)
    behave["GET /connectors/huge/config"] = answer(config)
    with hostile_server(behave) as server, Watchdog(tmp_path, server.url) as watchdog:
        incident = watchdog.wait_for_incident("huge", 30)
        outputs = [watchdog.cli("incident", incident["id"]), watchdog.cli("incident", incident["id"], "-o", "json")]
        assert all(len(done.stdout) < 100_000 for done in outputs)
        kept = json.loads(outputs[1].stdout)["trace"]
        # How much of it is not shown is said in its place, and its end is there.
        assert "the middle is left out" in kept
        assert kept.rstrip().endswith("at x.y.z(Z.java:1)")
        assert_shows_only_text(kept)
        assert_shows_only_text(watchdog.log())
        assert watchdog.get("/livez").status_code == 200
        assert max(path.stat().st_size for path in tmp_path.glob("journal.sqlite*")) < 5_000_000
        # Fifty megabytes are read, parsed and cleaned with each poll.
        assert memory_bytes(watchdog) < 2 * MEMORY_BYTES_MAX


def endless(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n")
    for _ in range(5_000_000_000 // 65536):
        talk.send(b" " * 65536)


def dripping(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    talk.drip(b" " * 1000, 1.0)


def bomb() -> bytes:
    """256 MB of blanks in 256 KB."""
    return answer(gzip.compress(b" " * 256 * 1024**2, 1), Content_Encoding="gzip")


NONSENSE: dict[str, tuple[Behaviour, str]] = {
    "huge": (endless, "larger than the cap"),
    "bomb": (bomb(), "larger than the cap"),
    "drip": (dripping, "no whole answer within 2 s"),
    "utf8": (answer(b'{"a": "\xff\xfe"}'), "no valid JSON"),
    "nan": (answer(b'{"a": NaN}'), "no valid JSON"),
    "twice": (answer(b'{"a": {}, "a": {}}'), "a key twice"),
    "deep": (answer(b"[" * 100_000 + b"]" * 100_000), "JSON"),
    "page": (answer("<html><script>alert(1)</script></html>", Content_Type="text/html"), "a page"),
    "list": (answer([1, None, {"a": 2}]), "Connect worker"),
}


def test_answers_that_are_nonsense_are_told_in_one_line_each_and_cost_neither_ticks_nor_memory(tmp_path: Path) -> None:
    well = connect_with({}, {})
    with ExitStack() as servers:
        urls = {"well": servers.enter_context(hostile_server(well)).url}
        urls |= {name: servers.enter_context(hostile_server(behave)).url for name, (behave, _) in NONSENSE.items()}
        clusters = [
            {"name": name, "connect_url": url, "request_timeout_seconds": 2, "poll_interval_seconds": 0.5}
            for name, url in urls.items()
        ]
        with Watchdog(tmp_path, "", WATCHDOG_CLUSTERS=json.dumps(clusters)) as watchdog:

            def errors() -> dict[str, str]:
                sources = watchdog.get("/readyz").json()["sources"]
                told: dict[str, str] = {}
                for each in sources:  # Its statuses, and its configurations where those cannot be read.
                    told[each["connect_cluster"]] = told.get(each["connect_cluster"], "") + each["error"]
                return told

            expected = {name: said for name, (_, said) in NONSENSE.items()}
            eventually(
                lambda: all(said in errors().get(name, "") for name, said in expected.items()),
                30,
                lambda: f"every error is told: {errors()}; the log:\n{watchdog.log()}",
            )
            # Error, target and what to do next, in one line, told once.
            for name in NONSENSE:
                told_of = re.compile(rf" {name}/(connect|configs) cannot be seen")
                line, *others = [each for each in watchdog.log().splitlines() if told_of.search(each)]
                assert line.partition(name)[2] not in {each.partition(name)[2] for each in others}
                assert urls[name] in line or "/connectors" in line or "/health" in line, line
                assert re.search(r"\(.+\)", line), line
            assert errors()["well"] == ""
            ages = watchdog.metric("watchdog_observation_age_seconds", connect_cluster="well", source="connect")
            assert ages is not None
            assert ages < 5
            assert watchdog.metric("watchdog_observation_age_seconds", connect_cluster="bomb", source="connect")
            assert watchdog.get("/livez").status_code == 200
            assert_shows_only_text(watchdog.log())
            assert memory_bytes(watchdog) < MEMORY_BYTES_MAX, memory_bytes(watchdog)

        def status(name: str) -> tuple[str, subprocess.CompletedProcess[str]]:
            alone = [cluster for cluster in clusters if cluster["name"] == name]
            return name, Watchdog(tmp_path, "", WATCHDOG_CLUSTERS=json.dumps(alone)).cli("status")

        with ThreadPoolExecutor(2) as pool:
            for name, done in pool.map(status, NONSENSE):
                code = 5 if name == "drip" else 1
                assert (name, done.returncode, done.stdout) == (name, code, "")
                assert len(done.stderr.splitlines()) == 1, done.stderr
                assert NONSENSE[name][1] in done.stderr
