"""Shell: which topics the connectors of one Connect cluster were seen to use: from its status topic where that can be
read, else from REST, one connector at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from watchdog.errors import PortError
from watchdog.model import ConnectorConfig, ConnectorKey
from watchdog.ports import Connect, StatusFeed

REST_SECONDS = 20.0
"""For asking connectors one by one, on each cluster."""

Used = dict[ConnectorKey, frozenset[str]]


def used_topics(
    connect: Connect,
    statuses: StatusFeed | None,
    configs: Iterable[ConnectorConfig],
    tell: Callable[[str], object],
    monotonic: Callable[[], float] = time.monotonic,
) -> Used:
    """`tell` hears what could not be asked, and why."""
    if statuses is not None:
        try:
            told = statuses.topics_of()
            return {ConnectorKey(connect.name, connector): topics for connector, topics in told.items()}
        except PortError as error:
            tell(f"Connect cluster {connect.name}: its status topic cannot be read: {error}")
    return _by_rest(connect, configs, tell, monotonic)


def _by_rest(
    connect: Connect,
    configs: Iterable[ConnectorConfig],
    tell: Callable[[str], object],
    monotonic: Callable[[], float],
) -> Used:
    used: Used = {}
    # A sink that lists its topics uses these.
    asked = [config for config in configs if not config.get("topics")]
    until = monotonic() + REST_SECONDS
    for config in asked:
        if monotonic() > until:
            tell(f"Connect cluster {connect.name}: {len(asked) - len(used)} connectors were not asked for topics")
            break
        try:
            used[ConnectorKey(connect.name, config.name)] = connect.topics(config.name) or frozenset()
        except PortError as error:
            tell(f"{config.name}: its topics cannot be read: {error}")
    return used
