"""The limit: a bare consumer of Connect's status topic. Nobody who uses the topic can know sooner."""

import json
import time
from dataclasses import dataclass
from types import TracebackType

from confluent_kafka import OFFSET_END, Consumer, Message, TopicPartition
from stack import StackError

TOPIC = "connect-status"


@dataclass(frozen=True)
class Change:
    """`written_at`: Connect's own time stamp; `seen_at`: when this consumer had it. Both Unix seconds."""

    written_at: float
    seen_at: float


class Tail:
    """Reads from its beginning on what comes after; `with Tail(servers) as tail:`."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap_servers, "group.id": "bench", "enable.auto.commit": False}
        )
        self._consumer.assign([TopicPartition(TOPIC, 0, OFFSET_END)])

    def __enter__(self) -> "Tail":
        self._consumer.poll(1)  # connects
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._consumer.close()

    def wait_for(self, connector: str, state: str, seconds: float = 60) -> Change:
        """Until a task of the connector is in that state; StackError after the deadline."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self._consumer.poll(left)
            seen_at = time.time()
            if message is not None and not message.error() and _tells(message, connector, state):
                return Change(message.timestamp()[1] / 1000, seen_at)
        raise StackError(
            f"{TOPIC} did not tell within {seconds:g} s that {connector} is {state}: see the log of connect"
        )


def _tells(message: Message, connector: str, state: str) -> bool:
    key, value = message.key() or b"", message.value()
    about = f"status-task-{connector}-".encode()
    # No value: the state of a connector that was deleted.
    return isinstance(key, bytes) and key.startswith(about) and value is not None and _state(value) == state


def _state(value: bytes) -> str:
    return str(json.loads(value)["state"])
