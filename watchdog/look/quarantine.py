"""Shell: one look → what `quarantine` would copy and step over, or what `quarantine --replay` would write back."""

from __future__ import annotations

from watchdog.errors import PortRefused
from watchdog.model import ConnectorKey, RecordsPlan, Replay
from watchdog.ports import Control, Quarantine
from watchdog.stepping import replayable
from watchdog.workflows.narrowed import Narrowed
from watchdog.workflows.quarantine_data import barred
from watchdog.workflows.sinks import SinkEyes


def quarantine_plan(key: ConnectorKey, eyes: SinkEyes, control: Control, quarantine: Quarantine) -> RecordsPlan:
    """Raises `PortError` when something does not answer."""
    topic = quarantine.topic_of(key)
    try:
        refusal = barred(control.version(), control.state(key.connector))
    except PortRefused as error:
        if error.status != 404:
            raise
        refusal = f"Connect knows no connector {key.connector!r}"
    if refusal:
        return RecordsPlan(key, topic, refusal)
    sight = eyes.sight(key)
    if sight.refusal:
        return RecordsPlan(key, topic, sight.refusal)
    if why := Narrowed(control).why_not(key.connector):
        return RecordsPlan(key, topic, why)
    selection, _ = eyes.unfit(key, sight)
    return RecordsPlan(key, topic, selection=selection, warnings=sight.warnings)


def replay_plan(key: ConnectorKey, eyes: SinkEyes, quarantine: Quarantine) -> RecordsPlan:
    """Raises `PortError` when something does not answer."""
    topic, sight = quarantine.topic_of(key), eyes.sight(key)
    if sight.refusal:
        return RecordsPlan(key, topic, sight.refusal, replay=Replay())
    kept = quarantine.kept(key)
    since = quarantine.since(key, [each.id for each in kept])
    return RecordsPlan(key, topic, replay=replayable(kept, since, sight.judge))
