"""PURE: how patient and how bold the watchdog is. Durations in seconds.

`Policy` holds what is true of all connectors, and rules for some of them. `Policy.terms` lays them over each other: for
each setting by itself, the first rule that fits the connector and says something about it counts, else the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from watchdog.model import CallResult, Cause, ConnectorKey, Incident
from watchdog.policy.backoff import Backoff
from watchdog.policy.windows import Window


class Mode(StrEnum):
    OBSERVE = "observe"
    """Never act."""
    PROPOSE = "propose"
    """Say what would be done, and wait for a person's `approve`."""
    AUTO = "auto"
    """Act when the remedy was observed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one connector."""

    mode: Mode = Mode.AUTO
    attempts_max: int = 8
    backoff: Backoff = Backoff()
    stability_window_seconds: float = 30.0
    """How long everything has to be RUNNING before it counts as health."""
    never: bool = False
    """Never act, not even when a proposal is approved."""
    causes: tuple[str, ...] = ()
    """Categories and catalogue signatures that may be acted upon; empty: all."""
    resume: bool = False
    """A person's PAUSED or STOPPED ends, too, once what it failed of is remedied."""
    maintenance: tuple[Window, ...] = ()
    """Nothing is done meanwhile; it is detected and shown."""
    silences: tuple[Window, ...] = ()
    """Nobody is called meanwhile; everything else goes on."""

    def acts_on(self, cause: Cause) -> bool:
        return not self.causes or cause.category.value in self.causes or cause.signature in self.causes


@dataclass(frozen=True, slots=True)
class Rule:
    """Terms for the connectors whose cluster and name fit the patterns; None: says nothing about it."""

    connector: str
    cluster: str = "*"
    mode: Mode | None = None
    attempts_max: int | None = None
    backoff: Backoff | None = None
    stability_window_seconds: float | None = None
    never: bool | None = None
    causes: tuple[str, ...] | None = None
    resume: bool | None = None
    maintenance: tuple[Window, ...] | None = None
    silences: tuple[Window, ...] | None = None
    place: str = ""
    """Where it was written, such as `watchdog.yaml:12: policies[0]`."""

    def fits(self, key: ConnectorKey) -> bool:
        return fnmatchcase(key.cluster, self.cluster) and fnmatchcase(key.connector, self.connector)


_FIELDS = tuple(each.name for each in fields(Terms))


def _default_flush(_: str) -> float:
    return 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    mode: Mode = Mode.AUTO
    attempts_max: int = 8
    backoff: Backoff = Backoff()
    stability_window_seconds: float = 30.0
    rules: tuple[Rule, ...] = ()
    dry_run: bool = False
    """Every mode is OBSERVE: only what persons ask for is done."""
    transient_delay_seconds: float = 10.0
    """Before the one try that a transient failure gets."""
    restarts_per_minute: int = 30
    """Of a whole Connect cluster, where `budgets` does not name it."""
    budgets: Mapping[str, int] = field(default_factory=dict)
    circuit_tasks_min: int = 10
    """With so many tasks failing in a Connect cluster, and …"""
    circuit_share_min: float = 0.1
    """… that share of all its tasks, each cause is tried at one connector first."""
    flush_interval_seconds: Callable[[str], float] = _default_flush
    """`offset.flush.interval.ms` of a Connect cluster's workers: offsets are shown that much later."""
    settle_seconds: float = 5.0
    """After an accepted restart: how long a FAILED may still be the old one."""
    unknown_settle_seconds: float = 10.0
    """The same after a call that got no answer."""
    stale_after_seconds: float = 30.0
    """A cluster that was not seen for longer is not acted upon."""
    resolved_kept_seconds: float = 24 * 3600.0
    """How long a resolved incident stays in memory; the journal keeps it longer."""
    _found: dict[ConnectorKey, Terms] = field(default_factory=dict, compare=False, repr=False)

    def terms(self, key: ConnectorKey) -> Terms:
        """Asked several times for each connector in each tick: found once."""
        if key not in self._found:
            self._found[key] = self._terms(key)
        return self._found[key]

    def _terms(self, key: ConnectorKey) -> Terms:
        said: dict[str, Any] = {name: value for name, (value, _) in self.said(key).items()}
        if self.dry_run:
            said["mode"] = Mode.OBSERVE
        return Terms(**said)

    def said(self, key: ConnectorKey) -> Mapping[str, tuple[Any, str]]:
        """Each setting that is not simply what `Terms` begins with: its value, and the place of the rule that says it;
        empty for a default of all connectors."""
        found: dict[str, tuple[Any, str]] = {}
        for rule in (rule for rule in self.rules if rule.fits(key)):
            for name in _FIELDS:
                if (value := getattr(rule, name)) is not None:
                    found.setdefault(name, (value, rule.place))
        for name in ("mode", "attempts_max", "backoff", "stability_window_seconds"):
            found.setdefault(name, (getattr(self, name), ""))
        return found

    def mode_for(self, key: ConnectorKey) -> Mode:
        return self.terms(key).mode

    def budget(self, cluster: str) -> int:
        """Restarts per minute."""
        return self.budgets.get(cluster, self.restarts_per_minute)


def pause_seconds(incident: Incident, terms: Terms) -> float:
    """The back-off after the incident's last restart."""
    # One call without an answer is retried as soon as its fate is clear; more of them count like useless ones.
    unanswered = sum(a.helped is None and a.result is CallResult.UNKNOWN for a in incident.counted)
    return terms.backoff.pause_seconds(incident.useless_restarts + max(0, unanswered - 1), incident.id)


def next_try_at(incident: Incident, terms: Terms) -> datetime | None:
    """When the next restart may be sent; None: at once."""
    wait = pause_seconds(incident, terms)
    return incident.attempts[-1].intent_at + timedelta(seconds=wait) if incident.counted and wait else None


def calm_after_seconds(incident: Incident, terms: Terms) -> float:
    """Health for longer than that ends the story: what fails then is a new incident, its counter at zero."""
    return max(terms.stability_window_seconds, pause_seconds(incident, terms))
