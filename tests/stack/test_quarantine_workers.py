"""Workers where `quarantine` cannot do its work: it says so in plain words, and nothing was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.own_worker import OwnWorker, own_worker
from tests.stack.watchdog_process import Watchdog, eventually

SINK = "narrow-sink"


@pytest.fixture
def narrow(stack: Stack) -> Iterator[Pipeline]:
    """Of the drill pipeline's topic, for a worker of the test's own, into a table that takes short names only."""
    drill = stack.pipeline.spec
    pipeline = stack.pipeline_of(Spec(drill.prefix, drill.database, target_database="narrow_dw", sink=SINK))
    pipeline.create_tables()
    pipeline.alter_target("MODIFY customer VARCHAR(3) NOT NULL")
    yield pipeline
    stack.target.execute("DROP DATABASE narrow_dw")
    stack.kafka.delete_topics([f"watchdog.quarantine.{SINK}"])


def watchdog_of(stack: Stack, worker: OwnWorker, folder: Path) -> Watchdog:
    """Not started: its verbs do by themselves what they are asked for."""
    return Watchdog(folder, worker.url, stack.bootstrap_servers, (stack.source_url, stack.target_url))


def what_it_is(worker: OwnWorker) -> tuple[Any, ...]:
    status = worker.status(SINK)
    tasks = [(task["id"], task["state"]) for task in status["tasks"]]
    return worker.config(SINK), status["connector"]["state"], tasks, worker.offsets(SINK)


@pytest.mark.long
def test_a_worker_that_allows_no_overrides_is_told_before_anything_is_changed(
    stack: Stack, narrow: Pipeline, tmp_path: Path
) -> None:
    with own_worker(stack, "no-overrides", connector_client_config_override_policy="None") as worker:
        worker.put(SINK, narrow.sink_config())
        worker.wait_failed(SINK, 60)
        eventually(lambda: worker.offsets(SINK)["offsets"] is not None, 10, "offsets are told")
        before = what_it_is(worker)
        watchdog = watchdog_of(stack, worker, tmp_path)
        shown = watchdog.cli("quarantine", SINK, "--dry-run")
        asked = watchdog.cli("quarantine", SINK, "--yes", "-o", "json")
        print(shown.stderr, asked.stdout)
        assert (shown.returncode, asked.returncode) == (1, 1)
        told = json.loads(asked.stdout)
        assert told["result"] == "refused"
        for said in (told["detail"], " ".join(shown.stderr.split())):
            assert "connector.client.config.override.policy" in said
            assert "The 'None' policy does not allow 'max.poll.records' to be overridden" in said
            assert "nothing was changed" in said
        assert what_it_is(worker) == before
        assert f"watchdog.quarantine.{SINK}" not in stack.kafka.topics()
        assert not watchdog.journaled("workflow/")


@pytest.mark.long
@pytest.mark.parametrize(("version", "whole"), [("3.5", "3.5.2"), ("2.8", "2.8.2")])
def test_a_worker_before_3_6_is_told_with_its_version(stack: Stack, tmp_path: Path, version: str, whole: str) -> None:
    file_sink = {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "topics": stack.pipeline.spec.topic,
        "file": str(tmp_path / "rows"),
    }
    with own_worker(stack, f"before-3-6-{version.replace('.', '-')}", version) as worker:
        worker.put(SINK, file_sink)
        worker.wait_running(SINK)
        asked = watchdog_of(stack, worker, tmp_path).cli("quarantine", SINK, "--yes", "-o", "json")
        print(asked.stdout, asked.stderr)
        assert asked.returncode == 1
        told = json.loads(asked.stdout)
        assert told["result"] == "refused"
        wanted = f"its worker is Connect {whole}; offsets can be changed through REST from 3.6 on; nothing was changed"
        assert told["detail"] == wanted
        assert worker.states(SINK) == {"RUNNING"}
        assert worker.config(SINK) == {**file_sink, "name": SINK}
