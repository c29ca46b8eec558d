"""What is so right now, asked of everything that answers: `status`, `drift`, `topology`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from watchdog import lifecycle
from watchdog.app.reading import known
from watchdog.assembly import clock, connect_of, looking
from watchdog.compare import DriftReport, drift_report, is_named
from watchdog.detect import symptoms
from watchdog.diagnose import diagnose
from watchdog.errors import PortError
from watchdog.look.chart import Chart, Place, chart
from watchdog.look.five_places import survey
from watchdog.memory import Memory
from watchdog.model import ConnectorStatus, Observation, Report
from watchdog.settings import Settings
from watchdog.world import Configs, World

log = structlog.get_logger("watchdog")


def look(settings: Settings) -> Report:
    """Every connector right now, with the journal's incidents. Raises `PortError` when no cluster answers."""
    seen = _seen(settings)
    memory = known(settings)
    for view in seen.clusters.values():
        for status in view.connectors.values():
            memory = _with_unwatched(memory, status, seen.now)
    incidents = sorted(memory.incidents.values(), key=lambda one: (not one.open, one.opened_at, one.key))
    circuits = {name: circuit for name, circuit in memory.circuits.items() if circuit.open}
    return Report(seen, tuple(incidents), memory.counters, ready=True, circuits=circuits)


def _seen(settings: Settings) -> Observation:
    world = World()
    errors: list[PortError] = []
    for cluster in settings.clusters:
        connect = connect_of(cluster, settings.redactor)
        try:
            world = world.after(connect.poll())
            world = world.after(Configs(cluster.name, connect.configs(), whole=True))
        except PortError as error:
            errors.append(error)
    if errors and len(errors) == len(settings.clusters):
        raise errors[0]
    for unseen in errors:
        log.warning("a Connect cluster cannot be seen", error=str(unseen))
    return world.observation(clock())


def _with_unwatched(memory: Memory, status: ConnectorStatus, now: datetime) -> Memory:
    """What failed and is in no incident yet."""
    incident = memory.incident_of(status.key)
    failures = tuple(symptoms(status))
    if not failures or (incident and incident.open):
        return memory
    fresh = lifecycle.opened(status.key, failures, diagnose(failures[0].trace, status.type), now)
    return memory.with_incident(replace(fresh, reason="not watched yet: `watchdog run` watches it"))


def drift(settings: Settings, tables: Sequence[str], say: Callable[[str], None]) -> DriftReport:
    """One look at the captured tables that are named, or at all. Raises `PortError` when no Connect cluster answers."""
    with looking(settings) as ports:
        look, problems = survey(ports, lambda table: is_named(table, tables), say, clock())
    return drift_report(look, tables, problems)


def topology(settings: Settings) -> Chart:
    """How all connectors hang together right now. Raises `PortError` when no cluster answers."""
    with looking(settings) as ports:
        places = [Place(each.connect, each.statuses, each.kafka) for name, each in ports.clusters.items()]
        return chart(places, ports.databases)
