"""The native stack starts, heals, stops and carries rows, as real processes."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from stack import Settings, Stack, StackError, wait_for
from stack.pipeline import Spec
from stack.settings import HOST, REPOSITORY

OWN = Spec(
    prefix="own",
    database="own",
    target_database="own_dw",
    source="own-source",
    sink="own-sink",
    tasks=2,
    partitions=2,
    sink_config={"consumer.override.max.poll.records": "10"},
)


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "scripts/stack", *arguments]
    return subprocess.run(line, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=240)


def _processes_of(stack: Stack) -> list[str]:
    """By their command lines, which name the stack's folder: independent of pid files."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # gone meanwhile
            continue
        if f"{stack.settings.directory}/" in line:
            lines.append(line)
    return lines


@pytest.fixture
def other_environment(
    stack_environment: dict[str, str], ports_beside: dict[str, str], tmp_path: Path
) -> dict[str, str]:
    """A second stack, on ports of its own."""
    return {**stack_environment, **ports_beside, "STACK_DIR": str(tmp_path / "stack")}


def test_rows_travel_from_source_to_target(fresh_stack: Stack) -> None:
    stack = fresh_stack  # The sink's connections may have been ended by whatever ran before.
    stack.pipeline.insert(3)
    stack.pipeline.wait_in_step(30)


def all_ready(stack: Stack) -> dict[str, dict[str, object]]:
    """Once every part answers: on a busy machine one may take longer than it is given for a single look."""

    def status() -> dict[str, dict[str, object]] | None:
        found = stack.status()
        return found if all(part["ready"] for part in found.values()) else None

    return wait_for(status, 60, "every part to answer")


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = all_ready(stack)
    stack.up()
    assert all_ready(stack) == before


@pytest.mark.parametrize("part", ["kafka", "connect", "source-db", "target-db"])
def test_up_brings_back_a_part_that_was_killed(stack: Stack, part: str) -> None:
    before = all_ready(stack)
    stack.stop(part, kill=True)
    assert stack.status()[part] == {"pid": None, "port": before[part]["port"], "ready": False}
    stack.up()
    after = all_ready(stack)
    assert after[part]["pid"] != before[part]["pid"]
    assert [name for name in before if before[name] != after[name]] == [part]

    # The connectors' pooled connections may be dead, which they would notice at the next row only.
    for connector in stack.connect.names():
        stack.connect.restart(connector, only_failed=False)
        stack.connect.wait_running(connector, 90)
    stack.pipeline.insert(1)
    stack.pipeline.wait_in_step(90)


def test_a_pipeline_of_its_own_comes_and_goes_without_a_trace(stack: Stack) -> None:
    topics = set(stack.kafka.topics())
    own = stack.pipeline_of(OWN)
    own.create()
    assert len(stack.connect.status("own-sink")["tasks"]) == 2
    own.insert(4)
    own.wait_in_step(30)
    own.delete()
    assert set(stack.kafka.topics()) == topics
    assert stack.connect.names() == ["dw-sink", "oltp-source"]
    assert not stack.target.query("SHOW DATABASES LIKE 'own%'")


def test_everything_listens_on_this_machine_only(stack: Stack) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: asks for the address that would be used
        address = probe.getsockname()[0]
    for part in stack.parts.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, part.port), timeout=2)


@pytest.mark.usefixtures("needs_mysql")
def test_the_watchdog_user_reads_columns_and_the_binlog_position(stack: Stack) -> None:
    from sqlalchemy import create_engine, text

    for url in (stack.source_url, stack.target_url):
        with create_engine(url).connect() as connection:
            assert connection.execute(text("SHOW COLUMNS FROM orders")).fetchall()
            assert connection.execute(text("SHOW BINARY LOG STATUS")).fetchall()


def test_env_is_for_a_shell(stack: Stack, stack_environment: dict[str, str]) -> None:
    script = f'eval "$({sys.executable} scripts/stack env)" && echo $CONNECT_URL $KAFKA_BOOTSTRAP_SERVERS $DATABASE_URL'
    line = ["sh", "-c", script]
    done = subprocess.run(line, cwd=REPOSITORY, env=stack_environment, capture_output=True, text=True)
    urls = f"{stack.source_url},{stack.target_url}"
    assert done.stdout.split() == [stack.connect_url, stack.bootstrap_servers, urls]


def test_status_and_logs_tell_of_each_part(stack: Stack, stack_environment: dict[str, str]) -> None:
    status = json.loads(command(stack_environment, "status", "-o", "json").stdout)
    assert status == stack.status()
    assert "Kafka Connect" in command(stack_environment, "logs", "connect", "-n", "5000").stdout


def test_a_part_that_does_not_exist_is_one_clear_line(stack_environment: dict[str, str]) -> None:
    done = command(stack_environment, "stop", "zookeeper")
    assert done.returncode == 1
    assert done.stderr == (
        "stack: there is no part 'zookeeper': it is one of kafka, source-db, target-db, connect, registry\n"
    )


def test_a_port_in_use_is_one_clear_line_and_starts_nothing(other_environment: dict[str, str]) -> None:
    port = int(other_environment["STACK_CONNECT_PORT"])
    with socket.create_server((HOST, port)):
        done = command(other_environment, "up")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"stack: port {port} is taken by pid ")
    assert done.stderr.endswith(f"stop it or set STACK_CONNECT_PORT={port + 10_000}\n")
    assert not list(Path(other_environment["STACK_DIR"]).glob("*.pid"))


def test_a_process_that_dies_at_its_start_shows_its_last_words_and_takes_the_others_along(
    other_environment: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "java-home" / "bin" / "java"
    broken.parent.mkdir(parents=True)
    broken.write_text('#!/bin/sh\n[ "$1" = -version ] && exec java -version\necho no memory left >&2; exit 1\n')
    broken.chmod(0o755)
    folder = Path(other_environment["STACK_DIR"])
    (folder / "kafka").mkdir(parents=True)
    (folder / "kafka" / "meta.properties").touch()
    done = command({**other_environment, "JAVA_HOME": str(broken.parents[1])}, "up")
    assert done.returncode == 1
    assert "died while starting" in done.stderr
    assert done.stderr.endswith("  no memory left\n")
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("*.pid"))


def test_cold_up_to_flowing_rows_then_down_leaves_no_process(other_environment: dict[str, str]) -> None:
    stack = Stack(Settings.from_env(other_environment))
    assert command(other_environment, "up").returncode == 0
    all_ready(stack)
    assert len(_processes_of(stack)) == 4
    assert len(stack.pipeline.target_ids()) == 5
    assert command(other_environment, "down").returncode == 0
    assert not _processes_of(stack)

    # The data is still there: the same pipeline goes on where it was.
    assert command(other_environment, "up").returncode == 0
    stack.pipeline.insert(1)
    stack.pipeline.wait_in_step(30)
    assert command(other_environment, "down", "--wipe").returncode == 0
    assert not Path(other_environment["STACK_DIR"]).exists()


def test_the_same_pipeline_runs_on_mariadb(other_environment: dict[str, str]) -> None:
    environment = {**other_environment, "DATABASE": "mariadb"}
    stack = Stack(Settings.from_env(environment))
    assert command(environment, "up").returncode == 0
    try:
        assert "MariaDB" in stack.source.query("SELECT VERSION() AS version")[0]["version"]
        stack.pipeline.insert(2)
        stack.pipeline.wait_in_step(30)
        drill = ["scripts/chaos/simulate_schema_drift.py", "--table", "oltp.orders", "--column", "surprise"]
        line = [sys.executable, *drill]
        done = subprocess.run(line, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
        assert json.loads(done.stdout)["gtid"]
        assert "schema evolution is disabled" in stack.connect.wait_failed("dw-sink")
        refused = command({**environment, "DATABASE": "mysql"}, "up")
        assert refused.returncode == 0, "what runs already needs no program"
        stack.stop("target-db")
        refused = command({**environment, "DATABASE": "mysql"}, "up")
        assert "holds data of mariadb, DATABASE=mysql cannot read it" in refused.stderr
    finally:
        command(environment, "down", "--wipe")


def test_waiting_for_a_connector_that_fails_ends_at_once_with_its_trace(stack: Stack) -> None:
    broken = stack.pipeline_of(Spec(**{**OWN.__dict__, "tasks": 1, "partitions": 1, "sink_config": {}}))
    broken.create()
    try:
        broken.alter("ADD COLUMN surprise INT")
        broken.insert(1)
        wait_for(lambda: "FAILED" in stack.connect.states("own-sink"), 30, "own-sink to fail")
        with pytest.raises(StackError, match=r"own-sink failed:\norg\.apache\.kafka"):
            broken.wait_in_step(30)
    finally:
        broken.delete()
