"""What takes several steps: each is in the journal before it is taken, so that a crash goes on with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watchdog.model.connect import ConnectorKey

LOOK = "look"
"""The first step of each: finds out and changes nothing."""
UNDO = "undo"
"""The step from which on the connector is brought back to what it was; it is taken again until that is done."""
KINDS = frozenset({"quarantine", "replay", "recover"})
"""Verbs of a request that begin a workflow."""

DONE, REFUSED, UNDONE = "done", "refused", "undone"
"""How one ends: as asked; before anything was changed; with everything as it was before."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """One of them on one connector; there is no second one on it meanwhile."""

    id: str
    kind: str
    key: ConnectorKey
    started_at: datetime
    step: str = LOOK
    request_id: str = ""
    incident_id: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the person gave, as JSON."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the steps found out that later ones need, as JSON; no secret, no whole configuration."""
    changed: bool = False
    """Something may have been changed at the connector: from here on it has to be brought back."""
    undoing: bool = False
    taking: bool = False
    """The step was handed out, and has not come back."""
    tried: int = 0
    """How often in a row the step met an error."""
    not_before: datetime | None = None
    detail: str = ""
    """What the last step said."""
    ended_at: datetime | None = None
    result: str = ""

    @property
    def open(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class StepResult:
    """What taking a step brought.

    `next` is the step to take now: the same one means not yet, to be asked again after `pause_seconds`; empty means
    that the workflow is over, with `result`. `data` is merged into the workflow's. `changes`: the next step may change
    something at the connector, so that from now on there is something to bring back. `error`: the step did not
    succeed; `again` says whether it is worth another try.
    """

    workflow_id: str
    step: str
    next: str = ""
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    changes: bool = False
    pause_seconds: float = 0.0
    result: str = ""
    error: str = ""
    again: bool = True
