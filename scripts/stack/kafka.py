"""The broker: one node that is controller and broker at once."""

import base64
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from stack import java
from stack.errors import StackError
from stack.ports import any_free
from stack.processes import Process
from stack.settings import HOST, Settings
from stack.waiting import wait_for

_HEAP_MEGABYTES = 512
_QUIET = {"log_level": 0}  # a broker that is still starting is no news


class Kafka:
    name = "kafka"

    def __init__(self, settings: Settings) -> None:
        self.port = settings.kafka_port
        self.bootstrap_servers = settings.bootstrap_servers
        self.process = Process.of(settings, self.name)
        self.libraries: Path | None = None
        self._data = settings.directory / "kafka"
        self._config = settings.directory / "kafka.properties"

    def start(self) -> None:
        java.write_properties(self._config, self._properties())
        if not (self._data / "meta.properties").exists():
            self._format()
        self.process.start(self._java("kafka.Kafka", self._config))

    def wait_ready(self, seconds: float = 60) -> None:
        def answers() -> bool:
            self.process.must_live()
            return self.is_ready()

        wait_for(answers, seconds, f"kafka to answer on port {self.port}")

    def is_ready(self) -> bool:
        try:
            return bool(self._admin().list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def topics(self) -> list[str]:
        return sorted(self._admin().list_topics(timeout=10).topics)

    def create_topic(self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
        """Leaves a topic that is there as it is."""
        if name not in self.topics():
            admin = self._admin()
            topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=dict(config or {}))
            _finish(admin.create_topics([topic]), "create")

    def delete_topics(self, names: Iterable[str]) -> None:
        """Returns once they are gone."""
        there = set(names) & set(self.topics())
        if there:
            admin = self._admin()
            _finish(admin.delete_topics(list(there)), "delete")
            wait_for(lambda: not there & set(self.topics()), 10, f"{', '.join(sorted(there))} to be deleted")

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, **_QUIET})

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        format_it = ("format", "-t", cluster, "-c", self._config, "--ignore-formatted")
        java.run(self._java("kafka.tools.StorageTool", *format_it), "format the broker's folder")

    def _java(self, main: str, *arguments: str | Path) -> list[str | Path]:
        assert self.libraries is not None
        return java.command(self.libraries, _HEAP_MEGABYTES, main, *arguments)

    def _properties(self) -> dict[str, object]:
        controller = f"{HOST}:{any_free()}"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap_servers},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self._data,
            "num.partitions": 1,
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
        }


def _finish(answers: Mapping[str, "Future[None]"], deed: str) -> None:
    for topic, answer in answers.items():
        try:
            answer.result(10)
        except KafkaException as error:
            raise StackError(f"kafka did not {deed} {topic}: {error.args[0].str()}") from error
