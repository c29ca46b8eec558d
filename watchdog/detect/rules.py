"""Every rule for what is wrong though nothing is FAILED. Their order is the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from watchdog.history import SchemaHistory
from watchdog.model import Finding, Observation, Unseen
from watchdog.topology import Topology

Rule = Callable[[Observation, Topology, SchemaHistory], Iterator[Finding | Unseen]]

RULES: tuple[Rule, ...] = ()


def findings(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
    for rule in RULES:
        yield from rule(seen, topology, history)
