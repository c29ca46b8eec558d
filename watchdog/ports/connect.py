"""What is asked of a Kafka Connect cluster, and done at it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from watchdog.model import Action, ConnectorConfig, ConnectorStatus, Offsets, Outcome, Poll, TableId, TopicPartition


class Connect(Protocol):
    """One Kafka Connect cluster's REST API."""

    name: str

    def poll(self) -> Poll:
        """Every connector's status by one `expand=status` request, and `/health`."""

    def configs(self, names: Iterable[str] | None = None) -> Mapping[str, ConnectorConfig]:
        """Configurations, all by one request or those of `names`; secrets replaced before they leave the adapter."""

    def offsets(self, connector: str) -> Offsets:
        """`GET /connectors/{name}/offsets`; `known` is False on workers before 3.5."""

    def topics(self, connector: str) -> frozenset[str] | None:
        """`GET /connectors/{name}/topics`: those that it was seen to use since it was made, or they were reset; None
        where the worker does not keep them (before 2.5, `topic.tracking.enable=false`), or has no such connector."""

    def can_connect(self, connector: str, targets: Sequence[TableId] = ()) -> tuple[bool | None, str]:
        """Whether the connector's own settings reach and enter its database now, and may do there what it does: a sink
        at its targets, a source with the binlog. None where nothing can tell."""

    def act(self, action: Action) -> Outcome:
        """Make the call. 409 is CONFLICT, no answer is UNKNOWN, both without raising."""


class Control(Protocol):
    """What workflows do at one Kafka Connect cluster. Each may be done twice: what is so already is left so."""

    def version(self) -> str:
        """The worker's, such as `4.3.1`."""

    def plugin_version(self, connector: str) -> str:
        """Of the connector's own class, such as `3.5.0.Final`; empty where the worker does not tell."""

    def state(self, connector: str) -> ConnectorStatus:
        """Now, by a request of its own."""

    def stop(self, connector: str) -> None:
        """Connect ≥ 3.5; the tasks are gone a moment after the answer."""

    def pause(self, connector: str) -> None: ...

    def resume(self, connector: str) -> None: ...

    def set_offsets(self, connector: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Of a sink that is STOPPED and has no tasks left; other partitions keep theirs. Connect ≥ 3.6."""

    def reset_offsets(self, connector: str) -> None:
        """All of them, of a connector that is STOPPED and has no tasks left. Connect ≥ 3.6."""

    def values(self, connector: str, keys: Collection[str]) -> Mapping[str, str | None]:
        """Of these keys of its configuration; None: not there. Raises `ValueError` for a key that holds a secret."""

    def override(self, connector: str, changes: Mapping[str, str | None]) -> None:
        """Set these keys of its configuration, None takes one out. The rest of it never leaves the adapter. Raises
        `ValueError` for a key that holds a secret; `PortRefused` where the worker does not allow the change."""

    def why_not(self, connector: str, changes: Mapping[str, str | None]) -> str:
        """Why Connect would not take its configuration with these keys changed; empty where it would, or does not tell.
        Nothing is changed."""
