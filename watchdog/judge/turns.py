"""Whose turn it is among all that fail in one Connect cluster: a budget of restarts per minute, and, while many tasks
fail together, one connector first for each cause.

It lives for one tick, and everything in it is derived from incidents and a circuit, which the journal has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watchdog.model import Circuit, Incident, Phase, Resolution, Verdict
from watchdog.policy import Policy, Terms

Judged = tuple[Verdict, str]

BUDGET_SECONDS = 60.0
TRIAL_SECONDS_MAX = 600.0
"""One that was tried first and neither recovers nor fails again: the next is tried then."""
SETBACKS_MAX = 3
"""Once one recovered the others follow, unless so many fail again in a row."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What is known of the restarts for one cause."""

    trying: str = ""
    """The connector whose restart has not turned out yet."""
    well_at: datetime | None = None
    """When one of them recovered last."""
    setbacks: int = 0
    """Restarts since then that did not help."""
    tried_at: datetime | None = None

    def released_since(self, opened_at: datetime) -> bool:
        return self.well_at is not None and self.well_at >= opened_at and self.setbacks < SETBACKS_MAX


class Turns:
    """Asked in the order in which they shall go; told of each that goes."""

    def __init__(
        self, cluster: str, incidents: Iterable[Incident], circuit: Circuit | None, policy: Policy, now: datetime
    ) -> None:
        ours = [i for i in incidents if i.key.cluster == cluster and i.code.is_failure]
        self._cluster, self._now = cluster, now
        self._budget = policy.budget(cluster)
        since = now - timedelta(seconds=BUDGET_SECONDS)
        self._sent = sum(attempt.intent_at > since for incident in ours for attempt in incident.attempts)
        self._causes = _causes(ours, now)
        self._opened_at = circuit.opened_at if circuit and circuit.open else None

    def turn(self, incident: Incident, terms: Terms) -> Judged | None:
        """Why it is not its turn; None when it is."""
        cause, opened_at = self._cause(incident), self._opened_at
        if opened_at and not cause.released_since(opened_at) and (why := self._first(cause, incident, terms)):
            return why
        if self._sent >= self._budget:
            return Verdict.HOLD, (
                f"its turn comes: Connect cluster {self._cluster} gets {self._budget} restarts a minute at most"
            )
        return None

    def went(self, incident: Incident) -> None:
        self._sent += 1
        tried = replace(self._cause(incident), trying=incident.key.connector, tried_at=self._now)
        self._causes[_root(incident)] = tried

    def others_well(self, incident: Incident) -> bool:
        """Whether another one with the same cause recovered since this one was tried."""
        well_at = self._cause(incident).well_at
        return bool(well_at and incident.counted and well_at > incident.counted[-1].intent_at)

    def _cause(self, incident: Incident) -> Cause:
        return self._causes.get(_root(incident), Cause())

    def _first(self, cause: Cause, incident: Incident, terms: Terms) -> Judged | None:
        if cause.trying:
            return Verdict.HOLD, f"many tasks fail together: {cause.trying} is tried first, the others follow it"
        if cause.setbacks >= terms.attempts_max:
            return Verdict.EXHAUSTED, (
                f"many tasks fail together, and {cause.setbacks} restarts for this cause did not help, no more are "
                f"sent; `watchdog approve {incident.merged_into or incident.id}` lets it begin again"
            )
        due_at = _due_at(cause, incident, terms)
        if due_at and self._now < due_at:
            return Verdict.BACK_OFF, (
                f"many tasks fail together, and the last restart for this cause did not help; the next is not before "
                f"{due_at:%H:%M:%S} UTC"
            )
        return None


def _due_at(cause: Cause, incident: Incident, terms: Terms) -> datetime | None:
    if cause.tried_at is None:
        return None
    pause = terms.backoff.pause_seconds(cause.setbacks, incident.merged_into or incident.id)
    return cause.tried_at + timedelta(seconds=pause)


def _root(incident: Incident) -> str:
    return incident.merged_into or incident.id


def _causes(incidents: list[Incident], now: datetime) -> dict[str, Cause]:
    grouped: dict[str, list[Incident]] = {}
    for incident in incidents:
        grouped.setdefault(_root(incident), []).append(incident)
    return {root: _cause(members, now) for root, members in grouped.items()}


def _cause(members: list[Incident], now: datetime) -> Cause:
    well_at = max((at for i in members if (at := _well_at(i))), default=None)
    failing = [incident for incident in members if incident.open and not incident.recovered_at]
    tries = [attempt for incident in failing for attempt in incident.counted]
    useless = [a for a in tries if a.helped is False and (well_at is None or a.intent_at > well_at)]
    return Cause(
        trying=next((i.key.connector for i in failing if _is_being_tried(i, now)), ""),
        well_at=well_at,
        setbacks=len(useless),
        tried_at=max((attempt.intent_at for attempt in tries), default=None),
    )


def _well_at(incident: Incident) -> datetime | None:
    return incident.recovered_at or (None if incident.resolution is Resolution.GONE else incident.resolved_at)


def _is_being_tried(incident: Incident, now: datetime) -> bool:
    if incident.phase not in (Phase.RESTARTING, Phase.VERIFYING) or not incident.counted:
        return False
    return (now - incident.counted[-1].intent_at).total_seconds() < TRIAL_SECONDS_MAX
