"""What a workflow would begin with: its first steps, which change nothing, taken without a journal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from watchdog.app.reading import journaled
from watchdog.assembly import clock, connect_of, procedures_of, quarantine_of, sink_eyes_of
from watchdog.errors import SettingsError
from watchdog.look.quarantine import quarantine_plan, replay_plan
from watchdog.model import ConnectorKey, RecordsPlan, Workflow
from watchdog.model.workflows import REFUSED
from watchdog.settings import Settings
from watchdog.workflows import Steps
from watchdog.workflows.recover import READING


def recovery_preview(
    settings: Settings, connector: str, cluster: str | None, *, prove: bool, snapshot: bool, say: Callable[[str], None]
) -> tuple[bool, str]:
    """Whether `recover` may be begun, and what it would do or why not; `say` is told each step.

    `prove`: reads the binlog, too, and tells whether a history of now would be right.
    """
    key = key_of(settings, connector, cluster)
    (place,) = (each for each in settings.clusters if each.name == key.cluster)
    steps = Steps(procedures_of(place, settings, settings.redactor), lambda result: None)
    workflow = Workflow("preview", "recover", key, clock(), arguments={"check": True, "snapshot": snapshot})
    while True:
        result = steps.result(workflow)
        if result.error or result.result == REFUSED:
            return False, result.error or result.detail
        if result.next not in READING or (result.next != workflow.step and not prove):
            return True, result.detail
        say(result.detail)
        workflow = replace(workflow, step=result.next, data={**workflow.data, **result.data})


def records_plan(settings: Settings, connector: str, cluster: str | None, *, replay: bool) -> RecordsPlan:
    """What `quarantine` would do, or `quarantine --replay`; nothing is changed. Raises `PortError`."""
    begun = journaled(settings).workflow_of(key_of(settings, connector, cluster))
    if begun and begun.kind == ("replay" if replay else "quarantine"):
        return RecordsPlan(begun.key, under_way=f"{begun.kind} is under way, at the step {begun.step}")
    return _records_preview(settings, connector, cluster, replay=replay)


def _records_preview(settings: Settings, connector: str, cluster: str | None, *, replay: bool) -> RecordsPlan:
    key = key_of(settings, connector, cluster)
    (place,) = (each for each in settings.clusters if each.name == key.cluster)
    if not place.kafka_bootstrap_servers:
        problem = (
            "which records wait is read from Kafka, and nothing says where that is: set KAFKA_BOOTSTRAP_SERVERS, or "
            f"kafka_bootstrap_servers of Connect cluster {place.name}"
        )
        raise SettingsError([problem])
    connect, quarantine = connect_of(place, settings.redactor), quarantine_of(place, settings, settings.redactor)
    with closing(quarantine):
        eyes = sink_eyes_of(connect, quarantine, settings)
        if replay:
            return replay_plan(key, eyes, quarantine)
        return quarantine_plan(key, eyes, connect.control, quarantine)


def key_of(settings: Settings, connector: str, cluster: str | None) -> ConnectorKey:
    """Of the first Connect cluster when none is named. Raises `SettingsError`."""
    names = [each.name for each in settings.clusters]
    if cluster and cluster not in names:
        raise SettingsError([f"--cluster {cluster}: there is no such Connect cluster; known are {', '.join(names)}"])
    return ConnectorKey(cluster or names[0], connector)
